// Firewall marks for groups by tables of nf_tables: what they look like beside keepalived's, which marks real
// packets get, and that only what differs is changed, at once, and somebody else's doing is seen. In network
// namespaces of its own.
import { execFileSync, spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest';
import { readConfiguration } from '../../src/config/read.ts';
import { planConfiguration } from '../../src/director/plan-document.ts';
import { planMarking } from '../../src/director/services.ts';
import type { Marking } from '../../src/ipvs/marking.ts';
import { CLONE, unshare } from '../../src/linux/libc.ts';
import { MarkTables } from '../../src/linux/mark-tables.ts';

const PEER = 'lvs-marks-peer';
/** Later than whatever was looked at before. */
let clockMs = 0;
const later = () => (clockMs += 1e6);

const run = (...[program, ...words]: string[]) => execFileSync(program!, words, { encoding: 'utf8' });
const nft = (...words: string[]) => run('nft', ...words);
const ruleset = () => nft('list', 'ruleset').replaceAll('\t', '  ');
/** As nft says it, without what no two rulesets have in common. */
function objects(text: string) {
  const known = JSON.parse(text, (key, value) =>
    ['handle', 'comment', 'packets', 'bytes'].includes(key) ? undefined : value,
  );
  return (known.nftables ?? known).filter((one: object) => !('metainfo' in one));
}

const service = (group: string, protocol: string, more = '') => `virtual_server group ${group} {
  protocol ${protocol}
  lvs_method TUN
  ${more}
  real_server 10.9.0.1 80 {
    weight 1
  }
}
`;
/** `services`: group and protocol of each. */
function markingOf(
  groups: Record<string, string>,
  services: readonly string[],
  words = 'nftables_ipvs',
): Marking {
  const blocks = Object.entries(groups).map(
    ([name, members]) => `virtual_server_group ${name} {\n${members}\n}\n`,
  );
  const servers = services.map((one) => {
    const [group = '', protocol = ''] = one.split(' ');
    return service(group, protocol, groups[group]!.includes(' 0') ? 'persistence_timeout 60' : '');
  });
  const text = `global_defs {\n${words}\n}\n${blocks.join('')}${servers.join('')}`;
  const { configuration } = readConfiguration([{ name: 'x', text }], { compat: true });
  return planMarking(planConfiguration(configuration, ''))!;
}

let tables: MarkTables;
beforeAll(() => {
  run('ip', 'netns', 'add', PEER);
  unshare(CLONE.NEWNET);
  run('ip', 'link', 'add', 'eth0', 'type', 'veth', 'peer', 'name', 'eth0', 'netns', PEER);
  for (const [where, own] of [
    [[], '1'],
    [['-n', PEER], '2'],
  ] as const) {
    run('ip', ...where, 'link', 'set', 'lo', 'up');
    run('ip', ...where, 'link', 'set', 'eth0', 'up');
    run('ip', ...where, 'addr', 'add', `10.1.255.${own}/16`, 'dev', 'eth0');
    run('ip', ...where, 'addr', 'add', `fd00::ff0${own}/64`, 'dev', 'eth0', 'nodad');
  }
  for (const last of [1, 2, 3, 5, 9]) run('ip', 'addr', 'add', `10.1.0.${last}/32`, 'dev', 'lo');
  for (const last of [1, 9]) run('ip', 'addr', 'add', `fd00::${last}/64`, 'dev', 'eth0', 'nodad');
});
afterAll(() => run('ip', 'netns', 'del', PEER));
beforeEach(() => {
  tables = new MarkTables();
});
afterEach(() => {
  tables.close();
  nft('flush', 'ruleset');
});

/** Sets that hold `mark, address and port` of each packet, where IPVS would look at it. */
const WATCH = (['ip', 'ip6'] as const)
  .map(
    (family) => `table ${family} watch {
  set tcp_seen {
    typeof meta mark . ${family} daddr . tcp dport
    size 1000
    flags dynamic
  }
  set udp_seen {
    typeof meta mark . ${family} daddr . udp dport
    size 1000
    flags dynamic
  }
  chain in {
    type filter hook input priority 98;
    tcp flags syn add @tcp_seen { meta mark . ${family} daddr . tcp dport }
    meta l4proto udp add @udp_seen { meta mark . ${family} daddr . udp dport }
  }
}
`,
  )
  .join('');
const SEND = `
const [dgram, net] = [require('node:dgram'), require('node:net')];
for (const one of process.argv.slice(1)) {
  const [protocol, address, port] = one.split(' ');
  if (protocol === 'TCP') net.connect(Number(port), address).on('error', () => {}).unref();
  else {
    const socket = dgram.createSocket(address.includes(':') ? 'udp6' : 'udp4');
    socket.on('error', () => {}).send('x', Number(port), address, () => socket.close());
  }
}
setTimeout(() => process.exit(0), 400);`;
/** `TCP 10.1.0.1 80` → its mark; 0 = none. */
function marksOf(...packets: string[]): Record<string, number> {
  execFileSync('nft', ['-f', '-'], { input: WATCH });
  run('ip', 'netns', 'exec', PEER, process.execPath, '-e', SEND, ...packets);
  const found = objects(nft('-j', 'list', 'ruleset')).flatMap(({ set }: Found) =>
    set?.table !== 'watch'
      ? []
      : (set.elem ?? []).map(({ concat: [mark, to, port] }) => [
          `${set.name.slice(0, 3).toUpperCase()} ${to} ${port}`,
          mark,
        ]),
  );
  nft('delete', 'table', 'ip', 'watch');
  nft('delete', 'table', 'ip6', 'watch');
  const marks = Object.fromEntries(found);
  return Object.fromEntries(packets.map((packet) => [packet, marks[packet]]));
}
type Found = { set?: { table: string; name: string; elem?: { concat: [number, string, number] }[] } };

const GROUPS = {
  web: '10.1.0.1-9 80\n10.1.1.0/24 443\n10.1.3.5',
  six: 'fd00::1-9 80\nfd00:1::/120 443',
};

const GOLDEN = JSON.parse(readFileSync(new URL('../golden/keepalived-marks.json', import.meta.url), 'utf8'));
const MIXED = {
  mixed: '10.1.0.1-9 80\n10.1.0.12 80\n10.1.0.11 81\nfd00::1-9 80',
  two: '10.2.0.0/24 53\n10.2.1.7-10.2.2.9 53',
};
test.each([
  ['counters', GROUPS, ['web TCP', 'web UDP', 'six TCP'], 'nftables_ipvs keepalived_ipvs\nnftables_counters'],
  [
    'tunnels',
    MIXED,
    ['mixed SCTP', 'two UDP', 'two TCP', 'mixed TCP'],
    'nftables_ipvs mine\nnftables_ipvs_start_fwmark 500\nnftables_ipvs_priority -7',
  ],
] as const)(
  'the tables are those of keepalived 2.2.7, but for a port 0 that means every one: %s',
  async (name, groups, services, words) => {
    expect(await tables.mark(markingOf(groups, services, words))).toBeUndefined();
    const ours = JSON.stringify(objects(nft('-j', 'list', 'ruleset')));
    const everyPort = JSON.stringify({ concat: ['10.1.3.5', { range: [0, 65_535] }] });
    expect(ours.includes(everyPort)).toBe(name === 'counters');
    const port0 = JSON.stringify({ concat: ['10.1.3.5', 0] });
    // Neither the order of maps and rules nor that of entries means anything.
    const sorted = (all: object[]) =>
      all
        .map((one) =>
          JSON.stringify(one, (key, value) =>
            key === 'elem' && Array.isArray(value)
              ? value.map((each) => JSON.stringify(each)).toSorted()
              : value,
          ),
        )
        .toSorted();
    const theirs = sorted(objects(JSON.stringify(GOLDEN[name])));
    expect(sorted(JSON.parse(ours.replaceAll(everyPort, port0)))).toEqual(theirs);
  },
);

test('real packets of both families and protocols get the marks of their groups, others none', async () => {
  expect(await tables.mark(markingOf(GROUPS, ['web TCP', 'web UDP', 'six TCP']))).toBeUndefined();
  run('ip', 'addr', 'add', '10.1.3.5/32', 'dev', 'lo');
  const expected = {
    'TCP 10.1.0.1 80': 1000,
    'TCP 10.1.0.9 80': 1000,
    'TCP 10.1.0.9 81': 0,
    'TCP 10.1.255.1 80': 0,
    'TCP 10.1.3.5 22': 1000,
    'UDP 10.1.3.5 65000': 1001,
    'UDP 10.1.0.2 80': 1001,
    'UDP 10.1.0.2 443': 0,
    'TCP fd00::9 80': 1002,
    'TCP fd00::9 81': 0,
    'UDP fd00::1 80': 0,
  };
  expect(marksOf(...Object.keys(expected))).toEqual(expected);
});

test('a change is made of what differs: the rest keeps its counters', async () => {
  const words = 'nftables_ipvs\nnftables_counters';
  const with80 = (members: string) => markingOf({ web: members }, ['web TCP'], words);
  await tables.mark(with80('10.1.0.1 80\n10.1.0.3 80\n10.1.0.5 80'));
  expect(marksOf('TCP 10.1.0.3 80', 'TCP 10.1.0.9 80')).toEqual({
    'TCP 10.1.0.3 80': 1000,
    'TCP 10.1.0.9 80': 0,
  });
  expect(await tables.mark(with80('10.1.0.3 80\n10.1.0.5-9 80'))).toBeUndefined();
  expect(ruleset()).toMatch(/10\.1\.0\.3 \. 80 counter packets [1-9]\d* bytes \d+ : 0x000003e8/);
  expect(ruleset()).not.toContain('10.1.0.1 . 80');
  expect(marksOf('TCP 10.1.0.1 80', 'TCP 10.1.0.9 80')).toEqual({
    'TCP 10.1.0.1 80': 0,
    'TCP 10.1.0.9 80': 1000,
  });
});

test('while marks change back and forth no packet of one that stays is without', async () => {
  const [one, other] = ['10.1.0.1 80\n10.1.0.3 80', '10.1.0.1 80\n10.1.0.5-9 80\nfd00::1 80'].map((members) =>
    markingOf({ web: members }, ['web UDP']),
  );
  await tables.mark(one);
  execFileSync('nft', ['-f', '-'], { input: WATCH });
  // Its own namespace has the address, too: what it sends itself comes in through lo.
  const program = `
const socket = require('node:dgram').createSocket('udp4');
const end = Date.now() + 1500;
(function next() {
  if (Date.now() > end) return socket.close();
  socket.send('x', 80, '10.1.0.1', next);
})();`;
  const sender = spawn(process.execPath, ['-e', program]);
  let isSending = true;
  const ended = new Promise((resolve) => sender.on('close', resolve)).then(() => (isSending = false));
  let changes = 0;
  for (; isSending; changes++) {
    expect(await tables.mark([other, one][changes % 2])).toBeUndefined();
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
  await ended;
  expect(changes).toBeGreaterThan(20);
  const seen = nft('list', 'set', 'ip', 'watch', 'udp_seen');
  expect(seen).toContain('0x000003e8 . 10.1.0.1 . 80');
  expect(seen).not.toContain('0x00000000 . 10.1.0.1 . 80');
});

test.each([
  ['flush ruleset'],
  ['delete table ip lvs-director-ipvs'],
  ['flush chain ip lvs-director-ipvs in'],
  ['flush map ip lvs-director-ipvs tcp_map'],
  ['delete element ip lvs-director-ipvs tcp_map { 10.1.0.9 . 80 }'],
  ['add element ip lvs-director-ipvs tcp_map { 10.1.0.2 . 80 : 7 }'],
])('after `nft %s` all is as it was', async (command) => {
  const wanted = markingOf({ web: '10.1.0.1 80\n10.1.0.9 80', six: 'fd00::1 80' }, ['web TCP', 'six TCP']);
  await tables.mark(wanted);
  const before = ruleset();
  expect([tables.areChanged(later()), tables.areChanged(later())]).toEqual([false, false]);
  nft(command);
  expect(tables.areChanged(later())).toBe(true);
  expect(await tables.mark(wanted)).toBeUndefined();
  expect(ruleset()).toBe(before);
  expect(tables.areChanged(later())).toBe(false);
});

test('what others do to tables of theirs is their business', async () => {
  const wanted = markingOf({ web: '10.1.0.1 80' }, ['web TCP']);
  await tables.mark(wanted);
  nft('add', 'table', 'ip', 'theirs');
  expect(tables.areChanged(later())).toBe(false);
  nft('delete', 'table', 'ip', 'theirs');
  expect(tables.areChanged(later())).toBe(false);
});

test('a change of what somebody has flushed a moment ago makes it anew', async () => {
  await tables.mark(markingOf({ web: '10.1.0.1 80\n10.1.0.3 80' }, ['web TCP']));
  nft('flush', 'ruleset');
  expect(await tables.mark(markingOf({ web: '10.1.0.1 80\n10.1.0.9 80' }, ['web TCP']))).toBeUndefined();
  expect(marksOf('TCP 10.1.0.1 80', 'TCP 10.1.0.9 80')).toEqual({
    'TCP 10.1.0.1 80': 1000,
    'TCP 10.1.0.9 80': 1000,
  });
});

test('another name, families that come and go, and nothing in the end', async () => {
  const both = { web: '10.1.0.1 80', six: 'fd00::1 80' };
  await tables.mark(markingOf(both, ['web TCP', 'six TCP']));
  expect(await tables.mark(markingOf(both, ['six TCP'], 'nftables_ipvs other'))).toBeUndefined();
  expect(nft('list', 'tables')).toBe('table ip6 other\n');
  expect(await tables.mark(undefined)).toBeUndefined();
  expect(ruleset()).toBe('');
});

test('a table of somebody else is left alone; one of a director that died is taken over', async () => {
  const wanted = markingOf({ web: '10.1.0.1 80' }, ['web TCP']);
  nft('add', 'table', 'ip', 'lvs-director-ipvs');
  expect(await tables.mark(wanted)).toBe('the table lvs-director-ipvs is there, and not ours');
  expect(ruleset()).toBe('table ip lvs-director-ipvs {\n}\n');
  nft('flush', 'ruleset');
  const died = new MarkTables();
  await died.mark(markingOf({ web: '10.1.0.1 80', six: 'fd00::1 80' }, ['web TCP', 'six TCP']));
  died.close();
  expect(await tables.mark(wanted)).toBeUndefined();
  expect(nft('list', 'tables')).toBe('table ip lvs-director-ipvs\n');
});

test('ten thousand addresses that do not follow each other', async () => {
  const members = Array.from(
    { length: 10_000 },
    (_, i) => `10.${i >> 12}.${(i >> 6) & 63}.${(i & 63) * 2} 80`,
  );
  const wanted = markingOf({ web: members.join('\n') }, ['web TCP']);
  expect(wanted.maps[0]!.boxes).toHaveLength(10_000);
  expect(await tables.mark(wanted)).toBeUndefined();
  expect(tables.areChanged(later())).toBe(false);
  const { length } = objects(nft('-j', 'list', 'map', 'ip', 'lvs-director-ipvs', 'tcp_map'))[0].map.elem;
  expect(length).toBe(10_000);
});
