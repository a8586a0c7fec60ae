// A sync group of two links against a live keepalived that has one, too: what moves one member moves both, on
// either side, and a tracked file does to our priorities what it does to keepalived's.
import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest';
import { address } from '../../src/core/address.ts';
import { TrackerKeeper } from '../../src/daemon/trackers.ts';
import type { ProcessTarget } from '../../src/director/trackers.ts';
import type { ElectorSettings, Track } from '../../src/vrrp/settings.ts';
import { instance, type Keepalived, type Ours, Pair, settings, until } from './elector-pair.ts';

const NAMES = ['G0', 'G1'];
const FILE: Track = { kind: 'file', name: 'tf', weight: 2, reverse: false };
const PROCESS: Track = { kind: 'process', name: 'tp', weight: 0, reverse: false };

let pair: Pair;
let folder: string;
let file: string;
let ours: Ours;
let keeper: TrackerKeeper;
beforeAll(() => {
  pair = new Pair();
  folder = mkdtempSync(`${tmpdir()}/group-`);
  pair.secondLink();
  // keepalived's own interfaces keep their carrier when our end goes down.
  for (const n of [0, 1]) {
    for (const words of [
      ['addr', 'flush', 'dev', `v${n}`],
      ['link', 'add', `br${n}`, 'type', 'bridge'],
      ['link', 'add', `t${n}`, 'type', 'veth', 'peer', 'name', `u${n}`],
      ...[`v${n}`, `t${n}`].map((port) => ['link', 'set', port, 'master', `br${n}`]),
      ...[`v${n}`, `t${n}`, `u${n}`, `br${n}`].map((name) => ['link', 'set', name, 'up']),
      ['addr', 'add', `10.${n + 1}.0.2/24`, 'dev', `br${n}`],
    ])
      pair.ip('b', ...words);
  }
});
beforeEach(() => {
  file = `${folder}/tf`;
  writeFileSync(file, '0\n');
  keeper = new TrackerKeeper({
    tell: (tracker, verdict) => ours.send({ type: 'tracker', tracker, verdict }),
    say: () => {},
  });
});
afterEach(async () => {
  keeper.stop();
  await pair.end();
});
afterAll(async () => {
  await pair.remove();
  rmSync(folder, { recursive: true });
});

function group(tracks: Track[] = []): ElectorSettings {
  const instances = NAMES.map((name, n) =>
    instance({
      name,
      interface: `v${n}`,
      vrid: 51 + n,
      vips: [{ address: address(`10.${n + 1}.0.100`), prefixLength: 24, interface: `v${n}`, scope: 0 }],
      tracks,
    }),
  );
  return settings({}, { instances, groups: [{ name: 'G', members: NAMES }] });
}

function keepalived(priority: number, tracks = ''): Keepalived {
  const members = NAMES.map(
    (name, n) =>
      `vrrp_instance ${name} {\nstate BACKUP\ninterface br${n}\nvirtual_router_id ${51 + n}\n` +
      `priority ${priority}\nadvert_int 0.1\nvirtual_ipaddress {\n10.${n + 1}.0.100/24\n}\n}\n`,
  );
  const head = `global_defs {\nvrrp_version 3\n}\ntrack_file tf {\nfile ${file}\n}\n`;
  const sync = `vrrp_sync_group G {\ngroup {\n${NAMES.join('\n')}\n}\n${tracks}}\n`;
  return pair.keepalivedWith(`${head}${sync}${members.join('')}`);
}

/** The last state of each member, as reported. */
const ourStates = () =>
  NAMES.map((name) => {
    const all = ours.reports.flatMap((report) =>
      report.type === 'state' && report.instance === name ? [report.to] : [],
    );
    return all.at(-1);
  });
const weAre = (state: string) =>
  until(`both ${state}`, () => ourStates().every((each) => each === state)).catch((error: Error) => {
    throw new Error(`${error.message}; we are ${ourStates().join(' ')}`);
  });
async function theyEnter(peer: Keepalived, state: string): Promise<void> {
  for (const name of NAMES) await peer.says(`(${name}) Entering ${state} STATE`);
}

test('a link of ours down: keepalived has both, and gives both back', async () => {
  ours = pair.elector(group());
  await weAre('MASTER');
  const peer = keepalived(100);
  await theyEnter(peer, 'BACKUP');
  pair.ip('a', 'link', 'set', 'v1', 'down');
  await weAre('FAULT');
  await theyEnter(peer, 'MASTER');
  peer.forget();
  pair.ip('a', 'link', 'set', 'v1', 'up');
  pair.ip('a', 'addr', 'replace', '10.2.0.1/24', 'dev', 'v1');
  await weAre('MASTER');
  await theyEnter(peer, 'BACKUP');
});

test('a link of keepalived down: we have both, and give both back', async () => {
  const peer = keepalived(200);
  await theyEnter(peer, 'MASTER');
  ours = pair.elector(group());
  await weAre('BACKUP');
  pair.ip('b', 'link', 'set', 'br0', 'down');
  await theyEnter(peer, 'FAULT');
  await weAre('MASTER');
  peer.forget();
  pair.ip('b', 'link', 'set', 'br0', 'up');
  await theyEnter(peer, 'MASTER');
  await weAre('BACKUP');
});

test('one file, tracked by both: the same priorities, FAULT for the same number', async () => {
  ours = pair.elector(group([FILE]));
  keeper.configure({ files: [{ name: 'tf', path: file }], processes: [] });
  await weAre('MASTER');
  const peer = keepalived(100, 'track_file {\ntf weight 2\n}\n');
  await theyEnter(peer, 'BACKUP');
  for (const [written, theirs, own] of [
    ['7', 114, 164],
    ['-30', 40, 90],
    ['-126', 1, 1],
    ['60', 220, 254],
  ] as const) {
    writeFileSync(file, written);
    for (const name of NAMES) {
      await until(`our ${own}`, () =>
        ours.notices.some((each) => each.startsWith(`(${name}) `) && each.endsWith(` to ${own}`)),
      );
      await until(`their ${theirs}`, () =>
        peer.log.some(
          (line) => line.includes(`(${name}) Changing effective`) && line.endsWith(` to ${theirs}`),
        ),
      );
    }
  }
  writeFileSync(file, '-127');
  await weAre('FAULT');
  // It tells the state of one member then, and of the group.
  await peer.says('(G0) Entering FAULT STATE');
  await peer.says('VRRP_Group(G) Syncing instances to FAULT state');
  writeFileSync(file, '0');
  await weAre('MASTER');
});

test('the death of a tracked process moves both to keepalived, its return brings both back', async () => {
  const target: ProcessTarget = {
    name: 'tp',
    command: '/usr/bin/sleep',
    parameters: [`86400.${process.pid}`],
    match: 'exact',
    fullCommand: false,
    quorum: 1,
    quorumMax: 65_535,
    terminateDelayMs: 0,
    forkDelayMs: 0,
  };
  const live = () => spawn('/usr/bin/sleep', target.parameters);
  const first = live();
  ours = pair.elector(group([PROCESS]));
  await until('our start', () => ours.reports.some(({ type }) => type === 'running'));
  expect(ourStates()).toEqual([undefined, undefined]);
  keeper.configure({ files: [], processes: [target] });
  await weAre('MASTER');
  const peer = keepalived(100);
  await theyEnter(peer, 'BACKUP');
  first.kill();
  await weAre('FAULT');
  await theyEnter(peer, 'MASTER');
  const second = live();
  await weAre('MASTER');
  second.kill();
});

test('a split heals on one link: the other one is told as well where the addresses are', async () => {
  ours = pair.elector(group());
  await ours.is('MASTER');
  const theirs = keepalived(100);
  await theirs.says('(G1) Entering BACKUP STATE');
  const drop = (n: number) =>
    `chain i${n} { type filter hook ingress device v${n} priority 0; policy drop; };`;
  await pair.output('a', [
    'nft',
    `table netdev split { ${drop(0)} ${drop(1)} }; ` +
      'table inet split { chain o { type filter hook output priority 0; meta l4proto 112 drop; }; }',
  ]);
  await theirs.says('(G1) Entering MASTER STATE');
  await until('a while', () => theirs.log.some((line) => line.includes('10.2.0.100')));
  const capture = await pair.capture('arp', 'v1');
  theirs.forget();
  const heal = 'flush chain inet split o; add rule inet split o oifname v1 meta l4proto 112 drop';
  await pair.output('a', ['nft', `${heal}; delete chain netdev split i0`]);
  await theirs.says('(G1) Entering BACKUP STATE');
  const told = new RegExp(`${pair.read('a', '/sys/class/net/v1/address')} > .*tell 10.2.0.100,`);
  await until('our announcement', () => capture.matching(told).length > 0, 1000);
  expect(ours.states.at(-1)).toBe('MASTER');
  for (const table of ['netdev', 'inet']) await pair.output('a', ['nft', `delete table ${table} split`]);
});
