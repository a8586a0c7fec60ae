// Asks a real server whether it takes a TCP connection. No verdict, no repetition: one probe, one answer.
import { connect, type Socket } from 'node:net';
import type { ProbeFailure } from '../health/reasons.ts';
import type { CheckSettings, ProbeResult } from '../health/settings.ts';

/** What the kernel calls it, and what we do. Names that are not here are `failed`. */
const REASON_OF: Readonly<Record<string, ProbeFailure>> = {
  ECONNREFUSED: 'refused',
  ETIMEDOUT: 'timeout',
  EHOSTUNREACH: 'unreachable',
  ENETUNREACH: 'unreachable',
  EHOSTDOWN: 'unreachable',
  ENETDOWN: 'unreachable',
  ECONNRESET: 'reset',
  ECONNABORTED: 'reset',
  EPIPE: 'reset',
  EADDRINUSE: 'address-in-use',
  EADDRNOTAVAIL: 'address-unavailable',
  // A rule of the local firewall; what a router forbids comes as EHOSTUNREACH.
  EACCES: 'denied',
  EPERM: 'denied',
  EMFILE: 'no-resources',
  ENFILE: 'no-resources',
  ENOBUFS: 'no-resources',
  ENOMEM: 'no-resources',
  EAGAIN: 'no-resources',
};
/**
 * How long a server may take to answer our FIN with its own. Closing a socket that has unread bytes sends a
 * RST, which servers that greet first (SMTP, SSH) write into their logs; so what they say is read and thrown
 * away.
 */
const CLOSE_WITHIN_MS = 200;

type Settings = Pick<CheckSettings, 'address' | 'port' | 'bindAddress' | 'connectTimeoutMs'>;

/** Always resolves, and only when its socket and its timer are gone; `ms` is the time the connection took. */
export function probeTcp(settings: Settings, signal: AbortSignal): Promise<ProbeResult> {
  return new Promise((resolve) => {
    const started = performance.now();
    const took = () => Math.round((performance.now() - started) * 1000) / 1000;
    let result: ProbeResult | undefined;
    const fail = (reason: ProbeFailure, detail: string) => {
      result ??= { ok: false, reason, detail, ms: took() };
      socket.destroy();
    };
    const onAbort = () => fail('cancelled', 'the check was taken back');
    const late = () => result ?? fail('timeout', `no answer in ${settings.connectTimeoutMs} ms`);
    // When this process was busy for long, timers run before the answers that came meanwhile are looked at:
    // look first.
    let timer = setTimeout(() => setImmediate(late), settings.connectTimeoutMs);
    const socket = open(settings);
    socket.on('connect', () => {
      result = { ok: true, ms: took() };
      clearTimeout(timer);
      socket.resume().end();
      timer = setTimeout(() => socket.destroy(), CLOSE_WITHIN_MS);
    });
    // After the connection was made an error only says how it ended.
    socket.on('error', (error: NodeJS.ErrnoException) => {
      fail(REASON_OF[error.code ?? ''] ?? 'failed', error.message);
    });
    socket.on('close', () => {
      clearTimeout(timer);
      signal.removeEventListener('abort', onAbort);
      resolve(result ?? { ok: false, reason: 'failed', detail: 'closed without a word', ms: took() });
    });
    signal.addEventListener('abort', onAbort);
    if (signal.aborted) onAbort();
  });
}

function open({ address, port, bindAddress }: Settings): Socket {
  return connect({
    host: address,
    port,
    ...(bindAddress === undefined ? {} : { localAddress: bindAddress }),
  });
}
