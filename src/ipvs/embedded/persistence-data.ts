// What a persistence engine knows clients by (sip: the Call-ID), as numbers: a text has one while somebody
// uses it, and is kept once however many templates have it. Bounded, in pieces of 32 bytes; it has no memory
// before the first text comes, and allocates nothing afterwards.
import assert from 'node:assert';
import { Buckets } from './buckets.ts';

const PIECE = 32;
/** Where in a piece what is: all but `more` and `text` in a text's first one only. */
const AT = { next: 0, more: 1, uses: 2, hash: 3, length: 4, text: 5 } as const;
const WORDS = AT.text + PIECE / 4;

type Memory = { words: Int32Array; bytes: Uint8Array; buckets: Buckets };

export class PersistenceData {
  readonly #capacity: number;
  readonly #seed: number;
  #memory: Memory | undefined;
  #free = 0;
  #used = 0;
  #left: number;

  /** `capacity`: pieces. `seed`: any 32 bits that a stranger cannot guess. */
  constructor({ capacity, seed }: { capacity: number; seed: number }) {
    this.#capacity = capacity;
    this.#left = capacity;
    this.#seed = seed | 0;
  }

  /** Pieces in use. */
  get pieces(): number {
    return this.#capacity - this.#left;
  }

  /** The number of a text; 0 = nobody uses it. */
  find(bytes: Uint8Array, at: number, length: number): number {
    return this.#memory === undefined
      ? 0
      : this.#find(this.#memory, this.#hash(bytes, at, length), bytes, at, length);
  }

  /** As {@link find}, and the caller uses it until it calls {@link release}. 0 = there are too many. */
  intern(bytes: Uint8Array, at: number, length: number): number {
    assert(length > 0, 'no text is empty');
    this.#memory ??= newMemory(this.#capacity);
    const memory = this.#memory;
    const hash = this.#hash(bytes, at, length);
    const known = this.#find(memory, hash, bytes, at, length);
    if (known !== 0) {
      this.hold(known);
      return known;
    }
    if (this.#left < piecesOf(length)) return 0;
    const number = this.#write(memory, bytes, at, length);
    const { words, buckets } = memory;
    const base = number * WORDS;
    words[base + AT.hash] = hash;
    words[base + AT.length] = length;
    words[base + AT.uses] = 1;
    buckets.add(hash, number);
    return number;
  }

  /** One more user of a number that has one. */
  hold(number: number): void {
    this.#memory!.words[number * WORDS + AT.uses]!++;
  }

  /** Without a user the number may become another text's. */
  release(number: number): void {
    const { words, buckets } = this.#memory!;
    const base = number * WORDS;
    const left = --words[base + AT.uses]!;
    assert(left >= 0, 'a text is released as often as it is held');
    if (left > 0) return;
    buckets.remove(words[base + AT.hash]!, number);
    let last = number;
    let pieces = 1;
    for (; words[last * WORDS + AT.more] !== 0; pieces++) last = words[last * WORDS + AT.more]!;
    words[last * WORDS + AT.more] = this.#free;
    this.#free = number;
    this.#left += pieces;
  }

  bytes(number: number): Uint8Array {
    const { words, bytes } = this.#memory!;
    const text = new Uint8Array(words[number * WORDS + AT.length]!);
    let piece = number;
    for (let done = 0; done < text.length; done += PIECE) {
      const begin = textAt(piece);
      text.set(bytes.subarray(begin, begin + Math.min(PIECE, text.length - done)), done);
      piece = words[piece * WORDS + AT.more]!;
    }
    return text;
  }

  #find(
    { words, buckets, bytes: own }: Memory,
    hash: number,
    bytes: Uint8Array,
    at: number,
    length: number,
  ): number {
    let number = buckets.first(hash);
    while (number !== 0) {
      const base = number * WORDS;
      const mayBe = words[base + AT.hash] === hash && words[base + AT.length] === length;
      if (mayBe && isSame(words, own, number, bytes, at, length)) return number;
      number = words[base + AT.next]!;
    }
    return 0;
  }

  /** There is room for it. */
  #write({ words, bytes: own }: Memory, bytes: Uint8Array, at: number, length: number): number {
    let first = 0;
    for (let done = length - ((length - 1) % PIECE) - 1; done >= 0; done -= PIECE) {
      const piece = this.#take(words);
      const begin = textAt(piece);
      const size = Math.min(PIECE, length - done);
      for (let i = 0; i < size; i++) own[begin + i] = bytes[at + done + i]!;
      words[piece * WORDS + AT.more] = first;
      first = piece;
    }
    return first;
  }

  #take(words: Int32Array): number {
    this.#left--;
    const freed = this.#free;
    if (freed === 0) return ++this.#used;
    this.#free = words[freed * WORDS + AT.more]!;
    return freed;
  }

  #hash(bytes: Uint8Array, at: number, length: number): number {
    let hash = this.#seed;
    for (let i = 0; i < length; i++) {
      hash = Math.imul(hash ^ bytes[at + i]!, 0x9e3779b1);
      hash ^= hash >>> 15;
    }
    return Math.imul(hash ^ length, 0x85ebca6b) >>> 1;
  }
}

function newMemory(capacity: number): Memory {
  const words = new Int32Array((capacity + 1) * WORDS);
  const buckets = new Buckets(capacity, { words, stride: WORDS, link: AT.next });
  buckets.grow(capacity);
  return { words, bytes: new Uint8Array(words.buffer), buckets };
}
function piecesOf(length: number): number {
  return Math.ceil(length / PIECE);
}
function textAt(piece: number): number {
  return (piece * WORDS + AT.text) * 4;
}

function isSame(
  words: Int32Array,
  own: Uint8Array,
  number: number,
  bytes: Uint8Array,
  at: number,
  length: number,
): boolean {
  let piece = number;
  for (let done = 0; done < length; done += PIECE) {
    const begin = textAt(piece);
    const size = Math.min(PIECE, length - done);
    for (let i = 0; i < size; i++) if (own[begin + i] !== bytes[at + done + i]) return false;
    piece = words[piece * WORDS + AT.more]!;
  }
  return true;
}
