// What becomes of entries of virtual_rules: the rule, or a word about why it is left out.
import { expect, test } from 'vitest';
import { readConfiguration } from '../../src/config/read.ts';

function read(entries: string) {
  const text = `vrrp_instance V {
interface eth0
virtual_router_id 5
virtual_ipaddress {
10.0.0.1/24
}
virtual_rules {
${entries}
}
}
`;
  const { configuration, diagnostics } = readConfiguration([{ name: 'file', text }]);
  return {
    rules: configuration!.instances[0]!.rules.map(({ value }) => value),
    said: diagnostics.map(({ code }) => code),
  };
}

test('every option', () => {
  const match =
    'not from 10.5.0.0/16 to 10.6.0.0/16 tos 0x10 fwmark 0x10/0xf0 iif eth0 oif eth1 tunnel-id 0x10';
  const more = 'uidrange 1000-2000 ipproto TCP sport 10-20 dport 80-80 realms 3/4 protocol 12 no_track';
  const what = 'lookup main sup_pl 8 sup_group default priority 50';
  expect(read(`${match} ${more} ${what}`)).toEqual({
    rules: [
      {
        family: 4,
        action: 'table',
        table: 254,
        priority: 50,
        not: true,
        from: { address: '10.5.0.0', length: 16 },
        to: { address: '10.6.0.0', length: 16 },
        tos: 16,
        mark: 16,
        mask: 240,
        in: 'eth0',
        out: 'eth1',
        tunnel: '16',
        users: [1000, 2000],
        ipProtocol: 6,
        sourcePorts: [10, 20],
        destinationPorts: [80, 80],
        realms: 0x30004,
        suppressLength: 8,
        suppressGroup: 0,
        origin: 12,
        untracked: true,
      },
    ],
    said: [],
  });
});

test.each([
  ['goto 60 priority 50', { action: 'goto', goto: 60 }],
  ['type blackhole priority 50', { action: 'blackhole' }],
  ['prohibit from all priority 50', { action: 'prohibit' }],
  ['nop priority 50', { action: 'nop' }],
  ['l3mdev priority 50', { action: 'table', ofVrf: true }],
  ['inet6 fwmark 5 table 9 priority 50', { family: 6, table: 9, mark: 5 }],
  ['from ::/0 table 9 priority 50', { family: 6 }],
  ['from default6 table 9 priority 50', { family: 6 }],
])('%s', (entry, rule) => {
  const { rules, said } = read(entry);
  expect(said).toEqual([]);
  expect(rules).toMatchObject([rule]);
});

test('without a priority they get keepalived’s: from 16384 down in each family, as the file has them', () => {
  const { rules, said } = read('from 10.5.0.0/16 table 1\nfrom fd00::/8 table 1\nfrom 10.6.0.0/16 table 1');
  expect(rules.map(({ priority }) => priority)).toEqual([16_384, 16_384, 16_383]);
  expect(said).toEqual(['CFG_DEFAULT', 'CFG_DEFAULT', 'CFG_DEFAULT']);
});

test.each(['table black_magic', 'table 5 ipproto pigeon', 'table 5 tos loud', 'table 5 realms 5/mine'])(
  '%s is left out as a whole, and that is said',
  (entry) => {
    expect(read(`from 10.5.0.0/16 priority 50 ${entry}`)).toEqual({ rules: [], said: ['CFG_NAME'] });
  },
);
