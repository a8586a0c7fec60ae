// no_accept and the silence of virtual interfaces, as the kernel's nf_tables enforces them and nft shows
// them.
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { address } from '../../src/core/address.ts';
import type { ElectorSettings } from '../../src/vrrp/settings.ts';
import { DEVICE, Pair, pause, settings, until, VIP } from './elector-pair.ts';

const NAME = 'vrrp.51';
const MAC = '00:00:5e:00:01:33';
const VIP6 = 'fd00::50';
const device = { name: NAME, base: DEVICE, mac: MAC, family: 4 } as const;
const excludedVips = [{ address: address(VIP6), prefixLength: 64, interface: DEVICE, scope: 0 }];

let pair: Pair;
beforeAll(() => {
  pair = new Pair();
});
afterEach(async () => {
  await pair.clear();
  await pair.output('a', ['nft', 'flush', 'ruleset']);
  await pair.output('a', ['ip', 'link', 'del', NAME]);
});
afterAll(() => pair.remove());

function virtual(): ElectorSettings {
  const vips = [{ address: address(VIP), prefixLength: 24, interface: NAME, scope: 0 }];
  return settings({ vips, vmac: { device, sendsOnBase: false, others: [] } });
}
const ruleset = async () => (await pair.output('a', ['nft', 'list', 'ruleset'])).replaceAll('\t', '  ');
/** Nobody listens: what takes the packet in refuses the connection. */
async function answers(target: string): Promise<boolean> {
  const connect = `timeout 1 bash -c '</dev/tcp/${target}/9' 2>&1`;
  return (await pair.output('b', ['bash', '-c', connect])).includes('refused');
}
async function neighbour(target: string): Promise<string> {
  return pair.output('b', ['ip', 'neigh', 'show', target]);
}

test('no_accept: found by ARP and NDP, and takes nothing in; other addresses do', async () => {
  pair.ip('b', 'addr', 'add', 'fd00::2/64', 'dev', DEVICE, 'nodad');
  const ours = pair.elector(settings({ excludedVips, refuses: true }));
  await ours.is('MASTER');
  await until('the address', () => pair.has('a', VIP6));
  expect([await answers(VIP), await answers(VIP6), await answers('10.1.0.1')]).toEqual([false, false, true]);
  expect(await neighbour(VIP)).toMatch(/lladdr .* (REACHABLE|DELAY|STALE)/);
  expect(await neighbour(VIP6)).toMatch(/lladdr .* (REACHABLE|DELAY|STALE)/);
  expect(await ruleset()).toBe(`table inet lvs-director {
  comment "lvs-director"
  chain in {
    type filter hook input priority 101; policy accept;
    icmpv6 type nd-neighbor-solicit accept
    icmpv6 type nd-neighbor-advert accept
    ip daddr ${VIP} drop
    ip6 daddr ${VIP6} drop
  }

  chain out {
    type filter hook output priority filter - 1; policy accept;
  }
}
`);
  ours.send({ type: 'configure', settings: settings({ excludedVips }) });
  await until('the end of the filter', () => ours.reports.length > 0);
  await pause(200);
  expect([await answers(VIP), await answers(VIP6), await ruleset()]).toEqual([true, true, '']);
});

test('an address owner accepts all the same', async () => {
  const ours = pair.elector(settings({ refuses: true, priority: 255 }));
  await ours.is('MASTER');
  expect([await answers(VIP), await ruleset()]).toEqual([true, '']);
});

test('a virtual interface reports no multicast group: its base does', async () => {
  const capture = await pair.capture('igmp');
  const ours = pair.elector(virtual());
  await ours.is('MASTER');
  await until('a report', () => capture.lines.length > 0);
  await pause(1500);
  expect(capture.matching(new RegExp(MAC))).toEqual([]);
  expect(await ruleset()).toContain(`oifname "${NAME}" meta l4proto igmp drop`);
  expect(await ruleset()).not.toContain('mld');
});

test('nothing is left at a stop, and by a dead director', async () => {
  const first = pair.elector(virtual());
  await first.is('MASTER');
  first.send({ type: 'stop' });
  await first.ended();
  expect(await ruleset()).toBe('');
  const second = pair.elector(virtual());
  await second.is('MASTER');
  second.kill();
  await until('its end', () => second.exitCode !== undefined);
  expect(await ruleset()).toContain('igmp drop');
  pair.guardian(virtual(), ['VI_1']);
  expect(await ruleset()).toBe('');
});

test('the table, priority and counters of the file; a table of somebody else is left alone', async () => {
  await pair.output('a', ['nft', 'add', 'table', 'inet', 'theirs']);
  const filter = { table: 'theirs', priority: 150, counters: true } as const;
  const ours = pair.elector(settings({ refuses: true }, { filter }));
  await ours.is('MASTER');
  expect(ours.notices.some((text) => text.includes('theirs is there, and not ours'))).toBe(true);
  expect(await ruleset()).toBe('table inet theirs {\n}\n');
  ours.send({
    type: 'configure',
    settings: settings({ refuses: true }, { filter: { ...filter, table: 'my' } }),
  });
  await until('the other table', () => pair.has('a'));
  await pause(300);
  const rules = await ruleset();
  expect(rules).toContain('table inet my {\n  comment "lvs-director"');
  expect(rules).toContain('type filter hook input priority 150; policy accept;');
  expect(rules).toContain(`ip daddr ${VIP} counter packets 0 bytes 0 drop`);
  expect([await answers(VIP), await answers('10.1.0.1')]).toEqual([false, true]);
  expect(await ruleset()).toMatch(new RegExp(`ip daddr ${VIP} counter packets [1-9]`));
  ours.kill();
  await until('its end', () => ours.exitCode !== undefined);
  pair.guardian(settings({ refuses: true }, { filter: { ...filter, table: 'my' } }), ['VI_1']);
  pair.guardian(settings({ refuses: true }, { filter }), []);
  expect(await ruleset()).toBe('table inet theirs {\n}\n');
});

test('a virtual interface of IPv6 is silent, and its base reports what it needs', async () => {
  const six = { ...device, mac: '00:00:5e:00:02:33', family: 6 } as const;
  const vips = [address('fe80::51'), address(VIP6)].map((each) => ({
    address: each,
    prefixLength: 64,
    interface: NAME,
    scope: 0,
  }));
  const linkLocal = () => pair.ip('a', '-6', 'addr', 'show', 'dev', DEVICE, 'scope', 'link', '-tentative');
  await until('the end of duplicate address detection', () => linkLocal().includes('fe80:'));
  const capture = await pair.capture('(ip6 and ip6[6] = 0) or icmp6[0] = 133', DEVICE, ['-v']);
  const own = { vips, vmac: { device: six, sendsOnBase: false, others: [] }, refuses: true as const };
  const ours = pair.elector(settings({ ...own, multicastGroup: address('ff02::12') }));
  await ours.is('MASTER');
  await until('a report of the group', () => capture.matching(/ff02::1:ff00:50/).length > 0);
  await pause(1500);
  expect(capture.matching(new RegExp(six.mac))).toEqual([]);
  const rules = await ruleset();
  expect(rules).toContain(`oifname "${NAME}" icmpv6 type mld2-listener-report drop`);
  expect(rules).toContain(`oifname "${NAME}" icmpv6 type nd-router-solicit drop`);
  expect(rules).toContain(`iifname "${NAME}" ip6 daddr fe80::51 drop`);
  expect(rules).toContain(`ip6 daddr ${VIP6} drop`);
  ours.send({ type: 'stop' });
  await ours.ended();
});

test('disable_local_igmp: no report of the group of adverts, and as before at the end', async () => {
  const reports = () => pair.read('a', '/proc/sys/net/ipv4/igmp_link_local_mcast_reports');
  const capture = await pair.capture('igmp');
  const ours = pair.elector(settings({}, { silencesLocalGroups: true }));
  await ours.is('MASTER');
  expect(reports()).toBe('0');
  await pause(1500);
  expect(capture.matching(/224\.0\.0\.18/)).toEqual([]);
  ours.send({ type: 'stop' });
  await ours.ended();
  expect(reports()).toBe('1');
});
