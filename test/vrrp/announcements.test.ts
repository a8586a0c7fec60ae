// The order and the moments of announcements: everybody once before anybody twice, pauses kept by interface
// or by group, and nothing told of an address that is no longer ours.
import fc from 'fast-check';
import { beforeEach, describe, expect, test } from 'vitest';
import { address } from '../../src/core/address.ts';
import {
  type Announcements,
  createAnnouncements,
  dueAnnouncements,
  nextAnnouncementMs,
  type Pacing,
  pace,
  request,
  withdraw,
} from '../../src/vrrp/announcements.ts';
import { createElector, type Elector, nextDeadlineMs, stepElector } from '../../src/vrrp/elector.ts';
import type { Action } from '../../src/vrrp/instance.ts';
import { instanceSettings, LINK } from '../sim/world.ts';

const vip = (text: string, device = 'eth0') => ({
  address: address(text),
  prefixLength: 24,
  interface: device,
  scope: 0,
});
const [A, B, C] = [vip('10.0.0.1'), vip('10.0.0.2'), vip('10.0.0.3')];
const SIX = vip('fd00::1');

let announcements: Announcements;
beforeEach(() => {
  announcements = createAnnouncements();
});
/** Until nothing waits: when what goes out, `10.0.0.1@1000`, the interface named where it is another. */
function play(nowMs = 1000): string[] {
  const told: string[] = [];
  for (let at = nowMs; at !== Number.POSITIVE_INFINITY; at = nextAnnouncementMs(announcements)) {
    const moment = Math.max(at, nowMs);
    for (const one of dueAnnouncements(announcements, moment)) {
      const where = one.interface === 'eth0' ? '' : `%${one.interface}`;
      told.push(`${one.address}${where}@${moment}`);
    }
  }
  return told;
}

test('without pauses: every address once, then every address again', () => {
  request(announcements, 'V', [A, B, SIX], 2);
  expect(play()).toEqual([
    '10.0.0.1@1000',
    '10.0.0.2@1000',
    '10.0.0.1@1000',
    '10.0.0.2@1000',
    'fd00::1@1000',
    'fd00::1@1000',
  ]);
});

test('a pause counts between packets, not between addresses, and each family has its own', () => {
  pace(announcements, { each: { garpMs: 100, gnaMs: 30 }, groups: [] });
  request(announcements, 'V', [A, B, SIX], 2);
  expect(play()).toEqual([
    '10.0.0.1@1000',
    'fd00::1@1000',
    'fd00::1@1030',
    '10.0.0.2@1100',
    '10.0.0.1@1200',
    '10.0.0.2@1300',
  ]);
});

test('the pause after the last packet holds for the next request', () => {
  pace(announcements, { each: { garpMs: 100, gnaMs: 0 }, groups: [] });
  request(announcements, 'V', [A], 1);
  expect(play()).toEqual(['10.0.0.1@1000']);
  request(announcements, 'V', [B], 1);
  expect(nextAnnouncementMs(announcements)).toBe(1100);
  expect(play(1050)).toEqual(['10.0.0.2@1100']);
});

test('interfaces of a group share their pauses; others are by themselves', () => {
  const group = { interfaces: ['eth1', 'eth2'], garpMs: 50, gnaMs: 0 };
  pace(announcements, { each: { garpMs: 0, gnaMs: 0 }, groups: [group] });
  request(announcements, 'V', [vip('10.1.0.1', 'eth1'), vip('10.2.0.1', 'eth2'), A], 2);
  expect(play()).toEqual([
    '10.1.0.1%eth1@1000',
    '10.0.0.1@1000',
    '10.0.0.1@1000',
    '10.2.0.1%eth2@1050',
    '10.1.0.1%eth1@1100',
    '10.2.0.1%eth2@1150',
  ]);
});

test('a request for what waits already makes it no more than the larger of both', () => {
  pace(announcements, { each: { garpMs: 10, gnaMs: 0 }, groups: [] });
  request(announcements, 'V', [A], 5);
  dueAnnouncements(announcements, 1000);
  request(announcements, 'V', [A], 2);
  expect(play()).toHaveLength(4);
  request(announcements, 'V', [A], 2);
  request(announcements, 'V', [A], 3);
  expect(play(2000)).toHaveLength(3);
  request(announcements, 'V', [A], 0);
  expect(nextAnnouncementMs(announcements)).toBe(Number.POSITIVE_INFINITY);
});

test("what is withdrawn is not told; another owner's is, of the same address too", () => {
  pace(announcements, { each: { garpMs: 10, gnaMs: 0 }, groups: [] });
  request(announcements, 'V', [A, B], 2);
  request(announcements, 'W', [B, C], 1);
  withdraw(announcements, 'V');
  expect(play()).toEqual(['10.0.0.2@1000', '10.0.0.3@1010']);
});

test('other pauses hold for what waits', () => {
  pace(announcements, { each: { garpMs: 5000, gnaMs: 0 }, groups: [] });
  request(announcements, 'V', [A, B, C], 1);
  dueAnnouncements(announcements, 1000);
  pace(announcements, { each: { garpMs: 20, gnaMs: 0 }, groups: [] });
  expect(play()).toEqual(['10.0.0.2@1000', '10.0.0.3@1020']);
});

test('a thousand do not go out at once: an advert may be due meanwhile', () => {
  const many = Array.from({ length: 1000 }, (_, n) => vip(`10.0.${n >> 8}.${n & 255}`));
  request(announcements, 'V', many, 2);
  const first = dueAnnouncements(announcements, 1000);
  expect(first.length).toBeLessThan(100);
  expect(nextAnnouncementMs(announcements)).toBeLessThanOrEqual(1000);
  expect(first.length + play().length).toBe(2000);
});

test('whatever is asked for goes out that often, and never closer than the pause', () => {
  const pauses = fc.record({
    garpMs: fc.integer({ min: 0, max: 50 }),
    gnaMs: fc.integer({ min: 0, max: 50 }),
  });
  const asked = fc.array(
    fc.record({
      device: fc.constantFrom('eth0', 'eth1', 'eth2'),
      host: fc.integer({ min: 1, max: 4 }),
      six: fc.boolean(),
      repeat: fc.integer({ min: 1, max: 4 }),
    }),
    { minLength: 1, maxLength: 20 },
  );
  fc.assert(
    fc.property(pauses, pauses, asked, (each, shared, requests) => {
      announcements = createAnnouncements();
      const pacing: Pacing = { each, groups: [{ ...shared, interfaces: ['eth1', 'eth2'] }] };
      pace(announcements, pacing);
      const wanted = new Map<string, number>();
      for (const { device, host, six, repeat } of requests) {
        const one = vip(six ? `fd00::${host}` : `10.0.0.${host}`, device);
        request(announcements, 'V', [one], repeat);
        const key = `${one.address}%${device}`;
        wanted.set(key, Math.max(wanted.get(key) ?? 0, repeat));
      }
      const [told, last] = [new Map<string, number>(), new Map<string, number>()];
      for (let at = 1000; at !== Number.POSITIVE_INFINITY; at = nextAnnouncementMs(announcements)) {
        const nowMs = Math.max(1000, at);
        for (const { address: target, interface: device } of dueAnnouncements(announcements, nowMs)) {
          told.set(`${target}%${device}`, (told.get(`${target}%${device}`) ?? 0) + 1);
          const isSix = target.includes(':');
          const group = `${device === 'eth0' ? 'own' : 'shared'} ${isSix}`;
          const of = device === 'eth0' ? each : shared;
          const pauseMs = isSix ? of.gnaMs : of.garpMs;
          expect(nowMs - (last.get(group) ?? Number.NEGATIVE_INFINITY)).toBeGreaterThanOrEqual(pauseMs);
          last.set(group, nowMs);
        }
      }
      expect(told).toEqual(wanted);
    }),
  );
});

describe('an elector', () => {
  let elector: Elector;
  let nowMs: number;
  const feed = (input: Parameters<typeof stepElector>[1]) => stepElector(elector, input, nowMs);
  const announced = (actions: Action[]) =>
    actions.flatMap((action) => (action.do === 'announce' ? action.vips.map((one) => one.address) : []));
  function pass(ms: number): Action[] {
    const actions: Action[] = [];
    for (const endMs = nowMs + ms; ; ) {
      const next = nextDeadlineMs(elector);
      if (next > endMs) {
        nowMs = endMs;
        return actions;
      }
      nowMs = Math.max(nowMs, next);
      actions.push(...feed({ type: 'wake' }));
    }
  }
  function becomeMaster(pacing?: Pacing): void {
    const garp = { delayMs: 0, repeat: 3, refreshMs: 0, refreshRepeat: 1 };
    const vips = [vip('10.0.0.50', LINK), vip('10.0.0.51', LINK)];
    const instances = [instanceSettings({ garp, vips, advertMs: 100 })];
    const settings = { instances, realtimePriority: 0, leaseSeconds: 0, addresses: 'kernel' as const };
    feed({ type: 'link', interface: LINK, link: { up: true, addresses: [address('10.0.0.11')] } });
    const paced = pacing === undefined ? settings : { ...settings, pacing };
    feed({ type: 'command', command: { type: 'configure', settings: paced } });
  }
  beforeEach(() => {
    elector = createElector();
    nowMs = 1000;
  });

  test('wakes for its announcements, and its adverts keep their beat between them', () => {
    becomeMaster({ each: { garpMs: 70, gnaMs: 0 }, groups: [] });
    while (elector.instances.get('VI_1')!.router.state !== 'MASTER') pass(1);
    const startMs = nowMs;
    const told: number[] = [];
    const adverts: number[] = [];
    for (let ms = 0; ms < 1000; ms++)
      for (const action of pass(1)) {
        if (action.do === 'announce') told.push(nowMs - startMs);
        if (action.do === 'send') adverts.push(nowMs - startMs);
      }
    expect(told).toEqual([70, 140, 210, 280, 350]); // the first one went out at once
    expect(adverts).toEqual([100, 200, 300, 400, 500, 600, 700, 800, 900, 1000]);
  });

  test('announces nothing more once it is no longer master', () => {
    becomeMaster({ each: { garpMs: 1000, gnaMs: 0 }, groups: [] });
    while (elector.instances.get('VI_1')!.router.state !== 'MASTER') pass(1);
    expect(announced(pass(1500))).toEqual(['10.0.0.51']);
    feed({ type: 'command', command: { type: 'drill', holdMs: 60_000 } });
    expect(elector.instances.get('VI_1')!.router.state).toBe('LEAVING');
    expect(announced(pass(300))).toEqual([]);
    expect(nextAnnouncementMs(elector.announcements)).toBe(Number.POSITIVE_INFINITY);
  });
});
