// The shadow table: every connection that this node knows of, its own and those the peer told of, as the sync
// entry that describes it; what the peer does not know yet; and how much of it the peer has acknowledged. It
// is what a director has in user space of a table it cannot walk (the kernel's /proc file is quadratic) or
// that is in another thread. Bounded, O(1) for an entry, and it allocates next to nothing after construction.
//
// A connection's key is that of the kernel's table: family, protocol, client and virtual address and port,
// template or not; for the template of a persistence engine its data, too. Nothing is ever deleted by word of
// anybody: an entry that ends is told in a closing state with a short timeout, and each side lets it expire.
//
// Which of two versions of an entry counts is decided by their stamps, the same way on both sides: a Lamport
// clock that goes on with each change and jumps when another node serves, so that what the old master had not
// told yet is older than anything that came about through the new one.

import type { SyncBatch } from './encode.ts';
import { hashKey, hasKey } from './key.ts';
import { ChangeOrder } from './order.ts';
import { ServiceCounts, type ServiceCoverage } from './services.ts';
import { EntryStore } from './store.ts';
import { AT } from './wire.ts';

export type ShadowSettings = {
  capacity: number;
  /** 32 bits that a stranger cannot guess, so that nobody can choose addresses that collide. */
  seed: number;
};
/**
 * `same`: only its life begins anew, and the peer was told not long ago. `older`: what this node has is
 * newer.
 */
export type Learned = 'added' | 'changed' | 'refreshed' | 'same' | 'older' | 'full';

/** For what came without a timeout (v0): about the kernel's longest. */
const DEFAULT_TIMEOUT_SECONDS = 900;
const TIMEOUT_MAX_SECONDS = 0x3fffffff;
/** What has not changed is told again only after this part of its timeout. */
const REFRESH_PART = 16;
/** The whole table is looked through for what has expired in this time. */
const SWEEP_MS = 8000;
/** So many are looked at when the table is full. */
const EVICTION_TRIES = 32;
/** How far the clock jumps when another node serves: more than it goes on by changes in years. */
const TURN = 2 ** 32;
const NOBODY = 0;

export class Shadow {
  readonly order: ChangeOrder;
  readonly #capacity: number;
  readonly #seed: number;
  readonly #store: EntryStore;
  readonly #services: ServiceCounts;
  readonly #heads: Int32Array;
  readonly #mask: number;
  readonly #hashNext: Int32Array;
  readonly #hash: Int32Array;
  readonly #service: Int32Array;
  /** Second in which it expires; 0 = a free slot. */
  readonly #expires: Int32Array;
  readonly #stamp: Float64Array;
  /** The number of the peer's life that knows it as it is. */
  readonly #knownBy: Int32Array;
  /** 1: this node's own engine told of it, while it served. */
  readonly #isLocal: Uint8Array;
  #clock = 0;
  #peer = 1;
  #free = 0;
  #used = 0;
  #count = 0;
  #lastAdded = 0;
  #covered = 0;
  #hand = 0;
  #sweptMs = Number.NaN;

  constructor({ capacity, seed }: ShadowSettings) {
    this.#capacity = capacity;
    this.#seed = seed | 0;
    this.#store = new EntryStore(capacity);
    this.#services = new ServiceCounts(this.#seed);
    const buckets = 2 ** Math.ceil(Math.log2(capacity));
    this.#mask = buckets - 1;
    this.#heads = new Int32Array(buckets);
    this.#hashNext = new Int32Array(capacity + 1);
    this.#hash = new Int32Array(capacity + 1);
    this.#service = new Int32Array(capacity + 1);
    this.#expires = new Int32Array(capacity + 1);
    this.#stamp = new Float64Array(capacity + 1);
    this.#knownBy = new Int32Array(capacity + 1);
    this.#isLocal = new Uint8Array(capacity + 1);
    this.order = new ChangeOrder(capacity, (slot, by) => {
      this.#covered += by;
      this.#services.cover(this.#service[slot]!, by);
    });
  }

  get count(): number {
    return this.#count;
  }
  /** How many of them the peer has acknowledged. */
  get covered(): number {
    return this.#covered;
  }
  services(): ServiceCoverage[] {
    return this.#services.list();
  }

  /** No stamp is later. */
  get clock(): number {
    return this.#clock;
  }
  stamp(slot: number): number {
    return this.#stamp[slot]!;
  }

  /**
   * A v1 entry that was found right, of this node's own engine. `serves`: it forwards for that address;
   * otherwise the engine only remembers, and whatever else is known of the connection counts more.
   */
  learn(bytes: Uint8Array, at: number, size: number, serves: boolean, nowMs: number): Learned {
    const hash = this.#load(bytes, at, size);
    const slot = this.#find(hash, size);
    if (slot === 0) return this.#insert(hash, size, { stamp: serves ? ++this.#clock : 0, serves }, nowMs);
    if (!serves) return 'older';
    const isSame = this.#store.isSame(slot, size);
    if (!isSame && !this.#store.write(slot, size)) return 'full';
    const refreshMs = (this.#touch(slot, nowMs) * 1000) / REFRESH_PART;
    const isKnown = !this.order.isSent(slot) || nowMs - this.order.changedMs(slot) < refreshMs;
    if (isSame && isKnown) return 'same';
    this.#stamp[slot] = ++this.#clock;
    this.#knownBy[slot] = NOBODY;
    this.#isLocal[slot] = 1;
    this.order.change(slot, nowMs);
    return isSame ? 'refreshed' : 'changed';
  }

  /** Has it the connection of this entry, in whatever state? */
  knows(bytes: Uint8Array, at: number, size: number): boolean {
    return this.#find(this.#load(bytes, at, size), size) !== 0;
  }

  /** A v1 entry that was found right, of the peer. */
  adopt(bytes: Uint8Array, at: number, size: number, stamp: number, nowMs: number): Learned {
    this.hear(stamp);
    const hash = this.#load(bytes, at, size);
    const slot = this.#find(hash, size);
    if (slot === 0) {
      const learned = this.#insert(hash, size, { stamp, serves: false }, nowMs);
      if (learned === 'added') this.#knownBy[this.#lastAdded] = this.#peer;
      return learned;
    }
    const isSame = this.#store.isSame(slot, size);
    const isNewer = stamp > this.#stamp[slot]!;
    if (!isNewer && !(stamp === this.#stamp[slot] && (isSame || this.#winsTie(slot, size)))) return 'older';
    if (!isSame && !this.#store.write(slot, size)) return 'full';
    this.#touch(slot, nowMs);
    this.#stamp[slot] = stamp;
    this.#knownBy[slot] = this.#peer;
    if (isSame && !isNewer) return 'same';
    this.#isLocal[slot] = 0;
    this.order.change(slot, nowMs);
    return isSame ? 'refreshed' : 'changed';
  }

  /**
   * Adds what the engine was told of, and did not come upon itself, to `batch`, from the slot after `after`
   * on; answers the last one that was looked at, 0 = there are no more.
   */
  addRemembered(batch: SyncBatch, after: number): number {
    for (let slot = after + 1; slot <= this.#used; slot++) {
      if (this.#expires[slot] === 0 || this.#isLocal[slot] === 1) continue;
      if (!batch.addFrom(this, slot)) return slot - 1;
    }
    return 0;
  }

  /**
   * This node begins to serve; or it ends, and the other one begins. Each counts both, so that they agree
   * after any number of turns, also when they could not talk meanwhile.
   */
  turn(): void {
    this.#clock += TURN;
  }

  /** There is a stamp like that: what comes about from now on is newer. */
  hear(clock: number): void {
    this.#clock = Math.max(this.#clock, clock);
  }

  /** The peer knows nothing, also not what it told of itself: it begins a new life, or this node does. */
  forgetPeer(): void {
    this.#peer++;
    this.order.restart(0);
  }

  /**
   * What this node forwards is newer than anything that the peer remembers, up to `clock`. By no more than it
   * takes: the peer, when it serves next, counts from what it has heard.
   */
  overtake(clock: number): void {
    let oldest = Number.POSITIVE_INFINITY;
    for (let slot = 1; slot <= this.#used; slot++)
      if (this.#isOwn(slot)) oldest = Math.min(oldest, this.#stamp[slot]!);
    if (oldest > clock) return;
    const by = clock + 1 - oldest;
    for (let slot = 1; slot <= this.#used; slot++) {
      if (!this.#isOwn(slot)) continue;
      this.#stamp[slot]! += by;
      this.hear(this.#stamp[slot]!);
    }
  }
  #isOwn(slot: number): boolean {
    return this.#expires[slot] !== 0 && this.#isLocal[slot] === 1;
  }

  /** The slot of the next entry that the peer has to be told of; 0 when there is none. */
  nextUnsent(): number {
    while (this.order.unsent !== 0 && this.#knownBy[this.order.unsent] === this.#peer) this.order.take();
    return this.order.unsent;
  }
  digest(slot: number): number {
    return this.#store.digest(slot);
  }
  digestOf(bytes: Uint8Array, at: number, size: number): number {
    this.#store.load(bytes, at, size);
    return this.#store.scratchDigest(size);
  }
  entrySize(slot: number): number {
    return this.#store.size(slot);
  }
  readEntry(slot: number, into: Uint8Array, at: number): void {
    this.#store.read(slot, into, at);
  }

  /** Ends what has expired, a part of the table at each call. */
  sweep(nowMs: number): void {
    const elapsedMs = Number.isNaN(this.#sweptMs) ? 0 : nowMs - this.#sweptMs;
    this.#sweptMs = nowMs;
    const tries = Math.min(this.#used, Math.ceil((this.#used * elapsedMs) / SWEEP_MS));
    this.#expire(tries, Math.floor(nowMs / 1000));
  }

  #expire(tries: number, second: number): boolean {
    let ended = false;
    for (let left = tries; left > 0; left--) {
      this.#hand = (this.#hand % this.#used) + 1;
      const expires = this.#expires[this.#hand]!;
      if (expires === 0 || expires > second) continue;
      this.#remove(this.#hand);
      ended = true;
    }
    return ended;
  }

  #insert(
    hash: number,
    size: number,
    { stamp, serves }: { stamp: number; serves: boolean },
    nowMs: number,
  ): Learned {
    const slot = this.#take(nowMs);
    if (slot === 0) return 'full';
    if (!this.#store.write(slot, size)) {
      this.#hashNext[slot] = this.#free;
      this.#free = slot;
      return 'full';
    }
    const bucket = hash & this.#mask;
    this.#hash[slot] = hash;
    this.#hashNext[slot] = this.#heads[bucket]!;
    this.#heads[bucket] = slot;
    this.#service[slot] = this.#services.add(this.#store.scratchBytes);
    this.#stamp[slot] = stamp;
    this.#knownBy[slot] = NOBODY;
    this.#isLocal[slot] = serves ? 1 : 0;
    this.#lastAdded = slot;
    this.#touch(slot, nowMs);
    this.#count++;
    this.order.change(slot, nowMs);
    return 'added';
  }

  #take(nowMs: number): number {
    if (this.#free === 0 && this.#used === this.#capacity)
      this.#expire(EVICTION_TRIES, Math.floor(nowMs / 1000));
    const freed = this.#free;
    if (freed === 0) return this.#used === this.#capacity ? 0 : ++this.#used;
    this.#free = this.#hashNext[freed]!;
    return freed;
  }

  #remove(slot: number): void {
    this.order.remove(slot);
    this.#services.remove(this.#service[slot]!);
    const bucket = this.#hash[slot]! & this.#mask;
    let at = this.#heads[bucket]!;
    if (at === slot) this.#heads[bucket] = this.#hashNext[slot]!;
    else {
      while (this.#hashNext[at] !== slot) at = this.#hashNext[at]!;
      this.#hashNext[at] = this.#hashNext[slot]!;
    }
    this.#store.free(slot);
    this.#expires[slot] = 0;
    this.#hashNext[slot] = this.#free;
    this.#free = slot;
    this.#count--;
  }

  /** Its life begins anew; answers how long it is, in seconds. */
  #touch(slot: number, nowMs: number): number {
    const told = this.#store.scratchBytes.readUInt32BE(AT.timeout);
    const seconds = told === 0 ? DEFAULT_TIMEOUT_SECONDS : Math.min(told, TIMEOUT_MAX_SECONDS);
    this.#expires[slot] = Math.ceil(nowMs / 1000) + seconds;
    return seconds;
  }

  /** Two versions of one stamp are of two lives that knew nothing of each other. */
  #winsTie(slot: number, size: number): boolean {
    return this.#store.scratchDigest(size) > this.#store.digest(slot);
  }

  #load(bytes: Uint8Array, at: number, size: number): number {
    this.#store.load(bytes, at, size);
    return hashKey(this.#store.scratch, size, this.#seed);
  }

  #find(hash: number, size: number): number {
    let slot = this.#heads[hash & this.#mask]!;
    while (slot !== 0 && (this.#hash[slot] !== hash || !hasKey(this.#store, slot, size)))
      slot = this.#hashNext[slot]!;
    return slot;
  }
}
