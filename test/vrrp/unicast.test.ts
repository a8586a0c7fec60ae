// Unicast: where adverts leave from, how far they go, whose count, and for whom they are.
import { describe, expect, test } from 'vitest';
import { type Address, address } from '../../src/core/address.ts';
import { sourceAmong } from '../../src/vrrp/family.ts';
import { decodeAdvert } from '../../src/vrrp/packet.ts';
import type { InstanceSettings } from '../../src/vrrp/settings.ts';
import { refuseSender } from '../../src/vrrp/unicast.ts';
import { instanceSettings } from '../sim/world.ts';
import { advertsIn, GROUP, Lone, noticesOf, OURS, THEIRS as PEER } from './lone.ts';

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
  const lone = new Lone();
  lone.configure(instances);
  const hear = (source: Address, destination: Address) => lone.hear({ source, destination });
  return { lone, hear };
}

test('of several routers with one id the peer decides who is meant', () => {
  const a = { name: 'A', unicastPeers: [PEER] };
  const b = { name: 'B', unicastPeers: [OTHER] };
  const group = { name: 'G' };
  const { hear, lone } = elect(a, b, group);
  hear(PEER, OURS);
  hear(OTHER, OURS);
  hear(PEER, GROUP);
  expect(lone.counters).toEqual({
    A: { advertsReceived: 1 },
    B: { advertsReceived: 1 },
    G: { advertsReceived: 1 },
  });
  hear(STRANGER, OURS);
  expect(lone.counters).toMatchObject({ A: { 'dropped.not-a-peer': 1 }, B: { 'dropped.not-a-peer': 1 } });
});

test('a stranger counts where nobody says otherwise, and is told of', () => {
  const { hear, lone } = elect({ unicastPeers: [PEER] });
  const told = noticesOf(hear(STRANGER, OURS));
  expect(told).toMatchObject([{ event: 'vrrp.advert.odd', fields: { oddity: 'not-a-peer' } }]);
  expect(lone.counters).toEqual({ VI_1: { advertsReceived: 1, 'not-a-peer': 1 } });
});

describe('checksums of keepalived up to 1.3.6', () => {
  const hear = (own: Partial<InstanceSettings>, form: 'old-unicast' | 'pseudo-header' = 'old-unicast') => {
    const { lone } = elect({ unicastPeers: [PEER], ...own });
    return { told: noticesOf(lone.hear({ destination: OURS }, form)), lone };
  };
  test('count, and are told', () => {
    const { told, lone } = hear({});
    expect(told).toMatchObject([{ fields: { oddity: 'old-unicast-checksum' } }]);
    expect(lone.counters).toMatchObject({ VI_1: { advertsReceived: 1 } });
  });
  test('do not count where the file says never', () => {
    const { lone } = hear({ unicast: { refusesOldChecksum: true } });
    expect(lone.counters).toEqual({ VI_1: { 'dropped.bad-checksum': 1 } });
  });
  test('are ours where the file says so, and then others are odd', () => {
    const own = { checksumForm: 'old-unicast' as const };
    expect(hear(own).told).toEqual([]);
    expect(hear(own, 'pseudo-header').told).toHaveLength(1);
    const sent = elect({ unicastPeers: [PEER], ...own }).lone.pass(5000);
    const packets = sent.flatMap((action) => (action.do === 'send' ? [decodeAdvert(action.packet)] : []));
    expect(packets[0]).toMatchObject({ ok: true, checksumForm: 'old-unicast' });
  });
});

test('adverts go as far as unicast_ttl says, and by multicast no farther than the link', () => {
  const ttlOf = (own: Partial<InstanceSettings>) => advertsIn(elect(own).lone.pass(5000))[0]?.ttl;
  expect(ttlOf({ unicastPeers: [PEER], unicast: { ttl: 3 } })).toBe(3);
  expect(ttlOf({ unicastPeers: [PEER] })).toBe(255);
  expect(ttlOf({ unicast: { ttl: 3 } })).toBe(255);
});

describe('FAULT', () => {
  test('without a peer, where unicast_fault_no_peer says so', () => {
    expect(elect({ unicast: { lacksPeers: true } }).lone.states).toEqual(['FAULT']);
  });
  test('while the tracked source is not there', () => {
    const { lone } = elect({ source: OTHER, tracksSource: true });
    expect(lone.states).toEqual(['FAULT']);
    lone.link([OURS, OTHER]);
    expect(lone.states).toEqual(['BACKUP']);
    lone.link([OURS]);
    expect(lone.states).toEqual(['FAULT']);
  });
  test('not while a source is missing that nobody tracks', () => {
    expect(elect({ source: OTHER }).lone.states).toEqual(['BACKUP']);
  });
});
