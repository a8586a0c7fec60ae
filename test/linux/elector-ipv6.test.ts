// Version 3 over IPv6: our elector and a real keepalived, in both roles.
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { address } from '../../src/core/address.ts';
import type { InstanceSettings } from '../../src/vrrp/settings.ts';
import { ADDRESS, DEVICE, Pair, pause, settings, until, VIP } from './elector-pair.ts';

const LINK_LOCAL = 'fe80::51';
const GLOBAL = 'fd00:10::100';
const THEIRS = ['advert_int 0.1', 'native_ipv6'];

let pair: Pair;
beforeAll(async () => {
  pair = new Pair();
  // Until then nobody has an address to send from.
  for (const side of ['a', 'b'] as const)
    await until('the end of duplicate address detection', () => {
      const shown = pair.ip(side, '-6', 'addr', 'show', 'dev', DEVICE, 'scope', 'link', '-tentative');
      return shown.includes('fe80:');
    });
});
afterEach(async () => {
  await pair.clear();
  // What a killed keepalived leaves would be the source of the next one's adverts.
  for (const side of ['a', 'b'] as const)
    if (pair.has(side, LINK_LOCAL)) pair.ip(side, 'addr', 'del', `${LINK_LOCAL}/64`, 'dev', DEVICE);
});
afterAll(() => pair.remove());

function vip(value: string, prefixLength = 128) {
  return { address: address(value), prefixLength, interface: DEVICE, scope: 0 };
}
function ipv6(own: Partial<InstanceSettings> = {}) {
  return settings({
    multicastGroup: address('ff02::12'),
    vips: [vip(LINK_LOCAL, 64), vip(GLOBAL)],
    ...own,
  });
}
function theirs(priority: number, more: readonly string[] = []) {
  return pair.keepalived([...THEIRS, `priority ${priority}`, ...more], 3, [
    `${LINK_LOCAL}/64`,
    `${GLOBAL}/128`,
  ]);
}

describe('over IPv6', () => {
  test('ours is better: master with every address, and keepalived stays backup', async () => {
    const keepalived = theirs(100);
    const ours = pair.elector(ipv6());
    await ours.is('MASTER');
    await until('the addresses', () => pair.has('a', GLOBAL) && pair.has('a', LINK_LOCAL));
    await keepalived.says('Entering BACKUP STATE');
    await pause(500);
    expect(pair.has('b', GLOBAL)).toBe(false);
    expect(ours.notices.filter((text) => text.includes('dropped'))).toEqual([]);

    ours.send({ type: 'stop' });
    await keepalived.says('Entering MASTER STATE');
    await ours.ended();
    expect([pair.has('a', GLOBAL), pair.has('a', LINK_LOCAL)]).toEqual([false, false]);
  });

  test('keepalived is better: ours follows, and takes over with a word to the neighbours', async () => {
    const keepalived = theirs(200);
    await keepalived.says('Entering MASTER STATE');
    const ours = pair.elector(ipv6());
    await ours.is('BACKUP');
    await pause(600);
    expect(ours.states.at(-1)).toBe('BACKUP');
    const capture = await pair.capture('icmp6 or ip6 proto 112');
    keepalived.kill();
    await ours.is('MASTER');
    await until('neighbour advertisements', () =>
      [GLOBAL, LINK_LOCAL].every((each) =>
        capture.lines.some((line) => line.includes(`neighbor advertisement, tgt is ${each},`)),
      ),
    );
    await until('an advert', () => capture.lines.some((line) => line.includes('> ff02::12: ')));
  });

  test('by unicast, from the address that is given', async () => {
    for (const side of ['a', 'b'] as const)
      pair.ip(side, 'addr', 'add', `fd00:10::${side === 'a' ? 1 : 2}/64`, 'dev', DEVICE, 'nodad');
    const unicast = { source: address('fd00:10::1'), unicastPeers: [address('fd00:10::2')] };
    const keepalived = theirs(100, ['unicast_src_ip fd00:10::2', 'unicast_peer {\nfd00:10::1\n}']);
    const ours = pair.elector(ipv6(unicast));
    await ours.is('MASTER');
    await pause(500);
    expect(pair.has('b', GLOBAL)).toBe(false);
    ours.send({ type: 'stop' });
    await keepalived.says('Entering MASTER STATE');
    await ours.ended();
  });

  test('one id in each family on one interface: two routers', async () => {
    const four = settings().instances[0]!;
    const [six] = ipv6({ name: 'VI_6', priority: 100 }).instances;
    const ours = pair.elector({ ...settings(), instances: [four, six!] });
    await until('both', () => pair.has('a', VIP) && pair.has('a', GLOBAL));
    theirs(200);
    await until('the other one to have the IPv6 addresses', () => pair.has('b', GLOBAL));
    await until('ours to yield them', () => !pair.has('a', GLOBAL));
    expect([pair.has('a', VIP), pair.has('a', ADDRESS.a)]).toEqual([true, true]);
    expect(ours.notices.filter((text) => text.includes('dropped'))).toEqual([]);
  });
});

test('more addresses than an advert has room for: as many as keepalived advertises, all held', async () => {
  const many = Array.from({ length: 100 }, (_, n) => `fd00:11::${(n + 1).toString(16)}`);
  const all = [LINK_LOCAL, ...many];
  const capture = await pair.capture('ip6 proto 112');
  const lengths = () => new Set(capture.lines.map((line) => /length (\d+)$/.exec(line)?.[1]));
  const keepalived = pair.keepalived(
    [...THEIRS, 'priority 100'],
    3,
    all.map((each) => `${each}/64`),
  );
  await keepalived.says('excess moved to eVIPs');
  await keepalived.says('Entering MASTER STATE');
  const ours = pair.elector(ipv6({ vips: all.map((each) => vip(each, 64)) }));
  await ours.is('MASTER');
  await until('the last address', () => pair.has('a', many.at(-1)) && !pair.has('b', many.at(-1)));
  await pause(500);
  expect(ours.states.at(-1)).toBe('MASTER');
  expect(
    ours.notices.filter((text) => /dropped|other virtual addresses|could not be sent/.test(text)),
  ).toEqual([]);
  expect(ours.notices.some((text) => text.includes('(max 89 addresses, MTU 1500)'))).toBe(true);
  expect(lengths()).toEqual(new Set(['1432'])); // of both
  ours.send({ type: 'stop' });
  await ours.ended();
  for (const each of all) expect(pair.has('a', each)).toBe(false);
});

describe('over IPv6 with a virtual MAC', () => {
  const NAME = 'vrrp.51';
  const MAC = '00:00:5e:00:02:33';
  const device = { name: NAME, base: DEVICE, mac: MAC, family: 6 } as const;
  function onDevice(sendsOnBase: boolean, priority = 150) {
    const vips = [vip(LINK_LOCAL, 64), vip(GLOBAL)].map((each) => ({ ...each, interface: NAME }));
    return ipv6({ vips, priority, vmac: { device, sendsOnBase, others: [] } });
  }
  /** keepalived puts the addresses onto its device only where no interface is named. */
  function theirsOnDevice(priority: number, more: readonly string[]) {
    const body = [
      'state BACKUP',
      `interface ${DEVICE}`,
      'virtual_router_id 51',
      ...THEIRS,
      'use_vmac',
      ...more,
    ];
    const vips = `virtual_ipaddress {\n${LINK_LOCAL}/64\n${GLOBAL}/128\n}\n`;
    const head = 'global_defs {\nvrrp_version 3\n}\n';
    return pair.keepalivedWith(
      `${head}vrrp_instance K {\n${[...body, `priority ${priority}`].join('\n')}\n${vips}}\n`,
    );
  }
  const holds = (side: 'a' | 'b', address: string) =>
    pair.ip(side, '-6', 'addr', 'show').includes(` ${address}/`) &&
    pair.ip(side, '-6', 'addr', 'show', 'dev', NAME).includes(` ${address}/`);
  afterEach(async () => {
    await pair.end();
    for (const side of ['a', 'b'] as const)
      if (pair.ip(side, '-br', 'link').includes(NAME)) pair.ip(side, 'link', 'del', NAME);
  });

  test.each([
    ['through the device', false, []],
    ['through the base', true, ['vmac_xmit_base']],
  ] as const)('adverts %s: both roles with keepalived, and neighbours follow', async (_, onBase, more) => {
    const keepalived = theirsOnDevice(100, more);
    const capture = await pair.capture('icmp6 or ip6 proto 112');
    const ours = pair.elector(onDevice(onBase));
    await ours.is('MASTER');
    await keepalived.says('Entering BACKUP STATE');
    await until('the addresses', () => holds('a', GLOBAL) && holds('a', LINK_LOCAL));
    await pause(500);
    expect(ours.states).toEqual(['BACKUP', 'MASTER']);
    expect(holds('b', GLOBAL)).toBe(false);
    expect(ours.notices.filter((text) => text.includes('dropped'))).toEqual([]);
    const adverts = capture.lines.filter(
      (line) => line.includes('> ff02::12: ') && line.includes('prio 150'),
    );
    expect(adverts.length).toBeGreaterThan(2);
    for (const line of adverts) expect(line.includes(`${MAC} > `)).toBe(!onBase);
    // Not what keepalived answers to the question who has the address.
    const told = capture.lines.filter(
      (line) => line.includes(`tgt is ${GLOBAL},`) && line.includes('> ff02::1: '),
    );
    expect(told.length).toBeGreaterThan(0);
    for (const line of told) expect(line).toContain(`${MAC} > 33:33:00:00:00:01`);

    ours.send({ type: 'drill', holdMs: 60_000 });
    await keepalived.says('Entering MASTER STATE');
    await ours.is('BACKUP');
    await until('the address on the other side', () => holds('b', GLOBAL) && !holds('a', GLOBAL));
    await pause(500);
    expect(ours.states.at(-1)).toBe('BACKUP');
    keepalived.stop();
    await ours.is('MASTER');
    await until('the address here', () => holds('a', GLOBAL));
    ours.send({ type: 'stop' });
    await ours.ended();
    expect(pair.ip('a', '-br', 'link')).not.toContain(NAME);
  });
});
