// Sync groups and what instances watch outside of VRRP: from text to what elector and watchers are told.
import { describe, expect, test } from 'vitest';
import { comparePair } from '../../src/config/pair.ts';
import { readConfiguration } from '../../src/config/read.ts';
import { planConfiguration } from '../../src/director/plan-document.ts';

function read(text: string) {
  const { configuration, diagnostics } = readConfiguration([{ name: 'x', text }], {});
  const said = diagnostics.map(({ severity, code, message }) => `${severity} ${code} ${message}`);
  return { said, plan: planConfiguration(configuration, 'salt') };
}
const instance = (name: string, more = '') =>
  `vrrp_instance ${name} {\ninterface eth${name.slice(1)}\nvirtual_router_id 5${name.slice(1)}\n` +
  `virtual_ipaddress {\n10.${name.slice(1)}.0.1/32\n}\n${more}}\n`;
const group = (more: string, name = 'G') => `vrrp_sync_group ${name} {\n${more}}\n`;
const members = (...names: string[]) => `group {\n${names.join('\n')}\n}\n`;
const FILE = 'track_file tf {\nfile /run/tf\n}\n';

describe('a sync group', () => {
  test('is told to the elector', () => {
    const { said, plan } = read(instance('V0') + instance('V1') + group(members('V0', 'V1')));
    expect(said).toEqual([]);
    expect(plan.elector.groups).toEqual([{ name: 'G', members: ['V0', 'V1'] }]);
  });
  test('lets every member track what it tracks', () => {
    const tracks = 'track_interface {\neth7\neth8 weight -10\n}\ntrack_file {\ntf weight 2\n}\n';
    const { said, plan } = read(FILE + instance('V0') + instance('V1') + group(members('V0', 'V1') + tracks));
    expect(said).toEqual([]);
    for (const own of plan.elector.instances) {
      expect(own.trackInterfaces).toEqual(['eth7']);
      expect(own.weightedInterfaces).toEqual([{ interface: 'eth8', weight: -10, while: 'down' }]);
      expect(own.tracks).toEqual([{ kind: 'file', name: 'tf', weight: 2, reverse: false }]);
    }
  });
  test('leaves out what would change the priority of one member, as keepalived does', () => {
    const own = 'track_interface {\neth8 weight 5\neth9\n}\ntrack_file {\ntf\n}\n';
    const two = instance('V0', own) + instance('V1');
    const { said, plan } = read(FILE + two + group(members('V0', 'V1')));
    expect(said).toEqual([
      expect.stringMatching(/^error CFG_CONTRADICTION eth8 would change the priority of V0/),
      expect.stringMatching(/^error CFG_CONTRADICTION tf would change the priority of V0/),
    ]);
    expect(plan.elector.instances[0]).toMatchObject({
      trackInterfaces: ['eth9'],
      weightedInterfaces: [],
      tracks: [],
    });
    const kept = read(FILE + two + group(`${members('V0', 'V1')}sync_group_tracking_weight\n`));
    expect(kept.said).toEqual([]);
    expect(kept.plan.elector.instances[0]!.tracks).toHaveLength(1);
  });
  test.each<[string, string, string[]]>([
    ['one member', group(members('V0')), ['warning CFG_EMPTY the sync group G has one member only']],
    [
      'a member of two',
      group(members('V0', 'V1')) + group(members('V1', 'V0'), 'H'),
      [
        'error CFG_DUPLICATE V1 is in the sync group G already: it is left out here',
        'error CFG_DUPLICATE V0 is in the sync group G already: it is left out here',
        'warning CFG_EMPTY the sync group H has no member',
      ],
    ],
    [
      'a name of nobody',
      group(members('V0', 'V1', 'V9')),
      ['error CFG_REFERENCE there is no vrrp_instance V9'],
    ],
    [
      'two of one name',
      group(members('V0', 'V1')) + group(''),
      ['error CFG_DUPLICATE there is a vrrp_sync_group G already'],
    ],
  ])('%s', (_, text, expected) => {
    expect(read(instance('V0') + instance('V1') + text).said.toSorted()).toEqual(expected.toSorted());
  });
});

describe('trackers', () => {
  const tracked = (kind: string, entry: string) => instance('V0', `track_${kind} {\n${entry}\n}\n`);
  const weightOf = (text: string) => {
    const { said, plan } = read(text);
    expect(said).toEqual([]);
    return plan.elector.instances[0]!.tracks.map(({ weight, reverse }) => ({ weight, reverse }));
  };
  test.each<[string, string, number, boolean]>([
    ['1 of a file', FILE + tracked('file', 'tf'), 1, false],
    ['that of the block', `track_file tf {\nfile /x\nweight 3 reverse\n}\n${tracked('file', 'tf')}`, 3, true],
    [
      'that of the entry',
      `track_file tf {\nfile /x\nweight 3 reverse\n}\n${tracked('file', 'tf weight 2')}`,
      2,
      false,
    ],
    ['0 of a process', `vrrp_track_process tp {\nprocess x\n}\n${tracked('process', 'tp')}`, 0, false],
  ])('weight %s', (_, text, weight, reverse) => {
    expect(weightOf(text)).toEqual([{ weight, reverse }]);
  });
  test('what nobody tracks is not watched; what is not there is not waited for', () => {
    const { plan, said } = read(FILE + tracked('file', 'other'));
    expect(plan.trackers).toEqual({ files: [], processes: [], scripts: [], links: [] });
    expect(plan.elector.instances[0]!.tracks).toEqual([]);
    expect(said).toEqual([expect.stringMatching(/^error CFG_REFERENCE there is no track_file other/)]);
  });
  test('a process with everything', () => {
    const words = ['process nginx -g x', 'param_match initial', 'quorum 2', 'quorum_max 4', 'delay 1.5'];
    const block = `vrrp_track_process tp {\n${[...words, 'fork_delay 0.25', 'full_command'].join('\n')}\n}\n`;
    expect(read(block + tracked('process', 'tp')).plan.trackers.processes).toEqual([
      {
        name: 'tp',
        command: 'nginx',
        parameters: ['-g', 'x'],
        match: 'initial',
        fullCommand: true,
        quorum: 2,
        quorumMax: 4,
        terminateDelayMs: 1500,
        forkDelayMs: 250,
      },
    ]);
  });
  test.each<[string, string, string]>([
    ['a file without a path', 'track_file tf {\n}\n', 'CFG_INCOMPLETE this track_file has no file'],
    [
      'a process without a name',
      'vrrp_track_process tp {\n}\n',
      'CFG_INCOMPLETE this vrrp_track_process has no',
    ],
    [
      'a quorum that cannot be',
      'vrrp_track_process tp {\nprocess x\nquorum 3\nquorum_max 2\n}\n',
      'CFG_CONTRADICTION quorum_max is below the quorum of 3',
    ],
    ['two of one name', FILE + FILE, 'CFG_DUPLICATE there is a track_file tf already'],
    ['a line twice', FILE + tracked('file', 'tf\ntf'), 'CFG_DUPLICATE tf is tracked already'],
  ])('%s', (_, text, expected) => {
    expect(read(text).said).toEqual([expect.stringContaining(`error ${expected}`)]);
  });
});

test('a pair: members that change state together on one director only', () => {
  const side = (priority: number, more: string) => {
    const own = `priority ${priority}\nnopreempt\n`;
    const text = instance('V0', own) + instance('V1', own) + instance('V2', own) + more;
    return readConfiguration([{ name: 'x', text }]);
  };
  const codes = (a: string, b: string) =>
    comparePair(side(150, a), side(100, b), false).diagnostics.map(({ code }) => code);
  const two = group(members('V0', 'V1'));
  expect(codes('', '')).toEqual([]);
  expect(codes(two, group(members('V1', 'V0'), 'H'))).toEqual([]);
  expect(codes(two, group(members('V0', 'V1', 'V2')))).toEqual(['CFG_PAIR_GROUP']);
  expect(codes(two, '')).toEqual(['CFG_PAIR_GROUP']);
  expect(codes('', two)).toEqual(['CFG_PAIR_GROUP']);
});
