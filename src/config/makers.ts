// keepalived's own definitions whose value is made where they are used: `${_RANDOM MIN MAX}`, `${_ENV NAME}`.
// What they draw on is given: the same seed and environment make the same configuration.
import type { Maker } from './definitions.ts';

/** keepalived.conf(5): what `${_RANDOM}` alone ranges over. */
const MOST_RANDOM = 32_767;

export type Surroundings = {
  environment: Readonly<Record<string, string | undefined>>;
  /** Any 32 bits. */
  seed: number;
};

export function makers({ environment, seed }: Surroundings): [string, Maker][] {
  const random = mulberry32(seed);
  return [
    ['_ENV', ([name, ...more]) => (name === undefined || more.length > 0 ? undefined : environment[name])],
    [
      '_RANDOM',
      ([min = '0', max = String(MOST_RANDOM)]) => {
        const [low, high] = [Number(min), Number(max)];
        if (!Number.isInteger(low) || !Number.isInteger(high) || high < low) return undefined;
        return String(low + Math.floor(random() * (high - low + 1)));
      },
    ],
  ];
}

/** T. Ettinger's generator of 32 bits of state: good enough to spread timers, and reproducible. */
function mulberry32(seed: number): () => number {
  let state = seed | 0;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 0x1_0000_0000;
  };
}
