// Whether a planned handover would cost sessions, and what is said of it.
import { expect, test } from 'vitest';
import { type Coverage, objection, uncoveredNotice } from '../../src/director/handover.ts';

const KNOWN: Coverage = { isConnected: true, connections: 1000, covered: 990 };

test.each<[string, Partial<Coverage>, number, string | undefined]>([
  ['as many as are asked for', {}, 99, undefined],
  ['all', { covered: 1000 }, 100, undefined],
  ['nothing to lose', { isConnected: false, connections: 0, covered: 0 }, 100, undefined],
  ['whatever it costs', { isConnected: false, covered: 0 }, 0, undefined],
  [
    'one too few',
    { covered: 989 },
    99,
    'the peer knows 98.90 % of the connections, 99 % are asked for: 11 of 1000 would break',
  ],
  [
    'nobody who could know them',
    { isConnected: false, covered: 0 },
    1,
    "the peer's balancer is not connected: 1000 of 1000 would break",
  ],
])('%s', (_, coverage, leastPercent, why) => {
  expect(objection({ ...KNOWN, ...coverage }, leastPercent)).toBe(why);
});

test('a stop says what it costs', () => {
  expect(uncoveredNotice('10 of 1000 would break', KNOWN)).toEqual({
    event: 'handover.uncovered',
    message: 'handing over all the same: 10 of 1000 would break',
    fields: { isConnected: true, connections: 1000, covered: 990 },
  });
});
