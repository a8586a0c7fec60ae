// The elector with the real kernel and a real keepalived 2.2.7 as its peer, in two network namespaces.
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { address } from '../../src/core/address.ts';
import type { InstanceSettings } from '../../src/vrrp/settings.ts';
import { ADDRESS, DEVICE, Pair, pause, settings, until, VIP } from './elector-pair.ts';

let pair: Pair;
beforeAll(() => {
  pair = new Pair();
});
afterEach(() => pair.clear());
afterAll(() => pair.remove());

const unicast = [`unicast_src_ip ${ADDRESS.b}`, `unicast_peer {\n${ADDRESS.a}\n}`];
const variants: [string, Partial<InstanceSettings>, string[], 2 | 3][] = [
  ['version 3, multicast', {}, ['advert_int 0.1'], 3],
  ['version 3, unicast', { unicastPeers: [address(ADDRESS.b)] }, ['advert_int 0.1', ...unicast], 3],
  ['version 2', { version: 2, advertMs: 1000 }, ['advert_int 1'], 2],
  [
    'another group and five adverts',
    { multicastGroup: address('224.0.0.99'), downAdverts: 5 },
    ['advert_int 0.1', 'mcast_dst_ip 224.0.0.99', 'down_timer_adverts 5'],
    3,
  ],
  [
    'version 2 with a password',
    { version: 2, advertMs: 1000, password: 'secretlonger' },
    ['advert_int 1', 'authentication {\nauth_type PASS\nauth_pass secretlo\n}'],
    2,
  ],
];

describe.each(variants)('with keepalived, %s', (_, own, lines, version) => {
  test('we are master, keepalived follows us, and takes over without a gap when we stop', async () => {
    const ours = pair.elector(settings(own));
    await ours.is('MASTER');
    const keepalived = pair.keepalived([...lines, 'priority 100'], version);
    await keepalived.says('Entering BACKUP STATE');
    await pause(version === 2 ? 1500 : 600);
    expect(keepalived.log.filter((line) => /MASTER STATE|nvalid|mismatch|expected/.test(line))).toEqual([]);
    expect([pair.has('a'), pair.has('b')]).toEqual([true, false]);

    ours.send({ type: 'stop' });
    await keepalived.says('Entering MASTER STATE');
    await ours.ended();
    expect(ours.states).toEqual(['BACKUP', 'MASTER', 'LEAVING', 'INIT']);
    expect(ours.reports).toContainEqual(expect.objectContaining({ type: 'stopped' }));
    const handover = ours.reports.find(
      (report) => report.type === 'notice' && report.notice.event === 'vrrp.handover',
    );
    expect(handover).toMatchObject({ notice: { fields: { relieved: true } } });
    expect([pair.has('a'), pair.has('b')]).toEqual([false, true]);
  });
});

test('a lost interface makes us the worse one: keepalived takes over until it is back', async () => {
  pair.ip('a', 'link', 'add', 't0', 'type', 'veth', 'peer', 'name', 't1');
  for (const name of ['t0', 't1']) pair.ip('a', 'link', 'set', name, 'up');
  try {
    const weightedInterfaces = [{ interface: 't0', weight: -100, while: 'down' as const }];
    const ours = pair.elector(settings({ weightedInterfaces }));
    await ours.is('MASTER');
    const keepalived = pair.keepalived(['advert_int 0.1', 'priority 100']);
    await keepalived.says('Entering BACKUP STATE');
    await pause(300);
    pair.ip('a', 'link', 'set', 't1', 'down');
    await keepalived.says('Entering MASTER STATE');
    await ours.is('BACKUP');
    pair.ip('a', 'link', 'set', 't1', 'up');
    await ours.is('MASTER');
    await until('its address to go', () => !pair.has('b'));
    const priorities = ours.reports.flatMap((report) =>
      report.type === 'notice' && report.notice.event === 'vrrp.priority' ? [report.notice.fields?.to] : [],
    );
    expect(priorities).toEqual([50, 150]);
  } finally {
    pair.ip('a', 'link', 'del', 't0');
  }
});

test('with another password than keepalived has, each drops what the other says, and says so', async () => {
  const ours = pair.elector(settings({ version: 2, advertMs: 1000, password: 'secret' }));
  await ours.is('MASTER');
  const block = 'authentication {\nauth_type PASS\nauth_pass secreT\n}';
  const keepalived = pair.keepalived(['advert_int 1', 'priority 100', block], 2);
  await keepalived.says('received an invalid passwd');
  await keepalived.says('Entering MASTER STATE');
  await until('our complaint', () =>
    ours.reports.some(
      (report) => report.type === 'notice' && report.notice.fields?.reason === 'wrong-password',
    ),
  );
});

describe.each(variants.slice(0, 2))('with keepalived as master, %s', (_, own, lines) => {
  test('we follow it, take over when it dies, and it takes over again when it is back', async () => {
    const keepalived = pair.keepalived([...lines, 'priority 150']);
    await keepalived.says('Entering MASTER STATE');
    const ours = pair.elector(settings({ ...own, priority: 100 }));
    await ours.is('BACKUP');
    await pause(800);
    expect(ours.states).toEqual(['BACKUP']);

    const diedAt = monotonicMs();
    keepalived.kill();
    await ours.is('MASTER');
    const change = ours.reports.find((report) => report.type === 'state' && report.to === 'MASTER');
    const tookMs = change?.type === 'state' ? change.atMs - diedAt : Number.NaN;
    expect(tookMs).toBeGreaterThan(200); // at most one interval of the three had gone by
    expect(pair.has('a')).toBe(true);

    pair.ip('b', 'addr', 'flush', 'dev', DEVICE, 'to', `${VIP}/32`);
    const again = pair.keepalived([...lines, 'priority 150']);
    await again.says('Entering MASTER STATE');
    await ours.is('BACKUP');
    await until('our address to go', () => !pair.has('a'));
    // Our last word made it announce the address once more.
    await again.says(`Received advert from ${ADDRESS.a} with lower priority 100`);
    again.stop();
    await ours.is('MASTER');
  });
});

describe('preemption', () => {
  test('we preempt a keepalived of lower priority; with nopreempt we do not', async () => {
    const keepalived = pair.keepalived(['advert_int 0.1', 'priority 100']);
    await keepalived.says('Entering MASTER STATE');
    const meek = pair.elector(settings({ preempt: false }));
    await meek.is('BACKUP');
    await pause(800);
    expect(meek.states).toEqual(['BACKUP']);
    meek.kill();
    keepalived.forget();
    const ours = pair.elector(settings());
    await ours.is('MASTER');
    await keepalived.says('Entering BACKUP STATE');
    expect([pair.has('a'), pair.has('b')]).toEqual([true, false]);
  });

  test('a drill hands over to keepalived, holds, and returns', async () => {
    const ours = pair.elector(settings());
    await ours.is('MASTER');
    const keepalived = pair.keepalived(['advert_int 0.1', 'priority 100']);
    await keepalived.says('Entering BACKUP STATE');
    await pause(300);
    ours.send({ type: 'drill', holdMs: 700 });
    await keepalived.says('Entering MASTER STATE');
    await ours.is('BACKUP');
    expect(pair.has('b')).toBe(true);
    await ours.is('MASTER');
    const steps = ours.reports.flatMap((report) => (report.type === 'drill' ? [report] : []));
    expect(steps.map(({ step }) => step)).toEqual(['handedOver', 'relieved', 'returned']);
    expect(steps[2]!.atMs - steps[1]!.atMs).toBeGreaterThanOrEqual(700);
  });
});

describe('on the wire', () => {
  test('a new master sends an advert, then gratuitous ARPs like those of keepalived', async () => {
    const capture = await pair.capture('ip proto 112 or arp');
    const ours = pair.elector(settings());
    await ours.is('MASTER');
    const gratuitous = new RegExp(`ff:ff:ff:ff:ff:ff, .*Request who-has ${VIP} .*tell ${VIP}`);
    await until('gratuitous ARPs', () => capture.matching(gratuitous).length >= 5);
    // As BACKUP it only asked who has the address.
    const said = capture.lines.filter((line) => !line.includes('tell 0.0.0.0'));
    expect(said[0]).toMatch(/01:00:5e:00:00:12.* VRRPv3, Advertisement, vrid 51, prio 150, intvl 10cs/);
    expect(capture.matching(gratuitous)).toHaveLength(5);
    ours.send({ type: 'stop' });
    await ours.ended();
    // Once more at the end, because nobody was heard.
    await until('both resignations', () => capture.matching(/prio 0,/).length === 2);
  });

  test('with an engine there is no address, and announcing is left to the engine', async () => {
    const capture = await pair.capture('arp');
    const ours = pair.elector(settings({}, { addresses: 'engine' }));
    await ours.is('MASTER');
    expect(pair.has('a')).toBe(false);
    ours.send({ type: 'stop' });
    await ours.ended();
    expect(capture.lines).toEqual([]);
  });
});

function monotonicMs(): number {
  return Number(process.hrtime.bigint()) / 1e6;
}
