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
        untracked: true,
      },
    ],
    said: [],
  });
  expect(read('default via fd00::2').routes).toMatchObject([{ family: 6, to: { address: '::', length: 0 } }]);
  expect(read('blackhole 10.5.0.0/16').routes).toMatchObject([{ type: 6, table: 254 }]);
});

test.each([
  '10.5.0.0/16 via 10.0.0.2 mtu 1400',
  '10.5.0.0/16 via 10.0.0.2 table black_magic',
  '10.5.0.0/16 nexthop via 10.0.0.2 weight 2 nexthop via 10.0.0.3 weight 1',
  'nat 10.5.0.0/16 via 10.0.0.2',
])('%s is left out as a whole, and that is said', (entry) => {
  expect(read(entry)).toEqual({ routes: [], said: ['CFG_UNSUPPORTED'] });
});
