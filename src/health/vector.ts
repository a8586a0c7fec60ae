// A list that is replaced, not changed, at the price of a few hundred words a step: two levels of arrays. A
// pool has tens of thousands of checks and hears of thousands a second; copying one flat array each time
// would cost more than probing.

/** Near the square root of the largest pools we expect: both levels are then equally short. */
const CHUNK = 128;

export type Vector<T> = { readonly length: number; readonly chunks: readonly (readonly T[])[] };

export function vectorOf<T>(items: readonly T[]): Vector<T> {
  const chunks = Array.from({ length: Math.ceil(items.length / CHUNK) }, (_, i) =>
    items.slice(i * CHUNK, (i + 1) * CHUNK),
  );
  return { length: items.length, chunks };
}

/** `index` is one of the vector's: anything else is the caller's mistake. */
export function at<T>(vector: Vector<T>, index: number): T {
  return vector.chunks[Math.floor(index / CHUNK)]![index % CHUNK]!;
}

export function replaced<T>(vector: Vector<T>, index: number, item: T): Vector<T> {
  const chunks = vector.chunks.slice();
  const chunk = chunks[Math.floor(index / CHUNK)]!.slice();
  chunk[index % CHUNK] = item;
  chunks[Math.floor(index / CHUNK)] = chunk;
  return { length: vector.length, chunks };
}
