// The demo client's stream of short requests: a new TCP connection each, sent by the clock and not
// by the answers, so that a slow answer delays none of the next ones. Remembers the last minutes
// and counts the rest.
import { connect } from 'node:net';
import { type Answer, readAnswer, requestText } from './answer.ts';
import type { ShortRequest } from './measure.ts';
import { nowMs, type Target } from './session.ts';

export const REQUEST_PERIOD_MS = 20;
export const REQUEST_TIMEOUT_MS = 300;
/** Two minutes: longer than any window that is measured. */
const REQUESTS_KEPT = 6_000;

type Settled = { tookMs: number };
export type SettledRequest = ShortRequest & Settled;

export class RequestStream {
  /** In the order they were settled, the newest last. */
  settled: SettledRequest[] = [];
  total = 0;
  failed = 0;
  readonly perServer = new Map<string, number>();
  readonly #target: Target;

  constructor(target: Target) {
    this.#target = target;
  }

  start(): void {
    const startedMs = nowMs();
    let count = 0;
    const tick = (): void => {
      this.#send();
      count++;
      setTimeout(tick, Math.max(0, startedMs + count * REQUEST_PERIOD_MS - nowMs()));
    };
    tick();
  }

  #send(): void {
    const startedMs = nowMs();
    const socket = connect({ ...this.#target, noDelay: true });
    let text = '';
    let open = true;
    const settle = (outcome: Answer | string): void => {
      if (!open) return;
      open = false;
      clearTimeout(limit);
      socket.destroy();
      this.#keep(startedMs, outcome);
    };
    // An answer that came in time is not late because this process was: it is read before the immediate.
    const limit = setTimeout(() => setImmediate(settle, 'timeout'), REQUEST_TIMEOUT_MS);
    socket.setEncoding('latin1');
    socket.on('data', (chunk: string) => {
      text += chunk;
      const answer = readAnswer(text);
      if (answer !== 'incomplete') settle(answer === 'broken' ? 'broken answer' : answer);
    });
    socket.on('error', (error: NodeJS.ErrnoException) => settle(error.code ?? error.message));
    socket.on('close', () => settle('connection closed'));
    socket.write(requestText(this.#target.host, '/', false));
  }

  #keep(startedMs: number, outcome: Answer | string): void {
    const tookMs = nowMs() - startedMs;
    this.total++;
    if (typeof outcome === 'string') {
      this.failed++;
      this.settled.push({ startedMs, tookMs, failure: outcome });
    } else {
      const { server } = outcome;
      this.perServer.set(server, (this.perServer.get(server) ?? 0) + 1);
      this.settled.push({ startedMs, tookMs, server });
    }
    if (this.settled.length > 2 * REQUESTS_KEPT) this.settled = this.settled.slice(-REQUESTS_KEPT);
  }

  /**
   * A failed request is settled later than the ones sent after it: measuring wants them in the
   * order they were sent.
   */
  inOrder(): SettledRequest[] {
    return this.settled.toSorted((one, other) => one.startedMs - other.startedMs);
  }
}
