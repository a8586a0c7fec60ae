// How many buckets a chained hash table has for what is in it.
//
// The heads of all buckets that a table may ever need are laid out when it is made, and the first of them are
// in use: few buckets stay in the processor's cache, so there are no more than needed, and memory that was
// never touched costs nothing.

export const BUCKETS_MIN = 4096;

/** A power of two, two for each entry at least. */
export function bucketsFor(entries: number): number {
  return Math.max(BUCKETS_MIN, 2 ** Math.ceil(Math.log2(Math.max(entries, 1) * 2)));
}
