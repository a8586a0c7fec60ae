// Time and randomness come into pure code as values or as one of these; only edges make them.

/** Milliseconds on a clock that never steps (CLOCK_MONOTONIC), with fractions. */
export type Clock = () => number;
/** Uniform in [0, 1). */
export type Random = () => number;

/** A small seeded generator (mulberry32) for simulations and property tests: same seed, same run. */
export function seededRandom(seed: number): Random {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 0x100000000;
  };
}
