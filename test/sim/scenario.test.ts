// A thousand worlds of two to five directors, each with faults of its own: whatever goes wrong, one master,
// no address without owner and no stale neighbour for longer than the protocol allows. A seed that fails is
// made smaller and printed; `SEED=n npm run sim` runs it again, `npm run sim` a million others.
import { expect, test } from 'vitest';
import { MUTATIONS, sourceOf } from './mutations.ts';
import { attempt, describeFailure, runSeed } from './scenario.ts';

const SEEDS = 1000;

test(`${SEEDS} seeds keep every promise`, { timeout: 180_000 }, () => {
  for (let seed = 1; seed <= SEEDS; seed++) {
    if (attempt(seed, undefined).failure === undefined) continue;
    expect.fail(describeFailure(runSeed(seed)!));
  }
});

/** What `npm run sim` found. */
const ONCE_BROKEN: readonly [number, string][] = [
  [6076, 'a last word that was lost before the heal is not asked for'],
  [12734, 'who leaves and loses a tracked link tells the master whom it kept waiting'],
  [14342, 'who leaves to a keepalived of priority 1 cannot be worse'],
  [40308, 'who leaves to an owner and loses a link says so'],
  [46934, 'the last word to a master of priority 1 is priority 0'],
  [216928, 'a resignation does not put off what is due sooner'],
  [281757, 'an owner whose link came back while it stood still does not wait'],
  [892108, 'a last word that was lost right before the heal, of one that stops'],
  [3018218, 'what comes back with another password speaks with it at once'],
  [3044752, 'who loses a tracked link tells a keepalived that is master, too, on the other one'],
  [10048174, 'who stops unheard puts off nobody who is about to take over'],
  [10251642, 'who yields to a master of priority 1 seems to resign'],
  [10637094, 'who goes is heard later than the answer of who stays'],
  [10737660, 'who stood still while all clocks were set hears of it when it runs again'],
  [52670, 'a rival that yields at another interval does not hasten a backup'],
];
test.each(ONCE_BROKEN)('seed %i: %s', (seed) => {
  expect(attempt(seed, undefined).failure && describeFailure(runSeed(seed)!)).toBeUndefined();
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
