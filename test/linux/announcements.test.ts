// Gratuitous ARPs and neighbour advertisements on the wire: the pauses that keepalived keeps, too, all that
// were asked for, and adverts on time beside them.
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { address } from '../../src/core/address.ts';
import type { GarpSettings } from '../../src/vrrp/settings.ts';
import { type Capture, DEVICE, Pair, pause, settings, until, VIP } from './elector-pair.ts';

const OTHER = '10.1.0.101';
const [SIX, SEVEN] = ['fd00::50', 'fd00::51'];
const GARP: GarpSettings = { delayMs: 0, repeat: 3, refreshMs: 0, refreshRepeat: 1 };

let pair: Pair;
beforeAll(() => {
  pair = new Pair();
  pair.secondLink();
});
afterEach(() => pair.clear());
afterAll(() => pair.remove());

function vip(text: string, device = DEVICE) {
  return { address: address(text), prefixLength: text.includes(':') ? 64 : 24, interface: device, scope: 0 };
}
/** Milliseconds, of what is announced in the order of the wire. */
function announced(capture: Capture): { atMs: number; of: string }[] {
  return capture.lines.flatMap((line) => {
    const found = /^([\d.]+) .*(?:\) tell|tgt is) ([0-9a-f.:]+),/.exec(line);
    return found === null ? [] : [{ atMs: Number(found[1]) * 1000, of: found[2]! }];
  });
}
function pausesOf(told: readonly { atMs: number }[]): number[] {
  return told.slice(1).map(({ atMs }, n) => atMs - told[n]!.atMs);
}

test('pauses are kept, for each family its own, and nothing is forgotten', async () => {
  const capture = await pair.capture('arp or icmp6');
  const excludedVips = [vip(SIX), vip(SEVEN)];
  const own = { vips: [vip(VIP), vip(OTHER)], excludedVips, garp: GARP };
  const pacing = { each: { garpMs: 100, gnaMs: 50 }, groups: [] };
  const ours = pair.elector(settings(own, { pacing }));
  await ours.is('MASTER');
  await pause(900);
  const told = announced(capture);
  const arps = told.filter(({ of }) => !of.includes(':'));
  const nas = told.filter(({ of }) => of.includes(':'));
  expect(arps.map(({ of }) => of)).toEqual([VIP, OTHER, VIP, OTHER, VIP, OTHER]);
  expect(nas.map(({ of }) => of)).toEqual([SIX, SEVEN, SIX, SEVEN, SIX, SEVEN]);
  // A packet may leave a little after its moment, and the next one at its own.
  for (const ms of pausesOf(arps)) expect(ms).toBeGreaterThan(90);
  for (const ms of pausesOf(nas)) expect(ms).toBeGreaterThan(40);
  ours.send({ type: 'stop' });
  await ours.ended();

  // The same of keepalived 2.2.7: its pauses, but a repetition of the first address before the second one.
  const again = await pair.capture('arp');
  const words = ['vrrp_version 3', 'vrrp_garp_interval 0.1', 'vrrp_garp_master_repeat 3'];
  const body = `state BACKUP\ninterface ${DEVICE}\nvirtual_router_id 51\nadvert_int 0.1\n`;
  const vips = `virtual_ipaddress {\n${VIP}/24\n${OTHER}/24\n}\n`;
  pair.keepalivedWith(`global_defs {\n${words.join('\n')}\n}\nvrrp_instance K {\n${body}${vips}}\n`);
  await until('its announcements', () => announced(again).some(({ of }) => of === OTHER));
  const theirs = announced(again);
  expect(theirs.map(({ of }) => of)).toEqual([VIP, VIP, OTHER]);
  for (const ms of pausesOf(theirs)) expect(ms).toBeGreaterThan(90);
});

test('interfaces of a group share the pause; a new master elsewhere ends what is left', async () => {
  const vips = [vip(VIP), vip('10.2.0.100', 'v1')];
  const group = { interfaces: [DEVICE, 'v1'], garpMs: 200, gnaMs: 0 };
  const [here, there] = [await pair.capture('arp'), await pair.capture('arp', 'v1')];
  const pacing = { each: { garpMs: 0, gnaMs: 0 }, groups: [group] };
  const ours = pair.elector(settings({ vips, garp: { ...GARP, repeat: 20 } }, { pacing }));
  await ours.is('MASTER');
  await until('both', () => announced(here).length > 1 && announced(there).length > 1);
  const both = [...announced(here), ...announced(there)].toSorted((a, b) => a.atMs - b.atMs);
  expect(both.map(({ of }) => of).slice(0, 4)).toEqual([VIP, '10.2.0.100', VIP, '10.2.0.100']);
  for (const ms of pausesOf(both)) expect(ms).toBeGreaterThan(190);
  pair.keepalived(['advert_int 0.1', 'priority 200']);
  await ours.is('BACKUP');
  await pause(300); // what tcpdump has still to tell
  const before = announced(there).length;
  await pause(1000);
  expect(announced(there).length).toBe(before);
});

test('other interfaces are told of in their own time', async () => {
  const vips = [vip(VIP), vip('10.2.0.100', 'v1'), vip('10.2.0.101', 'v1')];
  const garp = { ...GARP, repeat: 1, elsewhere: { eachMs: 300, vips: [vips[1]!] } };
  const [here, there] = [await pair.capture('arp'), await pair.capture('arp', 'v1')];
  const ours = pair.elector(settings({ vips, garp }));
  await ours.is('MASTER');
  await pause(1400);
  expect(announced(here)).toHaveLength(1);
  const told = announced(there);
  expect(told.map(({ of }) => of).slice(0, 5)).toEqual([
    '10.2.0.100',
    '10.2.0.101',
    ...Array(3).fill('10.2.0.100'),
  ]);
  for (const ms of pausesOf(told).slice(2)) expect(Math.abs(ms - 300)).toBeLessThan(60);
});

test.each([
  ['0', '[override]'],
  ['1', '[router, override]'],
])('with ipv6 forwarding %s an advertisement says %s, as keepalived and the kernel do', async (on, flags) => {
  const set = (value: string) =>
    pair.output('a', ['sh', '-c', `echo ${value} > /proc/sys/net/ipv6/conf/${DEVICE}/forwarding`]);
  await set(on);
  const capture = await pair.capture('icmp6[0] = 136', DEVICE, ['-v']);
  const ours = pair.elector(settings({ excludedVips: [vip(SIX)], garp: { ...GARP, repeat: 1 } }));
  await ours.is('MASTER');
  const told = () => capture.matching(new RegExp(`tgt is ${SIX},`));
  await until('it', () => told().length > 0);
  await set('0');
  expect(told()[0]).toContain(`Flags ${flags}`);
});

// What waits for them does so each time; a machine whose host takes its processors away for 30 ms does not.
test('five hundred addresses, five times each: no advert waits for them', { retry: 2 }, async () => {
  const many = Array.from({ length: 500 }, (_, n) => vip(`10.1.${8 + (n >> 8)}.${n & 255}`));
  const capture = await pair.capture('ip proto 112');
  const garp = { ...GARP, repeat: 5, delayMs: 1000 };
  const ours = pair.elector(settings({ excludedVips: many, garp, advertMs: 20 }));
  await ours.is('MASTER');
  const since = performance.timeOrigin + performance.now() + 500;
  await pause(2500);
  const adverts = capture.lines.map((line) => Number(line.split(' ')[0]) * 1000).filter((at) => at > since);
  const longest = Math.max(...adverts.slice(1).map((at, n) => at - adverts[n]!));
  expect(adverts.length).toBeGreaterThan(80);
  expect(longest).toBeLessThan(40);
});
