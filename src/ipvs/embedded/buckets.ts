// The buckets of a chained hash table whose entries are numbers of records in one typed array, each with the
// next one's number in it; 0 = no more.
//
// The heads of all buckets that the table may ever need are laid out when it is made, and the first of them
// are in use: few buckets stay in the processor's cache, so there are no more than needed, and memory that
// was never touched costs nothing.
import assert from 'node:assert';

const BUCKETS_MIN = 4096;

/** Records of `stride` words, the next one's number at `link`. */
export type Chain = { words: Int32Array; stride: number; link: number };

export class Buckets {
  readonly heads: Int32Array;
  readonly #words: Int32Array;
  readonly #stride: number;
  readonly #link: number;
  #mask = BUCKETS_MIN - 1;

  /** `capacity`: entries there can ever be. */
  constructor(capacity: number, { words, stride, link }: Chain) {
    this.heads = new Int32Array(bucketsFor(capacity));
    this.#words = words;
    this.#stride = stride;
    this.#link = link;
  }

  /** `hash`: any 32 bits. */
  first(hash: number): number {
    return this.heads[hash & this.#mask]!;
  }
  add(hash: number, entry: number): void {
    const bucket = hash & this.#mask;
    this.#words[entry * this.#stride + this.#link] = this.heads[bucket]!;
    this.heads[bucket] = entry;
  }
  /** It is there. */
  remove(hash: number, entry: number): void {
    const words = this.#words;
    const [stride, link] = [this.#stride, this.#link];
    const after = words[entry * stride + link]!;
    let at = this.first(hash);
    if (at === entry) {
      this.heads[hash & this.#mask] = after;
      return;
    }
    while (words[at * stride + link] !== entry) {
      at = words[at * stride + link]!;
      assert(at !== 0, 'an entry is in the chain of its bucket');
    }
    words[at * stride + link] = after;
  }

  /**
   * More buckets, if `entries` need them: then they are empty, and who is in the table is to be added again.
   * To be called now and then, so that time, not a packet, is made to wait for that.
   */
  grow(entries: number): boolean {
    const buckets = bucketsFor(entries);
    if (buckets <= this.#mask + 1) return false;
    this.#mask = buckets - 1;
    this.heads.fill(0, 0, buckets);
    return true;
  }
}

/** A power of two, two for each entry at least. */
function bucketsFor(entries: number): number {
  return Math.max(BUCKETS_MIN, 2 ** Math.ceil(Math.log2(Math.max(entries, 1) * 2)));
}
