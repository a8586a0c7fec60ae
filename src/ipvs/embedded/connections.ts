// The connection table: columns in typed arrays, found by two chained hashes (client side, and real server
// side for NAT), ended by a lazy timer wheel. Bounded, O(1), and it allocates nothing after construction. It
// knows nothing of services or packets; connection 0 means "none".
import assert from 'node:assert';
import { TimerWheel } from './wheel.ts';

/** IP_VS_CONN_F_*, as in sync datagrams. */
export const CONNECTION = {
  methodMask: 0x7,
  masquerade: 0,
  direct: 3,
  sync: 0x20,
  noOutput: 0x80,
  inactive: 0x100,
  template: 0x1000,
  onePacket: 0x2000,
} as const;
export const UNBOUND = -1;
/** A template that still has connections is asked again after this. */
const CONTROLLED_SECONDS = 60;
const EXPIRIES_MAX = 4096;

export type Tuple = {
  protocol: number;
  client: number;
  clientPort: number;
  virtual: number;
  virtualPort: number;
  server: number;
  serverPort: number;
  flags: number;
};

export class ConnectionTable {
  readonly capacity: number;
  readonly protocol: Uint8Array;
  readonly state: Uint8Array;
  readonly flags: Uint16Array;
  readonly client: Int32Array;
  readonly virtual: Int32Array;
  readonly server: Int32Array;
  /** clientPort << 16 | virtualPort. */
  readonly ports: Int32Array;
  readonly serverPort: Uint16Array;
  /** Number of the server's record, or UNBOUND. */
  readonly serverSlot: Int32Array;
  readonly timeoutSeconds: Int32Array;
  readonly fwmark: Int32Array;
  /** The persistence template a connection came from; 0 = none. */
  readonly control: Int32Array;
  /** Is it in the list of what the backup has not been told? */
  readonly changed: Uint8Array;
  readonly #controlled: Int32Array;
  readonly #expiresTick: Int32Array;
  readonly #next: Int32Array;
  readonly #nextReply: Int32Array;
  readonly #heads: Int32Array;
  readonly #replyHeads: Int32Array;
  readonly #mask: number;
  readonly #seed: number;
  readonly #wheel: TimerWheel;
  /** Freed numbers, chained through #next; numbers above #used were never given out. */
  #free = 0;
  #used = 0;
  #count = 0;
  #tick = 1;

  /** `seed`: any 32 bits that a stranger cannot guess, so that nobody can choose addresses that collide. */
  constructor(settings: { capacity: number; seed: number }) {
    const size = settings.capacity + 1;
    this.capacity = settings.capacity;
    this.#seed = settings.seed | 0;
    this.protocol = new Uint8Array(size);
    this.state = new Uint8Array(size);
    this.flags = new Uint16Array(size);
    this.client = new Int32Array(size);
    this.virtual = new Int32Array(size);
    this.server = new Int32Array(size);
    this.ports = new Int32Array(size);
    this.serverPort = new Uint16Array(size);
    this.serverSlot = new Int32Array(size);
    this.timeoutSeconds = new Int32Array(size);
    this.fwmark = new Int32Array(size);
    this.control = new Int32Array(size);
    this.changed = new Uint8Array(size);
    this.#controlled = new Int32Array(size);
    this.#expiresTick = new Int32Array(size);
    this.#next = new Int32Array(size);
    this.#nextReply = new Int32Array(size);
    const buckets = 2 ** Math.ceil(Math.log2(settings.capacity));
    this.#mask = buckets - 1;
    this.#heads = new Int32Array(buckets);
    this.#replyHeads = new Int32Array(buckets);
    this.#wheel = new TimerWheel(settings.capacity);
  }

  get count(): number {
    return this.#count;
  }
  /** Numbers up to this one may be in use: the end of a walk over the table. */
  get last(): number {
    return this.#used;
  }
  get tick(): number {
    return this.#tick;
  }

  isUsed(connection: number): boolean {
    return this.#wheel.dueTick(connection) !== 0;
  }
  secondsLeft(connection: number): number {
    return Math.max(0, this.#expiresTick[connection]! - this.#tick);
  }
  clientPort(connection: number): number {
    return this.ports[connection]! >>> 16;
  }
  virtualPort(connection: number): number {
    return this.ports[connection]! & 0xffff;
  }

  /** By what a packet from the client says. `template`: CONNECTION.template or 0. */
  find(
    protocol: number,
    client: number,
    clientPort: number,
    virtual: number,
    virtualPort: number,
    template: number,
  ): number {
    const ports = (clientPort << 16) | virtualPort;
    let at = this.#heads[this.#hash(client, virtual, ports)]!;
    while (at !== 0) {
      if (
        this.ports[at] === ports &&
        this.client[at] === client &&
        this.virtual[at] === virtual &&
        this.protocol[at] === protocol &&
        (this.flags[at]! & CONNECTION.template) === template
      ) {
        return at;
      }
      at = this.#next[at]!;
    }
    return 0;
  }

  /** By what a packet from a real server says; only NAT connections have one. */
  findReply(
    protocol: number,
    server: number,
    serverPort: number,
    client: number,
    clientPort: number,
  ): number {
    let at = this.#replyHeads[this.#hash(client, server, (clientPort << 16) | serverPort)]!;
    while (at !== 0) {
      if (
        this.client[at] === client &&
        this.ports[at]! >>> 16 === clientPort &&
        this.serverPort[at] === serverPort &&
        this.server[at] === server &&
        this.protocol[at] === protocol
      ) {
        return at;
      }
      at = this.#nextReply[at]!;
    }
    return 0;
  }

  /** The caller has made sure that it is not there yet. 0 when the table is full. */
  add(tuple: Tuple, timeoutSeconds: number): number {
    const at = this.#take();
    if (at === 0) return 0;
    const ports = (tuple.clientPort << 16) | tuple.virtualPort;
    this.protocol[at] = tuple.protocol;
    this.state[at] = 0;
    this.flags[at] = tuple.flags;
    this.client[at] = tuple.client;
    this.virtual[at] = tuple.virtual;
    this.server[at] = tuple.server;
    this.ports[at] = ports;
    this.serverPort[at] = tuple.serverPort;
    this.serverSlot[at] = UNBOUND;
    this.fwmark[at] = 0;
    this.control[at] = 0;
    this.changed[at] = 0;
    this.#controlled[at] = 0;
    const bucket = this.#hash(tuple.client, tuple.virtual, ports);
    this.#next[at] = this.#heads[bucket]!;
    this.#heads[bucket] = at;
    if (this.#hasReply(at)) this.#linkReply(at);
    this.#count++;
    this.timeoutSeconds[at] = timeoutSeconds;
    this.touch(at);
    return at;
  }

  /** The caller has undone what it counted. */
  remove(at: number): void {
    const bucket = this.#hash(this.client[at]!, this.virtual[at]!, this.ports[at]!);
    unlink(this.#heads, bucket, this.#next, at);
    if (this.#hasReply(at)) {
      unlink(this.#replyHeads, this.#replyBucket(at), this.#nextReply, at);
    }
    this.setControl(at, 0);
    this.#wheel.disarm(at);
    this.changed[at] = 0;
    this.#next[at] = this.#free;
    this.#free = at;
    this.#count--;
  }

  /** The forwarding method decides whether replies can be found. */
  setFlags(at: number, flags: number): void {
    const had = this.#hasReply(at);
    if (had) unlink(this.#replyHeads, this.#replyBucket(at), this.#nextReply, at);
    this.flags[at] = flags;
    if (this.#hasReply(at)) this.#linkReply(at);
  }

  setControl(at: number, template: number): void {
    const before = this.control[at]!;
    if (before !== 0) this.#controlled[before]!--;
    this.control[at] = template;
    if (template !== 0) this.#controlled[template]!++;
  }

  /** A packet passed, or the timeout changed: its life begins anew. */
  touch(at: number): void {
    const expires = this.#tick + this.timeoutSeconds[at]!;
    this.#expiresTick[at] = expires;
    const due = this.#wheel.dueTick(at);
    if (due === 0 || expires < due) this.#wheel.arm(at, expires);
  }

  /**
   * Time has come to `tick` (seconds). `end` is told of each connection whose life is over, before it is
   * removed. False when there was too much to do for one call.
   */
  advance(tick: number, end: (connection: number) => void): boolean {
    this.#tick = tick;
    return this.#wheel.advance(tick, EXPIRIES_MAX, (at) => {
      if (this.#controlled[at]! > 0 && this.#expiresTick[at]! <= tick) {
        this.#expiresTick[at] = tick + CONTROLLED_SECONDS;
      }
      const expires = this.#expiresTick[at]!;
      if (expires > tick) {
        this.#wheel.arm(at, expires);
        return;
      }
      end(at);
      this.remove(at);
    });
  }

  #take(): number {
    const freed = this.#free;
    if (freed !== 0) {
      this.#free = this.#next[freed]!;
      return freed;
    }
    if (this.#used === this.capacity) return 0;
    return ++this.#used;
  }

  #hasReply(at: number): boolean {
    return (this.flags[at]! & (CONNECTION.methodMask | CONNECTION.template)) === CONNECTION.masquerade;
  }
  #linkReply(at: number): void {
    const bucket = this.#replyBucket(at);
    this.#nextReply[at] = this.#replyHeads[bucket]!;
    this.#replyHeads[bucket] = at;
  }
  #replyBucket(at: number): number {
    const ports = (this.ports[at]! & 0xffff0000) | this.serverPort[at]!;
    return this.#hash(this.client[at]!, this.server[at]!, ports);
  }

  #hash(client: number, other: number, ports: number): number {
    let mixed = Math.imul(client ^ this.#seed, 0x9e3779b1);
    mixed = Math.imul((mixed ^ (mixed >>> 15)) + ports, 0x85ebca6b);
    mixed = Math.imul((mixed ^ (mixed >>> 13)) + other, 0xc2b2ae35);
    return (mixed ^ (mixed >>> 16)) & this.#mask;
  }
}

function unlink(heads: Int32Array, bucket: number, next: Int32Array, entry: number): void {
  let at = heads[bucket]!;
  if (at === entry) {
    heads[bucket] = next[entry]!;
    return;
  }
  while (next[at] !== entry) {
    at = next[at]!;
    assert(at !== 0, 'a connection is in the chain of its bucket');
  }
  next[at] = next[entry]!;
}
