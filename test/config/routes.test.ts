// What becomes of entries of virtual_routes: the route, or a word about why it is left out.
import { beforeEach, describe, expect, test } from 'vitest';
import type { NameFile, ReadNames } from '../../src/config/names.ts';
import { readConfiguration } from '../../src/config/read.ts';

function wholeFile(entry: string): string {
  return `vrrp_instance V {
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
}
function read(entry: string, readNames?: ReadNames, globals = '') {
  const sources = [{ name: 'file', text: `${globals}${wholeFile(entry)}` }];
  const { configuration, diagnostics } = readConfiguration(sources, readNames && { readNames });
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

test('or is a second next hop of the same kind', () => {
  const { routes, said } = read('10.5.0.0/16 via 10.0.0.2 or 10.0.0.3 dev eth0 onlink');
  const hop = { interface: 'eth0', onlink: true, weight: 1 };
  expect(routes).toMatchObject([
    {
      hops: [
        { ...hop, via: '10.0.0.2' },
        { ...hop, via: '10.0.0.3' },
      ],
    },
  ]);
  expect(routes[0]).not.toHaveProperty('via');
  expect(said).toEqual(['CFG_DEPRECATED']);
  expect(read('10.5.0.0/16 dev eth0 or 10.0.0.3').said).toEqual(['CFG_MISSING']);
  expect(read('10.5.0.0/16 via 10.0.0.2 or 10.0.0.3 nexthop via 10.0.0.4').said).toContain(
    'CFG_CONTRADICTION',
  );
});

test('as is of MPLS: the route is made without it', () => {
  for (const words of ['as 10.6.0.1', 'as to 10.6.0.1']) {
    const { routes, said } = read(`10.5.0.0/16 dev eth0 ${words}`);
    expect(routes).toEqual(read('10.5.0.0/16 dev eth0').routes);
    expect(said).toEqual(['CFG_REDUNDANT']);
  }
});

test('vrf: the table of that interface', () => {
  expect(read('10.5.0.0/16 via 10.0.0.2 vrf red')).toMatchObject({ routes: [{ vrf: 'red' }], said: [] });
});

test.each([
  ['10.5.0.0/16 dev eth0 realms my_realm', 'CFG_NAME'],
  ['10.5.0.0/16 via 10.0.0.2 table black_magic', 'CFG_NAME'],
  ['10.5.0.0/16 dev eth0 scope world', 'CFG_NAME'],
  ['nat 10.5.0.0/16 via 10.0.0.2', 'CFG_UNSUPPORTED'],
])('%s is left out as a whole, and that is said', (entry, code) => {
  expect(read(entry)).toEqual({ routes: [], said: [code] });
});

describe('names of the machine', () => {
  const FILES: Readonly<Partial<Record<NameFile, string>>> = {
    rt_tables: '# numbers and names\n100 frontend # ours\n0x65\tbackend\n255 mine\nnone 5\n',
    rt_protos: '99 openr\n',
    rt_scopes: '77 street\n',
    rt_realms: '3 cosy\n',
    rt_dsfield: '0x28 AF11\n',
    group: '5 uplinks\n',
  };
  const asked: string[] = [];
  const readNames: ReadNames = (file, { etc, usr }) => {
    asked.push(`${etc} ${usr} ${file}`);
    return FILES[file] ?? '';
  };
  beforeEach(() => {
    asked.length = 0;
  });

  test('every kind is looked up in its file, once, and only when a name is asked for', () => {
    const { routes, said } = read(
      '10.5.0.0/16 dev eth0 table frontend protocol openr scope street realms cosy/4 tos AF11\n' +
        '10.6.0.0/16 dev eth0 table backend',
      readNames,
    );
    expect(said).toEqual([]);
    expect(routes).toMatchObject([
      { table: 100, origin: 99, scope: 77, realms: 0x30004, tos: 0x28 },
      { table: 101 },
    ]);
    const files = asked.map((line) => line.split(' ').at(-1)).toSorted();
    expect(files).toEqual(['rt_dsfield', 'rt_protos', 'rt_realms', 'rt_scopes', 'rt_tables']);
    asked.length = 0;
    read('10.5.0.0/16 dev eth0 table 100', readNames);
    expect(asked).toEqual([]);
  });

  test('what every machine has is known beside them; letters of files count as they are', () => {
    expect(read('10.5.0.0/16 dev eth0 table mine', readNames).routes).toMatchObject([{ table: 255 }]);
    expect(read('10.5.0.0/16 dev eth0 table local', readNames).routes).toMatchObject([{ table: 255 }]);
    expect(read('10.5.0.0/16 dev eth0 table Frontend', readNames).said).toEqual(['CFG_NAME']);
    expect(read('10.5.0.0/16 dev eth0 table constructor', readNames).said).toEqual(['CFG_NAME']);
  });

  test('where the files are is said in global_defs', () => {
    const globals = 'global_defs {\niproute_etc_dir /a\niproute_usr_dir /b\n}\n';
    read('10.5.0.0/16 dev eth0 table x', readNames, globals);
    read('10.5.0.0/16 dev eth0 table x', readNames);
    expect(asked).toEqual(['/a /b rt_tables', '/etc/iproute2 /usr/share/iproute2 rt_tables']);
  });

  test('of groups of interfaces, too', () => {
    const words = (group: string) => `use_vmac group ${group}\n`;
    const text = (group: string) =>
      wholeFile('10.5.0.0/16 dev eth0').replace('interface', `${words(group)}interface`);
    const found = (group: string) => {
      const result = readConfiguration([{ name: 'file', text: text(group) }], { readNames });
      const said = result.diagnostics.map(({ code }) => code);
      return [result.configuration.instances[0]!.vmac!.group, said];
    };
    expect(found('uplinks')).toEqual([5, []]);
    expect(found('7')).toEqual([7, []]);
    expect(found('none')).toEqual([undefined, ['CFG_NAME']]);
  });
});
