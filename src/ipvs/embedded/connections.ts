// The connection table: fixed records in one typed array, found by two chained hashes (client side, and real
// server side for NAT), ended by a lazy timer wheel. Bounded, O(1), and it allocates nothing after
// construction. It knows nothing of services or packets; connection 0 means "none".
import assert from 'node:assert';
import type { Family } from '../../core/address.ts';
import { Addresses } from './addresses.ts';
import { Buckets } from './buckets.ts';
import { familyOfFlow, IPV6_FLOW, protocolOf } from './frame.ts';
import { PersistenceData } from './persistence-data.ts';
import { AT, CHANGED, FLOW_AND_PORT, FLOW_SHIFT, OTHER_FAMILY, WITH_DATA, WORDS } from './record.ts';
import { CONNECTION, type Tuple } from './tuple.ts';
import { TimerWheel } from './wheel.ts';

export const UNBOUND = -1;
/** A template that still has connections is asked again after this. */
const CONTROLLED_SECONDS = 60;
/** No client's connection has port 0, so that nothing is looked for by it. */
const RETIRED_PORT = 0xffff;
const EXPIRIES_MAX = 4096;

/** Three of each connection, and those of services, servers, neighbours, interfaces and routes. */
const ADDRESSES_EACH = 3;
const ADDRESSES_MORE = 0x20000;
/** What tells one connection from another, of its flags. */
const KIND = CONNECTION.template | WITH_DATA;

export class ConnectionTable {
  readonly capacity: number;
  readonly addresses: Addresses;
  readonly persistenceData: PersistenceData;
  readonly #words: Int32Array;
  readonly #buckets: Buckets;
  readonly #replyBuckets: Buckets;
  readonly #seed: number;
  readonly #wheel: TimerWheel;
  /** Freed numbers, chained by their `next`; numbers above #used were never given out. */
  #free = 0;
  #used = 0;
  #count = 0;
  #tick = 1;

  /** `seed`: any 32 bits that a stranger cannot guess, so that nobody can choose addresses that collide. */
  constructor({ capacity, seed }: { capacity: number; seed: number }) {
    this.capacity = capacity;
    this.addresses = new Addresses({ capacity: capacity * ADDRESSES_EACH + ADDRESSES_MORE, seed });
    this.persistenceData = new PersistenceData({ capacity, seed });
    this.#words = new Int32Array((capacity + 1) * WORDS);
    const chain = { words: this.#words, stride: WORDS };
    this.#buckets = new Buckets(capacity, { ...chain, link: AT.next });
    this.#replyBuckets = new Buckets(capacity, { ...chain, link: AT.nextReply });
    this.#seed = seed | 0;
    this.#wheel = new TimerWheel(capacity, { words: this.#words, stride: WORDS, at: AT.due });
  }

  /** Large, and packets go anywhere in it. */
  get memory(): readonly Int32Array[] {
    return [this.#words, this.#buckets.heads, this.#replyBuckets.heads, ...this.addresses.memory];
  }
  get count(): number {
    return this.#count;
  }
  /** Numbers up to this one may be in use: the end of a walk over the table. */
  get last(): number {
    return this.#used;
  }

  isUsed(at: number): boolean {
    return this.#wheel.dueTick(at) !== 0;
  }
  secondsLeft(at: number): number {
    return Math.max(0, this.#words[at * WORDS + AT.expires]! - this.#tick);
  }
  flow(at: number): number {
    return this.#words[at * WORDS + AT.kind]! >>> FLOW_SHIFT;
  }
  protocol(at: number): number {
    return protocolOf(this.flow(at));
  }
  family(at: number): Family {
    return familyOfFlow(this.flow(at));
  }
  serverFamily(at: number): Family {
    const isOther = (this.#words[at * WORDS + AT.flags]! & OTHER_FAMILY) !== 0;
    return isOther === (this.family(at) === 4) ? 6 : 4;
  }
  client(at: number): number {
    return this.#words[at * WORDS + AT.client]!;
  }
  clientPort(at: number): number {
    return this.#words[at * WORDS + AT.ports]! >>> 16;
  }
  virtual(at: number): number {
    return this.#words[at * WORDS + AT.virtual]!;
  }
  virtualPort(at: number): number {
    return this.#words[at * WORDS + AT.ports]! & 0xffff;
  }
  server(at: number): number {
    return this.#words[at * WORDS + AT.server]!;
  }
  serverPort(at: number): number {
    return this.#words[at * WORDS + AT.kind]! & 0xffff;
  }
  flags(at: number): number {
    return this.#words[at * WORDS + AT.flags]! & 0xffff;
  }
  state(at: number): number {
    return (this.#words[at * WORDS + AT.kind]! >>> 16) & 0x7f;
  }
  setState(at: number, state: number): void {
    const word = at * WORDS + AT.kind;
    this.#words[word] = (this.#words[word]! & FLOW_AND_PORT) | (state << 16);
  }
  /** Number of the server's record, or UNBOUND. */
  serverSlot(at: number): number {
    return this.#words[at * WORDS + AT.serverSlot]!;
  }
  setServerSlot(at: number, slot: number): void {
    this.#words[at * WORDS + AT.serverSlot] = slot;
  }
  timeoutSeconds(at: number): number {
    return this.#words[at * WORDS + AT.timeout]!;
  }
  /** In force from the next {@link touch} on. */
  changeTimeoutSeconds(at: number, seconds: number): void {
    this.#words[at * WORDS + AT.timeout] = seconds;
  }
  fwmark(at: number): number {
    return this.#words[at * WORDS + AT.fwmark]!;
  }
  setFwmark(at: number, fwmark: number): void {
    this.#words[at * WORDS + AT.fwmark] = fwmark;
  }
  /** The persistence template a connection came from; 0 = none. */
  control(at: number): number {
    return this.#words[at * WORDS + AT.control]!;
  }
  /** What a persistence engine knows the client of a template by; 0 = no engine made it. */
  data(at: number): number {
    return this.#words[at * WORDS + AT.data]!;
  }
  /** Is it a template that connections came from? */
  isControlling(at: number): boolean {
    return this.#words[at * WORDS + AT.controlled]! > 0;
  }
  /** Is it in the list of what the backup has not been told? */
  isChanged(at: number): boolean {
    return (this.#words[at * WORDS + AT.flags]! & CHANGED) !== 0;
  }
  setChanged(at: number, changed: boolean): void {
    const word = at * WORDS + AT.flags;
    this.#words[word] = changed ? this.#words[word]! | CHANGED : this.#words[word]! & ~CHANGED;
  }

  /** Where {@link find} begins to look, and {@link findReply}. `ports`: clientPort << 16 | the other's. */
  hashOf(client: number, other: number, ports: number): number {
    let mixed = Math.imul(client ^ this.#seed, 0x9e3779b1);
    mixed = Math.imul((mixed ^ (mixed >>> 15)) + ports, 0x85ebca6b);
    mixed = Math.imul((mixed ^ (mixed >>> 13)) + other, 0xc2b2ae35);
    return mixed ^ (mixed >>> 16);
  }
  first(hash: number): number {
    return this.#buckets.first(hash);
  }
  firstReply(hash: number): number {
    return this.#replyBuckets.first(hash);
  }
  nextOf(at: number): number {
    return this.#words[at * WORDS + AT.next]!;
  }
  /** Is it, as far as this tells, of this client? */
  isFrom(at: number, client: number, ports: number): boolean {
    return this.#words[at * WORDS + AT.client] === client && this.#words[at * WORDS + AT.ports] === ports;
  }
  /** For nothing but to have it read. */
  glance(at: number): number {
    return this.#words[at * WORDS]!;
  }

  /** By what a packet from the client says. `template`: CONNECTION.template or 0. */
  find(
    flow: number,
    client: number,
    clientPort: number,
    virtual: number,
    virtualPort: number,
    template: number,
  ): number {
    const words = this.#words;
    const ports = (clientPort << 16) | virtualPort;
    let at = this.#buckets.first(this.hashOf(client, virtual, ports));
    while (at !== 0) {
      const base = at * WORDS;
      if (
        words[base + AT.ports] === ports &&
        words[base + AT.client] === client &&
        words[base + AT.virtual] === virtual &&
        words[base + AT.kind]! >>> FLOW_SHIFT === flow &&
        (words[base + AT.flags]! & KIND) === template
      ) {
        return at;
      }
      at = words[base + AT.next]!;
    }
    return 0;
  }

  /** The template of a client that a persistence engine knows by `data`. */
  findTemplate(flow: number, client: number, virtual: number, virtualPort: number, data: number): number {
    if (data === 0) return this.find(flow, client, 0, virtual, virtualPort, CONNECTION.template);
    let at = this.#buckets.first(this.hashOf(client, virtual, mixed(virtualPort, data)));
    for (; at !== 0; at = this.#words[at * WORDS + AT.next]!) {
      const isThere = this.client(at) === client && this.virtual(at) === virtual;
      const isSame = this.data(at) === data && this.#words[at * WORDS + AT.ports] === virtualPort;
      if (isThere && isSame && this.flow(at) === flow) return at;
    }
    return 0;
  }

  /** By what a packet from a real server says; only NAT connections have one. */
  findReply(flow: number, server: number, serverPort: number, client: number, clientPort: number): number {
    const words = this.#words;
    let at = this.#replyBuckets.first(this.hashOf(client, server, (clientPort << 16) | serverPort));
    while (at !== 0) {
      const base = at * WORDS;
      if (
        words[base + AT.client] === client &&
        words[base + AT.ports]! >>> 16 === clientPort &&
        words[base + AT.server] === server &&
        (words[base + AT.kind]! & FLOW_AND_PORT) === ((flow << FLOW_SHIFT) | serverPort)
      ) {
        return at;
      }
      at = words[base + AT.nextReply]!;
    }
    return 0;
  }

  /**
   * The caller has made sure that it is not there yet, and uses `data`, as it does addresses. 0 when the
   * table is full.
   */
  add(tuple: Tuple, timeoutSeconds: number, data = 0): number {
    const at = this.#take();
    if (at === 0) return 0;
    const words = this.#words;
    const base = at * WORDS;
    words.fill(0, base, base + WORDS);
    words[base + AT.client] = tuple.client;
    words[base + AT.virtual] = tuple.virtual;
    words[base + AT.ports] = (tuple.clientPort << 16) | tuple.virtualPort;
    const isOther = tuple.serverFamily !== familyOfFlow(tuple.flow);
    words[base + AT.flags] = isOther ? tuple.flags | OTHER_FAMILY : tuple.flags;
    words[base + AT.server] = tuple.server;
    words[base + AT.kind] = (tuple.flow << FLOW_SHIFT) | tuple.serverPort;
    words[base + AT.serverSlot] = UNBOUND;
    words[base + AT.timeout] = timeoutSeconds;
    if (data !== 0) {
      words[base + AT.data] = data;
      words[base + AT.flags]! |= WITH_DATA;
      this.persistenceData.hold(data);
    }
    if (tuple.flow >= IPV6_FLOW) {
      this.addresses.hold(tuple.client);
      this.addresses.hold(tuple.virtual);
    }
    if (tuple.serverFamily === 6) this.addresses.hold(tuple.server);
    this.#buckets.add(this.#hashAt(at), at);
    if (this.#hasReply(at)) this.#replyBuckets.add(this.#replyHashAt(at), at);
    this.#count++;
    this.touch(at);
    return at;
  }

  /** The caller has undone what it counted. */
  remove(at: number): void {
    this.#buckets.remove(this.#hashAt(at), at);
    if (this.#hasReply(at)) this.#replyBuckets.remove(this.#replyHashAt(at), at);
    this.setControl(at, 0);
    this.#wheel.disarm(at);
    this.setChanged(at, false);
    if (this.flow(at) >= IPV6_FLOW) {
      this.addresses.release(this.client(at));
      this.addresses.release(this.virtual(at));
    }
    if (this.serverFamily(at) === 6) this.addresses.release(this.server(at));
    if (this.data(at) !== 0) this.persistenceData.release(this.data(at));
    this.#words[at * WORDS + AT.next] = this.#free;
    this.#free = at;
    this.#count--;
  }

  /** The forwarding method decides whether replies can be found. */
  setFlags(at: number, flags: number): void {
    const had = this.#hasReply(at);
    const word = at * WORDS + AT.flags;
    if (had) this.#replyBuckets.remove(this.#replyHashAt(at), at);
    this.#words[word] = (this.#words[word]! & (CHANGED | OTHER_FAMILY | WITH_DATA)) | flags;
    if (this.#hasReply(at)) this.#replyBuckets.add(this.#replyHashAt(at), at);
  }

  /**
   * A template whose server is gone is found no more, but lives as long as the connections that came from it,
   * under the port that the kernel gives such ones.
   */
  retireTemplate(at: number): void {
    assert((this.flags(at) & CONNECTION.template) !== 0, 'only templates retire');
    this.#buckets.remove(this.#hashAt(at), at);
    this.#words[at * WORDS + AT.ports] = RETIRED_PORT;
    this.#words[at * WORDS + AT.kind]! |= RETIRED_PORT;
    this.#buckets.add(this.#hashAt(at), at);
  }

  setControl(at: number, template: number): void {
    const before = this.control(at);
    if (before !== 0) this.#words[before * WORDS + AT.controlled]!--;
    this.#words[at * WORDS + AT.control] = template;
    if (template !== 0) this.#words[template * WORDS + AT.controlled]!++;
  }

  /** A packet passed, or the timeout changed: its life begins anew. */
  touch(at: number): void {
    const base = at * WORDS;
    const expires = this.#tick + this.#words[base + AT.timeout]!;
    // The same second changes nothing.
    if (this.#words[base + AT.expires] === expires) return;
    this.#words[base + AT.expires] = expires;
    const due = this.#wheel.dueTick(at);
    if (due === 0 || expires < due) this.#wheel.arm(at, expires);
  }
  /**
   * Time has come to `tick` (seconds). `end` is told of each connection whose life is over, before it is
   * removed. False when there was too much to do for one call.
   */
  advance(tick: number, end: (connection: number) => void): boolean {
    const words = this.#words;
    this.#tick = tick;
    this.#makeRoom();
    this.addresses.makeRoom();
    return this.#wheel.advance(tick, EXPIRIES_MAX, (at) => {
      const base = at * WORDS;
      if (words[base + AT.controlled]! > 0 && words[base + AT.expires]! <= tick) {
        words[base + AT.expires] = tick + CONTROLLED_SECONDS;
      }
      const expires = words[base + AT.expires]!;
      if (expires > tick) {
        this.#wheel.arm(at, expires);
        return;
      }
      end(at);
      this.remove(at);
    });
  }

  /** See {@link Buckets.grow}: both have as many. */
  #makeRoom(): void {
    if (!this.#buckets.grow(this.#count)) return;
    this.#replyBuckets.grow(this.#count);
    for (let at = 1; at <= this.#used; at++) {
      if (!this.isUsed(at)) continue;
      this.#buckets.add(this.#hashAt(at), at);
      if (this.#hasReply(at)) this.#replyBuckets.add(this.#replyHashAt(at), at);
    }
  }

  #take(): number {
    const freed = this.#free;
    if (freed === 0) return this.#used === this.capacity ? 0 : ++this.#used;
    this.#free = this.#words[freed * WORDS + AT.next]!;
    return freed;
  }

  #hasReply(at: number): boolean {
    return (this.flags(at) & (CONNECTION.methodMask | CONNECTION.template)) === CONNECTION.masquerade;
  }
  #hashAt(at: number): number {
    const ports = mixed(this.#words[at * WORDS + AT.ports]!, this.data(at));
    return this.hashOf(this.client(at), this.virtual(at), ports);
  }
  #replyHashAt(at: number): number {
    const ports = (this.clientPort(at) << 16) | this.serverPort(at);
    return this.hashOf(this.client(at), this.server(at), ports);
  }
}

/** A client has as many templates as a persistence engine tells apart; without one it is the ports. */
function mixed(ports: number, data: number): number {
  return ports ^ Math.imul(data, 0x27d4eb2f);
}
