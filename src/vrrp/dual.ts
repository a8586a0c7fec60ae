// How long there were two masters: from the first advert of another one that is heard while MASTER to its
// end, who it was, and who gave way. Decides nothing; what the election makes of such adverts is machine.ts.
//
// What is heard is a lower bound. Whoever yields to the master before it, which fell silent without
// resigning, learns on that advert that there may have been two all the time, since it became MASTER itself.
// One advert does not tell that from a crash and a return, so it is said, and counted, as possible.
import type { Address } from '../core/address.ts';
import { count, type Instance, isQuiet, notice, type Turn } from './instance.ts';
import { type Advert, RESIGNED } from './packet.ts';
import type { Reason } from './router.ts';
import { masterDownMs } from './timing.ts';

type Rival = { priority: number; sinceMs: number; lastMs: number; adverts: number };
/** `before`: who was master when we were not, and has not resigned. */
export type Masters = { rivals: Map<Address, Rival>; before: Address | undefined };
type End = 'it yielded' | 'it resigned' | 'we yielded' | 'we left';

/** Addresses are easily forged, where adverts are not signed. */
const RIVALS_MAX = 8;
const TOLD_EACH_MS = 1000;

export function createMasters(): Masters {
  return { rivals: new Map(), before: undefined };
}

/** An advert that counts, before anything comes of it. */
export function noteMaster(instance: Instance, { source, priority, intervalMs }: Advert, turn: Turn): void {
  const { masters, router, own } = instance;
  if (priority === RESIGNED) {
    if (router.state === 'MASTER') turn.contested.add(instance);
    if (masters.before === source) masters.before = undefined;
    end(instance, source, 'it resigned', turn);
    return;
  }
  if (router.state !== 'MASTER') {
    masters.before = source;
    return;
  }
  const { nowMs } = turn;
  const rival = masters.rivals.get(source) ?? { priority, sinceMs: nowMs, lastMs: nowMs, adverts: 0 };
  if (rival.adverts === 0 && masters.rivals.size === RIVALS_MAX) return;
  if (rival.adverts === 0) turn.contested.add(instance);
  masters.rivals.set(source, { ...rival, priority, lastMs: nowMs, adverts: rival.adverts + 1 });
  // As long as a backup of it would wait; another rival's longer time counts for both.
  const goneAtMs = nowMs + masterDownMs(intervalMs, own);
  instance.deadlines.set('rival', Math.max(goneAtMs, instance.deadlines.get('rival') ?? 0));
}

/** None was heard for so long that there is none any more. */
export function noteSilence(instance: Instance, turn: Turn): void {
  turn.contested.add(instance);
  for (const source of instance.masters.rivals.keys()) end(instance, source, 'it yielded', turn);
}

/** We are MASTER no more. */
export function noteLeft(instance: Instance, reason: Reason, turn: Turn): void {
  const how = reason === 'better master' ? 'we yielded' : 'we left';
  for (const source of instance.masters.rivals.keys()) end(instance, source, how, turn);
  if (how === 'we yielded') instance.masters.before = instance.lastMaster?.address;
}

function end(instance: Instance, source: Address, how: End, turn: Turn): void {
  const { masters, own, sinceMs: masterSinceMs } = instance;
  const rival = masters.rivals.get(source);
  masters.rivals.delete(source);
  // It said so, with its last word.
  if (how === 'it yielded' && masters.before === source) masters.before = undefined;
  if (rival === undefined) return;
  const { priority, adverts } = rival;
  const ms = Math.round(rival.lastMs - rival.sinceMs);
  if (adverts === 1 && how === 'we yielded') {
    // Preempted, as it should be, if it was never master before or said that it went.
    if (masters.before !== source) return;
    count(instance, 'dualMastersPossible');
    const atMostMs = Math.round(turn.nowMs - masterSinceMs);
    const text = `is back, which fell silent as MASTER: if it lived, there were two for ${atMostMs} ms`;
    return tell(instance, { other: source, priority, ms, atMostMs, adverts, ended: how }, text, turn);
  }
  // The last word of the master before us, not a second master.
  if (adverts === 1 && rival.sinceMs - masterSinceMs < own.advertMs) return;
  count(instance, 'dualMasters');
  count(instance, 'dualMasterMs', ms);
  const text = `was MASTER, too, for ${ms} ms (adverts heard: ${adverts}); ${how}`;
  tell(instance, { other: source, priority, ms, adverts, ended: how }, text, turn);
}

type Told = Readonly<Record<string, unknown>> & { other: Address };

function tell(instance: Instance, fields: Told, text: string, turn: Turn): void {
  if (isQuiet(instance, 'dual', turn.nowMs, TOLD_EACH_MS)) return;
  notice(instance, 'vrrp.dual', `${fields.other} ${text}`, fields, turn);
}
