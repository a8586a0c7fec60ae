// The rules of one check, each as a short story, and a property that holds them all against a second, naive
// statement of the rules.
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { address } from '../../src/core/address.ts';
import { seededRandom } from '../../src/core/time.ts';
import { REASONS } from '../../src/health/reasons.ts';
import type { CheckSettings, ProbeResult } from '../../src/health/settings.ts';
import { type Check, type CheckEffect, newCheck, stepCheck } from '../../src/health/verdict.ts';

const SETTINGS: CheckSettings = {
  type: 'TCP_CHECK',
  address: address('10.1.0.21'),
  port: 8080,
  delayLoopMs: 6_000,
  connectTimeoutMs: 1_000,
  retry: 2,
  delayBeforeRetryMs: 500,
  warmupMs: 3_000,
  alpha: false,
};
const GOOD: ProbeResult = { ok: true, ms: 1 };
const failure = (reason: string): ProbeResult => ({ ok: false, reason, detail: '', ms: 1 });
const REFUSED = failure('refused');
const LOCAL = failure('address-in-use');

/** Feeds probes one after the other; what each one led to, without the `due` and `probe` between them. */
function afterProbes(results: readonly ProbeResult[], settings = SETTINGS): [Check, CheckEffect[][]] {
  let check = newCheck(!settings.alpha);
  const effects = results.map((result) => {
    let own: CheckEffect[];
    [check, own] = stepCheck(check, { type: 'due' }, settings, Math.random);
    expect(own).toEqual([{ do: 'probe' }]);
    [check, own] = stepCheck(check, { type: 'probed', result }, settings, Math.random);
    return own;
  });
  return [check, effects];
}

describe('a check', () => {
  test('is first probed at a random time up to warmup', () => {
    const times = [0, 0.25, 0.999].map((draw) =>
      stepCheck(newCheck(true), { type: 'start' }, SETTINGS, () => draw),
    );
    expect(times.map(([, effects]) => effects)).toEqual([
      [{ do: 'arm', ms: 0 }],
      [{ do: 'arm', ms: 750 }],
      [{ do: 'arm', ms: 2_997 }],
    ]);
  });

  test('says up again when the first probe confirms it, then keeps quiet every delay_loop', () => {
    const [, effects] = afterProbes([GOOD, GOOD]);
    expect(effects).toEqual([
      [
        { do: 'arm', ms: 6_000 },
        { do: 'verdict', up: true, reason: 'connected' },
      ],
      [{ do: 'arm', ms: 6_000 }],
    ]);
  });

  test('is down after one failure when nothing good was ever heard of the server', () => {
    const [check, effects] = afterProbes([REFUSED]);
    expect(check.up).toBe(false);
    expect(effects[0]).toEqual([
      { do: 'arm', ms: 6_000 },
      { do: 'verdict', up: false, reason: 'refused', tries: 1 },
    ]);
  });

  test('tries `retry` times more, delay_before_retry apart, before a server it knew good is down', () => {
    const [check, effects] = afterProbes([GOOD, REFUSED, failure('timeout'), REFUSED, REFUSED]);
    expect(effects.slice(1)).toEqual([
      [
        { do: 'arm', ms: 500 },
        { do: 'retry', reason: 'refused', tries: 1 },
      ],
      [
        { do: 'arm', ms: 500 },
        { do: 'retry', reason: 'timeout', tries: 2 },
      ],
      [
        { do: 'arm', ms: 6_000 },
        { do: 'verdict', up: false, reason: 'refused', tries: 3 },
      ],
      [{ do: 'arm', ms: 6_000 }],
    ]);
    expect(check.up).toBe(false);
  });

  test('counts tries anew after a good one', () => {
    const [check] = afterProbes([GOOD, REFUSED, REFUSED, GOOD, REFUSED, REFUSED]);
    expect(check).toMatchObject({ up: true, failures: 2 });
  });

  test('with retry 0 is down at the first failure', () => {
    expect(afterProbes([GOOD, REFUSED], { ...SETTINGS, retry: 0 })[0].up).toBe(false);
  });

  test('with alpha is down until the first good probe, and one is enough', () => {
    const [check, effects] = afterProbes([REFUSED, GOOD], { ...SETTINGS, alpha: true });
    expect(effects[0]![1]).toEqual({ do: 'verdict', up: false, reason: 'refused', tries: 1 });
    expect(effects[1]![1]).toEqual({ do: 'verdict', up: true, reason: 'connected' });
    expect(check.up).toBe(true);
  });

  test('learns nothing from a probe that could not be made', () => {
    const [check, effects] = afterProbes([GOOD, REFUSED, LOCAL, LOCAL, LOCAL]);
    expect(check).toMatchObject({ up: true, failures: 1 });
    expect(effects[2]).toEqual([
      { do: 'arm', ms: 6_000 },
      { do: 'unknown', reason: 'address-in-use' },
    ]);
    expect(afterProbes([LOCAL])[0]).toMatchObject({ up: true, tested: false });
  });

  test('ignores what comes at the wrong time', () => {
    const waiting = newCheck(true);
    expect(stepCheck(waiting, { type: 'probed', result: REFUSED }, SETTINGS, Math.random)).toEqual([
      waiting,
      [],
    ]);
    const [probing] = stepCheck(waiting, { type: 'due' }, SETTINGS, Math.random);
    expect(stepCheck(probing, { type: 'due' }, SETTINGS, Math.random)).toEqual([probing, []]);
  });

  test('keeps its verdict when its settings change, and soon probes by the new ones', () => {
    const [down] = afterProbes([REFUSED]);
    const [check, effects] = stepCheck(down, { type: 'changed' }, { ...SETTINGS, warmupMs: 100 }, () => 0.5);
    expect(check).toEqual(down);
    expect(effects).toEqual([{ do: 'arm', ms: 50 }]);
    const [probing] = stepCheck(down, { type: 'due' }, SETTINGS, Math.random);
    expect(stepCheck(probing, { type: 'changed' }, SETTINGS, Math.random)).toEqual([probing, []]);
  });
});

/** The rules once more, on the whole history: no state, no timers. */
function expectedUp(history: readonly ProbeResult[], { alpha, retry }: CheckSettings): boolean {
  const told = history.filter(
    (result) => result.ok || REASONS[result.reason as keyof typeof REASONS].evidence === 'server',
  );
  const lastGood = told.findLastIndex((result) => result.ok);
  if (told.length === 0) return !alpha;
  if (lastGood === -1) return false;
  return told.length - 1 - lastGood <= retry;
}

test('property: the verdict is what the rules say of the history, and one thing is always under way', () => {
  const result = fc.oneof(fc.constant(GOOD), fc.constantFrom(...Object.keys(REASONS)).map(failure));
  const settings = fc.record({ retry: fc.nat(4), alpha: fc.boolean() });
  fc.assert(
    fc.property(fc.array(result, { maxLength: 40 }), settings, fc.nat(), (history, varied, seed) => {
      const own = { ...SETTINGS, ...varied };
      const random = seededRandom(seed);
      let check = newCheck(!own.alpha);
      history.forEach((result, i) => {
        [check] = stepCheck(check, { type: 'due' }, own, random);
        const before = check.up;
        const [next, effects] = stepCheck(check, { type: 'probed', result }, own, random);
        expect(next.up).toBe(expectedUp(history.slice(0, i + 1), own));
        expect(effects.filter((effect) => effect.do === 'arm')).toHaveLength(1);
        const verdict = effects.find((effect) => effect.do === 'verdict');
        if (next.up !== before) expect(verdict?.up).toBe(next.up);
        check = next;
      });
    }),
    { numRuns: 500 },
  );
});
