// Looks at a batch of frames before the engine does, only to bring the memory closer that it is going to
// need: what one packet after the other would each wait a hundred nanoseconds for is on its way for all of
// them at once. Changes nothing; a wrong guess about a frame costs only itself.
import { IPV4, IPV6 } from '../../core/ip-header.ts';
import type { ConnectionTable } from './connections.ts';
import { ETHERNET, ETHERTYPE, PORTS, readI32, readU16 } from './frame.ts';

/** Frames of one batch; more are not looked at. */
const FRAMES_MAX = 64;
/** An IPv4 header without options. */
const PLAIN_IPV4 = 0x45;

export class Ahead {
  readonly #connections: ConnectionTable;
  /** Of each frame the first connection in its bucket, and in its bucket as a reply. */
  readonly #first = new Int32Array(2 * FRAMES_MAX);
  #count = 0;
  /** Somewhere for what was read to go, or reading it would be for nothing and left out. */
  mixed = 0;

  constructor(connections: ConnectionTable) {
    this.#connections = connections;
  }

  /** The frame that begins at `start`. To be followed by {@link bring}. */
  add(bytes: Uint8Array, start: number): void {
    if (this.#count === 2 * FRAMES_MAX) return;
    const type = readU16(bytes, start + ETHERNET.type);
    const ip = start + ETHERNET.size;
    if (type === ETHERTYPE.ipv4 && bytes[ip] === PLAIN_IPV4) {
      this.#note(
        readI32(bytes, ip + IPV4.source),
        readI32(bytes, ip + IPV4.destination),
        bytes,
        ip + IPV4.size,
      );
    } else if (type === ETHERTYPE.ipv6) {
      const { addresses } = this.#connections;
      const source = addresses.find(bytes, ip + IPV6.source);
      const destination = addresses.find(bytes, ip + IPV6.destination);
      this.#note(source, destination, bytes, ip + IPV6.size);
    }
  }

  #note(source: number, destination: number, bytes: Uint8Array, transport: number): void {
    const sourcePort = readU16(bytes, transport + PORTS.source);
    const destinationPort = readU16(bytes, transport + PORTS.destination);
    const connections = this.#connections;
    this.#first[this.#count++] = connections.firstOf(source, sourcePort, destination, destinationPort);
    this.#first[this.#count++] = connections.firstOfReply(source, sourcePort, destination, destinationPort);
  }

  bring(): void {
    let mixed = 0;
    for (let i = 0; i < this.#count; i++) mixed ^= this.#connections.glance(this.#first[i]!);
    this.mixed = mixed;
    this.#count = 0;
  }
}
