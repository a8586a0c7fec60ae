// Fragments of one packet go one way: the first one has the ports and decides, the others follow it. What
// was decided is remembered for half a minute in a fixed number of places; a packet that loses its place is
// dropped. Those that come before the first one are early.ts's.
import type { ConnectionTable } from './connections.ts';
import type { Packet } from './packet.ts';
import { DIRECTION } from './tcp.ts';

/** As long as a receiver waits for the rest (RFC 1122: 60 to 120 s, Linux: 30 s). */
const REMEMBER_SECONDS = 30;
const PLACES = 4096;
/** In place of a connection: the first fragment had none, what comes behind it goes on as it did. */
export const NO_CONNECTION = 0x7fffffff;
/** source, destination, id (IPv4: and protocol), connection (negative: a reply of it), tick. */
const WORDS = 5;
const AT = { source: 0, destination: 1, id: 2, connection: 3, tick: 4 } as const;

export class Fragments {
  readonly #connections: ConnectionTable;
  readonly #seed: number;
  readonly #words = new Int32Array(PLACES * WORDS);
  tick = 0;

  constructor(connections: ConnectionTable, seed: number) {
    this.#connections = connections;
    this.#seed = seed | 0;
  }

  /** The first fragment went with this connection (or none: NO_CONNECTION), in this direction. */
  remember(packet: Packet, connection: number, direction: number): void {
    const words = this.#words;
    const base = this.#place(packet);
    words[base + AT.source] = packet.source;
    words[base + AT.destination] = packet.destination;
    words[base + AT.id] = packet.fragmentId;
    words[base + AT.connection] = direction === DIRECTION.output ? -connection : connection;
    words[base + AT.tick] = this.tick;
  }

  /** The connection of a later fragment, negative when it is a reply; NO_CONNECTION; 0 = not known. */
  find(packet: Packet): number {
    const words = this.#words;
    const base = this.#place(packet);
    const isKnown =
      words[base + AT.source] === packet.source &&
      words[base + AT.destination] === packet.destination &&
      words[base + AT.id] === packet.fragmentId &&
      this.tick - words[base + AT.tick]! <= REMEMBER_SECONDS;
    if (!isKnown) return 0;
    const found = words[base + AT.connection]!;
    if (found === NO_CONNECTION) return found;
    return this.#isStill(Math.abs(found), packet, found < 0) ? found : 0;
  }

  /** Connections end, and their numbers are given to others. */
  #isStill(at: number, packet: Packet, isReply: boolean): boolean {
    const of = this.#connections;
    if (!of.isUsed(at)) return false;
    // In an IPv6 fragment the protocol may be behind an extension header that only the first one has.
    if (packet.family === 6 ? of.family(at) === 4 : of.flow(at) !== packet.flow) return false;
    return isReply
      ? of.server(at) === packet.source && of.client(at) === packet.destination
      : of.client(at) === packet.source && of.virtual(at) === packet.destination;
  }

  #place(packet: Packet): number {
    let mixed = Math.imul(packet.source ^ this.#seed, 0x9e3779b1);
    mixed = Math.imul((mixed ^ (mixed >>> 15)) + packet.fragmentId, 0x85ebca6b);
    mixed = Math.imul((mixed ^ (mixed >>> 13)) + packet.destination, 0xc2b2ae35);
    return ((mixed ^ (mixed >>> 16)) & (PLACES - 1)) * WORDS;
  }
}
