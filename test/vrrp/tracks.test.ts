// Trackers and what they make of an instance: as keepalived 2.2.7 was measured to have it.
import { beforeEach, describe, expect, test } from 'vitest';
import { address } from '../../src/core/address.ts';
import { createElector, type Elector, stepElector } from '../../src/vrrp/elector.ts';
import type { Action } from '../../src/vrrp/instance.ts';
import type { InstanceSettings, Track, TrackerId, Verdict } from '../../src/vrrp/settings.ts';
import { instanceSettings, LINK } from '../sim/world.ts';

let elector: Elector;
let nowMs: number;
beforeEach(() => {
  elector = createElector();
  nowMs = 1000;
  const link = { up: true, addresses: [address('10.0.0.11')] };
  stepElector(elector, { type: 'link', interface: LINK, link }, nowMs);
});

function configure(own: Partial<InstanceSettings>): Action[] {
  const instances = [instanceSettings(own)];
  const settings = { instances, realtimePriority: 0, leaseSeconds: 0, addresses: 'kernel' as const };
  return stepElector(elector, { type: 'command', command: { type: 'configure', settings } }, nowMs);
}
function find(verdict: Verdict, tracker: TrackerId = { kind: 'script', name: 'chk' }): Action[] {
  return stepElector(elector, { type: 'command', command: { type: 'tracker', tracker, verdict } }, nowMs);
}
const track = (own: Partial<Track>): Track => ({
  kind: 'script',
  name: 'chk',
  weight: 0,
  reverse: false,
  ...own,
});
const state = () => elector.instances.get('VI_1')?.router.state;
const priority = () => elector.instances.get('VI_1')?.own.priority;
const notices = (actions: Action[]) =>
  actions.flatMap((action) =>
    action.do === 'report' && action.report.type === 'notice' ? [action.report.notice.message] : [],
  );

test.each<[string, Partial<Track>, Verdict, number]>([
  ['weight 20, up', { weight: 20 }, 'up', 120],
  ['weight 20, down', { weight: 20 }, 'down', 100],
  ['weight -20, up', { weight: -20 }, 'up', 100],
  ['weight -20, down', { weight: -20 }, 'down', 80],
  ['weight 20 reverse, up', { weight: 20, reverse: true }, 'up', 80],
  ['weight -20 reverse, down', { weight: -20, reverse: true }, 'down', 120],
  ['never that of an owner', { weight: 200 }, 'up', 254],
  ['never a resignation', { weight: -200 }, 'down', 1],
  ['a file counts as often as it says', { weight: 2 }, 7, 114],
  ['a file with a negative weight', { weight: -2 }, 7, 86],
  ['a file reverse', { weight: 2, reverse: true }, 7, 86],
])('priority: %s', (_, own, verdict, expected) => {
  configure({ tracks: [track(own)] });
  find(verdict);
  expect(priority()).toBe(expected);
  expect(state()).toBe('BACKUP');
});

test.each<[string, Partial<Track>, Verdict, Verdict]>([
  ['a script', {}, 'down', 'up'],
  ['a script in reverse', { reverse: true }, 'up', 'down'],
  ['a file: everything but 0', {}, 7, 0],
  ['a file in reverse: 0', { reverse: true }, 0, 1],
  ['a file that comes to -254 or less', { weight: 1 }, -254, -253],
])('FAULT and back: %s', (_, own, bad, good) => {
  configure({ tracks: [track(own)] });
  find(good);
  expect(state()).toBe('BACKUP');
  find(bad);
  expect(state()).toBe('FAULT');
  find(good);
  expect(state()).toBe('BACKUP');
});

describe('what is not known yet', () => {
  test('keeps an instance that could be forbidden from the election', () => {
    configure({ tracks: [track({}), track({ kind: 'bfd' })] });
    expect(state()).toBe('INIT');
    find('up');
    expect(state()).toBe('INIT');
    find('up', { kind: 'bfd', name: 'chk' });
    expect(state()).toBe('BACKUP');
  });
  test('does not hide what is known to be down', () => {
    configure({ tracks: [track({}), track({ kind: 'bfd' })] });
    expect(notices(find('down'))).toEqual(['(VI_1) script chk is down']);
    expect(state()).toBe('FAULT');
  });
  test('changes no priority and keeps nobody from running', () => {
    configure({ tracks: [track({ weight: -20 })] });
    expect([state(), priority()]).toEqual(['BACKUP', 100]);
  });
  test('lets an instance that runs already go on after a reload', () => {
    configure({});
    configure({ tracks: [track({})] });
    expect(state()).toBe('BACKUP');
    expect(notices(find('down'))).toEqual(['(VI_1) script chk is down']);
    expect(state()).toBe('FAULT');
  });
});

test('a verdict may come before the settings that name it, and is forgotten with them', () => {
  find('down');
  configure({ tracks: [track({})] });
  expect(state()).toBe('FAULT');
  configure({});
  expect(state()).toBe('BACKUP');
  configure({ tracks: [track({})] });
  expect(state()).toBe('BACKUP');
});

test('an owner keeps its priority, but not its addresses when a tracker forbids it', () => {
  configure({ priority: 255, tracks: [track({ weight: -20 }), track({ name: 'other' })] });
  find('up', { kind: 'script', name: 'other' });
  find('down');
  expect([state(), priority()]).toEqual(['MASTER', 255]);
  find('down', { kind: 'script', name: 'other' });
  expect(state()).toBe('FAULT');
});

test('dont_track_primary: a candidate without a link, not without an address', () => {
  const down = (addresses: string[]) => {
    const link = { up: false, addresses: addresses.map(address) };
    stepElector(elector, { type: 'link', interface: LINK, link }, nowMs);
  };
  configure({ dontTrackPrimary: true, trackInterfaces: [] });
  down(['10.0.0.11']);
  expect(state()).toBe('BACKUP');
  down([]);
  expect(state()).toBe('FAULT');
});
