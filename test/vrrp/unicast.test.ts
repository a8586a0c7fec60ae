// Unicast: where adverts leave from, how far they go, whose count, and for whom they are.
import { describe, expect, test } from 'vitest';
import { type Address, address } from '../../src/core/address.ts';
import { createElector, stepElector } from '../../src/vrrp/elector.ts';
import { sourceAmong } from '../../src/vrrp/family.ts';
import { decodeAdvert, encodeAdvert } from '../../src/vrrp/packet.ts';
import type { InstanceSettings } from '../../src/vrrp/settings.ts';
import { refuseSender } from '../../src/vrrp/unicast.ts';
import { instanceSettings, LINK, VIP } from '../sim/world.ts';

const OURS = address('10.0.0.11');
const PEER = address('10.0.0.12');
const OTHER = address('10.0.0.13');
const STRANGER = address('10.9.9.9');

describe('the sender', () => {
  const own = (unicast: InstanceSettings['unicast'], more: Partial<InstanceSettings> = {}) =>
    instanceSettings({ unicastPeers: [PEER, OTHER], ...(unicast && { unicast }), ...more });
  const ttls = { [PEER]: [254, 255] as const };
  const hmac = { keys: [], activeKey: 1, mode: 'enforce', antiReplay: 'time', windowSeconds: 5 } as const;
  test.each([
    ['is nobody’s business', own(undefined), STRANGER, 3, undefined],
    ['has to be a peer', own({ checksSource: true }), STRANGER, 255, 'not-a-peer'],
    ['is one', own({ checksSource: true }), PEER, 3, undefined],
    ['signs, so it has to be a peer', own(undefined, { hmac }), STRANGER, 255, 'not-a-peer'],
    ['is near enough', own({ checksSource: true, ttls }), PEER, 254, undefined],
    ['is too far away', own({ checksSource: true, ttls }), PEER, 253, 'ttl-out-of-range'],
    ['has no range of its own', own({ checksSource: true, ttls }), OTHER, 3, undefined],
  ])('%s', (_, settings, source, ttl, refusal) => {
    expect(refuseSender({ source, ttl }, settings)).toBe(refusal);
  });
});

describe('over IPv6 an advert leaves from an address that the peers can answer', () => {
  const from = (...peers: string[]) => {
    const own = instanceSettings({
      multicastGroup: address('ff02::12'),
      unicastPeers: peers.map((peer) => address(peer)),
    });
    const mine = ['fe80::1', '2001:db8:2::1', 'fd00:10::1', 'fd00:10::50', '2001:db8:1::1', '10.0.0.1'];
    return sourceAmong(
      mine.map((one) => address(one)),
      own,
      new Set([address('fd00:10::50')]),
    );
  };
  test('the link-local one of a link-local peer', () => expect(from('fe80::2')).toBe('fe80::1'));
  test('the nearest of a peer elsewhere', () => expect(from('2001:db8:1::2')).toBe('2001:db8:1::1'));
  test('in the prefix of the peer, and no virtual one', () => expect(from('fd00:10::51')).toBe('fd00:10::1'));
  test('one for all peers', () => expect(from('fe80::2', 'fd00:10::2')).toBe('fd00:10::1'));
});

function elect(...instances: Partial<InstanceSettings>[]) {
  const elector = createElector();
  const settings = { realtimePriority: 0, leaseSeconds: 0, addresses: 'kernel' as const };
  const link = (addresses: Address[], nowMs = 0) =>
    stepElector(elector, { type: 'link', interface: LINK, link: { up: true, addresses } }, nowMs);
  link([OURS]);
  const command = {
    type: 'configure' as const,
    settings: { ...settings, instances: instances.map(instanceSettings) },
  };
  const begun = stepElector(elector, { type: 'command', command }, 0);
  const hear = (source: Address, destination: Address) => {
    const advert = { version: 3 as const, vrid: 51, priority: 200, intervalMs: 1000, addresses: [VIP] };
    const bytes = encodeAdvert({ ...advert, source, destination, ttl: 255 });
    return stepElector(elector, { type: 'packet', interface: LINK, bytes }, 10);
  };
  const counters = () =>
    Object.fromEntries([...elector.instances].map(([name, one]) => [name, one.counters]));
  const states = () => [...elector.instances.values()].map(({ router }) => router.state);
  return { elector, begun, link, hear, counters, states };
}

test('of several routers with one id the peer decides who is meant', () => {
  const a = { name: 'A', unicastPeers: [PEER] };
  const b = { name: 'B', unicastPeers: [OTHER] };
  const group = { name: 'G' };
  const { hear, counters } = elect(a, b, group);
  hear(PEER, OURS);
  hear(OTHER, OURS);
  hear(PEER, address('224.0.0.18'));
  expect(counters()).toEqual({
    A: { advertsReceived: 1 },
    B: { advertsReceived: 1 },
    G: { advertsReceived: 1 },
  });
  hear(STRANGER, OURS);
  expect(counters()).toMatchObject({ A: { 'dropped.not-a-peer': 1 }, B: { 'dropped.not-a-peer': 1 } });
});

test('a stranger counts where nobody says otherwise, and is told of', () => {
  const { hear, counters } = elect({ unicastPeers: [PEER] });
  const told = hear(STRANGER, OURS).flatMap((action) => (action.do === 'report' ? [action.report] : []));
  expect(told).toMatchObject([{ notice: { event: 'vrrp.advert.odd', fields: { oddity: 'not-a-peer' } } }]);
  expect(counters()).toEqual({ VI_1: { advertsReceived: 1, 'not-a-peer': 1 } });
});

test('adverts go as far as unicast_ttl says, and by multicast no farther than the link', () => {
  const ttlOf = (own: Partial<InstanceSettings>) => {
    const { elector } = elect(own);
    const sent = stepElector(elector, { type: 'wake' }, 5000).flatMap((action) =>
      action.do === 'send' ? [decodeAdvert(action.packet)] : [],
    );
    return sent[0]?.ok ? sent[0].advert.ttl : undefined;
  };
  expect(ttlOf({ unicastPeers: [PEER], unicast: { ttl: 3 } })).toBe(3);
  expect(ttlOf({ unicastPeers: [PEER] })).toBe(255);
  expect(ttlOf({ unicast: { ttl: 3 } })).toBe(255);
});

describe('FAULT', () => {
  test('without a peer, where unicast_fault_no_peer says so', () => {
    expect(elect({ unicast: { lacksPeers: true } }).states()).toEqual(['FAULT']);
  });
  test('while the tracked source is not there', () => {
    const { link, states } = elect({ source: OTHER, tracksSource: true });
    expect(states()).toEqual(['FAULT']);
    link([OURS, OTHER], 10);
    expect(states()).toEqual(['BACKUP']);
    link([OURS], 20);
    expect(states()).toEqual(['FAULT']);
  });
  test('not while a source is missing that nobody tracks', () => {
    expect(elect({ source: OTHER }).states()).toEqual(['BACKUP']);
  });
});
