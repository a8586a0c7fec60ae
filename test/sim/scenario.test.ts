// A thousand worlds of two to five directors, each with faults of its own: whatever goes wrong, one master,
// no address without owner and no stale neighbour for longer than the protocol allows. A seed that fails is
// made smaller and printed; `SEED=n npm run sim` runs it again, `npm run sim` a million others.
import { expect, test } from 'vitest';
import { MUTATIONS, sourceOf } from './mutations.ts';
import { attempt, describeFailure, runSeed } from './scenario.ts';

const SEEDS = 1000;

test(`${SEEDS} seeds keep every promise`, { timeout: 60_000 }, () => {
  for (let seed = 1; seed <= SEEDS; seed++) {
    if (attempt(seed, undefined).failure === undefined) continue;
    expect.fail(describeFailure(runSeed(seed)!));
  }
});

test('a seed is the same world each time', () => {
  for (const seed of [7, 77, 777]) expect(traceOf(seed)).toEqual(traceOf(seed));
});

test.each(MUTATIONS)('the mistake "$what" can still be made', ({ file, from, to }) => {
  expect(sourceOf(file).split(from)).toHaveLength(2);
  expect(to).not.toBe(from);
});

function traceOf(seed: number): readonly string[] {
  const { trace } = attempt(seed, undefined);
  expect(trace.length).toBeGreaterThan(5);
  return trace;
}
