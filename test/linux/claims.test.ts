// Who else has an address of a MASTER, against the real kernel and the real keepalived: a plain host, and a
// rival whose adverts are lost, over IPv4 and IPv6, with virtual MACs and without. tcpdump tells who was
// asked, and that nobody's neighbours were turned.
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { address } from '../../src/core/address.ts';
import type { Notice } from '../../src/core/events.ts';
import type { ElectorSettings, InstanceSettings } from '../../src/vrrp/settings.ts';
import type { VirtualDevice } from '../../src/vrrp/virtual-device.ts';
import { DEVICE, type Ours, Pair, pause, settings, until, VIP } from './elector-pair.ts';

const SIX = 'fd00:10::100';
/** Of a host that has not joined the group: as an interface of its own it has a filter of groups. */
const HOST = 'host0';
const DEVICES: readonly VirtualDevice[] = [
  { name: 'vrrp.51', base: DEVICE, mac: '00:00:5e:00:01:33', family: 4 },
  { name: 'vrrp6.51', base: DEVICE, mac: '00:00:5e:00:02:33', family: 6 },
];
const QUIET = { delayMs: 0, repeat: 1, refreshMs: 0, refreshRepeat: 1 };

let pair: Pair;
beforeAll(async () => {
  pair = new Pair();
  for (const side of ['a', 'b'] as const)
    await until('the end of duplicate address detection', () => linkLocal(side) !== undefined);
});
beforeEach(async () => {
  pair.ip('b', 'link', 'add', HOST, 'link', DEVICE, 'type', 'macvlan', 'mode', 'private');
  pair.ip('b', 'link', 'set', HOST, 'up');
  // Neither answers for the other, as if the host were another machine.
  for (const name of [DEVICE, HOST])
    await pair.output('b', ['sh', '-c', `echo 1 > /proc/sys/net/ipv4/conf/${name}/arp_ignore`]);
});
afterEach(async () => {
  await pair.clear();
  const all = ['vrrp.51', 'vrrp6.51', HOST];
  for (const side of ['a', 'b'] as const)
    for (const name of all) if (linkNames(side).includes(name)) pair.ip(side, 'link', 'del', name);
});
afterAll(() => pair.remove());

/** Of its own, not a virtual one. */
function linkLocal(side: 'a' | 'b'): string | undefined {
  const [shown] = JSON.parse(pair.ip(side, '-j', '-6', 'addr', 'show', 'dev', DEVICE, '-tentative'));
  const all: { local?: string; scope: string }[] = shown?.addr_info ?? [];
  return all.find(({ local, scope }) => scope === 'link' && local !== 'fe80::51')?.local;
}
function linkNames(side: 'a' | 'b'): string[] {
  return JSON.parse(pair.ip(side, '-j', 'link')).map(({ ifname }: { ifname: string }) => ifname);
}
const macOf = (side: 'a' | 'b', name: string) => pair.read(side, `/sys/class/net/${name}/address`);
const told = (ours: Ours): Notice[] =>
  ours.reports.flatMap((report) =>
    report.type === 'notice' && report.notice.event.startsWith('vip.') ? [report.notice] : [],
  );
const claims = (ours: Ours, event = 'vip.claimed') => told(ours).filter((each) => each.event === event);

function vip(text: string, device = DEVICE) {
  return { address: address(text), prefixLength: text.includes(':') ? 64 : 24, interface: device, scope: 0 };
}
const FOUR = { garp: QUIET };
const ONLY_SIX = { garp: QUIET, vips: [vip('fe80::51'), vip(SIX)], multicastGroup: address('ff02::12') };
function withDevice(own: Partial<InstanceSettings>, sendsOnBase: boolean): ElectorSettings {
  const device = DEVICES[own.vips === undefined ? 0 : 1]!;
  const vips = (own.vips ?? [vip(VIP)]).map((each) => ({ ...each, interface: device.name }));
  return settings({ ...own, vips, vmac: { device, sendsOnBase, others: [] } });
}

describe.each([
  ['over IPv4', FOUR, VIP, `${VIP}/24`],
  ['over IPv6', ONLY_SIX, SIX, `${SIX}/64`],
])('a plain host %s', (_, own, held, prefix) => {
  test.each([
    ['', settings(own)],
    ['with a virtual MAC', withDevice(own, false)],
    ['with a virtual MAC, adverts through the base', withDevice(own, true)],
  ])('is told, and told again when it has it no more %s', async (_name, of) => {
    const ours = pair.elector(of);
    await ours.is('MASTER');
    await pause(1500);
    expect(told(ours).filter(({ event }) => event !== 'vip.added' && event !== 'vmac.added')).toEqual([]);
    const capture = await pair.capture('arp or icmp6');
    pair.ip('b', 'addr', 'add', prefix, 'dev', HOST, 'nodad');
    const claim = await until('the claim', () => claims(ours)[0], 4000);
    expect(claim.fields).toMatchObject({ vip: held, mac: macOf('b', HOST), interface: DEVICE });
    const name = of.instances[0]!.vips[0]!.interface;
    const ours4 = `who-has ${held} .ff:ff:ff:ff:ff:ff. tell ${held}`;
    const ours6 = `${held} > ff02::1: .*advertisement, tgt is ${held},`;
    const announced = new RegExp(`${macOf('a', name)} > .*(${ours4}|${ours6})`);
    await until('our announcement', () => capture.matching(announced).length > 0);
    pair.ip('b', 'addr', 'del', prefix, 'dev', HOST);
    await until('the end of it', () => claims(ours, 'vip.unclaimed').length > 0);
    // Its answers went to us alone, and what it was asked came from no address that anybody would believe.
    const answers = capture.matching(
      new RegExp(`^\\S+ ${macOf('b', HOST)} > .*(is-at|advertisement, tgt is ${held})`),
    );
    expect(answers.length).toBeGreaterThan(0);
    for (const line of answers) expect(line).toContain(`> ${macOf('a', DEVICE)},`);
    const asked = capture.matching(new RegExp(`(who-has|who has) ${held}(,| tell 0.0.0.0)`));
    expect(asked.length).toBeGreaterThan(0);
    for (const line of asked) {
      expect(line).toContain(`${macOf('a', DEVICE)} > `);
      if (held === SIX) expect(line).toContain(`${linkLocal('a')} > ff02::1:ff00:100`);
    }
  });
});

test('the group is asked before each advert, each 10 ms as well, everybody once a second', async () => {
  const capture = await pair.capture('arp or ip proto 112');
  const ours = pair.elector(settings({ garp: QUIET, advertMs: 10 }));
  await ours.is('MASTER');
  await pause(500);
  const from = capture.lines.length;
  await pause(3000);
  const lines = capture.lines.slice(from);
  const kinds = lines.map((line) =>
    line.includes('VRRP') ? 'advert' : line.includes('01:00:5e:00:00:12') ? 'group' : 'all',
  );
  const adverts = kinds.flatMap((kind, i) => (kind === 'advert' && i > 0 ? [kinds[i - 1]] : []));
  expect(adverts.length).toBeGreaterThan(200);
  // One that is late may be followed by one without; what everybody is asked comes behind an advert.
  expect(adverts.filter((before) => before !== 'group').length).toBeLessThan(adverts.length / 20);
  const all = kinds.filter((kind) => kind === 'all').length;
  expect(all).toBeGreaterThanOrEqual(2);
  expect(all).toBeLessThanOrEqual(4);
});

describe('a rival that is not heard', () => {
  const NATIVE = 'native_ipv6';
  test.each([
    ['over IPv4', settings(FOUR), '', VIP, undefined],
    ['over IPv6', settings(ONLY_SIX), NATIVE, 'fe80::51', undefined],
    ['with the same virtual MAC', withDevice(FOUR, false), 'use_vmac', VIP, DEVICES[0]!.mac],
    [
      'with it, adverts through the base',
      withDevice(FOUR, true),
      'use_vmac\nvmac_xmit_base',
      VIP,
      DEVICES[0]!.mac,
    ],
    [
      'with it over IPv6',
      withDevice(ONLY_SIX, true),
      `${NATIVE}\nuse_vmac\nvmac_xmit_base`,
      'fe80::51',
      DEVICES[1]!.mac,
    ],
  ])('%s: told, with its MAC', async (_, of, words, held, mac) => {
    const ours = pair.elector(of);
    await ours.is('MASTER');
    await pair.output('b', [
      'nft',
      'table inet split { chain i { type filter hook input priority 0; meta l4proto 112 drop; }; ' +
        'chain o { type filter hook output priority 0; meta l4proto 112 drop; }; }',
    ]);
    const vips = words.includes(NATIVE) ? `fe80::51/64\n${SIX}/64` : `${VIP}/24`;
    const head = `state BACKUP\ninterface ${DEVICE}\nvirtual_router_id 51\npriority 100\n`;
    const body = `${head}advert_int 0.1\n${words}\n`;
    const keepalived = pair.keepalivedWith(
      `global_defs {\nvrrp_version 3\n}\nvrrp_instance K {\n${body}virtual_ipaddress {\n${vips}\n}\n}\n`,
    );
    await keepalived.says('Entering MASTER STATE');
    const { fields } = await until('the claim', () => claims(ours)[0], 3000);
    expect(fields).toMatchObject({ vip: held, mac: mac ?? macOf('b', DEVICE), interface: DEVICE });
    expect(ours.states).toEqual(['BACKUP', 'MASTER']);
    await pair.output('b', ['nft', 'delete table inet split']);
    await keepalived.says('Entering BACKUP STATE');
    await until('the end of it', () => claims(ours, 'vip.unclaimed').length > 0);
  });
});
