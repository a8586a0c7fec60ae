// Broken files and what is said about them: one line a case. Each has a defined outcome, at a place worth
// looking at.
// biome-ignore-all lint/suspicious/noTemplateCurlyInString: `${NAME}` is the language's own
import { describe, expect, test } from 'vitest';
import { readConfiguration } from '../../src/config/read.ts';
import { recordDiagnostics } from '../../src/config/render.ts';

const FILL_IN = 'this is a template: check what was made of it';

/** `code line:column words [hint]` for each diagnostic. */
function said(text: string, compat = false): string[] {
  const { sources, diagnostics } = readConfiguration([{ name: 'x', text }], { compat });
  return recordDiagnostics(sources, diagnostics).map(
    ({ severity, code, line, column, hint }) =>
      `${severity} ${code} ${line}:${column}${hint === undefined ? '' : ` ${hint}`}`,
  );
}

/** Lines of a good instance; `changes` replaces the line that begins with the same word, or adds one. */
function instance(...changes: string[]): string {
  const lines = [
    'interface eth0',
    'virtual_router_id 5',
    'priority 100',
    'virtual_ipaddress { 10.0.0.1/24 }',
  ];
  for (const change of changes) {
    const at = lines.findIndex((line) => line.split(' ')[0] === change.split(' ')[0]);
    lines.splice(at === -1 ? lines.length : at, at === -1 ? 0 : 1, change);
  }
  return `vrrp_instance V {\n${lines.join('\n')}\n}\n`;
}

function service(head: string, real = '', port = 80): string {
  const usual = 'lvs_sched rr\nlvs_method NAT\nprotocol TCP';
  return `virtual_server 10.0.0.1 80 {\n${usual}\n${head}\nreal_server 10.1.0.1 ${port} {\n${real}\n}\n}\n`;
}

const UNCLOSED =
  'vrrp_instance V {\n interface eth0\n virtual_router_id 5\n virtual_ipaddress {\n  10.0.0.1\n}\n';

describe('values', () => {
  test.each<[string, string[]]>([
    [
      'priority 300',
      ['error CFG_RANGE 4:10 255 is for the address owner; 0 means "I resign" and is never configured'],
    ],
    [
      'priority 0',
      ['error CFG_RANGE 4:10 255 is for the address owner; 0 means "I resign" and is never configured'],
    ],
    [
      'priority -1',
      ['error CFG_RANGE 4:10 255 is for the address owner; 0 means "I resign" and is never configured'],
    ],
    ['priority high', ['error CFG_VALUE 4:10']],
    ['priority 1.5', ['error CFG_VALUE 4:10']],
    ['priority', ['error CFG_MISSING 4:1']],
    ['priority 100 200', ['ignored CFG_EXTRA 4:14']],
    ['priority 100 nopreempt', ['ignored CFG_EXTRA 4:14 put `nopreempt` on a line of its own']],
    ['priority 255', ['warning CFG_OWNER 4:10 give 1 to 254, unless this machine always has the address']],
    ['state MASTR', ['error CFG_VALUE 6:7 did you mean `MASTER`?']],
    ['version 4', ['error CFG_VALUE 6:9']],
    ['advert_int 1s', ['error CFG_VALUE 6:12']],
    ['advert_int 0.0000001', ['error CFG_VALUE 6:12']],
    [
      'advert_int 300',
      ['error CFG_RANGE 6:12 version 3 counts hundredths of a second up to 40.95, version 2 whole seconds'],
    ],
    [
      'interface eth0.123456789012',
      ['error CFG_RANGE 2:11 "eth0.123456789012" has 17 letters; Linux allows 15'],
    ],
    ['interface eth/0', ['error CFG_VALUE 2:11']],
    ['mcast_src_ip router', ['error CFG_VALUE 6:14 names are not looked up']],
    ['virtual_ipaddress { 10.0.0.1/40 }', ['error CFG_RANGE 5:21']],
    ['virtual_ipaddress { 10.0.0.1/x }', ['error CFG_VALUE 5:21 as in 10.0.0.1/24']],
    ['virtual_ipaddress { 10.0.0.1 dve eth0 }', ['error CFG_UNKNOWN 5:30 did you mean `dev`?']],
    ['virtual_ipaddress { 10.0.0.1 dev }', ['error CFG_MISSING 5:30']],
    ['virtual_ipaddress { 10.0.0.1 label eth0:12345678901 }', ['error CFG_RANGE 5:36']],
    ['virtual_ipaddress { fd00::1/64 }', ['warning CFG_PREFIX 5:21 write fd00::1/128']],
    ['virtual_ipaddress { }', ['warning CFG_EMPTY 1:1 add a virtual_ipaddress block']],
    ['native_ipv6', ['warning CFG_REDUNDANT 6:1']],
    ['track_interface { eth1 weight 5 }', []],
    ['track_interface { eth1 weight 0 reverse }', ['ignored CFG_UNSUPPORTED 6:19']],
    ['track_interface {\neth1 weight 5\neth1\n}', ['error CFG_DUPLICATE 8:1']],
    [
      'priority 255\ntrack_interface { eth1 weight 5 }',
      [
        'warning CFG_OWNER 4:10 give 1 to 254, unless this machine always has the address',
        'warning CFG_REDUNDANT 5:31',
      ],
    ],
    ['unicast_peer { 10.0.0.300 }', ['error CFG_VALUE 6:16']],
  ])('%s', (line, expected) => {
    expect(said(instance(line))).toEqual(expected);
  });
});

describe('words', () => {
  test.each<[string, string[]]>([
    ['priorty 100', ['error CFG_UNKNOWN 6:1 did you mean `priority`?']],
    ['Priority 100', ['error CFG_UNKNOWN 6:1 did you mean `priority`?']],
    ['lvs_sched rr', ['error CFG_UNKNOWN 6:1 `lvs_sched` belongs in virtual_server']],
    ['// a comment', ['error CFG_UNKNOWN 6:1 comments begin with # or !']],
    ['nat_mask 255.255.255.0', ['error CFG_UNKNOWN 6:1 it is of a keepalived from before 2.0: leave it out']],
    ['constructor 1', ['error CFG_UNKNOWN 6:1']],
    ['preempt_delay {{ delay }}', [`error CFG_PLACEHOLDER 6:15 ${FILL_IN}`]],
    ['{{ more }}', [`error CFG_PLACEHOLDER 6:1 ${FILL_IN}`]],
    ['preempt_delay __DELAY__', [`error CFG_PLACEHOLDER 6:15 ${FILL_IN}`]],
    ['mcast_src_ip <own address>', [`error CFG_PLACEHOLDER 6:14 ${FILL_IN}`]],
    ['virtual_router_id "{{ id }}"', [`error CFG_PLACEHOLDER 6:19 ${FILL_IN}`]],
    [
      'use_ipvlan',
      ['error CFG_INCOMPLETE 6:1 as in `use_ipvlan 10.0.0.7/24`: an address of this director alone'],
    ],
    ['use_ipvlan fd00::7', ['error CFG_CONTRADICTION 6:12']],
    ['use_ipvlan 10.0.0.7 bridge vepa', ['error CFG_VALUE 6:28']],
    ['use_ipvlan 10.0.0.7\nuse_vmac', ['error CFG_CONTRADICTION 6:12']],
    ['smtp_alert', ['warning CFG_EMPTY 6:1 global_defs names it']],
    ['strict_mode on', ['warning CFG_STRICT_ACCEPT 6:13 leave strict mode out']],
    ['vrf red', ['error CFG_CONTRADICTION 6:5 eth0 is in its VRF, if it is in one']],
    ['mcast_dst_ip ff02::99', ['error CFG_CONTRADICTION 6:14']],
    ['mcast_dst_ip 224.0.0.99\nunicast_peer {\n10.0.0.9\n}', ['error CFG_CONTRADICTION 6:14']],
    [
      'authentication {\nauth_type PASS\nauth_pss x\n}',
      [
        'error CFG_CONTRADICTION 7:11 add `auth_pass`, or leave it out',
        'error CFG_UNKNOWN 8:1 did you mean `auth_pass`?',
      ],
    ],
    ['priority\u00a0150', ['error CFG_CHARACTER 6:9 type it again by hand', 'warning CFG_REPEATED 6:1']],
  ])('%s', (line, expected) => {
    const lines = instance().split('\n');
    lines.splice(5, 0, ...line.split('\n'));
    expect(said(lines.join('\n')).toSorted()).toEqual(expected.toSorted());
  });

  test('of the top level', () => {
    expect(
      said('virtual_sever 10.0.0.1 80 {\n  protocol TCP\n}\nSSL {\n password "x"\n certificat 2\n}\n'),
    ).toEqual([
      'error CFG_UNKNOWN 1:1 did you mean `virtual_server`?',
      'ignored CFG_UNSUPPORTED 4:1 certificate and key of SSL_GET',
      'error CFG_UNKNOWN 6:2 did you mean `certificate`?',
    ]);
  });

  test('that nobody knows are ignored with --compat', () => {
    expect(said(instance('priorty 100'), true)).toEqual(['ignored CFG_UNKNOWN 6:1 did you mean `priority`?']);
  });
});

describe('braces', () => {
  const missing = (line: number, column: number, hint = 'a `}` is missing') => [
    `error CFG_BRACE ${line}:${column} ${hint}`,
  ];
  test.each<[string, string, string[]]>([
    [
      'last one missing',
      'vrrp_instance V {\n interface eth0\n virtual_router_id 5\n virtual_ipaddress {\n  10.0.0.1\n }\n',
      missing(1, 17),
    ],
    ['inner one missing', UNCLOSED, missing(4, 20)],
    [
      'missing before the next block',
      `${UNCLOSED}${service('')}`,
      missing(4, 20, '`virtual_server` begins a block further out: a `}` is missing before it'),
    ],
    [
      'one real server inside another',
      service('', 'TCP_CHECK {\nretry 1\n}\nreal_server 10.1.0.2 80 {\n}'),
      ['error CFG_UNKNOWN 10:1 `real_server` belongs in virtual_server'],
    ],
    ['one too many', `${instance()}}\n`, ['error CFG_BRACE 7:1 every block is closed already']],
    ['opening one missing', instance().replace(' {', ''), ['error CFG_BRACE 1:16']],
    ['no block where one belongs', 'vrrp_instance V\n', ['error CFG_BRACE 1:1 add `{ … }`']],
    [
      'a block where none belongs',
      instance('priority 100 {\n}'),
      ['error CFG_BRACE 4:14 what it encloses is left out'],
    ],
    ['a block of nobody', `${instance()}{\n x 1\n}\n`, ['error CFG_BRACE 7:1 what it encloses is left out']],
    ['a brace inside a list', instance('virtual_ipaddress { 10.0.0.1 {\n} }'), ['error CFG_BRACE 5:30']],
  ])('%s', (_, text, expected) => {
    expect(said(text)).toEqual(expected);
  });

  test('deeper than any block of keepalived are left out, and still counted', () => {
    const text = `${'a {\n'.repeat(70)}b {\n}\n${'}\n'.repeat(70)}`;
    expect(said(text).filter((one) => one.includes('CFG_BRACE'))).toEqual([
      'error CFG_BRACE 65:3 what it encloses is left out',
    ]);
  });

  test('missing between two real servers, in a file that lacks one', () => {
    const text = service('', 'TCP_CHECK {\nretry 1\n}\nreal_server 10.1.0.2 80 {').replace(/}\n$/, '}');
    expect(said(text)).toEqual([
      'error CFG_BRACE 6:25 `real_server` begins a block further out: a `}` is missing before it',
    ]);
  });

  test('each file closes what it opens', () => {
    const { diagnostics } = readConfiguration([
      { name: 'a', text: 'vrrp_instance V {\n' },
      { name: 'b', text: `${instance()}` },
    ]);
    expect(diagnostics.filter(({ code }) => code === 'CFG_BRACE').map(({ at }) => at.source)).toEqual([0]);
  });
});

describe('services', () => {
  test.each<[string, string, string[]]>([
    ['unknown scheduler', service('lvs_sched rrr'), ['error CFG_VALUE 5:11 did you mean `rr`?']],
    ['flag of another scheduler', service('sh-port'), ['error CFG_CONTRADICTION 5:1']],
    ['ops without UDP', service('ops'), ['error CFG_CONTRADICTION 5:1']],
    [
      'DR to another port',
      service('lb_kind DR', '', 81),
      ['error CFG_CONTRADICTION 6:22 write 80, or use NAT'],
    ],
    [
      'TUN to another port',
      service('lb_kind TUN', '', 81),
      ['error CFG_CONTRADICTION 6:22 write 80, or use NAT'],
    ],
    ['NAT to another port', service('', '', 81), []],
    ['gue', service('lb_kind TUN type gue port 6080 remcsum'), []],
    ['gue without a port', service('lb_kind TUN type gue'), ['error CFG_CONTRADICTION 5:18']],
    ['a port without gue', service('lb_kind TUN type gre port 6080'), ['error CFG_CONTRADICTION 5:27']],
    ['a checksum of ipip', service('lb_kind TUN csum'), ['error CFG_CONTRADICTION 5:13']],
    ['a remote checksum of gre', service('lb_kind TUN type gre remcsum'), ['error CFG_CONTRADICTION 5:22']],
    ['SCTP', service('').replace('TCP', 'SCTP'), []],
    [
      'a persistence engine of nothing',
      service('persistence_engine sip'),
      ['warning CFG_NO_EFFECT 5:20 add persistence_timeout'],
    ],
    ['a quorum nobody reaches', service('quorum 9'), ['error CFG_CONTRADICTION 5:8 1 is used']],
    ['hysteresis of the quorum', service('hysteresis 1'), ['error CFG_CONTRADICTION 5:12 0 is used']],
    ['the sorry server of nobody', service('sorry_server_inhibit'), ['error CFG_CONTRADICTION 5:1']],
    [
      'words before their sorry server',
      service('sorry_server_inhibit\nsorry_server 10.1.0.9 80'),
      ['warning CFG_ORDER 5:1 keepalived leaves it out then'],
    ],
    [
      'a sorry server of the other family',
      service('sorry_server fd00::9 80'),
      ['error CFG_CONTRADICTION 5:14 only TUN carries one family in the other'],
    ],
    [
      'a sorry server at another port',
      service('lvs_method DR\nsorry_server 10.1.0.9 81'),
      ['error CFG_CONTRADICTION 6:23 leave the port out, or use NAT', 'warning CFG_REPEATED 5:1'],
    ],
    ['another family than the address', service('ip_family inet6'), ['error CFG_CONTRADICTION 5:11']],
    ['granularity', service('persistence_granularity 255.0.255.0'), ['error CFG_VALUE 5:25']],
    ['granularity for IPv6 only', service('persistence_granularity 64'), ['error CFG_RANGE 5:25']],
    [
      'other family',
      service('').replace('10.1.0.1', 'fd00::1'),
      ['error CFG_CONTRADICTION 6:13 only TUN carries one family in the other', 'warning CFG_EMPTY 1:1'],
    ],
    [
      'no real server',
      'virtual_server 10.0.0.1 80 {\nlvs_sched rr\nprotocol UDP\n}\n',
      ['warning CFG_EMPTY 1:1'],
    ],
    [
      'nothing said',
      'virtual_server 10.0.0.1 80 {\nreal_server 10.1.0.1 80 {\n}\n}\n',
      [
        'warning CFG_DEFAULT 1:1 keepalived does the same',
        'warning CFG_DEFAULT 1:1 keepalived does the same',
        'warning CFG_DEFAULT 1:1 keepalived does the same',
      ],
    ],
    [
      'by mark',
      'virtual_server fwmark 3 {\nprotocol TCP\n}\n',
      [
        'warning CFG_DEFAULT 1:1 keepalived does the same',
        'warning CFG_EMPTY 1:1',
        'warning CFG_REDUNDANT 2:10',
      ],
    ],
    [
      'ha_suspend by mark',
      'virtual_server fwmark 3 {\nlvs_sched rr\nlvs_method DR\nha_suspend\nreal_server 10.1.0.1 {\n}\n}\n',
      ['error CFG_CONTRADICTION 4:1'],
    ],
    ['by bad address', 'virtual_server 10.0.0 80 {\n}\n', ['error CFG_VALUE 1:16']],
    ['by bad port', 'virtual_server 10.0.0.1 http {\n}\n', ['error CFG_VALUE 1:25']],
    [
      'other checkers',
      service('', 'HTTP_GET {\nurl {\nstatuscode 200\n}\n}'),
      [
        'ignored CFG_UNSUPPORTED 7:1 up while pages can be got',
        'error CFG_UNKNOWN 9:1 did you mean `status_code`?',
      ],
    ],
    [
      'unknown checker',
      service('', 'TCP_CHEK {\nretry 1\n}'),
      ['error CFG_UNKNOWN 7:1 did you mean `TCP_CHECK`?'],
    ],
    [
      'unfilled placeholder',
      service('', 'weight ${WEIGHT}'),
      ['error CFG_DEFINITION 7:8 `$WEIGHT=…` defines it'],
    ],
  ])('%s', (_, text, expected) => {
    expect(said(text).toSorted()).toEqual(expected.toSorted());
  });
});

describe('the director block', () => {
  test.each<[string, string[]]>([
    ['engine kernl', ['error CFG_VALUE 2:8 did you mean `kernel`?']],
    ['drill {\nhold 9999\n}', ['error CFG_RANGE 3:6']],
    ['web 127.0.0.1:9165', []],
    ['web [2001:db8::1]:65535', []],
    ...['127.0.0.1', '::1:80', '[127.0.0.1]:80', '10.0.0.1:65536', 'localhost:80', ':80'].map(
      (place): [string, string[]] => [
        `web ${place}`,
        ['error CFG_VALUE 2:5 as in `127.0.0.1:9165` or `[::1]:9165`'],
      ],
    ),
    ['engin auto', ['error CFG_UNKNOWN 2:1 did you mean `engine`?']],
  ])('%s', (line, expected) => {
    expect(said(`director {\n${line}\n}\n`)).toEqual(expected);
  });
});

describe('names of what is defined elsewhere', () => {
  const errors = (text: string) => said(text).filter((line) => line.startsWith('error CFG_REFERENCE'));
  test.each<[string, string, string[]]>([
    [
      'a tracked script',
      `vrrp_script chk {\n script "x"\n}\n${instance('track_script {\n chk\n chj weight 5\n nix\n}')}`,
      ['11:2 did you mean `chk`?', '12:2'],
    ],
    ['a group member', `vrrp_sync_group G {\n group {\n V\n W\n }\n}\n${instance()}`, ['4:2']],
    ['a group of servers', 'virtual_server group web {\n protocol TCP\n}\n', ['1:22 groups: none']],
    [
      'a checked file, by either name',
      'vrrp_track_file here {\n file /x\n}\nvirtual_server 10.0.0.1 80 {\n protocol TCP\n' +
        ' real_server 10.0.0.2 80 {\n' +
        '  FILE_CHECK {\n   track_file here\n  }\n  BFD_CHECK {\n   name there\n  }\n }\n}\n',
      ['11:9'],
    ],
    [
      'one whose definition is broken',
      `vrrp_script {\n script "x"\n}\n${instance('track_script {\n chk\n}')}`,
      [],
    ],
  ])('%s', (_, text, expected) => {
    const found = errors(text).map((line) => line.replace('error CFG_REFERENCE ', ''));
    expect(found).toEqual(expected);
  });

  test('are not looked for when they are there', () => {
    const script = 'vrrp_script chk {\n script "/bin/true"\n}\n';
    expect(errors(`${script}${instance('track_script {\n chk\n}')}`)).toEqual([]);
  });
});
