// Looks at a batch of frames before the engine does, only to bring the memory closer that it is going to
// need: what one packet after the other would each wait a hundred nanoseconds for is on its way for all of
// them at once. Changes nothing; a wrong guess about a frame costs only itself.
//
// Reads overlap as long as none needs what another one brings, and as long as little else lies between them:
// so it goes through the batch in short rounds, one read of each frame a round.
import { IPV4, IPV6 } from '../../core/ip-header.ts';
import type { Addresses } from './addresses.ts';
import type { ConnectionTable } from './connections.ts';
import { ETHERNET, ETHERTYPE, PORTS, readI32, readU16 } from './frame.ts';

/** Frames of one batch; more are not looked at. */
const FRAMES_MAX = 64;
/** An IPv4 header without options. */
const PLAIN_IPV4 = 0x45;

export class Ahead {
  readonly #connections: ConnectionTable;
  readonly #addresses: Addresses;
  /** Of each frame who sent it, to whom, and both ports. */
  readonly #source = new Int32Array(FRAMES_MAX);
  readonly #destination = new Int32Array(FRAMES_MAX);
  readonly #ports = new Int32Array(FRAMES_MAX);
  /** Of each frame a hash, and then what is first in its bucket. */
  readonly #found = new Int32Array(FRAMES_MAX);
  #count = 0;
  /** Where IPv6 headers begin, whose addresses have to be known by number first. */
  readonly #headers6 = new Int32Array(FRAMES_MAX);
  #count6 = 0;
  /** Somewhere for what was read to go, or reading it would be for nothing and left out. */
  mixed = 0;

  constructor(connections: ConnectionTable) {
    this.#connections = connections;
    this.#addresses = connections.addresses;
  }

  /** The frame that begins at `start`. To be followed by {@link bring}. */
  add(bytes: Uint8Array, start: number): void {
    if (this.#count + this.#count6 === FRAMES_MAX) return;
    const type = readU16(bytes, start + ETHERNET.type);
    const ip = start + ETHERNET.size;
    if (type === ETHERTYPE.ipv6) this.#headers6[this.#count6++] = ip;
    else if (type === ETHERTYPE.ipv4 && bytes[ip] === PLAIN_IPV4) {
      const source = readI32(bytes, ip + IPV4.source);
      const destination = readI32(bytes, ip + IPV4.destination);
      this.#note(source, destination, bytes, ip + IPV4.size);
    }
  }

  /** All that was added, which is in `bytes`. */
  bring(bytes: Uint8Array): void {
    let mixed = this.#count6 > 0 ? this.#name(bytes) : 0;
    const connections = this.#connections;
    const [found, count] = [this.#found, this.#count];
    for (let i = 0; i < count; i++) found[i] = connections.first(found[i]!);
    for (let i = 0; i < count; i++) mixed ^= connections.glance(found[i]!);
    mixed ^= this.#bringOthers();
    this.mixed = mixed;
    this.#count = 0;
  }

  /** Of frames that are of no client whose connection came first: the next one, and a server's. */
  #bringOthers(): number {
    const connections = this.#connections;
    const found = this.#found;
    let [mixed, others] = [0, 0];
    for (let i = 0; i < this.#count; i++) {
      const at = found[i]!;
      const [source, ports] = [this.#source[i]!, this.#ports[i]!];
      if (at !== 0 && connections.isFrom(at, source, ports)) continue;
      mixed ^= connections.glance(connections.nextOf(at));
      found[others++] = connections.hashOf(this.#destination[i]!, source, (ports << 16) | (ports >>> 16));
    }
    for (let i = 0; i < others; i++) found[i] = connections.firstReply(found[i]!);
    for (let i = 0; i < others; i++) mixed ^= connections.glance(found[i]!);
    return mixed;
  }

  /** Finds the numbers of IPv6 addresses. Those of servers and services are few, and near. */
  #name(bytes: Uint8Array): number {
    const addresses = this.#addresses;
    const [headers, found, count] = [this.#headers6, this.#found, this.#count6];
    const from = this.#count;
    for (let i = 0; i < count; i++) {
      found[from + i] = addresses.hashAt(bytes, headers[i]! + IPV6.source);
    }
    let mixed = 0;
    for (let i = 0; i < count; i++) found[from + i] = addresses.first(found[from + i]!);
    for (let i = 0; i < count; i++) mixed ^= addresses.word(found[from + i]!, 0);
    for (let i = 0; i < count; i++) {
      const ip = headers[i]!;
      const source = addresses.find(bytes, ip + IPV6.source);
      this.#note(source, addresses.find(bytes, ip + IPV6.destination), bytes, ip + IPV6.size);
    }
    this.#count6 = 0;
    return mixed;
  }

  #note(source: number, destination: number, bytes: Uint8Array, transport: number): void {
    const ports =
      (readU16(bytes, transport + PORTS.source) << 16) | readU16(bytes, transport + PORTS.destination);
    const i = this.#count++;
    this.#source[i] = source;
    this.#destination[i] = destination;
    this.#ports[i] = ports;
    this.#found[i] = this.#connections.hashOf(source, destination, ports);
  }
}
