// no_accept and the silence of virtual interfaces, as the kernel's nf_tables enforces them and nft shows
// them.
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { address } from '../../src/core/address.ts';
import type { ElectorSettings } from '../../src/vrrp/settings.ts';
import { DEVICE, Pair, pause, settings, until, VIP } from './elector-pair.ts';

const NAME = 'vrrp.51';
const MAC = '00:00:5e:00:01:33';
const VIP6 = 'fd00::50';
const device = { name: NAME, base: DEVICE, mac: MAC, family: 4, ipv6: false } as const;
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
