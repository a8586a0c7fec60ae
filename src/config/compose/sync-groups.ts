// Sync groups: who is in which, and what being in one does to what its members track. As in keepalived 2.2.7,
// what the group tracks every member tracks, and members' own trackers that have a weight are left out unless
// sync_group_tracking_weight is set: members of different priority could not follow each other.
import type { Located } from '../../core/diagnostic.ts';
import type {
  BfdInstance,
  SyncGroup,
  TrackedName,
  Trackers,
  TrackFile,
  TrackProcess,
  TrackScript,
  VrrpInstance,
} from '../model.ts';
import type { Report } from '../report.ts';
import type { SYNC_GROUP } from '../schema/sync-group.ts';
import type { TOP } from '../schema/top.ts';
import { all, last, type Settings } from '../settings.ts';
import { composeGroupNotify } from './notify.ts';
import { composeTracks } from './trackers.ts';
import { trackedInterfaces } from './vrrp.ts';

/** Changes what the members among `instances` track. */
export function composeSyncGroups(
  settings: Settings<typeof TOP>,
  instances: readonly VrrpInstance[],
  trackers: Trackers,
  report: Report,
): SyncGroup[] {
  const groups: SyncGroup[] = [];
  const groupOf = new Map<string, SyncGroup>();
  for (const { value, at, body } of all(settings, 'vrrp_sync_group')) {
    const first = groups.find(({ name }) => name.value === value);
    if (first !== undefined) {
      report.add('CFG_DUPLICATE', at, `there is a vrrp_sync_group ${value} already`, undefined, [
        { at: first.name.at, message: 'first here' },
      ]);
      continue;
    }
    const group: SyncGroup = { name: { value, at }, members: [], notify: composeGroupNotify(body) };
    for (const member of all(body, 'group').flatMap(({ body: list }) => list.entries))
      join(group, member, instances, groupOf, report);
    groups.push(group);
    reportSize(group, report);
    const names = new Set(group.members.map((member) => member.value));
    const members = instances.filter(({ name }) => names.has(name.value));
    if (last(body, 'sync_group_tracking_weight') === undefined)
      for (const member of members) dropWeighted(member, trackers, report);
    for (const member of members) addTracked(member, body, report);
  }
  return groups;
}

type Body = Settings<typeof SYNC_GROUP>;

function join(
  group: SyncGroup,
  member: Located<string>,
  instances: readonly VrrpInstance[],
  groupOf: Map<string, SyncGroup>,
  report: Report,
): void {
  // A name that is nobody's is reported with others of its kind: src/config/rules/references.ts.
  if (!instances.some(({ name }) => name.value === member.value)) return;
  const other = groupOf.get(member.value);
  if (other === undefined) {
    groupOf.set(member.value, group);
    group.members.push(member);
    return;
  }
  const message = `${member.value} is in the sync group ${other.name.value} already: it is left out here`;
  report.add('CFG_DUPLICATE', member.at, message, 'an instance can follow one group only');
}

function reportSize({ name, members }: SyncGroup, report: Report): void {
  if (members.length > 1) return;
  const count = members.length === 0 ? 'no member' : 'one member only';
  const message = `the sync group ${name.value} has ${count}`;
  report.add('CFG_EMPTY', name.at, message, 'list the instances that are to change state together');
}

function dropWeighted(member: VrrpInstance, trackers: Trackers, report: Report): void {
  const drop = (name: Located<string>) =>
    report.add(
      'CFG_CONTRADICTION',
      name.at,
      `${name.value} would change the priority of ${member.name.value}, which is in a sync group: left out`,
      'track it in the group, give it weight 0, or set sync_group_tracking_weight',
    );
  for (const tracked of member.weightedInterfaces) drop(tracked.interface);
  member.weightedInterfaces = [];
  member.tracks = member.tracks.filter((track) => {
    if (weightOf(track, trackers).weight === 0) return true;
    drop(track.name);
    return false;
  });
}

/** A weight in the list, else that of the block. */
export function weightOf(track: TrackedName, trackers: Trackers): { weight: number; reverse: boolean } {
  if (track.weight !== undefined) return { weight: track.weight.value, reverse: track.reverse };
  return (
    trackersOf(track.kind, trackers).find(({ name }) => name.value === track.name.value) ?? {
      weight: 0,
      reverse: false,
    }
  );
}

export function trackersOf(
  kind: TrackedName['kind'],
  { files, processes, scripts, sessions }: Trackers,
): readonly (BfdInstance | TrackFile | TrackProcess | TrackScript)[] {
  return {
    file: files,
    process: processes,
    script: scripts,
    bfd: sessions.filter(({ tellsVrrp }) => tellsVrrp),
  }[kind];
}

function addTracked(member: VrrpInstance, body: Body, report: Report): void {
  const known = new Set([
    ...member.trackInterfaces.map(({ value }) => value),
    ...member.weightedInterfaces.map((tracked) => tracked.interface.value),
  ]);
  const { trackInterfaces, weightedInterfaces } = trackedInterfaces(body, member.priority.value, report);
  member.trackInterfaces.push(...trackInterfaces.filter(({ value }) => !known.has(value)));
  member.weightedInterfaces.push(...weightedInterfaces.filter((each) => !known.has(each.interface.value)));
  for (const track of composeTracks(body, report)) {
    const isKnown = member.tracks.some(
      ({ kind, name }) => kind === track.kind && name.value === track.name.value,
    );
    if (!isKnown) member.tracks.push(track);
  }
}
