// IP addresses as 32-bit numbers, so that tables and packets have one form for both families: an IPv4 address
// is its own number, an IPv6 address has one while somebody uses it. Bounded; it allocates nothing after
// construction. A number means nothing without its family.
import assert from 'node:assert';
import { type Address, addressBytes, addressFromBytes, type Family, familyOf } from '../../core/address.ts';
import { Buckets } from './buckets.ts';
import { readI32, writeI32 } from './frame.ts';

export const IPV6_BYTES = 16;
const ADDRESS_WORDS = 4;
/** The address, the next one in its bucket, how many use it. */
const WORDS = ADDRESS_WORDS + 2;
const AT = { next: ADDRESS_WORDS, uses: ADDRESS_WORDS + 1 } as const;
/** The complements of eight words are this less the words. */
const SUM_OF_ONES = 8 * 0xffff;

/** Of an IPv4 address, or of one word of an IPv6 address. */
export function maskOf(prefixLength: number): number {
  return prefixLength <= 0 ? 0 : -1 << (32 - Math.min(prefixLength, 32));
}

/** Of an IPv4 address. */
export function toNumber(address: Address): number {
  return readI32(addressBytes(address), 0);
}

export class Addresses {
  readonly #capacity: number;
  readonly #words: Int32Array;
  readonly #buckets: Buckets;
  readonly #seed: number;
  readonly #scratch = Buffer.alloc(IPV6_BYTES);
  /** As in the connection table. */
  #free = 0;
  #used = 0;
  #count = 0;

  /** `seed`: any 32 bits that a stranger cannot guess. */
  constructor(settings: { capacity: number; seed: number }) {
    this.#capacity = settings.capacity;
    this.#seed = settings.seed | 0;
    this.#words = new Int32Array((settings.capacity + 1) * WORDS);
    this.#buckets = new Buckets(settings.capacity, { words: this.#words, stride: WORDS, link: AT.next });
  }

  /** As the connection table's. */
  get memory(): readonly Int32Array[] {
    return [this.#words, this.#buckets.heads];
  }
  /** IPv6 addresses in use. */
  get count(): number {
    return this.#count;
  }

  /** The number of the IPv6 address at `at` of `bytes`; 0 = nobody uses it. */
  find(bytes: Uint8Array, at: number): number {
    const words = this.#words;
    const first = readI32(bytes, at);
    const second = readI32(bytes, at + 4);
    const third = readI32(bytes, at + 8);
    const fourth = readI32(bytes, at + 12);
    let number = this.#buckets.first(this.#hash(first, second, third, fourth));
    while (number !== 0) {
      const base = number * WORDS;
      if (
        words[base + 3] === fourth &&
        words[base + 2] === third &&
        words[base + 1] === second &&
        words[base] === first
      ) {
        return number;
      }
      number = words[base + AT.next]!;
    }
    return 0;
  }

  /** Where {@link find} begins to look. */
  hashAt(bytes: Uint8Array, at: number): number {
    return this.#hash(
      readI32(bytes, at),
      readI32(bytes, at + 4),
      readI32(bytes, at + 8),
      readI32(bytes, at + 12),
    );
  }
  first(hash: number): number {
    return this.#buckets.first(hash);
  }

  /** As {@link find}, and the caller uses it until it calls {@link release}. 0 = there are too many. */
  intern(bytes: Uint8Array, at: number): number {
    const known = this.find(bytes, at);
    if (known !== 0) {
      this.hold(known);
      return known;
    }
    const number = this.#take();
    if (number === 0) return 0;
    const base = number * WORDS;
    for (let i = 0; i < ADDRESS_WORDS; i++) this.#words[base + i] = readI32(bytes, at + 4 * i);
    this.#words[base + AT.uses] = 1;
    this.#buckets.add(this.#hashOf(number), number);
    this.#count++;
    return number;
  }

  /** One more user of a number that has one. */
  hold(number: number): void {
    this.#words[number * WORDS + AT.uses]!++;
  }

  /** Without a user the number may become another address's. */
  release(number: number): void {
    const base = number * WORDS;
    const left = --this.#words[base + AT.uses]!;
    assert(left >= 0, 'an address is released as often as it is held');
    if (left > 0) return;
    this.#buckets.remove(this.#hashOf(number), number);
    this.#words[base + AT.next] = this.#free;
    this.#free = number;
    this.#count--;
  }

  word(number: number, index: number): number {
    return this.#words[number * WORDS + index]!;
  }

  write(number: number, bytes: Uint8Array, at: number): void {
    for (let i = 0; i < ADDRESS_WORDS; i++) writeI32(bytes, at + 4 * i, this.word(number, i));
  }

  bytes(number: number): Uint8Array {
    const bytes = new Uint8Array(IPV6_BYTES);
    this.write(number, bytes, 0);
    return bytes;
  }

  /** Its four words exclusive-or'ed: what schedulers hash. */
  fold(number: number): number {
    const base = number * WORDS;
    const words = this.#words;
    return words[base]! ^ words[base + 1]! ^ words[base + 2]! ^ words[base + 3]!;
  }

  /** What it adds to a one's complement sum, unfolded: at most eight words. */
  sum(number: number): number {
    const base = number * WORDS;
    let sum = 0;
    for (let i = 0; i < ADDRESS_WORDS; i++) {
      const word = this.#words[base + i]!;
      sum += (word >>> 16) + (word & 0xffff);
    }
    return sum;
  }

  /** What replacing `before` by `after` adds to a one's complement sum. */
  delta(before: number, after: number): number {
    return SUM_OF_ONES - this.sum(before) + this.sum(after);
  }

  /** Are the first `length` bits of both the same? */
  sharePrefix(one: number, other: number, length: number): boolean {
    for (let i = 0; 32 * i < length; i++) {
      if (((this.word(one, i) ^ this.word(other, i)) & maskOf(length - 32 * i)) !== 0) return false;
    }
    return true;
  }

  /** The number of its network, as {@link find}. Valid for {@link internNetwork} until the next call. */
  findNetwork(number: number, length: number): number {
    for (let i = 0; i < ADDRESS_WORDS; i++) {
      writeI32(this.#scratch, 4 * i, this.word(number, i) & maskOf(length - 32 * i));
    }
    return this.find(this.#scratch, 0);
  }
  internNetwork(number: number, length: number): number {
    this.findNetwork(number, length);
    return this.intern(this.#scratch, 0);
  }

  /** The number of an address of either family, used by the caller from now on; {@link letGo} ends that. */
  keep(address: Address): number {
    return familyOf(address) === 4 ? toNumber(address) : this.intern(addressBytes(address), 0);
  }
  letGo(number: number, family: Family): void {
    if (family === 6) this.release(number);
  }

  text(number: number, family: Family): Address {
    if (family === 6) return addressFromBytes(this.bytes(number));
    const bytes = new Uint8Array(4);
    writeI32(bytes, 0, number);
    return addressFromBytes(bytes);
  }

  /** To be called now and then: see {@link Buckets.grow}. */
  makeRoom(): void {
    if (!this.#buckets.grow(this.#count)) return;
    for (let number = 1; number <= this.#used; number++) {
      if (this.#words[number * WORDS + AT.uses]! > 0) this.#buckets.add(this.#hashOf(number), number);
    }
  }

  #take(): number {
    const freed = this.#free;
    if (freed !== 0) {
      this.#free = this.#words[freed * WORDS + AT.next]!;
      return freed;
    }
    return this.#used === this.#capacity ? 0 : ++this.#used;
  }

  #hashOf(number: number): number {
    const base = number * WORDS;
    const words = this.#words;
    return this.#hash(words[base]!, words[base + 1]!, words[base + 2]!, words[base + 3]!);
  }

  #hash(first: number, second: number, third: number, fourth: number): number {
    let mixed = Math.imul(first ^ this.#seed, 0x9e3779b1);
    mixed = Math.imul((mixed ^ (mixed >>> 15)) + second, 0x85ebca6b);
    mixed = Math.imul((mixed ^ (mixed >>> 13)) + third, 0xc2b2ae35);
    mixed = Math.imul((mixed ^ (mixed >>> 16)) + fourth, 0x27d4eb2f);
    return mixed ^ (mixed >>> 15);
  }
}
