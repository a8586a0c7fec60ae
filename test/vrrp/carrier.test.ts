// When a change of an interface counts: at once, after its delay, or not at all because it changed back.
import { beforeEach, expect, test } from 'vitest';
import { address } from '../../src/core/address.ts';
import type { LinkSettings } from '../../src/vrrp/carrier.ts';
import { createElector, type Elector, nextDeadlineMs, stepElector } from '../../src/vrrp/elector.ts';
import type { Action } from '../../src/vrrp/instance.ts';
import { encodeAdvert } from '../../src/vrrp/packet.ts';
import { instanceSettings, LINK, VIP } from '../sim/world.ts';

const OURS = address('10.0.0.11');
const MAC = '00:00:5e:00:01:33';

let elector: Elector;
let nowMs: number;
let said: string[];
beforeEach(() => {
  elector = createElector();
  nowMs = 1000;
  said = [];
});
function feed(input: Parameters<typeof stepElector>[1]): Action[] {
  const actions = stepElector(elector, input, nowMs);
  for (const action of actions)
    if (action.do === 'report' && action.report.type === 'notice') said.push(action.report.notice.message);
  return actions;
}
const link = (up: boolean, addresses = [OURS], name = LINK) =>
  feed({ type: 'link', interface: name, link: { up, addresses } });
function configure(links: readonly LinkSettings[], own: Parameters<typeof instanceSettings>[0] = {}): void {
  const instances = [instanceSettings({ advertMs: 1000, ...own })];
  const settings = { instances, realtimePriority: 0, leaseSeconds: 0, addresses: 'kernel' as const, links };
  feed({ type: 'command', command: { type: 'configure', settings } });
}
function pass(ms: number): void {
  for (const endMs = nowMs + ms; ; ) {
    const next = nextDeadlineMs(elector);
    if (next > endMs) {
      nowMs = endMs;
      return;
    }
    nowMs = Math.max(nowMs, next);
    feed({ type: 'wake' });
  }
}
const state = () => elector.instances.get('VI_1')!.router.state;
const delays = (downMs: number, upMs: number, name = LINK): LinkSettings => ({
  interface: name,
  downMs,
  upMs,
  isPolled: false,
});
function master(links: readonly LinkSettings[], own: Parameters<typeof instanceSettings>[0] = {}): void {
  link(true);
  configure(links, own);
  pass(5000);
  expect(state()).toBe('MASTER');
}

test('without a delay at once, both ways', () => {
  master([]);
  link(false);
  expect(state()).toBe('FAULT');
  link(true);
  expect(state()).toBe('BACKUP');
});

test('down counts after its delay, up after its own', () => {
  master([delays(700, 300)]);
  link(false);
  pass(699);
  expect(state()).toBe('MASTER');
  pass(1);
  expect(state()).toBe('FAULT');
  link(true);
  pass(299);
  expect(state()).toBe('FAULT');
  pass(1);
  expect(state()).toBe('BACKUP');
  expect(said).toContain('eth0 is down: it counts if that lasts for 700 ms');
});

test('what changes back in time never was', () => {
  master([delays(700, 300)]);
  link(false);
  pass(600);
  link(true);
  pass(2000);
  expect(state()).toBe('MASTER');
  expect(said.slice(-2)).toEqual([
    'eth0 is down: it counts if that lasts for 700 ms',
    'eth0 is up again: nothing changes',
  ]);
  link(false);
  pass(100);
  link(false, [OURS, address('10.0.0.12')]); // another event does not begin the delay anew
  pass(600);
  expect(state()).toBe('FAULT');
});

test('the first time that it comes up counts at once', () => {
  link(false);
  configure([delays(700, 300)]);
  link(true);
  expect(state()).toBe('BACKUP');
});

test('an interface that is gone, or without its address, is not waited for', () => {
  master([delays(700, 300)]);
  link(true, []);
  expect(state()).toBe('FAULT');
  link(true);
  feed({ type: 'link', interface: LINK, link: undefined });
  expect(state()).toBe('FAULT');
});

test('no longer than a backup waits for adverts, less one', () => {
  master([delays(5000, 0)]);
  link(false);
  pass(1999);
  expect(state()).toBe('MASTER');
  pass(1);
  expect(state()).toBe('FAULT');
});

test('of a master with shorter intervals than ours, too', () => {
  link(true);
  configure([delays(5000, 0)], { priority: 50 });
  const advert = {
    version: 3,
    vrid: 51,
    priority: 200,
    intervalMs: 100,
    addresses: [VIP],
    ttl: 255,
  } as const;
  const ends = { source: address('10.0.0.12'), destination: address('224.0.0.18') };
  feed({ type: 'packet', interface: LINK, bytes: encodeAdvert({ ...advert, ...ends }) });
  expect(state()).toBe('BACKUP');
  link(false);
  pass(200);
  expect(state()).toBe('FAULT');
});

test('a device with a virtual MAC has a delay of its own', () => {
  const device = { name: 'vrrp.51', base: LINK, mac: MAC, family: 4 } as const;
  link(true, [], 'vrrp.51');
  master([delays(700, 0), delays(700, 0, 'vrrp.51')], { vmac: { device, sendsOnBase: false, others: [] } });
  link(false, [], 'vrrp.51');
  pass(600);
  expect(state()).toBe('MASTER');
  pass(100);
  expect(state()).toBe('FAULT');
});

test('other delays count from the reload on', () => {
  master([delays(1500, 0)]);
  link(false);
  pass(500);
  configure([]);
  pass(999);
  expect(state()).toBe('MASTER');
  pass(1);
  expect(state()).toBe('FAULT');
});

test('a polled interface is up when both say so', () => {
  const verdict = (to: 'up' | 'down') =>
    feed({
      type: 'command',
      command: { type: 'tracker', tracker: { kind: 'link', name: LINK }, verdict: to },
    });
  const polled = { ...delays(300, 0), isPolled: true };
  master([polled]);
  verdict('down');
  pass(300);
  expect(state()).toBe('FAULT');
  verdict('up');
  expect(state()).toBe('BACKUP');
  link(false);
  pass(300);
  expect(state()).toBe('FAULT');
  link(true);
  verdict('down');
  pass(300);
  configure([]); // no longer polled: what was found counts no more
  expect(state()).toBe('BACKUP');
});
