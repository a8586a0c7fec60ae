// What is watched outside of VRRP, and what each instance makes of it. A tracker that no instance watches is
// not watched at all.
import { trackersOf, weightOf } from '../config/compose/sync-groups.ts';
import type { Configuration, TrackFile, TrackProcess, VrrpInstance } from '../config/model.ts';
import type { BfdSettings } from '../vrrp/bfd/speaker.ts';
import type { ElectorSettings, GroupSettings, Track } from '../vrrp/settings.ts';
import { type LinkTarget, planPolls } from './links.ts';
import { plannedProgram } from './programs.ts';
import type { ScriptSettings } from './script-verdict.ts';

export type FileTarget = Omit<TrackFile, 'name' | 'path' | 'weight' | 'reverse'> & {
  name: string;
  path: string;
};
export type ProcessTarget = Omit<TrackProcess, 'name' | 'weight' | 'reverse'> & { name: string };
export type TrackerTargets = {
  files: readonly FileTarget[];
  processes: readonly ProcessTarget[];
  scripts: readonly ScriptSettings[];
  links: readonly LinkTarget[];
};

export function planTrackers(configuration: Configuration): TrackerTargets {
  const { global, instances, trackers } = configuration;
  const wanted = (kind: Track['kind'], name: string) =>
    instances.some(({ tracks }) => tracks.some((track) => track.kind === kind && track.name.value === name));
  return {
    files: trackers.files.flatMap(({ name, path, weight: _, reverse: __, ...more }) =>
      wanted('file', name.value) ? [{ name: name.value, path: path.value, ...more }] : [],
    ),
    processes: trackers.processes.flatMap(({ name, weight: _, reverse: __, ...more }) =>
      wanted('process', name.value) ? [{ name: name.value, ...more }] : [],
    ),
    links: planPolls(configuration),
    scripts: trackers.scripts.flatMap(({ name, program, weight: _, reverse: __, ...more }) =>
      wanted('script', name.value)
        ? [{ name: name.value, program: plannedProgram(program, global), ...more }]
        : [],
    ),
  };
}

/** A name that is defined nowhere has been reported, and means nothing. */
export function planTracks({ trackers }: Configuration, { tracks }: VrrpInstance): Track[] {
  return tracks.flatMap((track) => {
    const { kind, name } = track;
    if (!trackersOf(kind, trackers).some((each) => each.name.value === name.value)) return [];
    return [{ kind, name: name.value, ...pickWeight(weightOf(track, trackers)) }];
  });
}

function pickWeight({ weight, reverse }: { weight: number; reverse: boolean }) {
  return { weight, reverse };
}

export function planSessions({ trackers }: Configuration): { bfd?: BfdSettings[] } {
  const bfd = trackers.sessions.map(
    ({ name, neighbour, source, weight: _, reverse: __, tellsVrrp: ___, ...more }) => ({
      name: name.value,
      neighbour: neighbour.value,
      ...(source === undefined ? {} : { source: source.value }),
      ...more,
    }),
  );
  return bfd.length === 0 ? {} : { bfd };
}

export function planGroups({ syncGroups }: Configuration): { groups?: GroupSettings[] } {
  const groups = syncGroups
    .filter(({ members }) => members.length > 0)
    .map(({ name, members }) => ({ name: name.value, members: members.map(({ value }) => value) }));
  return groups.length === 0 ? {} : { groups };
}

export function withoutScripts(elector: ElectorSettings, names: ReadonlySet<string>): ElectorSettings {
  const isKept = ({ kind, name }: Track) => kind !== 'script' || !names.has(name);
  return {
    ...elector,
    instances: elector.instances.map((own) => ({ ...own, tracks: own.tracks.filter(isKept) })),
  };
}
