// Sync groups: virtual routers that change state together. Runs after every step of the elector and makes
// members that went apart one again. Each member's own election is machine.ts's.
//
// * FAULT of one is FAULT of all, and none is a candidate before all are.
// * To become MASTER is put to the vote: a member whose master-down time is over waits for the others' to be
//   over, too. So does keepalived 2.2.7: where one link of two loses adverts, the group stays with the master
//   that the other link still hears, instead of going to and fro.
// * Everything else one member does, the others do in the same step: yield, hand over for a drill, pause,
//   take back what nobody took over.
// * What tells one member of a rival makes all of them announce their addresses again.
import { request } from './announcements.ts';
import type { Elector } from './elector.ts';
import { admit, advance, allVips, type Instance, type Turn, transit } from './instance.ts';
import { afterRival } from './machine.ts';
import type { State } from './settings.ts';
import { becomeBackup, farewell } from './transitions.ts';

/** As it was after the last step. */
export type Group = { state: State; members: ReadonlySet<Instance> };

/** Above a {@link farewell}, so that a member that leaves believes itself relieved and says no more. */
const RELIEVER_PRIORITY = 2;

export function isMember({ settings }: Elector, { own }: Instance): boolean {
  return settings.groups?.some(({ members }) => members.includes(own.name)) ?? false;
}

export function alignGroups(elector: Elector, turn: Turn): void {
  const { settings, instances, groups } = elector;
  const known = new Set<string>();
  for (const { name, members: names } of settings.groups ?? []) {
    // Who is about to leave for good does so on its own: each link has its own moment of handing over.
    const members = names.flatMap((each) => instances.get(each) ?? []).filter(({ retiring }) => !retiring);
    const [first] = members;
    if (first === undefined) continue;
    known.add(name);
    const before = groups.get(name);
    align(before, members, turn);
    announceTogether(members, turn);
    const { state } = first.router;
    groups.set(name, { state, members: new Set(members) });
    report(name, before?.state ?? 'INIT', state, turn);
  }
  for (const [name, { state }] of groups) {
    if (known.has(name)) continue;
    groups.delete(name);
    report(name, state, 'INIT', turn);
  }
}

/** A rival of one is a rival of all, and may yield on their links before it is heard there. */
function announceTogether(members: readonly Instance[], { contested, announcements }: Turn): void {
  if (!members.some((member) => contested.has(member))) return;
  for (const { own, router } of members)
    if (router.state === 'MASTER') request(announcements, own.name, allVips(own), afterRival(own).repeat);
}

function report(group: string, from: State, to: State, { nowMs, actions }: Turn): void {
  if (from !== to) actions.push({ do: 'report', report: { type: 'group', group, from, to, atMs: nowMs } });
}

function align(before: Group | undefined, members: readonly Instance[], turn: Turn): void {
  admitTogether(members, turn);
  if (members.every(wantsMastership))
    for (const member of members) advance(member, { type: 'expired', timer: 'masterDown' }, turn);
  const target = targetOf(before, members);
  const leader = members.find(({ router }) => router.state === target)!;
  for (const member of members) if (member.router.state !== target) follow(member, target, leader, turn);
}

function admitTogether(members: readonly Instance[], turn: Turn): void {
  const unfit = members.find(({ fitness }) => fitness === 'unfit');
  const isRunning = members.some(({ router, linkUp }) => router.state !== 'INIT' && linkUp);
  const isStarted = members.some(({ router }) => router.state !== 'INIT');
  const isUndecided = members.some(({ fitness }) => fitness === 'undecided');
  if (unfit === undefined && isUndecided && !isStarted) return;
  const fit = unfit === undefined && (isRunning || !isUndecided);
  for (const member of members) {
    const why = member.fitness === 'unfit' || unfit === undefined ? member.why : ofAnother(unfit);
    admit(member, fit, why, turn);
  }
}

function ofAnother({ own, why }: Instance): Instance['why'] {
  return { message: `${own.name} of the sync group: ${why.message}`, fields: why.fields };
}

/** Its master-down time is over, and nothing was heard that would have begun another. */
function wantsMastership({ router, deadlines }: Instance): boolean {
  return router.state === 'BACKUP' && !deadlines.has('masterDown');
}

/** Once admitted together, members are candidates of some kind, or all in FAULT, or all in INIT. */
function targetOf(before: Group | undefined, members: readonly Instance[]): State {
  const old = members.filter((member) => before?.members.has(member));
  const changed = old.filter(({ router }) => router.state !== before?.state);
  const among = (some: readonly Instance[], order: readonly State[]) =>
    order.find((state) => some.some(({ router }) => router.state === state));
  // A master heard on one link, and a wish to leave, count more than that nobody is heard on another link.
  const led = among(changed, ['BACKUP', 'LEAVING', 'MASTER']);
  // Who joins adapts to those that are there; a new group serves if one of it does.
  const target = led ?? among(old.length > 0 ? old : members, ['MASTER', 'LEAVING', 'BACKUP']);
  const joinsLate = target === 'LEAVING' && members.some(({ router }) => router.state === 'BACKUP');
  return joinsLate ? 'BACKUP' : (target ?? members[0]!.router.state);
}

function follow(member: Instance, target: State, leader: Instance, turn: Turn): void {
  const { own, router } = member;
  if (target === 'MASTER') {
    const timer = router.state === 'LEAVING' ? 'leave' : 'masterDown';
    advance(member, { type: 'expired', timer }, turn);
  } else if (target === 'LEAVING' && leader.router.state === 'LEAVING') {
    const { purpose } = leader.router;
    if (purpose.for === 'drill') advance(member, { type: 'drill', holdMs: purpose.holdMs }, turn);
    else advance(member, { type: 'paused' }, turn);
  } else if (target === 'BACKUP' && router.state === 'LEAVING') {
    const heard = { priority: RELIEVER_PRIORITY, intervalMs: own.advertMs, higherAddress: true };
    advance(member, { type: 'advert', ...heard }, turn);
  } else if (target === 'BACKUP') {
    transit(member, becomeBackup('sync group', own.advertMs, own, farewell(own)), turn);
  }
}
