// What instances watch outside of VRRP: the blocks that say what is watched, and the lists of instances and
// sync groups that say who watches it.
import type { Located } from '../../core/diagnostic.ts';
import type { BfdInstance, TrackedName, TrackFile, TrackProcess, TrackScript } from '../model.ts';
import type { Report } from '../report.ts';
import { distinct } from '../rules/distinct.ts';
import type { SYNC_GROUP } from '../schema/sync-group.ts';
import type { TOP } from '../schema/top.ts';
import type { TRACK_FILE, TRACK_PROCESS } from '../schema/trackers.ts';
import type { TrackedName as Entry } from '../schema/tracks.ts';
import type { VRRP_INSTANCE } from '../schema/vrrp.ts';
import type { VRRP_SCRIPT } from '../schema/vrrp-script.ts';
import { all, last, type Setting, type Settings, settled } from '../settings.ts';
import { composeBfd } from './bfd.ts';
import { composeProgram, ownerOf } from './notify.ts';

type Tracked = { body: { entries: readonly Located<Entry>[] } };
type Tracking = Settings<typeof VRRP_INSTANCE> | Settings<typeof SYNC_GROUP>;

export function composeTracks({ values }: Tracking, report: Report): TrackedName[] {
  const { track_file = [], track_process = [], track_script = [], track_bfd = [] } = values;
  return [
    ...tracksOf('file', track_file, report),
    ...tracksOf('process', track_process, report),
    ...tracksOf('script', track_script, report),
    ...tracksOf('bfd', track_bfd, report),
  ];
}

function tracksOf(kind: TrackedName['kind'], lists: readonly Tracked[], report: Report): TrackedName[] {
  const tracks = lists.flatMap(({ body }) => body.entries.map(({ value }) => ({ kind, ...value })));
  return distinct(
    tracks,
    ({ name }) => name.value,
    ({ name }) =>
      report.add('CFG_DUPLICATE', name.at, `${name.value} is tracked already: this line is left out`),
  );
}

export function composeFiles(settings: Settings<typeof TOP>, report: Report): TrackFile[] {
  const blocks = [...all(settings, 'track_file'), ...all(settings, 'vrrp_track_file')];
  return unique(
    'track_file',
    blocks.flatMap((block) => composeFile(block, report) ?? []),
    report,
  );
}

export function composeSessions(settings: Settings<typeof TOP>, report: Report): BfdInstance[] {
  const blocks: Setting<(typeof TOP)['keywords']['bfd_instance']>[] = [...all(settings, 'bfd_instance')];
  const sessions = unique(
    'bfd_instance',
    blocks.flatMap(({ value, at, body }) => composeBfd({ value, at }, body, report) ?? []),
    report,
  );
  // RFC 5881 §3: one session between two systems on one path; ours are told apart by the neighbour.
  return distinct(
    sessions,
    ({ neighbour, multihop }) => `${neighbour.value} ${multihop}`,
    ({ name, neighbour }, first) =>
      report.add(
        'CFG_DUPLICATE',
        neighbour.at,
        `${first.name.value} has the neighbour ${neighbour.value} already: ${name.value} is left out`,
        undefined,
        [{ at: first.neighbour.at, message: 'first here' }],
      ),
  );
}

export function composeScripts(settings: Settings<typeof TOP>, report: Report): TrackScript[] {
  const blocks: Setting<(typeof TOP)['keywords']['vrrp_script']>[] = [...all(settings, 'vrrp_script')];
  return unique(
    'vrrp_script',
    blocks.flatMap((block) => composeScript(block, report) ?? []),
    report,
  );
}

function composeScript(
  { value, at, body }: Block<typeof VRRP_SCRIPT>,
  report: Report,
): TrackScript | undefined {
  const program = composeProgram(last(body, 'script'));
  if (program === undefined) {
    // Not an error: keepalived removes it, and with it who tracks it.
    if (report.compat || !body.wrong.includes('script'))
      report.add('CFG_SCRIPT', body.at, `the vrrp_script ${value} has no script`);
    return undefined;
  }
  const interval = settled(body, 'interval').value;
  const { weight, reverse } = last(body, 'weight')?.value ?? { weight: 0, reverse: false };
  return {
    name: { value, at },
    program: { ...ownerOf(last(body, 'user')?.value), ...program },
    intervalMs: interval,
    timeoutMs: last(body, 'timeout')?.value ?? interval,
    rise: settled(body, 'rise').value,
    fall: settled(body, 'fall').value,
    initFail: last(body, 'init_fail') !== undefined,
    weight,
    reverse,
  };
}

type Block<B extends typeof TRACK_FILE | typeof TRACK_PROCESS | typeof VRRP_SCRIPT> = Located<string> & {
  body: Settings<B>;
};

function composeFile({ value, at, body }: Block<typeof TRACK_FILE>, report: Report): TrackFile | undefined {
  const path = last(body, 'file');
  if (path === undefined) return incomplete(body, 'file', report);
  const init = last(body, 'init_file');
  const { weight, reverse } = last(body, 'weight')?.value ?? { weight: 1, reverse: false };
  return { name: { value, at }, path, weight, reverse, ...(init === undefined ? {} : { init: init.value }) };
}

export function composeProcesses(settings: Settings<typeof TOP>, report: Report): TrackProcess[] {
  const blocks: Setting<(typeof TOP)['keywords']['vrrp_track_process']>[] = [
    ...all(settings, 'vrrp_track_process'),
  ];
  return unique(
    'vrrp_track_process',
    blocks.flatMap((block) => composeProcess(block, report) ?? []),
    report,
  );
}

function composeProcess(
  { value, at, body }: Block<typeof TRACK_PROCESS>,
  report: Report,
): TrackProcess | undefined {
  const program = last(body, 'process');
  if (program === undefined) return incomplete(body, 'process', report);
  const delay = last(body, 'delay')?.value ?? 0;
  const [command, ...parameters] = program.value;
  const { weight, reverse } = last(body, 'weight')?.value ?? { weight: 0, reverse: false };
  const match = last(body, 'param_match')?.value;
  return {
    name: { value, at },
    command: command!,
    parameters,
    match: match ?? (parameters.length > 0 ? 'exact' : 'any'),
    fullCommand: last(body, 'full_command') !== undefined,
    ...composeQuorum(body, report),
    terminateDelayMs: last(body, 'terminate_delay')?.value ?? delay,
    forkDelayMs: last(body, 'fork_delay')?.value ?? delay,
    weight,
    reverse,
  };
}

/** `quorum_max 0` alone: none is to run. */
function composeQuorum(
  body: Settings<typeof TRACK_PROCESS>,
  report: Report,
): Pick<TrackProcess, 'quorum' | 'quorumMax'> {
  const asked = last(body, 'quorum');
  const most = settled(body, 'quorum_max');
  if (asked !== undefined && asked.value > most.value)
    report.add('CFG_CONTRADICTION', most.at, `quorum_max is below the quorum of ${asked.value}`);
  const quorum = asked?.value ?? Math.min(1, most.value);
  return { quorum, quorumMax: most.value };
}

function incomplete<B extends typeof TRACK_FILE | typeof TRACK_PROCESS>(
  body: Settings<B>,
  word: string,
  report: Report,
): undefined {
  if (report.compat || !body.wrong.includes(word))
    report.add('CFG_INCOMPLETE', body.at, `this ${body.block.name} has no ${word}`);
}

function unique<T extends { name: Located<string> }>(block: string, all: T[], report: Report): T[] {
  return distinct(
    all,
    ({ name }) => name.value,
    ({ name }, first) =>
      report.add('CFG_DUPLICATE', name.at, `there is a ${block} ${name.value} already`, undefined, [
        { at: first.name.at, message: 'first here' },
      ]),
  );
}
