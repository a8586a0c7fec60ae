// What the demo reports is computed here: outage, failed requests, surviving sessions.
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  measure,
  outageMs,
  type SessionRecord,
  type ShortRequest,
  type Window,
} from '../../src/cli/demo/measure.ts';

const PERIOD_MS = 20;
const periods = { requestMs: PERIOD_MS, sessionMs: 250 };

/** A request each period from 0 to `endMs`; those that start within an outage fail. */
function stream(endMs: number, outages: readonly [number, number][]): ShortRequest[] {
  const requests: ShortRequest[] = [];
  for (let startedMs = 0; startedMs <= endMs; startedMs += PERIOD_MS) {
    const failed = outages.some(([from, to]) => startedMs >= from && startedMs < to);
    requests.push(failed ? { startedMs, failure: 'timeout' } : { startedMs, server: 'rs1' });
  }
  return requests;
}
const whole: Window = { fromMs: 0, toMs: 10_000 };

describe('outage', () => {
  test('is nothing when every request was answered', () => {
    expect(outageMs(stream(10_000, []), whole, PERIOD_MS)).toBe(0);
  });

  test('of 340 ms is seen as one', () => {
    expect(outageMs(stream(10_000, [[4_000, 4_340]]), whole, PERIOD_MS)).toBe(340);
  });

  test('is the longest stretch, not the sum', () => {
    const requests = stream(10_000, [
      [1_000, 1_200],
      [4_000, 4_060],
    ]);
    expect(outageMs(requests, whole, PERIOD_MS)).toBe(200);
  });

  test('is none when the client itself paused', () => {
    const requests = stream(10_000, []).filter(({ startedMs }) => startedMs < 4_000 || startedMs > 4_500);
    expect(outageMs(requests, whole, PERIOD_MS)).toBe(0);
  });

  test('that never ends counts up to the last request', () => {
    expect(outageMs(stream(10_000, [[6_000, 20_000]]), whole, PERIOD_MS)).toBe(4_000);
  });

  test('before the window does not count, one that reaches into it counts from its start', () => {
    const requests = stream(10_000, [[1_000, 3_000]]);
    expect(outageMs(requests, { fromMs: 3_100, toMs: 10_000 }, PERIOD_MS)).toBe(0);
    expect(outageMs(requests, { fromMs: 2_000, toMs: 10_000 }, PERIOD_MS)).toBe(2_000);
  });

  test('is right to one period for any single fault', () => {
    fc.assert(
      fc.property(fc.integer({ min: 100, max: 9_000 }), fc.integer({ min: 0, max: 900 }), (at, length) => {
        const found = outageMs(stream(10_000, [[at, at + length]]), whole, PERIOD_MS);
        expect(Math.abs(found - length)).toBeLessThan(PERIOD_MS);
      }),
    );
  });
});

describe('sessions', () => {
  const window: Window = { fromMs: 1_000, toMs: 5_000 };
  const alive: SessionRecord = { firstAnswerMs: 100, answersMs: [100, 350, 600], confirmed: true };
  const survivorsOf = (...sessions: SessionRecord[]) => {
    const { sessions: counted, survived, losses } = measure([], sessions, window, periods);
    return { counted, survived, losses };
  };

  test('survive when they answer what was sent after the window', () => {
    expect(survivorsOf(alive, alive)).toEqual({ counted: 2, survived: 2, losses: {} });
  });

  test('that are silent or broken are lost, with the reason', () => {
    const silent = { ...alive, confirmed: false };
    const reset = { ...alive, confirmed: false, lost: { atMs: 2_000, reason: 'ECONNRESET' } };
    expect(survivorsOf(alive, silent, reset, reset)).toEqual({
      counted: 4,
      survived: 1,
      losses: { 'no answer': 1, ECONNRESET: 2 },
    });
  });

  test('that were lost before, or opened meanwhile, or never answered, do not count', () => {
    const before = { ...alive, confirmed: false, lost: { atMs: 900, reason: 'ECONNRESET' } };
    const meanwhile = { ...alive, firstAnswerMs: 1_500, answersMs: [1_500] };
    const never = { answersMs: [], confirmed: false };
    expect(survivorsOf(before, meanwhile, never)).toEqual({ counted: 0, survived: 0, losses: {} });
  });

  test('show their longest pause, less the usual period', () => {
    const paused = { ...alive, answersMs: [100, 350, 900, 1_150, 1_990, 2_240] };
    expect(measure([], [alive, paused], window, periods).longestPauseMs).toBe(590);
  });
});

test('failed requests are those of the window, by reason', () => {
  const requests = stream(10_000, [
    [500, 600],
    [4_000, 4_100],
  ]);
  requests.push({ startedMs: 4_200, failure: 'ECONNREFUSED' });
  const found = measure(requests, [], { fromMs: 2_000, toMs: 6_000 }, periods);
  expect(found).toMatchObject({
    requests: 202,
    failedRequests: 6,
    failures: { timeout: 5, ECONNREFUSED: 1 },
  });
});
