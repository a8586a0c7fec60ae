// use_vmac against the real keepalived and the real kernel: the interface and its settings are those that
// keepalived makes, both understand each other in both roles, and nothing is left behind.
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { readConfiguration } from '../../src/config/read.ts';
import { address } from '../../src/core/address.ts';
import { planElector } from '../../src/director/plan.ts';
import type { ElectorSettings } from '../../src/vrrp/settings.ts';
import type { VirtualDevice } from '../../src/vrrp/virtual-device.ts';
import { DEVICE, Pair, pause, settings, until, VIP } from './elector-pair.ts';

const NAME = 'vrrp.51';
const MAC = '00:00:5e:00:01:33';
const BASE: Readonly<Record<string, number>> = { arp_ignore: 0, arp_filter: 0, rp_filter: 0 };
const device: VirtualDevice = { name: NAME, base: DEVICE, mac: MAC, family: 4 };

let pair: Pair;
beforeAll(() => {
  pair = new Pair();
});
afterEach(async () => {
  await pair.clear();
  for (const side of ['a', 'b'] as const) if (links(side).includes(NAME)) pair.ip(side, 'link', 'del', NAME);
});
afterAll(() => pair.remove());

function withDevice(own: Parameters<typeof settings>[0] = {}, sendsOnBase = false): ElectorSettings {
  const vips = [{ address: address(VIP), prefixLength: 24, interface: NAME, scope: 0 }];
  return settings({ vips, vmac: { device, sendsOnBase, others: [] }, ...own });
}
function links(side: 'a' | 'b'): string[] {
  return JSON.parse(pair.ip(side, '-j', 'link')).map(({ ifname }: { ifname: string }) => ifname);
}
interface Interface {
  ifname: string;
  address: string;
  addr_info: { local: string; prefixlen: number }[];
}
/** In one question: between two, a reload may have taken the interface away. */
function holds(side: 'a' | 'b', name = NAME, mac?: string): boolean {
  const all: Interface[] = JSON.parse(pair.ip(side, '-j', 'addr'));
  const found = all.find(({ ifname }) => ifname === name);
  if (found === undefined || (mac !== undefined && found.address !== mac)) return false;
  return found.addr_info.some(({ local, prefixlen }) => `${local}/${prefixlen}` === `${VIP}/24`);
}
/** Everything that iproute2 and /proc/sys know of an interface. */
async function propertiesOf(side: 'a' | 'b', name = NAME): Promise<{ sysctls: string[] }> {
  const [link] = JSON.parse(pair.ip(side, '-d', '-j', 'link', 'show', 'dev', name));
  const files = ['ipv4', 'ipv6'].map((family) => `/proc/sys/net/${family}/conf/${name}`);
  const text = await pair.output(side, ['grep', '-rs', '', ...files]);
  const { ifindex, link_index, ...rest } = link;
  return { ...rest, sysctls: text.split('\n').toSorted() };
}
async function baseSettings(side: 'a' | 'b', all: string): Promise<Record<string, number>> {
  const of = (name: string) => `/proc/sys/net/ipv4/conf/${name}`;
  const files = [...Object.keys(BASE).map((name) => `${of(DEVICE)}/${name}`), `${of('all')}/rp_filter`];
  const values = (await pair.output(side, ['cat', ...files])).trim().split('\n').map(Number);
  return Object.fromEntries([...Object.keys(BASE), all].map((name, i) => [name, values[i]!]));
}
const KEEPALIVED = ['use_vmac', 'advert_int 0.1'];

test('the interface, its settings and those of its base are what keepalived makes them', async () => {
  for (const side of ['a', 'b'] as const)
    await pair.output(side, ['sh', '-c', 'echo 1 > /proc/sys/net/ipv4/conf/all/rp_filter']);
  const ours = pair.elector(withDevice());
  await ours.is('MASTER');
  const keepalived = pair.keepalived([...KEEPALIVED, 'priority 100']);
  await keepalived.says('Entering BACKUP STATE');
  const made = await propertiesOf('a');
  expect(made.sysctls).toContain(`/proc/sys/net/ipv4/conf/${NAME}/arp_ignore:1`);
  expect(made).toEqual(await propertiesOf('b'));
  const settled = { arp_ignore: 1, arp_filter: 1, rp_filter: 1, all: 0 };
  expect(await baseSettings('a', 'all')).toEqual(settled);
  expect(await baseSettings('b', 'all')).toEqual(settled);
  ours.send({ type: 'stop' });
  await ours.ended();
  expect(links('a')).not.toContain(NAME);
  expect(await baseSettings('a', 'all')).toEqual({ ...BASE, all: 1 });
  keepalived.stop(); // it puts back what it has changed, too
  await until('its end', () => !links('b').includes(NAME));
  for (const side of ['a', 'b'] as const)
    await pair.output(side, ['sh', '-c', 'echo 0 > /proc/sys/net/ipv4/conf/all/rp_filter']);
});

test('of IPv6 as well: it has the link-local address of its base, for adverts, and no other', async () => {
  const six: VirtualDevice = { ...device, mac: '00:00:5e:00:02:33', family: 6 };
  const vip = { address: address('fd00::50'), prefixLength: 64, interface: NAME, scope: 0 };
  const vmac = { device: six, sendsOnBase: true, others: [] };
  pair.elector(withDevice({ vips: [], excludedVips: [vip], vmac, priority: 1 }));
  const keepalived = pair.keepalived([...KEEPALIVED, 'priority 100'], 3, 'fd00::51/64');
  await keepalived.says('Entering MASTER STATE');
  await until('ours', () => links('a').includes(NAME));
  /** iproute2 writes an empty object for each address that it leaves out. */
  const local = (side: 'a' | 'b', name: string) =>
    JSON.parse(pair.ip(side, '-j', '-6', 'addr', 'show', 'dev', name, 'scope', 'link'))[0].addr_info.filter(
      (info: { local?: string }) => info.local !== undefined,
    );
  for (const side of ['a', 'b'] as const) {
    const base = local(side, DEVICE)[0];
    expect(local(side, NAME)).toEqual([
      expect.objectContaining({ local: base.local, prefixlen: 64, deprecated: true, nodad: true }),
    ]);
  }
  const [ours, theirs] = [await propertiesOf('a'), await propertiesOf('b')];
  const ignores = (value: number) => `/proc/sys/net/ipv4/conf/${NAME}/arp_ignore:${value}`;
  expect(theirs.sysctls).toContain(ignores(0));
  // keepalived's answers ARP for every address of the machine, with the MAC that both directors have.
  const mended = theirs.sysctls.map((line) => (line === ignores(0) ? ignores(1) : line));
  expect(ours).toEqual({ ...theirs, sysctls: mended });
});

describe('a pair with keepalived, each with use_vmac', () => {
  test('the address answers with the virtual MAC, and keeps it through failover and return', async () => {
    const keepalived = pair.keepalived([...KEEPALIVED, 'priority 100']);
    const capture = await pair.capture('ip proto 112 or arp or igmp');
    const ours = pair.elector(withDevice());
    await ours.is('MASTER');
    await keepalived.says('Entering BACKUP STATE');
    expect(holds('a')).toBe(true);
    await pause(500);
    expect(ours.states).toEqual(['BACKUP', 'MASTER']);
    const adverts = capture.matching(/prio 150/);
    expect(adverts.length).toBeGreaterThan(3);
    for (const line of adverts) expect(line).toContain(`${MAC} > 01:00:5e:00:00:12`);
    const announced = capture.matching(new RegExp(`tell ${VIP},`));
    expect(announced.length).toBeGreaterThan(0);
    for (const line of announced) expect(line).toContain(`${MAC} > ff:ff:ff:ff:ff:ff`);

    ours.send({ type: 'drill', holdMs: 60_000 });
    await keepalived.says('Entering MASTER STATE');
    await ours.is('BACKUP');
    await until('the address on the other side', () => holds('b') && !holds('a'));
    keepalived.stop();
    await ours.is('MASTER');
    await until('the address here', () => holds('a'));
  });

  test('vmac_xmit_base on both sides: adverts have the MAC of the base', async () => {
    const keepalived = pair.keepalived([...KEEPALIVED, 'vmac_xmit_base', 'priority 200']);
    const ours = pair.elector(withDevice({}, true));
    await keepalived.says('Entering MASTER STATE');
    await ours.is('BACKUP');
    await pause(500);
    expect(ours.states).toEqual(['BACKUP']);
    const capture = await pair.capture('ip proto 112');
    keepalived.stop();
    await ours.is('MASTER');
    await until('an advert of ours', () => capture.matching(/prio 150/).length > 0);
    expect(capture.matching(/prio 150/)[0]).not.toContain(MAC);
  });

  test('a peer that sends another way than we do is heard all the same', async () => {
    for (const words of [['use_vmac'], ['use_vmac', 'vmac_xmit_base'], []]) {
      const keepalived = pair.keepalived([...words, 'advert_int 0.1', 'priority 200']);
      await keepalived.says('Entering MASTER STATE');
      const ours = pair.elector(withDevice({}, words.length === 1));
      await ours.is('BACKUP'); // from here on: a busy machine starts slowly
      await pause(800);
      expect(ours.states, words.join(' ')).toEqual(['BACKUP']);
      ours.kill();
      await pair.clear();
      for (const side of ['a', 'b'] as const)
        if (links(side).includes(NAME)) pair.ip(side, 'link', 'del', NAME);
    }
  });
});

describe('an interface that is not what it should be', () => {
  test('left by a dead director: taken over, and removed at the stop', async () => {
    const first = pair.elector(withDevice());
    await first.is('MASTER');
    first.kill();
    await until('its end', () => first.exitCode !== undefined);
    expect(links('a')).toContain(NAME);
    const second = pair.elector(withDevice());
    await second.is('MASTER');
    expect(second.notices.some((text) => text.includes('taken over'))).toBe(true);
    second.send({ type: 'stop' });
    await second.ended();
    expect(links('a')).not.toContain(NAME);
  });

  test('left by a dead director: removed by the guardian', async () => {
    const ours = pair.elector(withDevice());
    await ours.is('MASTER');
    ours.kill();
    await until('its end', () => ours.exitCode !== undefined);
    pair.guardian(withDevice(), ['VI_1']);
    expect(links('a')).not.toContain(NAME);
  });

  test("somebody else's: not touched, and no candidate", async () => {
    pair.ip('a', 'link', 'add', NAME, 'link', DEVICE, 'type', 'macvlan', 'mode', 'bridge');
    pair.ip('a', 'link', 'set', NAME, 'up');
    const ours = pair.elector(withDevice());
    await ours.is('FAULT');
    expect(ours.notices.some((text) => text.includes('not ours'))).toBe(true);
    ours.send({ type: 'stop' });
    await ours.ended();
    expect(links('a')).toContain(NAME);
  });

  test('removed by somebody: made again', async () => {
    const ours = pair.elector(withDevice());
    await ours.is('MASTER');
    pair.ip('a', 'link', 'del', NAME);
    await until('three states more', () => ours.states.length >= 5);
    expect(ours.states).toEqual(['BACKUP', 'MASTER', 'FAULT', 'BACKUP', 'MASTER']);
    expect(holds('a')).toBe(true);
  });
});

test('a reload gives a router the interface, another one, and takes it away', async () => {
  const ours = pair.elector(settings());
  await ours.is('MASTER');
  expect(links('a')).not.toContain(NAME);
  ours.send({ type: 'configure', settings: withDevice() });
  await until('the address on the device', () => holds('a'));
  const other = { ...device, mac: '02:00:00:00:00:77' };
  const vmac = { device: other, sendsOnBase: false, others: [] };
  ours.send({ type: 'configure', settings: withDevice({ vmac }) });
  await until('another MAC', () => holds('a', NAME, other.mac));
  ours.send({ type: 'configure', settings: settings() });
  await until('its end', () => !links('a').includes(NAME) && holds('a', DEVICE));
});

describe('addresses with and without use_vmac are where keepalived puts them', () => {
  const V4 = '10.1.0.100/24\n10.1.0.101/24 use_vmac\n10.2.0.100/24 dev v1 use_vmac\n10.2.0.101/24 dev v1';
  const V6 = 'fd00::5/64 dev v0 use_vmac\nfd00::6/64\nfd00::7/64 dev v1 use_vmac';
  const plain = V4.replaceAll(' use_vmac', '');
  const plain6 = V6.replaceAll(' use_vmac', '');
  beforeAll(() => pair.secondLink());

  test.each([
    ['single ones', '', V4, V6],
    ['single ones beside an instance', 'use_vmac', V4, V6],
    ['none of a plain instance', '', plain, plain6],
    ['those of the instance', 'use_vmac', plain, plain6],
    ['also elsewhere', 'use_vmac\nuse_vmac_addr', plain, plain6],
    ['only elsewhere', 'use_vmac_addr', plain, plain6],
  ])('%s', async (_, words, vips, excluded) => {
    const head = `interface ${DEVICE}\nvirtual_router_id 51\npriority 100\nadvert_int 0.1\n${words}\n`;
    const lists = `virtual_ipaddress {\n${vips}\n}\nvirtual_ipaddress_excluded {\n${excluded}\n}\n`;
    const text = `global_defs {\nvrrp_version 3\n}\nvrrp_instance K {\nstate BACKUP\n${head}${lists}}\n`;
    const keepalived = pair.keepalivedWith(text);
    await keepalived.says('Entering MASTER STATE');
    await until('the last of theirs', () => places('b').some((each) => each.includes('fd00::7')));
    const theirs = places('b');
    keepalived.stop();
    await until('its end', () => !places('b').some((each) => each.includes('fd00::')));

    const { configuration } = readConfiguration([{ name: 'x', text }]);
    const ours = pair.elector({ ...planElector(configuration!, 'kernel'), realtimePriority: 10 });
    await ours.is('MASTER');
    await until('the last of ours', () => places('a').some((each) => each.includes('fd00::7')));
    expect(places('a')).toEqual(theirs);
    ours.send({ type: 'stop' });
    await ours.ended();
    expect(places('a')).toEqual([]);
  });

  /** `name base MAC: address …` of virtual ones, by interface; of a base the name says it. */
  function places(side: 'a' | 'b'): string[] {
    type Shown = { ifname: string; link?: string; address: string; addr_info: { local?: string }[] };
    const shown: Shown[] = JSON.parse(pair.ip(side, '-j', 'addr', 'show'));
    return shown.flatMap(({ ifname, link, address: mac, addr_info }) => {
      const held = addr_info.flatMap(({ local = '' }) =>
        /^(10\.[12]\.0\.10|fd00::)/.test(local) ? [local] : [],
      );
      const what = ifname.startsWith('vrrp') ? `${ifname} ${link} ${mac}` : ifname;
      return held.length === 0 ? [] : [`${what}: ${held.toSorted().join(' ')}`];
    });
  }
});
