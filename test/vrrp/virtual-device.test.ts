// A router with a virtual MAC, as the elector decides about it: which interfaces there should be and when,
// which one speaks and which one hears.
import { beforeEach, describe, expect, test } from 'vitest';
import { address } from '../../src/core/address.ts';
import {
  createElector,
  type Elector,
  listeners,
  nextDeadlineMs,
  stepElector,
} from '../../src/vrrp/elector.ts';
import { type Action, parcels } from '../../src/vrrp/instance.ts';
import type { InstanceSettings } from '../../src/vrrp/settings.ts';
import type { VirtualDevice } from '../../src/vrrp/virtual-device.ts';
import { instanceSettings, LINK } from '../sim/world.ts';

const device: VirtualDevice = {
  name: 'vrrp.51',
  base: LINK,
  mac: '00:00:5e:00:01:33',
  family: 4,
};
const other: VirtualDevice = { ...device, name: 'vrrp1.51', base: 'eth1' };
const peer = address('10.0.0.12');

let elector: Elector;
let nowMs: number;
beforeEach(() => {
  elector = createElector();
  nowMs = 1000;
  link(LINK, true);
});

function link(name: string, up: boolean | undefined): Action[] {
  const addresses = name === LINK ? [address('10.0.0.11')] : [];
  const given = up === undefined ? undefined : { up, addresses };
  return stepElector(elector, { type: 'link', interface: name, link: given }, nowMs);
}
function configure(...instances: InstanceSettings[]): Action[] {
  const settings = { instances, realtimePriority: 0, leaseSeconds: 0, addresses: 'kernel' as const };
  return stepElector(elector, { type: 'command', command: { type: 'configure', settings } }, nowMs);
}
const own = (sendsOnBase = false, others: VirtualDevice[] = [], more: Partial<InstanceSettings> = {}) =>
  instanceSettings({ vmac: { device, sendsOnBase, others }, ...more });
function wake(): Action[] {
  nowMs = nextDeadlineMs(elector);
  return stepElector(elector, { type: 'wake' }, nowMs);
}
function untilMaster(): Action[] {
  for (let n = 0; n < 10; n++) {
    const actions = wake();
    if (state() === 'MASTER') return actions;
  }
  throw new Error(`still ${state()}`);
}
const state = () => elector.instances.get('VI_1')?.router.state;
const kept = (actions: Action[]) =>
  actions.flatMap((action) => (action.do === 'keepDevices' ? [action.devices.map(({ name }) => name)] : []));
const sentThrough = (actions: Action[]) =>
  actions.flatMap((action) => (action.do === 'send' ? [action.interface] : []));

describe('the interfaces', () => {
  test('are asked for with the configuration, and given up with it', () => {
    expect(kept(configure(own(false, [other])))).toEqual([['vrrp.51', 'vrrp1.51']]);
    expect(kept(configure(own()))).toEqual([['vrrp.51']]);
    expect(kept(configure(instanceSettings({})))).toEqual([[]]);
    expect(kept(configure(instanceSettings({})))).toEqual([]);
  });

  test('stay until the instance has handed over, and are gone before `stopped` is said', () => {
    configure(own());
    link('vrrp.51', true);
    untilMaster();
    const stop = stepElector(elector, { type: 'command', command: { type: 'stop' } }, nowMs);
    expect([state(), kept(stop)]).toEqual(['LEAVING', []]);
    let actions: Action[] = [];
    while (!elector.stopped) actions = wake();
    const order = actions.map((action) => (action.do === 'report' ? action.report.type : action.do));
    expect(order.indexOf('removeVips')).toBeLessThan(order.indexOf('keepDevices'));
    expect(order.indexOf('keepDevices')).toBeLessThan(order.indexOf('stopped'));
    expect(kept(actions)).toEqual([[]]);
  });

  test('are asked for again when one is gone, or its base is back; not for other links', () => {
    configure(own());
    link('vrrp.51', true);
    expect(kept(link('vrrp.51', false))).toEqual([]);
    expect(kept(link('eth7', true))).toEqual([]);
    expect(kept(link('vrrp.51', undefined))).toEqual([['vrrp.51']]);
    link(LINK, undefined);
    expect(kept(link(LINK, true))).toEqual([['vrrp.51']]);
  });
});

test('both the device and what it is a part of have to be up', () => {
  configure(own());
  expect(state()).toBe('FAULT');
  link('vrrp.51', true);
  expect(state()).toBe('BACKUP');
  link(LINK, false);
  expect(state()).toBe('FAULT');
  link(LINK, true);
  link('vrrp.51', undefined);
  expect(state()).toBe('FAULT');
});

describe('adverts', () => {
  test.each([
    ['the device', false, 'vrrp.51'],
    ['the base', true, LINK],
  ])('go out through %s', (_, sendsOnBase, through) => {
    configure(own(sendsOnBase));
    link('vrrp.51', true);
    expect(new Set(sentThrough(untilMaster()))).toEqual(new Set([through]));
  });

  test.each([
    ['multicast', false, 'vrrp.51', LINK],
    ['multicast sent on the base', true, 'vrrp.51', LINK],
    ['unicast', true, LINK, 'vrrp.51'],
  ])('%s: heard once, in one place', (what, sendsOnBase, heard, deaf) => {
    const more = what === 'unicast' ? { unicastPeers: [peer], source: address('10.0.0.11') } : {};
    const settings = own(sendsOnBase, [], more);
    configure(settings);
    link('vrrp.51', true);
    const theirs = { ...settings, unicastPeers: settings.unicastPeers.map(() => address('10.0.0.11')) };
    const bytes = parcels(theirs, peer, 200)[0]!.packet;
    const received = () => elector.instances.get('VI_1')!.counters.advertsReceived ?? 0;
    stepElector(elector, { type: 'packet', interface: deaf, bytes }, nowMs);
    expect(received()).toBe(0);
    stepElector(elector, { type: 'packet', interface: heard, bytes }, nowMs);
    expect(received()).toBe(1);
  });

  test('the base joins the group as well: it reports what the device must not', () => {
    configure(own());
    const group = address('224.0.0.18');
    expect(listeners(elector).map(({ interface: name, groups }) => [name, [...groups]])).toEqual([
      [LINK, [group]],
      ['vrrp.51', [group]],
    ]);
  });
});
