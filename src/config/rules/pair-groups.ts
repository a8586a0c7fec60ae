// Sync groups of two directors: members that change state together on one and not on the other would end up
// on different directors.
import type { Configuration, SyncGroup, VrrpInstance } from '../model.ts';
import type { PairReport } from './pair-report.ts';

type Match = readonly [VrrpInstance, VrrpInstance];

export function compareGroups(
  matches: readonly Match[],
  [a, b]: readonly [Configuration, Configuration],
  pair: PairReport,
): void {
  const nameInB = new Map(matches.map(([ofA, ofB]) => [ofA.name.value, ofB.name.value]));
  const reported = new Set<SyncGroup | undefined>();
  for (const [ofA, ofB] of matches) {
    const [groupA, groupB] = [groupOf(ofA, a), groupOf(ofB, b)];
    const theirs = matesOf(groupA).flatMap((name) => nameInB.get(name) ?? []);
    const ours = matesOf(groupB).filter((name) => [...nameInB.values()].includes(name));
    const same = theirs.length === ours.length && theirs.every((name) => ours.includes(name));
    if (same || reported.has(groupB ?? groupA)) continue;
    reported.add(groupB ?? groupA);
    const [there, here] = [theirs, ours].map((names) => (names.length === 0 ? 'alone' : names.join(' ')));
    const message = `${ofB.name.value} changes state with other instances than on the other director`;
    const hint = `here: ${here}; there: ${there}; give both directors the same vrrp_sync_group`;
    const places = [groupA?.name.at ?? ofA.name.at, groupB?.name.at ?? ofB.name.at] as const;
    pair.add('CFG_PAIR_GROUP', places, message, 'the other director', hint);
  }
}

function groupOf({ name }: VrrpInstance, { syncGroups }: Configuration): SyncGroup | undefined {
  return syncGroups.find(({ members }) => members.some(({ value }) => value === name.value));
}

function matesOf(group: SyncGroup | undefined): string[] {
  return group?.members.map(({ value }) => value) ?? [];
}
