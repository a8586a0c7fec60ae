// Repeated notices: the first ones, then one that counts.
import { describe, expect, test } from 'vitest';
import { endWindows, limit, type Repeats } from '../../src/console/limit.ts';
import type { Notice } from '../../src/core/events.ts';

const NONE: Repeats = new Map();
const dropped = (instance: string, reason = 'bad-checksum'): Notice => ({
  event: 'vrrp.advert.dropped',
  message: `(${instance}) dropped an advert: ${reason}`,
  fields: { instance, reason },
});

/** Feeds [time, notice]; the messages printed at once. */
function feed(start: Repeats, ...events: [number, Notice][]): [Repeats, string[]] {
  let repeats = start;
  const printed: string[] = [];
  for (const [nowMs, notice] of events) {
    const [next, now] = limit(repeats, notice, nowMs);
    repeats = next;
    printed.push(...now.map(({ message }) => message));
  }
  return [repeats, printed];
}

describe('repeated notices', () => {
  test('are printed once, and counted when their window ends', () => {
    const flood = Array.from({ length: 1_000 }, (_, i): [number, Notice] => [i, dropped('VI_1')]);
    const [repeats, printed] = feed(NONE, ...flood);
    expect(printed).toEqual(['(VI_1) dropped an advert: bad-checksum']);
    expect(endWindows(repeats, 9_999)).toEqual([repeats, [], 10_000]);
    const [left, summaries, nextMs] = endWindows(repeats, 10_000);
    expect(summaries).toEqual([
      {
        event: 'vrrp.advert.dropped',
        message: '(VI_1) dropped an advert: bad-checksum (999 more in 10 s)',
        fields: { instance: 'VI_1', reason: 'bad-checksum', more: 999 },
      },
    ]);
    expect([left.size, nextMs]).toEqual([0, undefined]);
  });

  test('are the same only with the same event, reason and object', () => {
    const [, printed] = feed(NONE, [0, dropped('A')], [1, dropped('B')], [2, dropped('A', 'too-short')]);
    expect(printed).toHaveLength(3);
  });

  test('begin a new window after the old one, which pays its debt first', () => {
    const [, printed] = feed(NONE, [0, dropped('A')], [1, dropped('A')], [10_001, dropped('A')]);
    expect(printed).toEqual([
      '(A) dropped an advert: bad-checksum',
      '(A) dropped an advert: bad-checksum (1 more in 10 s)',
      '(A) dropped an advert: bad-checksum',
    ]);
  });

  test('that are changes of state are all printed', () => {
    const state: Notice = {
      event: 'vrrp.state',
      message: '(A) Entering MASTER STATE',
      fields: { instance: 'A' },
    };
    const [repeats, printed] = feed(NONE, ...Array.from({ length: 50 }, (): [number, Notice] => [0, state]));
    expect(printed).toHaveLength(50);
    expect(repeats).toBe(NONE);
  });

  test('in several windows: the next one that ends is the time to look again', () => {
    const [repeats] = feed(NONE, [0, dropped('A')], [3_000, dropped('B')], [3_001, dropped('B')]);
    const [left, summaries, nextMs] = endWindows(repeats, 10_000);
    expect([left.size, summaries.length, nextMs]).toEqual([1, 0, 13_000]);
  });
});
