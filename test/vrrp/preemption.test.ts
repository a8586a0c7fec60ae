// When a better backup preempts a worse master, and what it waits for first.
import { describe, expect, test } from 'vitest';
import { step } from '../../src/vrrp/machine.ts';
import type { Own } from '../../src/vrrp/router.ts';
import { masterDownMs } from '../../src/vrrp/timing.ts';
import { advert, armed, expired, OWN, play, SILENCE, START, verbs } from './play.ts';

describe('nopreempt', () => {
  const own: Own = { ...OWN, preempt: false };
  test('follows a master of lower priority', () => {
    expect(armed(play([START, advert(100)], own).effects, 'masterDown')).toBe(masterDownMs(1000, own));
  });
  test('takes over when it is gone', () => {
    expect(play([START, advert(100), SILENCE], own).router.state).toBe('MASTER');
  });
  test('is disregarded with `state MASTER`, as in keepalived, and for the address owner', () => {
    expect(play([START, advert(100)], { ...own, initialState: 'MASTER' }).effects).toEqual([]);
    const backup = play([START], own).router;
    expect(step(backup, advert(100), { ...own, priority: 255 })[1]).toEqual([]);
  });
});

describe('preempt_delay', () => {
  const own: Own = { ...OWN, preemptDelayMs: 10_000 };
  test('counts from the first advert of lower priority', () => {
    const first = play([START, advert(100)], own).effects;
    expect(armed(first, 'preemptDelay')).toBe(10_000);
    expect(armed(first, 'masterDown')).toBe(masterDownMs(1000, own));
    const second = play([START, advert(100), advert(100)], own).effects;
    expect(armed(second, 'preemptDelay')).toBeUndefined();
    expect(armed(second, 'masterDown')).toBe(masterDownMs(1000, own));
  });
  test('once over, lower adverts are silence', () => {
    expect(play([START, advert(100), expired('preemptDelay'), advert(100)], own).effects).toEqual([]);
  });
  test('is void when a better master is heard, and starts again after it', () => {
    const better = play([START, advert(100), advert(200)], own);
    expect(better.effects).toContainEqual({ do: 'disarm', timer: 'preemptDelay' });
    expect(armed(step(better.router, advert(100), own)[1], 'preemptDelay')).toBe(10_000);
  });
  test('does not delay a takeover from silence', () => {
    expect(play([START, SILENCE], own).router.state).toBe('MASTER');
  });
  test('is disregarded with `state MASTER`, as in keepalived', () => {
    expect(play([START, advert(100)], { ...own, initialState: 'MASTER' }).effects).toEqual([]);
  });
  test('a reload does not restart it', () => {
    const { router } = play([START, advert(100), { type: 'reconfigured' }], own);
    expect(router).toMatchObject({ patience: 'waiting' });
  });
});

describe('a backup that does not know the connections', () => {
  const waits: Own = { ...OWN, preemptWaitMs: 60_000 };
  const known = { type: 'connections' } as const;
  test('waits for them from the first advert of lower priority, and says so once', () => {
    const first = play([START, advert(100)], waits).effects;
    expect(armed(first, 'connections')).toBe(60_000);
    expect(armed(first, 'masterDown')).toBe(masterDownMs(1000, waits));
    expect(first).toContainEqual({ do: 'tellWait', step: 'begins', waitMs: 60_000 });
    const second = play([START, advert(100), advert(100)], waits).effects;
    expect(verbs(second)).toEqual(['arm']);
  });
  test('preempts once they are known', () => {
    const { router } = play([START, advert(100)], waits);
    const [knowing, effects] = step(router, known, OWN);
    expect(verbs(effects)).toEqual(['disarm', 'tellWait']);
    expect(step(knowing, advert(100), OWN)[1]).toEqual([]);
  });
  test('preempts without them when its time is over', () => {
    const events = [START, advert(100), expired('connections')];
    expect(verbs(play(events, waits).effects)).toEqual(['tellWait']);
    expect(play([...events, advert(100)], waits).effects).toEqual([]);
  });
  test('waits anew for another worse master after a better one', () => {
    const better = play([START, advert(100), expired('connections'), advert(200)], waits);
    expect(armed(step(better.router, advert(100), waits)[1], 'connections')).toBe(60_000);
  });
  test('does not wait when there is silence, and `state MASTER` does not hurry it', () => {
    expect(play([START, advert(100), SILENCE], waits).router.state).toBe('MASTER');
    const eager: Own = { ...waits, initialState: 'MASTER' };
    expect(armed(play([START, advert(100)], eager).effects, 'connections')).toBe(60_000);
  });
  test('waits for the longer of both, with preempt_delay', () => {
    const both: Own = { ...waits, preemptDelayMs: 10_000 };
    const delayed = play([START, advert(100), expired('preemptDelay'), advert(100)], both);
    expect(armed(delayed.effects, 'masterDown')).toBe(masterDownMs(1000, both));
    const { router } = play([START, advert(100), expired('connections'), advert(100)], both);
    expect(router).toMatchObject({ patience: 'waiting', connections: 'over' });
  });
  test('is not kept from following one that it need not preempt', () => {
    expect(verbs(play([START, advert(100)], { ...waits, preempt: false }).effects)).toEqual(['arm']);
  });
  test('what it learns later is nothing to tell', () => {
    for (const events of [[START], [START, SILENCE]])
      expect(step(play(events, waits).router, known, OWN)[1]).toEqual([]);
  });
});
