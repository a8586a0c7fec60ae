// A real server looked at from inside: each thing that can be wrong is found and named, and what is done
// about it makes it right, once and for all.
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { address } from '../../../src/core/address.ts';
import type { Duty } from '../../../src/director/preflight/duties.ts';
import { examineServer } from '../../../src/director/preflight/examine.ts';
import { type Finding, stepsOf } from '../../../src/director/preflight/finding.ts';
import type { Host, HostLink } from '../../../src/director/preflight/host.ts';
import { carryOut, duty, ETH, GATEWAY, host, SERVER, VIP } from './hosts.ts';

const QUIET = new Map([
  ['ipv4/conf/all/arp_ignore', '1'],
  ['ipv4/conf/all/arp_announce', '2'],
]);
const AROUND = { gateways: [GATEWAY, VIP] };
const TUN = duty({ method: { forwarding: 'TUN' } });
const NAT = duty({ method: { forwarding: 'NAT' }, serverPort: 8080 });
const onLo = { interface: 'lo', prefix: { address: VIP, length: 32 }, scope: 0 };
const tunnel = (own: Partial<HostLink> = {}): HostLink => ({
  name: 'tun4',
  up: true,
  loopback: false,
  mtu: 1480,
  kind: 'ipip',
  tunnel: { local: SERVER },
  ...own,
});
const defaultVia = (via: string, own: object = {}) => ({
  family: 4 as const,
  type: 1,
  to: { address: address('0.0.0.0'), length: 0 },
  table: 254,
  scope: 0,
  origin: 3,
  via: address(via),
  interface: 'eth0',
  ...own,
});
const good = host({ sysctls: QUIET, addresses: [...host().addresses, onLo] });

function wrong(duties: readonly Duty[], of: Host): string[] {
  return bad(examineServer(duties, of, AROUND));
}
function bad(findings: readonly Finding[]): string[] {
  return findings.filter(({ level }) => level !== 'ok').map(({ code, level }) => `${level} ${code}`);
}
function saidOf(duties: readonly Duty[], of: Host): string {
  return examineServer(duties, of, AROUND)
    .map(({ says }) => says)
    .join('\n');
}

describe('DR', () => {
  test('as it has to be', () => {
    expect(wrong([duty()], good)).toEqual([]);
  });
  test('nothing done yet: three findings, and steps in an order in which nobody learns the address', () => {
    const findings = examineServer([duty()], host(), AROUND);
    expect(bad(findings)).toEqual(['wrong RS_ARP_IGNORE', 'wrong RS_ARP_ANNOUNCE', 'wrong RS_VIP']);
    expect(findings.flatMap(({ steps = [] }) => steps.map((step) => step.do))).toEqual([
      'setSysctl',
      'setSysctl',
      'addAddress',
    ]);
  });
  test.each([
    ['1', '0', []],
    ['0', '1', []],
    ['0', '2', []],
    ['8', '0', []],
    ['0', '0', ['wrong RS_ARP_IGNORE']],
    ['3', '1', ['wrong RS_ARP_IGNORE']],
    ['4', '0', ['wrong RS_ARP_IGNORE']],
  ])('arp_ignore of all %s and of the interface %s', (all, own, expected) => {
    const sysctls = new Map([
      ...QUIET,
      ['ipv4/conf/all/arp_ignore', all],
      ['ipv4/conf/eth0/arp_ignore', own],
    ]);
    expect(wrong([duty()], { ...good, sysctls })).toEqual(expected);
  });
  test('where ARP cannot be kept quiet, no address is added', () => {
    const sysctls = new Map([...QUIET, ['ipv4/conf/eth0/arp_ignore', '5']]);
    const findings = examineServer([duty()], host({ sysctls }), AROUND);
    expect(bad(findings)).toEqual(['wrong RS_ARP_IGNORE', 'wrong RS_VIP']);
    expect(stepsOf(findings)).toEqual([]);
  });
  test('arp_ignore 3 keeps quiet about an address of scope host', () => {
    const sysctls = new Map([...QUIET, ['ipv4/conf/all/arp_ignore', '3']]);
    const addresses = [...host().addresses, { ...onLo, scope: 254 }];
    expect(wrong([duty()], { ...good, sysctls, addresses })).toEqual([]);
  });
  test('the address on the segment, on a dummy, on lo with the whole network', () => {
    const at = (name: string, length: number) =>
      host({
        sysctls: QUIET,
        links: [...host().links, { ...ETH, name: 'dummy0', kind: 'dummy' }],
        addresses: [...host().addresses, { interface: name, prefix: { address: VIP, length }, scope: 0 }],
      });
    expect(wrong([duty()], at('dummy0', 32))).toEqual([]);
    expect(saidOf([duty()], at('eth0', 32))).toContain('10.0.0.50 is on eth0, where others ask for it');
    expect(saidOf([duty()], at('lo', 24))).toContain(
      '10.0.0.50/24 is on lo: that takes in the whole network',
    );
    for (const [name, length] of [
      ['eth0', 32],
      ['lo', 24],
    ] as const)
      expect(wrong([duty()], at(name, length))).toEqual(['wrong RS_VIP']);
  });
  test('IPv6 needs the address only', () => {
    const [server, vip] = [address('fd00::21'), address('fd00::50')];
    const addresses = [{ interface: 'eth0', prefix: { address: server, length: 64 }, scope: 0 }];
    const six = host({ addresses });
    expect(wrong([duty({ server, vip })], six)).toEqual(['wrong RS_VIP']);
    const steps = examineServer([duty({ server, vip })], six, AROUND).flatMap(
      (finding) => finding.steps ?? [],
    );
    expect(steps).toEqual([{ do: 'addAddress', interface: 'lo', address: vip }]);
  });
  test('who listens at the own address only is no server of the virtual one', () => {
    const listeners = [{ protocol: 'TCP', port: 80, address: SERVER }] as const;
    expect(saidOf([duty()], { ...good, listeners })).toContain(
      'nobody listens at TCP 10.0.0.50:80, but at 10.0.0.21:80',
    );
    expect(wrong([duty()], { ...good, listeners: [{ protocol: 'UDP', port: 80 }] })).toEqual([
      'wrong RS_PORT',
    ]);
    expect(wrong([duty()], { ...good, listeners: [{ protocol: 'TCP', port: 80, address: VIP }] })).toEqual(
      [],
    );
    expect(wrong([duty()], { ...good, listeners: [{ protocol: 'TCP', port: 80, family: 4 }] })).toEqual([]);
  });
});

describe('TUN', () => {
  const withTunnel = (link: HostLink, sysctls = new Map([...QUIET])) => ({
    ...good,
    links: [...good.links, link],
    sysctls: sysctls.set('ipv4/conf/tun4/rp_filter', sysctls.get('ipv4/conf/tun4/rp_filter') ?? '0'),
    routes: [defaultVia('10.0.0.254', { metrics: { advmss: 1440 } })],
  });
  test('as it has to be', () => {
    expect(wrong([TUN], withTunnel(tunnel()))).toEqual([]);
    expect(wrong([TUN], withTunnel(tunnel({ tunnel: {} })))).toEqual([]);
  });
  test.each([
    ['another end', tunnel({ tunnel: { local: GATEWAY } })],
    ['one director only', tunnel({ tunnel: { local: SERVER, remote: GATEWAY } })],
    ['another kind', tunnel({ kind: 'gre' })],
    ['down', tunnel({ up: false })],
  ])('no tunnel: %s', (_, link) => {
    expect(wrong([TUN], withTunnel(link))).toEqual(['wrong RS_TUNNEL']);
  });
  test.each([
    ['0', '1', true],
    ['1', '0', true],
    ['2', '1', false],
    ['1', '2', false],
    ['0', '0', false],
  ])('rp_filter of all %s and of the tunnel %s, which has an address', (all, own, isWrong) => {
    const sysctls = new Map([...QUIET, ['ipv4/conf/all/rp_filter', all], ['ipv4/conf/tun4/rp_filter', own]]);
    const of = withTunnel(tunnel(), sysctls);
    const addresses = [...of.addresses, { ...onLo, interface: 'tun4' }];
    expect(wrong([TUN], { ...of, addresses })).toEqual(isWrong ? ['wrong RS_RP_FILTER'] : []);
    const isOff = all === '0' && own === '0';
    expect(saidOf([TUN], of).includes('tun4 has no address')).toBe(!isOff);
  });
  test('segments of clients that do not fit: a warning, and an advmss that they do fit', () => {
    const plain = { ...withTunnel(tunnel()), routes: [defaultVia('10.0.0.254')] };
    const findings = examineServer([TUN], plain, AROUND);
    expect(bad(findings)).toEqual(['warning RS_TUNNEL_MTU']);
    const [step] = findings.flatMap(({ steps = [] }) => steps);
    expect(step).toMatchObject({ do: 'setRoute', route: { metrics: { advmss: 1440 } } });
    const jumbo = { ...plain, links: plain.links.map((link) => ({ ...link, mtu: 9000 })) };
    expect(wrong([TUN], jumbo)).toEqual([]);
  });
  test.each([
    ['10.0.0.21', '10.0.0.50', undefined, 'ipip', 1440],
    ['10.0.0.21', 'fd00::50', undefined, 'sit', 1420],
    ['fd00::21', 'fd00::50', undefined, 'ip6tnl', 1400],
    ['fd00::21', '10.0.0.50', undefined, 'ip6tnl', 1420],
    ['10.0.0.21', '10.0.0.50', { type: 'gre', checksum: 'none' }, 'gre', 1436],
    ['fd00::21', 'fd00::50', { type: 'gre', checksum: 'csum' }, 'ip6gre', 1392],
  ] as const)('from %s for %s by %o: %s, segments of %d', (server, vip, wrapping, kind, segment) => {
    const method = { forwarding: 'TUN', ...(wrapping === undefined ? {} : { tunnel: wrapping }) } as const;
    const one = duty({ server: address(server), vip: address(vip), method });
    const prefix = { address: one.server, length: 24 };
    const bare = host({ addresses: [{ interface: 'eth0', prefix, scope: 0 }] });
    const findings = examineServer([one], bare, AROUND);
    const made = findings.flatMap(({ steps = [] }) => steps).find((step) => step.do === 'addTunnel');
    expect(made?.tunnel).toEqual({ name: `lvs-${kind}`, kind, local: one.server });
    expect(findings.find(({ code }) => code === 'RS_TUNNEL_MTU')?.says).toContain(`the ${segment} that fit`);
  });
});

describe('NAT', () => {
  const listening = host({ listeners: [{ protocol: 'TCP', port: 8080 }] });
  test('the gateway is the address that a director holds in its network', () => {
    expect(wrong([NAT], { ...listening, routes: [defaultVia(GATEWAY)] })).toEqual([
      'warning RS_GATEWAY', // the virtual address is in the network of the server
    ]);
  });
  test.each([
    ['another router', [defaultVia('10.0.0.254')]],
    ['no route', []],
  ])('%s', (_, routes) => {
    const findings = examineServer([NAT], { ...listening, routes }, AROUND);
    expect(bad(findings)[0]).toBe('wrong RS_GATEWAY');
    const [step] = findings.flatMap(({ steps = [] }) => steps);
    expect(step).toMatchObject({ do: 'setRoute', route: { via: GATEWAY, interface: 'eth0' } });
    expect(step?.do === 'setRoute' && step.former).toEqual(routes[0]);
  });
  test('nobody knows the gateway: it is asked for, and nothing is done', () => {
    const findings = examineServer([NAT], listening, { gateways: [] });
    expect(findings.find(({ code }) => code === 'RS_GATEWAY')?.hint).toContain('--gateway');
    expect(findings.flatMap(({ steps = [] }) => steps)).toEqual([]);
  });
  test('the virtual address is on the server', () => {
    const addresses = [...listening.addresses, onLo];
    const of = { ...listening, addresses, routes: [defaultVia(GATEWAY)] };
    expect(wrong([NAT], of)).toContain('wrong RS_NAT_VIP');
    expect(wrong([NAT, duty()], { ...of, sysctls: QUIET })).not.toContain('wrong RS_NAT_VIP');
  });
});

test('whatever a machine is like: what is done makes right what it is for, and nothing is left to do', () => {
  const level = fc.constantFrom('0', '1', '2');
  const machine = fc.record({
    sysctls: fc.record({
      'ipv4/conf/all/arp_ignore': level,
      'ipv4/conf/eth0/arp_ignore': level,
      'ipv4/conf/all/arp_announce': level,
      'ipv4/conf/eth0/arp_announce': level,
      'ipv4/conf/all/rp_filter': level,
      'ipv4/conf/default/rp_filter': level,
      'ipv4/conf/tun4/rp_filter': level,
    }),
    hasVip: fc.boolean(),
    tunnel: fc.constantFrom(
      undefined,
      tunnel(),
      tunnel({ up: false }),
      tunnel({ tunnel: { local: GATEWAY } }),
    ),
    via: fc.constantFrom(undefined, '10.0.0.1', '10.0.0.254'),
    duties: fc.constantFrom([duty()], [TUN], [NAT], [duty(), { ...TUN, vip: address('10.0.0.51') }]),
  });
  fc.assert(
    fc.property(machine, ({ sysctls, hasVip, tunnel: link, via, duties }) => {
      const before = host({
        links: [...host().links, ...(link === undefined ? [] : [link])],
        addresses: [...host().addresses, ...(hasVip && duties[0] !== NAT ? [onLo] : [])],
        sysctls: new Map(Object.entries(sysctls)),
        routes: via === undefined ? [] : [defaultVia(via)],
        listeners: [
          { protocol: 'TCP', port: 80 },
          { protocol: 'TCP', port: 8080 },
        ],
      });
      const findings = examineServer(duties, before, AROUND);
      const after = carryOut(
        stepsOf(findings).map(({ step }) => step),
        before,
      );
      const again = examineServer(duties, after, AROUND);
      expect(stepsOf(again)).toEqual([]);
      expect(again.filter(({ level: of }) => of === 'wrong')).toEqual([]);
      // The same is wanted before and after: else what was done would be undone by the next `apply`.
      const keys = new Set(again.map(({ key }) => key));
      for (const { key } of stepsOf(findings)) expect(keys).toContain(key);
    }),
  );
});
