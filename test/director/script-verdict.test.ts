// The verdict of a tracked script against what keepalived 2.2.7 logged for scripts that ended as these lists
// say, run by run.
import fc from 'fast-check';
import { expect, test } from 'vitest';
import {
  keepVerdict,
  type ScriptRun,
  type ScriptState,
  startScript,
  stepScript,
} from '../../src/director/script-verdict.ts';

type Limits = { name: string; rise: number; fall: number; initFail: boolean };
const exit = (status: number): ScriptRun => ({ how: 'exited', status });
const killed: ScriptRun = { how: 'killed', signal: 9 };

/** What is said after each run. */
function log(own: Limits, runs: readonly ScriptRun[]): string[] {
  let state = startScript(own);
  return runs.map((run) => {
    const [next, notices] = stepScript(state, run, own);
    state = next;
    return notices.map(({ message }) => message).join('; ');
  });
}

const A = 'VRRP_Script(a)';
const now = (status: number) => `Script \`a\` now returning ${status}`;
const bad = (status = 1) => `${A} failed (exited with status ${status})`;

test('rise 2, fall 3', () => {
  const own = { name: 'a', rise: 2, fall: 3, initFail: false };
  const ends = [1, 0, 0, 1, 1, 0, 1, 1, 1, 0, 0, 0].map(exit);
  const told = log(own, [...ends, killed, killed, killed, exit(0), exit(0)]);
  const good = `${A} succeeded`;
  expect(told).toEqual([
    `${now(1)}; ${bad()}`,
    now(0),
    good,
    now(1),
    '',
    now(0),
    now(1),
    '',
    bad(),
    now(0),
    good,
    '',
    '',
    '',
    `${A} failed (due to signal 9)`,
    '',
    good,
  ]);
});

test('rise 3, fall 2, init_fail: down before the first run, and yet one success is enough', () => {
  const own = { name: 'a', rise: 3, fall: 2, initFail: true };
  expect(startScript(own).verdict).toBe('down');
  const ends = [0, 1, 0, 0, 0, 1, 0, 1, 1, 1, 0, 0, 0, 7, 7].map(exit);
  expect(log(own, ends)).toEqual([
    `${A} succeeded`,
    now(1),
    now(0),
    '',
    '',
    now(1),
    now(0),
    now(1),
    bad(),
    '',
    now(0),
    '',
    `${A} succeeded`,
    now(7),
    bad(7),
  ]);
});

test('the first failure counts at once, whatever fall says', () => {
  const told = log({ name: 'a', rise: 1, fall: 3, initFail: false }, [exit(1), exit(1), exit(1), exit(0)]);
  expect(told).toEqual([`${now(1)}; ${bad()}`, '', '', `${now(0)}; ${A} succeeded`]);
});

test('too late, and not to be run', () => {
  const own = { name: 'a', rise: 1, fall: 1, initFail: false };
  expect(log(own, [exit(0), { how: 'timedOut' }])).toEqual([`${A} succeeded`, `${A} timed_out`]);
  expect(log(own, [{ how: 'failed', reason: 'ENOENT' }])).toEqual([`${A} failed (could not be run: ENOENT)`]);
});

const limits = fc.record({
  name: fc.constant('a'),
  rise: fc.integer({ min: 1, max: 5 }),
  fall: fc.integer({ min: 1, max: 5 }),
  initFail: fc.boolean(),
});
const runsArbitrary = fc.array(fc.boolean(), { maxLength: 60 });
const settle = (own: Limits, runs: readonly boolean[], from = startScript(own)): ScriptState =>
  runs.reduce((state, isGood) => stepScript(state, exit(isGood ? 0 : 1), own)[0], from);

test('rise successes in a row make it up, fall failures in a row down, from wherever it was', () => {
  fc.assert(
    fc.property(limits, runsArbitrary, (own, runs) => {
      const state = settle(own, runs);
      expect(settle(own, Array(own.rise).fill(true), state).verdict).toBe('up');
      expect(settle(own, Array(own.fall).fill(false), state).verdict).toBe('down');
    }),
  );
});

test('what was told turns only after as many runs in a row as it takes', () => {
  fc.assert(
    fc.property(limits, runsArbitrary, (own, runs) => {
      const state = settle(own, runs);
      if (runs.length === 0) return;
      const turned = state.verdict !== 'up';
      const needed = (turned ? own.rise : own.fall) - 1;
      const before = settle(own, [...runs, !turned]);
      if (before.verdict !== state.verdict) return;
      expect(settle(own, Array(needed).fill(turned), before).verdict).toBe(state.verdict);
    }),
  );
});

test('a reload that changes the limits changes no verdict', () => {
  fc.assert(
    fc.property(limits, limits, runsArbitrary, (own, other, runs) => {
      const kept = keepVerdict(settle(own, runs), other);
      expect(kept.verdict).toBe(settle(own, runs).verdict);
      expect(kept.count).toBeLessThan(other.rise + other.fall);
    }),
  );
});
