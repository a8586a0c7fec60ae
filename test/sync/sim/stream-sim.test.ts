// Worlds of two connected balancers, each with faults of its own: what was acknowledged is never
// lost by one failure, and in the end both know everything and are quiet.
// `npm run sim -- sync` has ten thousand more.
import { expect, test } from 'vitest';
import { sourceOf } from '../../sim/mutations.ts';
import { SYNC_MUTATIONS } from './mutations.ts';
import { attempt, describeFailure, runSeed } from './scenario.ts';

const SEEDS = 1000;

test(`${SEEDS} seeds keep every promise`, { timeout: 60_000 }, () => {
  for (let seed = 1; seed <= SEEDS; seed++) {
    if (attempt(seed).failure === undefined) continue;
    expect.fail(describeFailure(runSeed(seed)!));
  }
});

test('a seed is the same world each time', () => {
  for (const seed of [7, 77]) {
    const { trace } = attempt(seed);
    expect(trace.length).toBeGreaterThan(20);
    expect(attempt(seed).trace).toEqual(trace);
  }
});

test.each(SYNC_MUTATIONS)('the mistake "$what" can still be made', ({ file, from, to }) => {
  expect(sourceOf(file).split(from)).toHaveLength(2);
  expect(to).not.toBe(from);
});
