// The elector as a whole: settings, links and packets in; actions and the next deadline out.
import { beforeEach, describe, expect, test } from 'vitest';
import { address } from '../../src/core/address.ts';
import {
  createElector,
  type Elector,
  type Input,
  listeners,
  nextDeadlineMs,
  stepElector,
} from '../../src/vrrp/elector.ts';
import type { Action } from '../../src/vrrp/instance.ts';
import { type Advert, decodeAdvert, encodeAdvert } from '../../src/vrrp/packet.ts';
import type { ElectorSettings, InstanceSettings } from '../../src/vrrp/settings.ts';
import { instanceSettings, LINK, VIP } from '../sim/world.ts';
import { GROUP, OURS, THEIR_ADVERT, THEIRS } from './lone.ts';

const vip = (text: string) => ({ address: address(text), prefixLength: 24, interface: LINK, scope: 0 });

let elector: Elector;
let nowMs: number;
beforeEach(() => {
  elector = createElector();
  nowMs = 1000;
  link([OURS]);
});

function feed(input: Input): Action[] {
  return stepElector(elector, input, nowMs);
}
function link(addresses = [OURS], up = true, name = LINK): Action[] {
  return feed({ type: 'link', interface: name, link: { up, addresses } });
}
function configure(own: Partial<InstanceSettings>[] = [{}], more: Partial<ElectorSettings> = {}): Action[] {
  const settings: ElectorSettings = {
    instances: own.map((one) => instanceSettings(one)),
    realtimePriority: 0,
    leaseSeconds: 6,
    addresses: 'kernel',
    ...more,
  };
  return feed({ type: 'command', command: { type: 'configure', settings } });
}
/** Time goes by, deadline for deadline. */
function pass(ms: number): Action[] {
  const untilMs = nowMs + ms;
  const actions: Action[] = [];
  for (let next = nextDeadlineMs(elector); next <= untilMs; next = nextDeadlineMs(elector)) {
    nowMs = next;
    actions.push(...feed({ type: 'wake' }));
  }
  nowMs = untilMs;
  return actions;
}
function hear(advert: Partial<Advert> = {}): Action[] {
  const bytes = encodeAdvert({ ...THEIR_ADVERT, ...advert });
  return feed({ type: 'packet', interface: LINK, bytes });
}
const stateOf = (name = 'VI_1') => elector.instances.get(name)?.router.state;
const verbs = (actions: Action[]) => actions.map((action) => action.do).filter((verb) => verb !== 'report');
const reportsOf = (actions: Action[]) =>
  actions.flatMap((action) => (action.do === 'report' ? [action.report] : []));
const noticesOf = (actions: Action[]) =>
  reportsOf(actions).flatMap((report) => (report.type === 'notice' ? [report.notice] : []));
function advertsIn(actions: Action[]): Advert[] {
  return actions.flatMap((action) => {
    const decoded = action.do === 'send' ? decodeAdvert(action.packet) : undefined;
    return decoded?.ok ? [decoded.advert] : [];
  });
}

describe('time', () => {
  test('adverts keep their beat, however late each wake-up is', () => {
    configure([{ advertMs: 100 }]);
    pass(5000);
    let sent = 0;
    const beat = nextDeadlineMs(elector) % 100;
    for (let n = 0; n < 50; n++) {
      const dueMs = elector.instances.get('VI_1')!.deadlines.get('advert')!;
      nowMs = dueMs + (n % 7) * 10;
      sent += advertsIn(feed({ type: 'wake' })).length;
      expect(elector.instances.get('VI_1')!.deadlines.get('advert')! % 100).toBeCloseTo(beat, 6);
    }
    expect(sent).toBe(50);
  });

  test('what is a whole beat late starts a new one instead of making up for it', () => {
    configure([{ advertMs: 100 }]);
    pass(5000);
    nowMs = elector.instances.get('VI_1')!.deadlines.get('advert')! + 250;
    expect(advertsIn(feed({ type: 'wake' }))).toHaveLength(1);
    expect(elector.instances.get('VI_1')!.deadlines.get('advert')).toBe(nowMs + 100);
  });

  test('a master that was away for longer than any backup waits listens first, before any other news', () => {
    configure();
    pass(5000);
    nowMs += 10_000;
    hear({ priority: 50 });
    expect(stateOf()).toBe('BACKUP'); // not an answer to a lesser rival
  });

  test('the next deadline is infinite when there is nothing to wait for', () => {
    expect(nextDeadlineMs(elector)).toBe(Number.POSITIVE_INFINITY);
    configure([{ interface: 'eth9' }]);
    expect(stateOf()).toBe('FAULT');
    expect(nextDeadlineMs(elector)).toBe(Number.POSITIVE_INFINITY);
  });
});

test('no timer outlives the state that armed it', () => {
  configure([{ garp: { delayMs: 5000, repeat: 1, refreshMs: 60_000, refreshRepeat: 1 } }]);
  pass(4000);
  const timers = () => [...elector.instances.get('VI_1')!.deadlines.keys()].sort();
  expect(timers()).toEqual(['advert', 'announce', 'refresh']);
  hear();
  expect(timers()).toEqual(['linger', 'masterDown']);
  link([OURS], false);
  expect(timers()).toEqual([]);
});

describe('adverts sent', () => {
  test('carry our settings, from the first address that is not virtual, to the group', () => {
    link([VIP, OURS]);
    configure([{ priority: 77, excludedVips: [vip('10.0.0.60')] }]);
    const [advert] = advertsIn(pass(5000));
    expect(advert).toEqual({
      version: 3,
      vrid: 51,
      priority: 77,
      intervalMs: 1000,
      addresses: [VIP],
      source: OURS,
      destination: GROUP,
      ttl: 255,
    });
  });
  test('go to each unicast peer', () => {
    const unicastPeers = [THEIRS, address('10.0.0.13')];
    configure([{ unicastPeers }]);
    expect(advertsIn(pass(4000)).map((advert) => advert.destination)).toEqual(unicastPeers);
    expect(listeners(elector)).toEqual([{ interface: LINK, family: 4, groups: new Set() }]);
  });
  test('name a new source once the interface has one', () => {
    configure();
    pass(5000);
    link([address('10.0.0.99')]);
    expect(advertsIn(pass(1000))[0]?.source).toBe('10.0.0.99');
  });
  test('leave out IPv6 addresses, which an IPv4 advert has no room for', () => {
    configure([{ vips: [vip('10.0.0.50'), vip('fd00::50')] }]);
    expect(advertsIn(pass(5000))[0]?.addresses).toEqual(['10.0.0.50']);
  });
});

describe('adverts heard', () => {
  const STRANGE = { destination: OURS, source: address('10.0.0.77') };
  const refused: [string, Partial<Advert>, Partial<InstanceSettings>?][] = [
    ['other-version', { version: 2 }],
    ['wrong-ttl', { ttl: 254 }],
    ['other-destination', { destination: OURS }],
    ['other-destination', { destination: address('224.0.0.19') }],
    ['our-own-address', { source: OURS }],
    ['interval-mismatch', { version: 2, intervalMs: 2000 }, { version: 2 }],
    ['multicast-for-unicast', {}, { unicastPeers: [THEIRS] }],
    ['not-a-peer', STRANGE, { unicastPeers: [THEIRS], unicast: { checksSource: true } }],
  ];
  test.each(refused)('%s: not counted, told once a minute, counted by reason', (reason, advert, own = {}) => {
    configure([own]);
    const deadline = nextDeadlineMs(elector);
    nowMs += 500;
    const first = hear(advert);
    expect(noticesOf(first)).toMatchObject([{ event: 'vrrp.advert.dropped', fields: { reason } }]);
    expect(hear(advert)).toEqual([]);
    expect(nextDeadlineMs(elector)).toBe(deadline);
    expect(elector.instances.get('VI_1')!.counters).toEqual({ [`dropped.${reason}`]: 2 });
    elector.instances.get('VI_1')!.deadlines.clear();
    nowMs += 60_000;
    expect(noticesOf(hear(advert))).toHaveLength(1);
  });
  test('a unicast peer may be routers away', () => {
    configure([{ unicastPeers: [THEIRS] }]);
    hear({ destination: OURS, ttl: 61 });
    expect(elector.instances.get('VI_1')!.counters).toEqual({ advertsReceived: 1 });
  });
  test('of other virtual routers, or on other interfaces, are none of our business', () => {
    configure();
    expect(hear({ vrid: 52 })).toEqual([]);
    const bytes = encodeAdvert(THEIR_ADVERT);
    expect(feed({ type: 'packet', interface: 'eth9', bytes })).toEqual([]);
    expect(feed({ type: 'packet', interface: LINK, bytes: Buffer.alloc(3) })).toEqual([]);
  });
  test('in FAULT nothing counts', () => {
    configure();
    link([OURS], false);
    expect(hear()).toEqual([]);
    expect(elector.instances.get('VI_1')).toMatchObject({ counters: {} });
  });
  test('broken ones are counted by reason', () => {
    configure();
    const bytes = encodeAdvert(THEIR_ADVERT);
    bytes[26]! ^= 1;
    feed({ type: 'packet', interface: LINK, bytes });
    expect(elector.instances.get('VI_1')!.counters).toMatchObject({ 'dropped.bad-checksum': 1 });
  });
  test('with other addresses or another interval count, with a notice', () => {
    configure();
    pass(100);
    const actions = hear({ addresses: [address('10.0.0.51')], intervalMs: 500 });
    const odd = noticesOf(actions).map((notice) => notice.fields?.oddity);
    expect(odd).toEqual(['addresses-differ', 'interval-differs']);
    expect(noticesOf(hear({ addresses: [], intervalMs: 500 }))).toEqual([]);
    const downAtMs = elector.instances.get('VI_1')!.deadlines.get('masterDown')!;
    expect(downAtMs - nowMs).toBe(3 * 500 + (156 / 256) * 500);
  });
});

describe('addresses', () => {
  test('are renewed three times a lease while held, and not afterwards', () => {
    configure([{ garp: { delayMs: 0, repeat: 1, refreshMs: 0, refreshRepeat: 1 }, advertMs: 40_000 }]);
    pass(160_000);
    expect(verbs(pass(6000))).toEqual(['addVips', 'addVips', 'addVips']);
    hear({ intervalMs: 40_000 });
    expect(verbs(pass(100))).toEqual(['removeVips']);
    expect(verbs(pass(6000))).toEqual([]);
  });
  test('are never added with an engine, only announced', () => {
    configure([{}], { addresses: 'engine' });
    expect(new Set(verbs(pass(10_000)))).toEqual(new Set(['send', 'announce', 'removeVips']));
  });
  test('come back when a master finds them gone', () => {
    configure([{ vips: [vip('10.0.0.50'), vip('10.0.0.51')] }]);
    const gone = { type: 'vipGone', interface: LINK, address: address('10.0.0.51') } as const;
    expect(feed(gone)).toEqual([]);
    pass(5000);
    const back = feed(gone);
    expect(back.filter((action) => action.do !== 'report')).toEqual([
      { do: 'addVips', vips: [vip('10.0.0.51')] },
      { do: 'announce', vips: [vip('10.0.0.51')] },
    ]);
    expect(noticesOf(back)).toMatchObject([{ event: 'vip.restored', fields: { vip: '10.0.0.51/24' } }]);
  });
});

describe('links', () => {
  test('each tracked one counts; the notice says which', () => {
    link([], true, 'eth1');
    configure([{ trackInterfaces: ['eth1'] }]);
    pass(5000);
    const down = link([], false, 'eth1');
    expect(stateOf()).toBe('FAULT');
    expect(noticesOf(down)[0]).toMatchObject({ event: 'link.down', fields: { interface: 'eth1' } });
    expect(advertsIn(down).map((advert) => advert.priority)).toEqual([1, 0]);
    link([OURS], false);
    link([], true, 'eth1');
    expect(stateOf()).toBe('FAULT');
    link([OURS]);
    expect(stateOf()).toBe('BACKUP');
  });
  test('an interface without IPv4 address is as good as none', () => {
    configure();
    link([]);
    expect(stateOf()).toBe('FAULT');
  });
  test("the owner's own address is a virtual one", () => {
    link([VIP]);
    const actions = configure([{ priority: 255 }]);
    expect(stateOf()).toBe('MASTER');
    expect(advertsIn(actions)[0]?.source).toBe(VIP);
  });
});

describe('reload', () => {
  test('what did not change is not touched', () => {
    configure([{ name: 'one' }, { name: 'two', vrid: 52 }]);
    pass(5000);
    const deadline = nextDeadlineMs(elector);
    const actions = configure([{ name: 'one' }, { name: 'two', vrid: 52, priority: 120 }]);
    expect(advertsIn(actions).map(({ vrid, priority }) => [vrid, priority])).toEqual([[52, 120]]);
    expect(noticesOf(actions)).toMatchObject([{ event: 'vrrp.priority', fields: { from: 100, to: 120 } }]);
    expect(nextDeadlineMs(elector)).toBe(deadline);
  });
  test('addresses change in place', () => {
    configure([{ vips: [vip('10.0.0.50'), vip('10.0.0.51')] }]);
    pass(5000);
    const actions = configure([{ vips: [vip('10.0.0.51'), vip('10.0.0.52')] }]);
    expect(actions[0]).toEqual({ do: 'removeVips', vips: [vip('10.0.0.50')] });
    expect(actions).toContainEqual({ do: 'addVips', vips: [vip('10.0.0.51'), vip('10.0.0.52')] });
    expect(stateOf()).toBe('MASTER');
  });
  test('an address that moves from one instance to another is not taken away on the way', () => {
    const one = { name: 'VI_1', vrid: 51, vips: [vip('10.0.0.50'), vip('10.0.0.51')] };
    const two = { name: 'VI_2', vrid: 52, vips: [vip('10.0.0.60')] };
    configure([one, two]);
    pass(5000);
    expect([stateOf('VI_1'), stateOf('VI_2')]).toEqual(['MASTER', 'MASTER']);
    const actions = configure([
      { ...one, vips: [vip('10.0.0.50')] },
      { ...two, vips: [vip('10.0.0.60'), vip('10.0.0.51')] },
    ]);
    const removed = actions.flatMap((action) => (action.do === 'removeVips' ? action.vips : []));
    expect(removed).toEqual([]);
    const back = configure([two, one]);
    const left = back.flatMap((action) => (action.do === 'removeVips' ? action.vips : []));
    expect(left).toEqual([]);
  });

  test('an instance that is gone hands over first', () => {
    configure();
    pass(5000);
    expect(advertsIn(configure([])).map((advert) => advert.priority)).toEqual([0]);
    expect(stateOf()).toBe('LEAVING');
    hear({ priority: 50 });
    expect(verbs(pass(100))).toContain('removeVips');
    expect(elector.instances.size).toBe(0);
    expect(listeners(elector)).toEqual([]);
  });
  test('another VRID is another virtual router: the old one leaves at once', () => {
    configure();
    pass(5000);
    const actions = configure([{ vrid: 9 }]);
    expect(verbs(actions).slice(0, 3)).toEqual(['send', 'send', 'removeVips']);
    expect(stateOf()).toBe('BACKUP');
  });
});

test('another data plane: what the kernel answered for is taken away, and the election starts anew', () => {
  configure();
  pass(5000);
  const actions = configure([{}], { addresses: 'engine' });
  expect(verbs(actions).slice(0, 3)).toEqual(['send', 'send', 'removeVips']);
  expect(stateOf()).toBe('BACKUP');
});

describe('commands', () => {
  test('stop: stopped is reported once, when the last one has left; later settings do not matter', () => {
    configure([{ name: 'one' }, { name: 'two', vrid: 52, interface: 'eth9' }]);
    pass(5000);
    const stop = { type: 'command', command: { type: 'stop' } } as const;
    expect(reportsOf(feed(stop)).some((report) => report.type === 'stopped')).toBe(false);
    configure();
    feed(stop);
    const last = reportsOf(pass(10_000));
    expect(last.filter((report) => report.type === 'stopped')).toHaveLength(1);
    expect(last.at(-1)).toEqual({ type: 'stopped' });
  });
  test('stop before anything was configured', () => {
    expect(reportsOf(feed({ type: 'command', command: { type: 'stop' } }))).toEqual([{ type: 'stopped' }]);
  });
  test('a handover is measured', () => {
    configure();
    pass(5000);
    feed({ type: 'command', command: { type: 'drill', holdMs: 1000 } });
    nowMs += 250;
    const told = noticesOf(hear({ priority: 50 })).find((notice) => notice.event === 'vrrp.handover');
    expect(told?.fields).toMatchObject({ relieved: true, ms: 250 });
  });
  test('a rival is told, unless it is the last word of the master before us', () => {
    configure();
    pass(3609.375); // becomes master now
    expect(noticesOf(hear({ priority: 50 }))).toEqual([]);
    pass(2000);
    const [told] = noticesOf(hear({ priority: 50 }));
    expect(told?.message).toBe(
      '(VI_1) Received advert from 10.0.0.12 with lower priority 50, ours 100, forcing new election',
    );
    expect(noticesOf(hear({ priority: 50 }))).toEqual([]);
  });
  test('snapshot', () => {
    configure();
    hear();
    const actions = feed({ type: 'command', command: { type: 'snapshot', id: 5 } });
    const lastMaster = { address: THEIRS, priority: 200, atMs: 1000 };
    const status = { name: 'VI_1', state: 'BACKUP', sinceMs: 1000, priority: 100, lastMaster };
    expect(reportsOf(actions)).toEqual([
      { type: 'snapshot', id: 5, instances: [{ ...status, counters: { advertsReceived: 1 } }] },
    ]);
  });
});
