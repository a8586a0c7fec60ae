// When instances begin: after vrrp_startup_delay and vrrp_delay_after_boot, whichever is later.
import { describe, expect, test } from 'vitest';
import { advertsIn, Lone, noticesOf } from './lone.ts';

const BOOTED_MS = 10_000;
const startup = (delayMs: number, afterBootMs = 0) => ({ startup: { delayMs, afterBootMs } });

describe('until then', () => {
  test('nothing is sent, nothing heard counts, and nobody is anything', () => {
    const lone = new Lone(BOOTED_MS);
    const begun = lone.configure([{ priority: 255 }], startup(5500));
    expect(noticesOf(begun)).toMatchObject([
      { event: 'vrrp.delayed', message: 'Delaying startup for 5.5 seconds', fields: { ms: 5500 } },
    ]);
    lone.hear();
    expect(advertsIn(lone.pass(5499))).toEqual([]);
    expect(lone.states).toEqual(['INIT']);
    expect(lone.counters).toEqual({ VI_1: {} });
    expect(advertsIn(lone.pass(1))).toHaveLength(1);
    expect(lone.states).toEqual(['MASTER']);
  });
  test('a link that comes and goes changes nothing', () => {
    const lone = new Lone(BOOTED_MS);
    lone.configure([{}], startup(1000));
    lone.link([], false);
    expect(lone.states).toEqual(['INIT']);
    lone.pass(1000);
    expect(lone.states).toEqual(['FAULT']);
  });
  test('a sync group waits, too', () => {
    const lone = new Lone(BOOTED_MS);
    const groups = [{ name: 'G', members: ['A', 'B'] }];
    lone.configure([{ name: 'A' }, { name: 'B', vrid: 52 }], { groups, ...startup(1000) });
    expect(lone.states).toEqual(['INIT', 'INIT']);
    lone.pass(1000);
    expect(lone.states).toEqual(['BACKUP', 'BACKUP']);
  });
  test('a stop is at once', () => {
    const lone = new Lone(BOOTED_MS);
    lone.configure([{}], startup(1000));
    const stopped = lone.feed({ type: 'command', command: { type: 'stop' } });
    expect(stopped).toContainEqual({ do: 'report', report: { type: 'stopped' } });
  });
});

test.each([
  ['the boot is long ago', startup(0, 9000), 0],
  ['the boot was just now', startup(0, 12_000), 2000],
  ['both, the later one counts', startup(3000, 12_000), 3000],
  ['both, the later one counts', startup(1000, 12_000), 2000],
])('%s: %j', (_, more, waitedMs) => {
  const lone = new Lone(BOOTED_MS);
  lone.configure([{ priority: 255 }], more);
  lone.pass(Math.max(0, waitedMs - 1));
  expect(lone.states).toEqual([waitedMs === 0 ? 'MASTER' : 'INIT']);
  lone.pass(1);
  expect(lone.states).toEqual(['MASTER']);
});

describe('a reload', () => {
  test('of who runs waits for nothing, and neither does a new instance', () => {
    const lone = new Lone(BOOTED_MS);
    lone.configure();
    lone.pass(1000);
    lone.configure([{}, { name: 'VI_2', vrid: 52 }], startup(60_000));
    expect(lone.states).toEqual(['BACKUP', 'BACKUP']);
  });
  test('meanwhile moves the moment, counted from the first', () => {
    const lone = new Lone(BOOTED_MS);
    lone.configure([{}], startup(5000));
    lone.pass(1000);
    expect(noticesOf(lone.configure([{}], startup(3000)))[0]?.fields).toEqual({ ms: 2000 });
    lone.pass(1999);
    expect(lone.states).toEqual(['INIT']);
    lone.pass(1);
    expect(lone.states).toEqual(['BACKUP']);
  });
  test('meanwhile without the word begins at once', () => {
    const lone = new Lone(BOOTED_MS);
    lone.configure([{}], startup(5000));
    lone.configure();
    expect(lone.states).toEqual(['BACKUP']);
  });
});

describe('timer_expired_backup, of a master that ran late', () => {
  const late = (own: object, lateMs: number) => {
    const lone = new Lone(BOOTED_MS);
    lone.configure([{ preempt: false, ...own }]);
    lone.pass(5000);
    const advertAtMs = lone.elector.instances.get('VI_1')!.deadlines.get('advert')!;
    lone.nowMs = advertAtMs + lateMs;
    lone.feed({ type: 'wake' });
    return lone.states[0];
  };
  // After its last advert one of priority 254 waits 3 s and 2/256 s; the next advert is due after 1 s.
  test('is backup when another one may have taken over', () => {
    expect(late({ yieldsTo: 254 }, 2007)).toBe('MASTER');
    expect(late({ yieldsTo: 254 }, 2008)).toBe('BACKUP');
    expect(late({ yieldsTo: 128 }, 2500)).toBe('MASTER');
    expect(late({ yieldsTo: 128 }, 2501)).toBe('BACKUP');
  });
  test('without the word serves on while it listens', () => {
    expect(late({}, 3001)).toBe('LEAVING');
  });
});
