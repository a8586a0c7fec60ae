// What the kernel says of its connections in sync datagrams, beside what the engine knows of them at the same
// moment: flags, state and timeout, of which /proc/net/ip_vs_conn shows no flags. The kernel is made to speak
// of each packet of a client's, in a datagram of its own.
import { writeFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { address, addressFromBytes } from '../../../src/core/address.ts';
import { PROTOCOL } from '../../../src/core/ip-header.ts';
import { UNBOUND } from '../../../src/ipvs/embedded/connections.ts';
import { isSctpStateSynced } from '../../../src/ipvs/embedded/sctp.ts';
import type { Sessions } from '../../../src/ipvs/embedded/sessions.ts';
import { type ConnectionEntry, describeConnection } from '../../../src/ipvs/embedded/synced.ts';
import { isTcpStateSynced } from '../../../src/ipvs/embedded/tcp.ts';
import { CONNECTION } from '../../../src/ipvs/embedded/tuple.ts';
import { decodeDatagram, SYNC_PORT } from '../../../src/sync/wire.ts';
import { frame } from '../../ipvs/embedded/frames.ts';
import { GATEWAY, type KernelDirector, macOf, SERVERS, VIPS } from './both-directors.ts';

/** A datagram leaves when the next one is begun: this service's are for nothing else. */
const LAST = {
  protocol: 'UDP',
  address: address(VIPS[4].at(-1)!),
  port: 9,
  scheduler: 'rr',
  schedulerFlags: 0,
  persistenceSeconds: 0,
  persistencePrefix: 32,
  onePacket: false,
} as const;
const LAST_SERVER = {
  address: address(SERVERS[4].at(-1)!),
  port: 9,
  forwarding: 'DR',
  weight: 1,
  upperThreshold: 0,
  lowerThreshold: 0,
} as const;
const UDP_PAYLOAD = 14 + 20 + 8;
const HASHED = 0x40;
const WAIT_MS = 1000;

export class Told {
  readonly #kernel: KernelDirector;
  #theirs = new Map<string, string>();
  #ours = new Map<string, string>();
  #lastPort = 1024;

  private constructor(kernel: KernelDirector) {
    this.#kernel = kernel;
  }

  static async start(kernel: KernelDirector): Promise<Told> {
    writeFileSync('/proc/sys/net/ipv4/vs/sync_threshold', '0 1');
    const failures = await kernel.plane.apply([
      { do: 'startSync', daemon: { role: 'master', interface: 'dir', id: 1, maxlen: 1 } },
      { do: 'addService', service: LAST },
      { do: 'addServer', service: LAST, server: LAST_SERVER },
    ]);
    if (failures.length > 0) throw new Error(failures.map(({ reason }) => reason).join());
    return new Told(kernel);
  }

  clear(): void {
    this.hear();
    this.#theirs = new Map();
    this.#ours = new Map();
  }

  /** A packet of the client's passed: the kernel speaks of its connection, and of the template of it. */
  note(sessions: Sessions, at: number): void {
    const { connections } = sessions;
    if (at === 0 || !mayGoOn(sessions, at)) return;
    for (const one of [at, connections.control(at)]) {
      if (one === 0 || !isSpokenOf(sessions, one)) continue;
      const entry = describeConnection(sessions, one);
      this.#ours.set(keyOf(entry), bindingOf(entry));
    }
  }

  /** Of one packet: its connection is over, its template is not. */
  noteTemplates(sessions: Sessions): void {
    for (let at = sessions.changes.take(); at !== 0; at = sessions.changes.take()) {
      if ((sessions.connections.flags(at) & CONNECTION.template) !== 0) this.note(sessions, at);
    }
  }

  /** What has come so far, before there is too much for the socket. */
  hear(): void {
    for (const bytes of this.#kernel.taken()) {
      if (bytes.readUInt16BE(12) !== 0x0800 || bytes[14 + 9] !== PROTOCOL.udp) continue;
      if (bytes.readUInt16BE(UDP_PAYLOAD - 6) !== SYNC_PORT) continue;
      const decoded = decodeDatagram(bytes.subarray(UDP_PAYLOAD));
      if (!decoded.ok) throw new Error(`a sync datagram of the kernel: ${decoded.drop}`);
      for (const entry of decoded.message.entries) this.#theirs.set(keyOf(entry), bindingOf(entry));
    }
  }

  /** `virtual`: each address:port. Undefined: both said the same of its connections. */
  async difference(virtual: readonly string[]): Promise<string | undefined> {
    const port = this.#lastPort++;
    const ends = { from: '20.255.255.255', fromPort: port, to: LAST.address, toPort: LAST.port };
    const bytes = frame({ protocol: 'UDP', ...ends, sourceMac: macOf(GATEWAY[4]) });
    for (let i = 0; i < 2; i++) this.#kernel.receive(bytes);
    const isLast = (key: string) => key.includes(`${LAST.address}:${LAST.port} `);
    for (
      let waited = 0;
      ![...this.#theirs.keys()].some((key) => isLast(key) && key.includes(`:${port} `));
    ) {
      if (waited++ === WAIT_MS) throw new Error('the kernel says nothing of its connections');
      await sleep(1);
      this.hear();
    }
    // Without templates that are retired: they have a port that those of other services have then, too.
    const [left, right] = [this.#theirs, this.#ours].map((said) => {
      const own = [...said].filter(([key]) => virtual.some((one) => key.includes(`> ${one} `)));
      return own
        .map((pair) => pair.join(' '))
        .toSorted()
        .join('\n');
    });
    return left === right ? undefined : `kernel tells:\n${left}\nengine:\n${right}`;
  }
}

/** What is for a removed server is dropped without a word, and counted for nobody. */
export function mayGoOn({ connections, services }: Sessions, at: number): boolean {
  const slot = connections.serverSlot(at);
  return slot === UNBOUND || services.server(slot).available;
}
/** The kernel's choice (ip_vs_sync_conn_needed): half-open connections are of no use to a backup. */
function isSpokenOf({ connections }: Sessions, at: number): boolean {
  const protocol = connections.protocol(at);
  if (protocol === PROTOCOL.udp || (connections.flags(at) & CONNECTION.template) !== 0) return true;
  return (protocol === PROTOCOL.tcp ? isTcpStateSynced : isSctpStateSynced)(connections.state(at));
}

function text(value: number | Uint8Array): string {
  if (typeof value !== 'number') return addressFromBytes(value);
  return [value >>> 24, (value >> 16) & 255, (value >> 8) & 255, value & 255].join('.');
}
function keyOf(entry: ConnectionEntry): string {
  const { protocol, client, clientPort, virtual, virtualPort, flags, peName, peData } = entry;
  const kind = (flags & CONNECTION.template) === 0 ? 'connection' : 'template';
  const engine = peData === undefined ? '' : `${peName} ${Buffer.from(peData).toString('latin1')} `;
  return `${kind} ${protocol} ${text(client)}:${clientPort} > ${text(virtual)}:${virtualPort} ${engine}at`;
}
function bindingOf(entry: ConnectionEntry): string {
  const { server, serverPort, flags, state, timeoutSeconds, fwmark } = entry;
  const shown = (flags & ~HASHED).toString(16);
  const known = `${text(server)}:${serverPort} mark ${fwmark} flags 0x${shown}`;
  return `${known} state ${state} for ${timeoutSeconds} s`;
}
