// keepalived's own definitions whose value is made where they are used: `${_RANDOM MIN MAX}`, `${_ENV NAME}`.
// What they draw on is given: the same seed and environment make the same configuration.
import { seededRandom } from '../core/time.ts';
import type { Maker } from './definitions.ts';

/** keepalived.conf(5): what `${_RANDOM}` alone ranges over. */
const MOST_RANDOM = 32_767;

export type Surroundings = {
  environment: Readonly<Record<string, string | undefined>>;
  /** Any 32 bits. */
  seed: number;
};

export function makers({ environment, seed }: Surroundings): [string, Maker][] {
  const random = seededRandom(seed);
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
