// A director's machine against its file: each trap is found when the file makes it one, and not otherwise.
import { describe, expect, test } from 'vitest';
import { readConfiguration } from '../../../src/config/read.ts';
import { type Address, address } from '../../../src/core/address.ts';
import type { Way } from '../../../src/director/preflight/asking.ts';
import { examineDirector, type System } from '../../../src/director/preflight/doctor.ts';
import type { HostLink } from '../../../src/director/preflight/host.ts';
import { host } from './hosts.ts';

const link = (name: string, own: Partial<HostLink> = {}): HostLink => ({
  name,
  up: true,
  loopback: false,
  mtu: 1500,
  mac: '02:00:00:00:00:01',
  ...own,
});
const way = (server: string, own: Partial<Way> = {}): [Address, Way] => [
  address(server),
  {
    server: address(server),
    interface: 'eth1',
    mtu: 1500,
    ownMac: Buffer.alloc(6),
    from: { server: undefined, vip4: undefined, vip6: undefined, beyond: undefined },
    ...own,
  },
];
const VS = {
  'ipv4/vs/conntrack': '0',
  'ipv4/vs/expire_nodest_conn': '1',
  'ipv4/vs/expire_quiescent_template': '1',
  'ipv4/vs/conn_reuse_mode': '1',
  'ipv4/vs/sloppy_tcp': '0',
  'ipv4/vs/pmtu_disc': '1',
};
type Own = Partial<Omit<System, 'sysctl'>> & { sysctls?: Record<string, string> };
function system({ sysctls = {}, ...own }: Own = {}): System {
  const values: Record<string, string> = {
    'ipv4/ip_forward': '1',
    'ipv6/conf/all/forwarding': '1',
    ...VS,
    ...sysctls,
  };
  return {
    host: host({
      links: [link('eth0'), link('eth1')],
      addresses: [
        { interface: 'eth0', prefix: { address: address('10.0.0.11'), length: 24 }, scope: 0 },
        { interface: 'eth1', prefix: { address: address('10.1.0.11'), length: 24 }, scope: 0 },
      ],
    }),
    kernel: '6.1.0-18-amd64',
    hasIpvs: true,
    module: () => 'loaded',
    sysctl: (path) => values[path],
    ways: new Map([way('10.1.0.21')]),
    ...own,
  };
}
const instance = `vrrp_instance V {
  interface eth0
  virtual_router_id 1
  priority 100
  virtual_ipaddress {
    10.0.0.50
  }
}
`;
const service = (kind: string, lines = '', server = '10.1.0.21') => `${instance}virtual_server 10.0.0.50 80 {
  lb_kind ${kind}
  protocol TCP
  ${lines}
  real_server ${server} 80 {
  }
}
`;
const MARKED = service('NAT').replace('virtual_server 10.0.0.50 80', 'virtual_server fwmark 7');
const GROUP = `global_defs {
  nftables_ipvs
}
virtual_server_group web {
  10.0.0.50 80
}
${service('NAT').replace('10.0.0.50 80', 'group web')}`;
const ipvs = (words: string) => `director {\nipvs {\n${words}\n}\n}\n`;
const LATER: Own = { hasIpvs: false, module: () => 'available' };
function bad(text: string, of = system()): string[] {
  const { configuration, diagnostics } = readConfiguration([{ name: 'director.conf', text }]);
  expect(diagnostics.filter(({ severity }) => severity === 'error')).toEqual([]);
  const findings = examineDirector(configuration, of);
  expect(findings.filter(({ level, hint }) => level === 'wrong' && hint === undefined)).toEqual([]);
  return findings.flatMap(({ level, code }) => (level === 'ok' ? [] : [`${level} ${code}`]));
}

test('a machine that is as it has to be', () => {
  for (const kind of ['NAT', 'DR']) expect(bad(service(kind))).toEqual([]);
});

describe('what the file makes matter, and what it does not', () => {
  const rows: [string, string, Own, string[]][] = [
    ['forwarding, of NAT', service('NAT'), { sysctls: { 'ipv4/ip_forward': '0' } }, ['wrong DIR_FORWARDING']],
    ['forwarding, of DR', service('DR'), { sysctls: { 'ipv4/ip_forward': '0' } }, []],
    ['no IPVS', service('NAT'), { hasIpvs: false, module: () => 'missing' }, ['warning DIR_IPVS']],
    [
      'no IPVS, and it is asked for',
      `${service('NAT')}director {\n engine kernel\n}\n`,
      { hasIpvs: false, module: () => 'missing' },
      ['wrong DIR_IPVS'],
    ],
    [
      'IPVS to be loaded',
      service('NAT'),
      { hasIpvs: false, module: () => 'available' },
      ['warning DIR_IPVS'],
    ],
    [
      'no such scheduler',
      service('NAT', 'lb_algo mh'),
      {
        module: (name) => (name === 'ip_vs_mh' ? 'missing' : 'loaded'),
        sysctls: { 'ipv4/vs/sloppy_tcp': '1' },
      },
      ['wrong DIR_SCHEDULER'],
    ],
    [
      'the embedded engine needs nothing of the kernel',
      `${service('NAT', 'lb_algo mh')}director {\n engine embedded\n}\n`,
      { hasIpvs: false, module: () => 'missing', sysctls: { 'ipv4/ip_forward': '0' } },
      [],
    ],
    [
      'marks, and the embedded engine',
      `${MARKED}director {\n engine embedded\n}\n`,
      { hasIpvs: false, module: () => 'missing' },
      ['warning DIR_MARKS'],
    ],
    [
      'marks, and a kernel without IPVS',
      MARKED,
      { hasIpvs: false, module: () => 'missing' },
      ['warning DIR_IPVS', 'warning DIR_MARKS'],
    ],
    [
      'marks, and a kernel that tells none',
      `${MARKED}director {\n engine embedded\n}\n`,
      { kernel: '5.15.0-91-generic' },
      ['wrong DIR_MARKS'],
    ],
    ['marks, and IPVS', MARKED, {}, []],
    ['groups to be marked', GROUP, {}, []],
    [
      'groups to be marked, and a kernel without nf_tables',
      GROUP,
      { module: (name: string) => (name === 'nf_tables' ? 'missing' : 'loaded') },
      ['warning DIR_MARKS'],
    ],
    ['groups to be marked by the embedded engine', `director {\nengine embedded\n}\n${GROUP}`, {}, []],
    [
      'a server that fails is removed',
      service('NAT'),
      { sysctls: { 'ipv4/vs/expire_nodest_conn': '0' } },
      ['warning DIR_NODEST'],
    ],
    [
      'a server that fails gets weight 0',
      service('NAT', 'inhibit_on_failure'),
      { sysctls: { 'ipv4/vs/expire_nodest_conn': '0' } },
      [],
    ],
    [
      'persistent, and weight 0',
      service('NAT', 'persistence_timeout 60\n inhibit_on_failure'),
      { sysctls: { 'ipv4/vs/expire_quiescent_template': '0' } },
      ['warning DIR_TEMPLATE'],
    ],
    [
      'not persistent',
      service('NAT', 'inhibit_on_failure'),
      { sysctls: { 'ipv4/vs/expire_quiescent_template': '0' } },
      [],
    ],
    [
      'mode 0 on a kernel that needs none',
      service('DR'),
      { sysctls: { 'ipv4/vs/conn_reuse_mode': '0' } },
      ['warning DIR_REUSE'],
    ],
    [
      'mode 0 on a kernel that needs it',
      service('DR'),
      { kernel: '5.4.0', sysctls: { 'ipv4/vs/conn_reuse_mode': '0' } },
      [],
    ],
    [
      'an old kernel that tracks',
      service('NAT'),
      { kernel: '5.8.18', sysctls: { 'ipv4/vs/conntrack': '1' } },
      ['warning DIR_REUSE'],
    ],
    [
      'conntrack, and NAT is not in it',
      service('NAT'),
      { sysctls: { 'netfilter/nf_conntrack_count': '7' } },
      ['warning DIR_CONNTRACK'],
    ],
    [
      'conntrack, for DR',
      service('DR'),
      { sysctls: { 'netfilter/nf_conntrack_count': '7', 'ipv4/vs/conntrack': '1' } },
      ['warning DIR_CONNTRACK'],
    ],
    ['mh without sync', service('DR', 'lb_algo mh'), {}, ['warning DIR_SLOPPY']],
    ['mh with sync', `global_defs {\n lvs_sync_daemon eth0 V\n}\n${service('DR', 'lb_algo mh')}`, {}, []],
    ['wlc and sloppy', service('DR'), { sysctls: { 'ipv4/vs/sloppy_tcp': '1' } }, ['warning DIR_SLOPPY']],
    [
      'sloppy by hand, and not by the file',
      `${service('DR')}${ipvs('sloppy_tcp off')}`,
      { sysctls: { 'ipv4/vs/sloppy_tcp': '1' } },
      [],
    ],
    ['sloppy by the file', `${service('DR')}${ipvs('sloppy_tcp')}`, {}, ['warning DIR_SLOPPY']],
    [
      'what the file turns on, and the kernel has not yet',
      `${service('NAT', 'persistence_timeout 9\ninhibit_on_failure')}${ipvs('expire_quiescent_template')}`,
      { sysctls: { 'ipv4/vs/expire_quiescent_template': '0' } },
      [],
    ],
    [
      'what the file turns off, and the kernel has',
      `${service('NAT')}${ipvs('expire_nodest_conn off')}`,
      {},
      ['warning DIR_NODEST'],
    ],
    ['mode 0 by the file', `${service('NAT')}${ipvs('conn_reuse_mode 0')}`, {}, ['warning DIR_REUSE']],
    [
      'settings that the kernel has not',
      `${service('DR')}${ipvs('schedule_icmp\nignore_tunneled')}`,
      {},
      ['warning DIR_SETTING'],
    ],
    [
      'settings of an IPVS that is not there yet',
      service('DR') + ipvs('schedule_icmp'),
      LATER,
      ['warning DIR_IPVS'],
    ],
    ['no way', service('DR'), { ways: new Map() }, ['wrong DIR_ROUTE']],
    [
      'DR behind a router',
      service('DR'),
      { ways: new Map([way('10.1.0.21', { via: address('10.1.0.1') })]) },
      ['wrong DIR_ROUTE'],
    ],
    [
      'TUN behind a router',
      service('TUN'),
      { ways: new Map([way('10.1.0.21', { via: address('10.1.0.1'), mtu: 1520 })]) },
      [],
    ],
    ['a tunnel that is too narrow', service('TUN'), {}, ['warning DIR_TUNNEL_MTU']],
    [
      'a sync daemon beside servers of another family',
      `global_defs {\n lvs_sync_daemon eth0 V\n}\n${service('TUN', '', 'fd01::21')}`,
      { ways: new Map([way('fd01::21', { mtu: 9000 })]) },
      ['wrong DIR_SYNC'],
    ],
    ['no interface', service('DR').replace('interface eth0', 'interface eth9'), {}, ['wrong DIR_INTERFACE']],
  ];
  test.each(rows)('%s', (_, text, own, expected) => {
    expect(bad(text, system(own))).toEqual(expected);
  });
});

test('hints name the word of the file beside sysctl, and what a mode took with it', () => {
  const hint = (text: string, of: System, code: string) => {
    const { configuration } = readConfiguration([{ name: 'director.conf', text }]);
    return examineDirector(configuration, of).find((finding) => finding.code === code)?.hint;
  };
  const nodest = system({ sysctls: { 'ipv4/vs/expire_nodest_conn': '0' } });
  expect(hint(service('NAT'), nodest, 'DIR_NODEST')).toBe(
    '`ipvs { expire_nodest_conn on }` in director, or sysctl -w net.ipv4.vs.expire_nodest_conn=1',
  );
  const reuse = (kernel: string) =>
    hint(service('NAT') + ipvs('conn_reuse_mode 0'), system({ kernel }), 'DIR_REUSE');
  expect(reuse('5.15.0')).toMatch(/before 5\.16 it takes from expire_nodest_conn/);
  expect(reuse('6.1.0')).toMatch(/^`ipvs { conn_reuse_mode 1 }` in director.*kernels since 5\.9 need no 0$/);
  const tunnel = (words: string) =>
    examineDirector(
      readConfiguration([{ name: 'x', text: service('TUN') + ipvs(words) }]).configuration,
      system(),
    ).find(({ code }) => code === 'DIR_TUNNEL_MTU')?.says;
  expect(tunnel('pmtu_disc off')).toMatch(/are cut into fragments$/);
  expect(tunnel('pmtu_disc on')).toMatch(/are refused by ICMP/);
});

test('clients and NAT servers on one network: redirects', () => {
  const of = system({ ways: new Map([way('10.0.0.21')]) });
  const sending = (value: string) => ({
    ...of,
    host: { ...of.host, sysctls: new Map([['ipv4/conf/eth0/send_redirects', value]]) },
  });
  expect(bad(service('NAT', '', '10.0.0.21'), sending('1'))).toEqual(['wrong DIR_REDIRECTS']);
  expect(bad(service('NAT', '', '10.0.0.21'), sending('0'))).toEqual([]);
  expect(bad(service('DR', '', '10.0.0.21'), sending('1'))).toEqual([]);
});

test('a strict rp_filter where clients come in and the default route does not go out', () => {
  const of = system();
  const to = { address: address('0.0.0.0'), length: 0 };
  const route = { family: 4 as const, type: 1, to, table: 254, scope: 0, origin: 3, interface: 'eth1' };
  const sysctls = new Map([['ipv4/conf/all/rp_filter', '1']]);
  expect(bad(service('DR'), { ...of, host: { ...of.host, sysctls, routes: [route] } })).toEqual([
    'warning DIR_RP_FILTER',
  ]);
  const straight = [{ ...route, interface: 'eth0' }];
  expect(bad(service('DR'), { ...of, host: { ...of.host, sysctls, routes: straight } })).toEqual([]);
});
