// Chains of a hash's entries: numbers of records of `stride` words, each with the next one's at `link`.
import assert from 'node:assert';

export type Chain = { readonly stride: number; readonly link: number };

/** Takes `entry` out of the chain of `bucket`, which it is in. */
export function unlink(
  words: Int32Array,
  heads: Int32Array,
  bucket: number,
  { stride, link }: Chain,
  entry: number,
): void {
  const after = words[entry * stride + link]!;
  let at = heads[bucket]!;
  if (at === entry) {
    heads[bucket] = after;
    return;
  }
  while (words[at * stride + link] !== entry) {
    at = words[at * stride + link]!;
    assert(at !== 0, 'an entry is in the chain of its bucket');
  }
  words[at * stride + link] = after;
}
