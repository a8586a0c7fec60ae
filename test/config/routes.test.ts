// What becomes of entries of virtual_routes: the route, or a word about why it is left out.
import { expect, test } from 'vitest';
import { readConfiguration } from '../../src/config/read.ts';

function read(entry: string) {
  const text = `vrrp_instance V {
interface eth0
virtual_router_id 5
virtual_ipaddress {
10.0.0.1/24
}
virtual_routes {
${entry}
}
}
`;
  const { configuration, diagnostics } = readConfiguration([{ name: 'file', text }]);
  return {
    routes: configuration!.instances[0]!.routes,
    said: diagnostics.map(({ code }) => code),
  };
}

test('a route by keepalived’s words', () => {
  expect(read('src 10.0.0.1 to 10.5.0.0/16 gw 10.0.0.2 oif eth0 table 100 metric 0x10 no_track')).toEqual({
    routes: [
      {
        family: 4,
        type: 1,
        to: { address: '10.5.0.0', length: 16 },
        table: 100,
        scope: 0,
        interface: 'eth0',
        via: '10.0.0.2',
        source: '10.0.0.1',
        priority: 16,
        origin: 18,
        untracked: true,
      },
    ],
    said: [],
  });
  expect(read('default via fd00::2').routes).toMatchObject([{ family: 6, to: { address: '::', length: 0 } }]);
  expect(read('blackhole 10.5.0.0/16').routes).toMatchObject([{ type: 6, table: 254 }]);
});

test('metrics: held ones, and times in the kernel’s units, 200 ms at least as in keepalived', () => {
  const words = 'mtu lock 1400 rtt 0.5s rttvar lock 300ms rto_min 10 features ecn congctl lock cubic';
  const lock = (1 << 2) | (1 << 5) | (1 << 16);
  expect(read(`10.5.0.0/16 dev eth0 ${words}`).routes).toMatchObject([
    { metrics: { lock, mtu: 1400, rtt: 4000, rttvar: 1200, rto_min: 200, features: 1, congctl: 'cubic' } },
  ]);
});

test('several next hops, each with its own words', () => {
  const hops = 'nexthop via 10.0.0.2 dev eth0 weight 2 nexthop via 10.0.0.3 realms 3/4 onlink';
  expect(read(`10.5.0.0/16 ${hops}`).routes).toMatchObject([
    {
      hops: [
        { via: '10.0.0.2', interface: 'eth0', weight: 2 },
        { via: '10.0.0.3', weight: 1, realms: 0x30004, onlink: true },
      ],
    },
  ]);
});

test.each([
  ['mpls 100/200', { kind: 'mpls', labels: [100, 200] }],
  ['ip id 5 dst 10.0.0.9 tos 4', { kind: 'ip', id: '5', to: '10.0.0.9', tos: 4 }],
  ['ila 1:2:3:4', { kind: 'ila', locator: '1:2:3:4' }],
])('encap %s', (words, encapsulation) => {
  const { routes, said } = read(`10.5.0.0/16 encap ${words} dev eth0`);
  expect(said).toEqual([]);
  expect(routes).toMatchObject([{ interface: 'eth0', encapsulation }]);
});

test.each([
  '10.5.0.0/16 via 10.0.0.2 vrf red',
  '10.5.0.0/16 dev eth0 or 10.0.0.2',
  '10.5.0.0/16 dev eth0 realms my_realm',
  '10.5.0.0/16 via 10.0.0.2 table black_magic',
  'nat 10.5.0.0/16 via 10.0.0.2',
])('%s is left out as a whole, and that is said', (entry) => {
  expect(read(entry)).toEqual({ routes: [], said: ['CFG_UNSUPPORTED'] });
});
