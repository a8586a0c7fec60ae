// Numbers that look random, for choices that need no secret: Marsaglia's xorshift32.

/** `random(n)` is 0 to n − 1. The same seed gives the same sequence. */
export function pseudoRandom(seed: number): (below: number) => number {
  let state = seed | 0 || 1;
  return (below) => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return (state >>> 0) % below;
  };
}
