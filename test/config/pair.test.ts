// The two directors of a pair against each other: what cannot work is an error, what may be meant a warning,
// and both places are named.
import { describe, expect, test } from 'vitest';
import { comparePair } from '../../src/config/pair.ts';
import { readConfiguration } from '../../src/config/read.ts';
import { recordDiagnostics, renderDiagnostics } from '../../src/config/render.ts';
import { pairConfigurations } from './pairs.ts';

const SERVERS = `    real_server 10.1.0.1 80 {
        weight 1
        TCP_CHECK {
            connect_timeout 1
        }
    }
`;
const FILE = `global_defs {
    vrrp_version 3
    lvs_sync_daemon eth0 VI_1 id 51
}
vrrp_instance VI_1 {
    state BACKUP
    interface eth0
    virtual_router_id 51
    priority 150
    advert_int 1
    virtual_ipaddress {
        10.0.0.50/24
    }
}
virtual_server 10.0.0.50 80 {
    delay_loop 2
    lvs_sched rr
    lvs_method NAT
    protocol TCP
${SERVERS}}
`;
const OTHER = FILE.replace('priority 150', 'priority 100');

function compare(a: string, b: string) {
  const results = [a, b].map((text, i) => readConfiguration([{ name: 'ab'[i]!, text }]));
  return comparePair(results[0]!, results[1]!, false);
}

/** `severity code file:line` and where the notes point, of each. */
function said(a: string, b: string): string[] {
  const { sources, diagnostics } = compare(a, b);
  return recordDiagnostics(sources, diagnostics).map(({ severity, code, file, line, related = [] }) =>
    [`${severity} ${code} ${file}:${line}`, ...related.map((at) => `${at.file}:${at.line}`)].join(' '),
  );
}

/** Of the usual second director with these words instead of those. */
const changed = (...changes: [string, string][]) =>
  said(
    FILE,
    changes.reduce((text, [from, to]) => text.replace(from, to), OTHER),
  );
const unicast = (own: string, ...peers: string[]): [string, string] => [
  '    advert_int 1\n',
  `    advert_int 1\n    unicast_src_ip ${own}\n    unicast_peer {\n${peers.join('\n')}\n    }\n`,
];

test('a good pair is nothing to talk about', () => {
  expect(said(FILE, OTHER)).toEqual([]);
  expect(said('', '')).toEqual([]);
});

test('any two files are compared, and every place is in its text', () => {
  const files = pairConfigurations().map(({ text }) => text);
  for (const a of files)
    for (const b of files) {
      const { sources, diagnostics } = compare(a, b);
      const places = diagnostics.flatMap(({ at, related = [] }) => [at, ...related.map((one) => one.at)]);
      for (const { source, start, end } of places) {
        expect(start).toBeLessThan(end);
        expect(end).toBeLessThanOrEqual(sources[source]!.text.length);
      }
      expect(recordDiagnostics(sources, diagnostics)).toHaveLength(diagnostics.length);
    }
});

test('both places are shown', () => {
  const { sources, diagnostics } = compare(FILE, OTHER.replace('_id 51', '_id 52'));
  expect(renderDiagnostics(sources, diagnostics)).toBe(
    `b:8:23: error: virtual_router_id is 52 here and 51 on the other director [CFG_PAIR_VRID]
  |
8 |     virtual_router_id 52
  |                       ^^
  = directors of one virtual router drop adverts of another number
a:8:23: note: 51 on the other director
  |
8 |     virtual_router_id 51
  |                       ^^
`,
  );
});

describe('adverts', () => {
  test.each<[string, [string, string], string[]]>([
    ['another interval', ['advert_int 1', 'advert_int 2'], ['error CFG_PAIR_INTERVAL b:10 a:10']],
    ['another version', ['vrrp_version 3', 'vrrp_version 2'], ['error CFG_PAIR_VERSION b:5 a:2']],
    ['an instance of another version', ['advert_int 1', 'version 2'], ['error CFG_PAIR_VERSION b:10 a:2']],
    [
      'another address',
      ['10.0.0.50/24', '10.0.0.51/24'],
      ['error CFG_PAIR_ADDRESSES b:5 a:12', 'error CFG_PAIR_ADDRESSES b:12 a:5'],
    ],
    ['another prefix length', ['10.0.0.50/24', '10.0.0.50/32'], []],
    ['another interface', ['interface eth0', 'interface ens3'], []],
    [
      'another group',
      ['vrrp_version 3', 'vrrp_version 3\n vrrp_mcast_group4 224.0.0.19'],
      ['error CFG_PAIR_UNICAST b:3 a:1'],
    ],
    [
      'another group of one instance',
      ['advert_int 1', 'advert_int 1\n mcast_dst_ip 224.0.0.19'],
      ['error CFG_PAIR_UNICAST b:11 a:1'],
    ],
    [
      'other adverts to miss',
      ['advert_int 1', 'advert_int 1\n down_timer_adverts 5'],
      ['error CFG_PAIR_INTERVAL b:11 a:1'],
    ],
    [
      'another checksum',
      ['vrrp_version 3', 'vrrp_version 3\n v3_checksum_as_v2'],
      ['warning CFG_PAIR_CHECKSUM b:3 a:1'],
    ],
    [
      'an address that moves on one only',
      ['virtual_ipaddress {', 'virtual_ipaddress_excluded { 10.0.0.60/32 }\nvirtual_ipaddress {'],
      ['warning CFG_PAIR_EXCLUDED b:11 a:5'],
    ],
    ['unicast on one only', unicast('10.0.0.12', '10.0.0.11'), ['error CFG_PAIR_UNICAST b:13 a:5']],
  ])('%s', (_, change, expected) => {
    expect(changed(change)).toEqual(expected);
  });

  test('adverts go as far as the other director asks for', () => {
    const file = (text: string, own: string, peer: string, ttl = '') => {
      const [from, to] = unicast(own, peer);
      return text.replace(from, `${to}${ttl}`);
    };
    const a = file(FILE, '10.0.0.11', '10.0.0.12 min_ttl 254');
    const b = (ttl: string) => file(OTHER, '10.0.0.12', '10.0.0.11', ttl);
    expect(said(a, b('unicast_ttl 254\n'))).toEqual([]);
    expect(said(a, b('unicast_ttl 253\n'))).toEqual(['error CFG_PAIR_UNICAST b:15 a:13']);
    expect(said(b('unicast_ttl 3\n').replace('priority 100', 'priority 90'), a)).toEqual([
      'error CFG_PAIR_UNICAST b:13 a:15',
    ]);
  });
  test('unicast peers point at each other', () => {
    const a = FILE.replace(...unicast('10.0.0.11', '10.0.0.12', '10.0.0.13'));
    const b = (own: string, peer: string) => OTHER.replace(...unicast(own, peer));
    expect(said(a, b('10.0.0.12', '10.0.0.11'))).toEqual([]);
    expect(said(a, b('10.0.0.14', '10.0.0.11'))).toEqual(['error CFG_PAIR_UNICAST b:11 a:13']);
    expect(said(a, b('10.0.0.12', '10.0.0.1'))).toEqual(['error CFG_PAIR_UNICAST b:13 a:11']);
    expect(said(a, b('10.0.0.11', '10.0.0.12'))).toEqual(['error CFG_PAIR_SOURCE b:11 a:11']);
    const silent = OTHER.replace(...unicast('10.0.0.12', '10.0.0.11')).replace(/ *unicast_src_ip.*\n/, '');
    expect(said(a, silent)).toEqual([]);
  });
});

describe('roles', () => {
  const roles = (one: string, other: string) => {
    const file = (lines: string) => FILE.replace('    state BACKUP\n', '').replace('    priority 150', lines);
    return said(file(one), file(other));
  };
  test.each<[string, string, string[]]>([
    ['priority 100', 'priority 100', ['warning CFG_PAIR_PRIORITY b:8 a:8']],
    ['priority 100\nnopreempt', 'priority 100\nnopreempt', []],
    ['priority 255', 'priority 100', []],
    ['priority 255', 'priority 255', ['error CFG_PAIR_OWNER b:8 a:8']],
    ['priority 150\nstate MASTER', 'priority 100', []],
    ['priority 150\nstate MASTER', 'priority 100\nstate MASTER', ['warning CFG_PAIR_STATE b:9']],
    ['priority 100\nstate MASTER', 'priority 150', ['warning CFG_PAIR_STATE a:9']],
    ['priority 150\nnopreempt', 'priority 100', []],
    ['priority 150\nnopreempt', 'priority 100\nnopreempt', []],
    ['priority 150', 'priority 100\nnopreempt', ['warning CFG_PAIR_PREEMPT b:9']],
  ])('%j and %j', (one, other, expected) => {
    expect(roles(one, other)).toEqual(expected);
  });
});

describe('which instances belong together', () => {
  test('by name, else by number and address, else by address', () => {
    expect(changed(['VI_1 {', 'web {'], ['eth0 VI_1', 'eth0 web'])).toEqual([]);
    expect(changed(['VI_1 {', 'web {'], ['eth0 VI_1', 'eth0 web'], ['_id 51', '_id 52'])).toEqual([
      'error CFG_PAIR_VRID b:8 a:8',
    ]);
  });

  test('one on one director only', () => {
    const more = FILE.slice(FILE.indexOf('vrrp_instance'), FILE.indexOf('virtual_server'))
      .replace('VI_1', 'VI_2')
      .replace('_id 51', '_id 52')
      .replace('10.0.0.50', '10.0.0.60');
    expect(said(FILE, `${OTHER}${more}`)).toEqual(['warning CFG_PAIR_ALONE b:27']);
    expect(said(`${FILE}${more}`, OTHER)).toEqual(['warning CFG_PAIR_ALONE a:27']);
    const foreign = more.replace('VI_2', 'VI_3').replace('.60', '.70');
    expect(said(`${FILE}${more}`, `${OTHER}${foreign}`)).toEqual([
      'warning CFG_PAIR_ALONE a:27',
      'warning CFG_PAIR_ALONE b:27',
      'error CFG_PAIR_VRID b:30 a:30',
    ]);
  });

  test('none', () => {
    expect(
      changed(['VI_1 {', 'web {'], ['eth0 VI_1', 'eth0 web'], ['_id 51', '_id 9'], ['0.50/', '0.9/']),
    ).toEqual(['error CFG_PAIR_NOTHING b:5 a:5']);
  });
});

describe('connection sync', () => {
  test.each<[string, string, string[]]>([
    ['another id', 'eth0 VI_1 id 52', ['error CFG_PAIR_SYNC b:3 a:3']],
    ['the number of the instance as id', 'eth0 VI_1', []],
    ['another port', 'eth0 VI_1 id 51 port 9000', ['error CFG_PAIR_SYNC b:3 a:3']],
    ['the usual port', 'eth0 VI_1 id 51 port 8848', []],
    ['another group', 'eth0 VI_1 id 51 group 224.0.0.82', ['error CFG_PAIR_SYNC b:3 a:3']],
    ['another interface', 'eth1 VI_1 id 51', []],
  ])('%s', (_, words, expected) => {
    expect(changed(['eth0 VI_1 id 51', words])).toEqual(expected);
  });

  test('on one director only', () => {
    expect(changed(['    lvs_sync_daemon eth0 VI_1 id 51\n', ''])).toEqual(['error CFG_PAIR_SYNC a:3']);
  });
});

describe('sync { … }', () => {
  const stream = (own: string, peer: string, key = 'good') =>
    `director {\n sync {\n  listen ${own}\n  peer ${peer}\n  psk /k/${key}\n }\n}\n`;
  const readKeyFile = (path: string) => ({ ok: true as const, bytes: Buffer.from(path.padEnd(32, 'x')) });
  const told = (...texts: [string, string]) => {
    const [a, b] = texts.map((text, i) => readConfiguration([{ name: 'ab'[i]!, text }], { readKeyFile }));
    const { sources, diagnostics } = comparePair(a!, b!, false);
    return recordDiagnostics(sources, diagnostics)
      .filter(({ code }) => code === 'CFG_PAIR_SYNC')
      .map(({ file, line, message }) => `${file}:${line} ${message}`);
  };
  const A = `${FILE}${stream('10.0.9.1', '10.0.9.2 9000')}`;
  const first = A.split('\n').indexOf(' sync {') + 1;

  test.each<[string, string, string[]]>([
    ['each where the other looks for it', stream('10.0.9.2 9000', '10.0.9.1'), []],
    [
      'another port',
      stream('10.0.9.2', '10.0.9.1'),
      [`b:${first + 1} this director listens at 10.0.9.2:8849, and the other one's peer is 10.0.9.2:9000`],
    ],
    [
      'another address',
      stream('10.0.9.2 9000', '10.0.9.3'),
      [`b:${first + 2} the peer is 10.0.9.3:8849 here, and the other director listens at 10.0.9.1:8849`],
    ],
    ['another key', stream('10.0.9.2 9000', '10.0.9.1', 'other'), [`b:${first + 3} no key in common`]],
  ])('%s', (_, words, expected) => {
    expect(told(A, `${OTHER}${words}`)).toEqual(expected);
  });

  test('on one director only', () => {
    const message = 'the other director has no sync { … }: neither learns of the sessions of the other';
    expect(told(A, OTHER)).toEqual([`a:${first} ${message}`]);
    expect(told(OTHER, A)).toEqual([`b:${first} ${message}`]);
  });
});

describe('services', () => {
  test.each<[string, [string, string], string[]]>([
    ['another scheduler', ['lvs_sched rr', 'lvs_sched wrr'], ['warning CFG_PAIR_SERVICE b:17 a:17']],
    ['another method', ['lvs_method NAT', 'lvs_method TUN'], ['warning CFG_PAIR_SERVICE b:18 a:18']],
    [
      'persistence',
      ['lvs_method NAT', 'lvs_method NAT\npersistence_timeout 60'],
      ['warning CFG_PAIR_SERVICE b:19 a:15'],
    ],
    [
      'another port',
      ['10.0.0.50 80', '10.0.0.50 81'],
      ['warning CFG_PAIR_SERVICE a:15', 'warning CFG_PAIR_SERVICE b:15'],
    ],
    [
      'another server',
      ['10.1.0.1 80', '10.1.0.2 80'],
      ['warning CFG_PAIR_SERVER a:20', 'warning CFG_PAIR_SERVER b:20'],
    ],
    ['another weight', ['weight 1', 'weight 2'], ['warning CFG_PAIR_SERVER b:21 a:21']],
    ['another check', ['connect_timeout 1', 'connect_timeout 2'], ['warning CFG_PAIR_CHECK b:23 a:23']],
    ['the same in other words', ['    delay_loop 2', '    delay_loop 2.0\n    retry 1'], []],
    ['checked from its own address', ['connect_timeout 1', 'connect_timeout 1\nbindto 10.1.0.12'], []],
    ['no check', [SERVERS, `real_server 10.1.0.1 80 {\n}\n`], ['warning CFG_PAIR_CHECK b:20 a:20']],
  ])('%s', (_, change, expected) => {
    expect(changed(change)).toEqual(expected);
  });
});
