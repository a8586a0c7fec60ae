// What has to be kept back, from the words of a file.
import { expect, test } from 'vitest';
import { readConfiguration } from '../../src/config/read.ts';
import { planElector } from '../../src/director/plan.ts';
import { filterFor } from '../../src/vrrp/filter.ts';

function planned(words: string, { global = '', engine = 'kernel' as 'kernel' | 'engine' } = {}) {
  const text = `global_defs {\n${global}\n}
vrrp_instance V {
interface eth0
virtual_router_id 51
${words}
virtual_ipaddress { 10.0.0.1/24 }
virtual_ipaddress_excluded { 10.0.0.2/24\nfd00::1/64\nfe80::1/64 }
}
virtual_server 10.0.0.2 80 {
real_server 10.1.0.1 80 {\n}
}
`;
  const { configuration, diagnostics } = readConfiguration([{ name: 'x', text }]);
  const settings = planElector(configuration!, engine);
  return { settings, filter: filterFor(settings), said: diagnostics };
}
const filter = (words: string, engine?: 'engine') => {
  const { silent, refused } = planned(words, engine === undefined ? {} : { engine }).filter;
  return { silent, refused };
};
const NOTHING = { silent: [], refused: [] };
const VIPS = [
  { address: '10.0.0.1' },
  { address: '10.0.0.2' },
  { address: 'fd00::1' },
  { address: 'fe80::1', interface: 'eth0' },
];

test('nothing, unless asked for', () => {
  expect(filter('')).toEqual(NOTHING);
  expect(filter('accept')).toEqual(NOTHING);
});
test('no_accept: every address of the instance, advertised or not', () => {
  expect(filter('no_accept')).toEqual({ silent: [], refused: VIPS });
});
test('of accept and no_accept the last one counts', () => {
  expect(filter('no_accept\naccept')).toEqual(NOTHING);
  expect(filter('accept\nno_accept')).toEqual({ silent: [], refused: VIPS });
});
test('an address owner refuses nothing', () => {
  expect(filter('no_accept\npriority 255')).toEqual(NOTHING);
});
test('an interface with the virtual MAC is silent', () => {
  expect(filter('use_vmac')).toEqual({ silent: [{ name: 'vrrp.51', family: 4 }], refused: [] });
});
test('the embedded engine needs none of it', () => {
  expect(filter('use_vmac\nno_accept', 'engine')).toEqual(NOTHING);
});

test('its table is ours and after IPVS, unless the file says otherwise', () => {
  const { table, priority, counters } = planned('').filter;
  expect({ table, priority, counters }).toEqual({
    table: 'lvs-director',
    priority: { in: 101, out: -1 },
    counters: false,
  });
  const global = 'nftables other\nnftables_priority 200\nnftables_counters\nnftables_ifindex';
  expect(planned('', { global }).filter).toEqual({
    table: 'other',
    priority: { in: 200, out: 200 },
    counters: true,
    ...NOTHING,
  });
  expect(planned('', { global: 'nftables' }).filter.table).toBe('lvs-director');
});

test('no_accept before IPVS takes a virtual server its packets: that is said', () => {
  const roles = (global: string, words = 'no_accept') =>
    planned(words, { global }).said.filter(({ code }) => code === 'CFG_TWO_ROLES');
  expect(roles('nftables_priority -1')[0]!.message).toContain('drops packets to 10.0.0.2 before IPVS');
  expect(roles('nftables_priority 100')).toEqual([]);
  expect(roles('nftables_priority -1', '')).toEqual([]);
  expect(roles('')).toEqual([]);
});

test('words about iptables are said to mean the same table', () => {
  const said = (global: string) =>
    planned('', { global }).said.filter(({ code }) => code === 'CFG_REDUNDANT');
  expect(said('vrrp_iptables in out')).toHaveLength(1);
  expect(said('vrrp_ipsets')).toHaveLength(1);
  expect(said('vrrp_iptables\nnftables')).toEqual([]); // keepalived takes nftables then, too
});

test('disable_local_igmp is told to the elector', () => {
  expect(planned('', { global: 'disable_local_igmp' }).settings.silencesLocalGroups).toBe(true);
});
