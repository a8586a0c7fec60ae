// From `use_vmac` in a file to the interfaces that the elector is told: names, MACs, and which addresses go
// where, as keepalived 2.2.7 was measured to have it; and what is said of words that contradict each other.
import { describe, expect, test } from 'vitest';
import { comparePair } from '../../src/config/pair.ts';
import { readConfiguration } from '../../src/config/read.ts';
import { recordDiagnostics } from '../../src/config/render.ts';
import { planElector } from '../../src/director/plan.ts';
import {
  devicesOf,
  hearingInterface,
  sendingInterface,
  sourceInterface,
  withoutVirtualDevices,
} from '../../src/vrrp/virtual-device.ts';

function instance(name: string, words: string, vips: string, device = 'eth0', vrid = 51): string {
  const head = `vrrp_instance ${name} {\nversion 3\ninterface ${device}\nvirtual_router_id ${vrid}\n`;
  return `${head}${words}\nvirtual_ipaddress {\n${vips}\n}\n}\n`;
}
function read(text: string) {
  const sources = [{ name: 'x', text }];
  const { configuration, diagnostics } = readConfiguration(sources);
  const said = recordDiagnostics(sources, diagnostics).map(
    ({ severity, code, line }) => `${severity} ${code} ${line}`,
  );
  return { settings: configuration && planElector(configuration, 'kernel'), said };
}
function devices(text: string): string[] {
  return read(text).settings!.instances.flatMap((own) =>
    devicesOf(own).map(({ name, base, mac }) => `${name} ${base} ${mac}`),
  );
}

describe('an interface', () => {
  test('has the MAC of RFC 9568, and the name of keepalived', () => {
    expect(devices(instance('V', 'use_vmac', '10.0.0.1/24'))).toEqual(['vrrp.51 eth0 00:00:5e:00:01:33']);
    expect(devices(instance('V', 'use_vmac', 'fd00::1/64', 'eth0', 255))).toEqual([
      'vrrp.255 eth0 00:00:5e:00:02:ff',
    ]);
  });

  test('has the name, MAC and group that the file gives it, in any order', () => {
    const mine = 'mine eth0 02:00:00:00:0a:77';
    expect(devices(instance('V', 'use_vmac mine 02:00:00:00:0A:77', '10.0.0.1'))).toEqual([mine]);
    expect(devices(instance('V', 'use_vmac 02:00:00:00:0A:77 name mine', '10.0.0.1'))).toEqual([mine]);
    const { settings } = read(instance('V', 'use_vmac group 7', '10.0.0.1'));
    expect(settings!.instances[0]!.vmac!.device!.group).toBe(7);
  });

  test('has the virtual_router_id for the last byte of a MAC that lacks it', () => {
    expect(devices(instance('V', 'use_vmac 02:00:5e:00:aa', '10.0.0.1'))).toEqual([
      'vrrp.51 eth0 02:00:5e:00:aa:33',
    ]);
  });

  test('has another name where the usual one is taken', () => {
    const text =
      instance('A', 'use_vmac', '10.0.0.1') +
      instance('B', 'use_vmac', 'fd00::1') +
      instance('C', 'use_vmac', '10.1.0.1', 'eth1') +
      instance('D', 'use_vmac vrrp2.51', '10.2.0.1', 'eth2') +
      instance('E', 'use_vmac', '10.3.0.1', 'eth3');
    expect(devices(text).map((line) => line.split(' ')[0])).toEqual([
      'vrrp.51',
      'vrrp6.51',
      'vrrp1.51',
      'vrrp2.51',
      'vrrp3.51',
    ]);
  });

  test.each([
    ['vmac_prefix foo', ['foo.255', 'foo1.255']],
    ['vmac_addr_prefix bar', ['vrrp.255', 'bar.255']],
    ['vmac_prefix foo\nvmac_addr_prefix bar', ['foo.255', 'bar.255']],
    ['vmac_prefix abcdefghijkl', ['abcdefghijk.255', 'abcdefghij1.255']],
  ])('begins with what the file says: %s', (words, names) => {
    const vips = '10.1.0.9\n10.2.0.9 dev eth2';
    const text = `global_defs {\n${words}\n}\n${instance('V', 'use_vmac\nuse_vmac_addr', vips, 'eth0', 255)}`;
    expect(devices(text).map((line) => line.split(' ')[0])).toEqual(names);
  });
});

describe('addresses', () => {
  const vips = '10.0.0.1\n10.0.0.2 dev eth0\n10.1.0.3 dev eth1';
  const places = (text: string) => read(text).settings!.instances[0]!.vips.map((vip) => vip.interface);

  test('of the base move onto it, also named ones; of other interfaces stay', () => {
    expect(places(instance('V', 'use_vmac', vips))).toEqual(['vrrp.51', 'vrrp.51', 'eth1']);
  });
  test('of other interfaces have one of their own with use_vmac_addr', () => {
    const text = instance('V', 'use_vmac\nuse_vmac_addr', vips);
    expect(places(text)).toEqual(['vrrp.51', 'vrrp.51', 'vrrp1.51']);
    expect(devices(text)).toEqual(['vrrp.51 eth0 00:00:5e:00:01:33', 'vrrp1.51 eth1 00:00:5e:00:01:33']);
  });
  test('have one of their own where they ask for it, with adverts through the base', () => {
    const single = '10.0.0.1\n10.0.0.2 use_vmac\n10.1.0.3 dev eth1 use_vmac';
    const text = instance('V', '', single);
    expect(places(text)).toEqual(['eth0', 'vrrp.51', 'vrrp1.51']);
    const own = read(text).settings!.instances[0]!;
    expect([own.vmac!.device, sendingInterface(own), hearingInterface(own)]).toEqual([
      undefined,
      'eth0',
      'vrrp.51',
    ]);
    const elsewhere = read(instance('V', '', '10.0.0.1\n10.1.0.3 dev eth1 use_vmac')).settings!.instances[0]!;
    expect(hearingInterface(elsewhere)).toBe('eth0');
    expect(
      withoutVirtualDevices({ instances: [own] }).instances[0]!.vips.map((vip) => vip.interface),
    ).toEqual(['eth0', 'eth0', 'eth1']);
  });
  test('are on the interfaces themselves for the embedded engine', () => {
    const { settings } = read(instance('V', 'use_vmac\nuse_vmac_addr', vips));
    const plain = read(instance('V', '', vips)).settings!;
    expect(withoutVirtualDevices(settings!)).toEqual(plain);
  });
});

describe('use_ipvlan', () => {
  const file = (words: string, vips = '10.0.0.1\n10.1.0.3 dev eth1') => read(instance('V', words, vips));
  const planned = (words: string, vips?: string) => file(words, vips).settings!.instances[0]!;

  test('has a name, an address and a mode, in any order, and sends from that address', () => {
    const own = planned('use_ipvlan vepa 10.0.0.7/24 mine group 7');
    expect(own.vmac).toEqual({
      device: {
        name: 'mine',
        base: 'eth0',
        family: 4,
        group: 7,
        ipvlan: { mode: 'vepa', address: { address: '10.0.0.7', length: 24 } },
      },
      sendsOnBase: false,
      others: [],
    });
    expect(own.source).toBe('10.0.0.7');
    expect(planned('use_ipvlan 10.0.0.7\nmcast_src_ip 10.0.0.8').source).toBe('10.0.0.8');
    expect(planned('use_ipvlan 10.0.0.7').vmac!.device).toMatchObject({
      name: 'vrrp.51',
      ipvlan: { mode: 'bridge' },
    });
  });
  test('speaks through it, hears a group on the base and peers on it; addresses stay on the base', () => {
    const own = planned('use_ipvlan 10.0.0.7/24');
    expect([sendingInterface(own), hearingInterface(own)]).toEqual(['vrrp.51', 'eth0']);
    expect(own.vips.map((vip) => vip.interface)).toEqual(['eth0', 'eth1']);
    expect(hearingInterface(planned('use_ipvlan 10.0.0.7/24\nunicast_peer {\n10.0.0.8\n}'))).toBe('vrrp.51');
  });
  test('over IPv6 speaks from a link-local address, the one given or its own', () => {
    const own = planned('use_ipvlan', 'fe80::1\nfd00::1');
    expect([own.source, sourceInterface(own)]).toEqual([undefined, 'vrrp.51']);
    expect(planned('use_ipvlan fe80::7', 'fe80::1').source).toBe('fe80::7');
    expect(planned('use_ipvlan fd00::7', 'fe80::1').source).toBeUndefined();
    expect(planned('use_ipvlan fd00::7\nunicast_peer {\nfd00::8\n}', 'fe80::1').source).toBe('fd00::7');
  });
  test('makes nothing for the embedded engine', () => {
    const { settings } = file('use_ipvlan 10.0.0.7');
    expect(withoutVirtualDevices(settings!)).toEqual(file('').settings);
  });
  test.each([
    ['use_ipvlan 10.0.0.7', 'use_ipvlan 10.0.0.8', []],
    ['use_ipvlan 10.0.0.7', 'use_ipvlan 10.0.0.8 vepa', ['error CFG_KERNEL 14']],
    ['use_ipvlan 10.0.0.7', 'use_vmac', ['error CFG_KERNEL 14']],
    ['use_ipvlan mine 10.0.0.7', 'use_ipvlan mine 10.0.0.8', ['error CFG_DUPLICATE 14']],
  ])('of `%s` and `%s` on one interface', (first, second, said) => {
    const two = instance('A', first, '10.0.0.1') + instance('B', second, '10.0.0.2', 'eth0', 52);
    expect(read(two).said).toEqual(said);
  });
});

describe('adverts', () => {
  test.each([
    ['use_vmac', false, []],
    ['use_vmac\nvmac_xmit_base', true, []],
    ['use_vmac\nvmac_xmit_base\nunicast_peer { 10.0.0.9 }', true, []],
    ['use_vmac\nunicast_peer { 10.0.0.9 }', true, ['warning CFG_DEFAULT 5']],
  ])('of `%s` go through the base: %s', (words, sendsOnBase, said) => {
    const found = read(instance('V', words, '10.0.0.1'));
    expect(found.said).toEqual(said);
    expect(found.settings!.instances[0]!.vmac!.sendsOnBase).toBe(sendsOnBase);
  });
});

describe('said', () => {
  test.each([
    ['use_vmac 01:00:5e:00:00:01', ['error CFG_VALUE 5']],
    ['use_vmac one two', ['error CFG_VALUE 5']],
    ['use_vmac eth0', ['error CFG_DUPLICATE 5']],
    ['vmac_xmit_base', ['warning CFG_REDUNDANT 5']],
  ])('of `%s`', (words, said) => {
    expect(read(instance('V', words, '10.0.0.1')).said).toEqual(said);
  });
  test('of one name for two, and of an engine that needs none', () => {
    const two =
      instance('A', 'use_vmac mine', '10.0.0.1') + instance('B', 'use_vmac mine', '10.0.0.2', 'eth0', 52);
    expect(read(two).said).toEqual(['error CFG_DUPLICATE 14']);
    const embedded = `director { engine embedded }\n${instance('V', 'use_vmac', '10.0.0.1')}`;
    expect(read(embedded).said).toEqual(['warning CFG_REDUNDANT 6']);
  });
});

test('a pair: the virtual MAC on one director only, or another one', () => {
  const side = (words: string, priority: number) =>
    readConfiguration([
      { name: 'x', text: instance('V', `priority ${priority}\nnopreempt\n${words}`, '10.0.0.1/24') },
    ]);
  const codes = (a: string, b: string) =>
    comparePair(side(a, 150), side(b, 100), false).diagnostics.map(({ code }) => code);
  expect(codes('use_vmac', 'use_vmac mine')).toEqual([]);
  expect(codes('use_vmac', '')).toEqual(['CFG_PAIR_VMAC']);
  expect(codes('use_vmac', 'use_vmac 02:00:00:00:00:01')).toEqual(['CFG_PAIR_VMAC']);
});
