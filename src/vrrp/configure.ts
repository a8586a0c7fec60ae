// Settings, links and trackers as they change under a running elector: which virtual routers start, change in
// place, or leave.

import { type Address, isLinkLocal } from '../core/address.ts';
import { pace, withdraw } from './announcements.ts';
import { createAuthenticator } from './auth.ts';
import { weighLinks } from './carrier.ts';
import { beginProbe } from './duplicates.ts';
import type { Elector } from './elector.ts';
import { familyOfRouter, sourceAmong } from './family.ts';
import { isMember } from './group.ts';
import {
  admit,
  advance,
  allVips,
  createInstance,
  type Instance,
  notice,
  type Turn,
  type Why,
} from './instance.ts';
import { OWNER } from './packet.ts';
import { followPreemptWait } from './preempt-wait.ts';
import { asksMore, questionsOf } from './questions.ts';
import { followRoom } from './room.ts';
import { rosterOf } from './roster.ts';
import { goneRouting, routingAction } from './routing.ts';
import type { ElectorSettings, InstanceSettings, VirtualAddress } from './settings.ts';
import { STARTED } from './startup.ts';
import { type Fitness, judge, trackerKey, weightOf } from './tracks.ts';
import { devicesOf, sourceInterface } from './virtual-device.ts';

/** A diff by name: what did not change is not touched. */
export function configure(elector: Elector, settings: ElectorSettings, turn: Turn): void {
  const otherPlane = settings.addresses !== elector.settings.addresses;
  const wanted = new Map(settings.instances.map((own) => [own.name, own]));
  const returning: Instance[] = [];
  for (const [name, instance] of elector.instances) {
    const own = wanted.get(name);
    if (own === undefined) retire(instance, turn);
    // What others know the router by has changed: to them it is another one.
    else if (otherPlane || identity(own) !== identity(instance.own)) abandon(elector, instance, turn);
    else if (instance.retiring && hasLeft(instance)) abandon(elector, instance, turn);
    else if (instance.retiring) {
      instance.retiring = false;
      returning.push(instance);
    }
  }
  elector.settings = settings;
  pace(elector.announcements, settings.pacing);
  forgetTrackers(elector);
  weighLinks(elector, turn);
  const changed = settings.instances.flatMap((own) => change(elector, own, turn));
  elector.roster = undefined;
  for (const instance of changed) {
    const begins = instance.router.state === 'INIT';
    followSurroundings(elector, instance, turn);
    if (!begins) advance(instance, { type: 'reconfigured' }, turn);
  }
  // It came back before anybody took over: its addresses stay where they are. Last, as what it is now.
  for (const instance of returning) advance(instance, { type: 'start', linkUp: instance.linkUp }, turn);
}

/** A tracker that comes back later starts anew. */
function forgetTrackers({ settings, verdicts }: Elector): void {
  const polled = (settings.links ?? []).filter(({ isPolled }) => isPolled);
  const named = new Set(
    settings.instances
      .flatMap(({ tracks }) => tracks.map(trackerKey))
      .concat(polled.map((link) => trackerKey({ kind: 'link', name: link.interface }))),
  );
  for (const key of verdicts.keys()) if (!named.has(key)) verdicts.delete(key);
}

/** Hands over and is forgotten; until then it goes on serving. */
export function retire(instance: Instance, turn: Turn): void {
  instance.retiring = true;
  advance(instance, { type: 'stop' }, turn);
}

/** Of one that retires: somebody else has taken over, or it did not serve. */
function hasLeft({ router }: Instance): boolean {
  return router.state !== 'LEAVING' || router.relieved;
}

/** Its interface's link and address, the links it tracks, what trackers found. For when any of it changed. */
export function followSurroundings(elector: Elector, instance: Instance, turn: Turn): void {
  followRoom(elector, instance, turn);
  followPreemptWait(elector, instance, turn);
  const reweighted = followWeights(elector, instance, turn);
  const { own } = instance;
  const source = own.source ?? primaryAddress(elector, own);
  if (source !== instance.source) {
    instance.source = source;
    instance.packets = undefined;
  }
  const { questions } = instance;
  instance.questions = questionsOf(elector, own, questions);
  if (instance.router.state === 'BACKUP' && asksMore(questions, instance.questions))
    beginProbe(instance, turn);
  Object.assign(instance, surroundings(elector, instance));
  const { fitness } = instance;
  const fit = fitness === 'fit';
  const isOnItsOwn = !isMember(elector, instance);
  if (reweighted && !(isOnItsOwn && fitness !== 'undecided' && fit !== instance.linkUp))
    advance(instance, { type: 'priority' }, turn);
  // A sync group is told together, at the end of the step.
  if (isOnItsOwn && fitness !== 'undecided') admit(instance, fit, instance.why, turn);
}

/** Whether it may be a candidate; `why` not. */
function surroundings(elector: Elector, { own, source }: Instance): { fitness: Fitness; why: Why } {
  if (elector.startAtMs !== STARTED) return { fitness: 'undecided', why: { message: '', fields: {} } };
  const primary = own.dontTrackPrimary ? [] : [own.interface];
  const needed = [...primary, ...devicesOf(own).map(({ name }) => name), ...own.trackInterfaces];
  const down = needed.find((name) => !elector.links.get(name)?.up);
  if (down !== undefined)
    return { fitness: 'unfit', why: { message: `${down} is down`, fields: { interface: down } } };
  const missing = missingEnd(elector, own, source);
  if (missing !== undefined)
    return { fitness: 'unfit', why: { message: missing, fields: { interface: own.interface } } };
  const { fitness, because } = judge(own, elector.verdicts);
  if (because === undefined) return { fitness, why: { message: '', fields: {} } };
  const { kind, name, reverse } = because;
  const message = `${kind} ${name} is ${reverse ? 'up' : 'down'}`;
  return { fitness, why: { message, fields: { tracker: trackerKey(because) } } };
}

/** What stands in the way of an advert: where it comes from, or where it goes. */
function missingEnd(
  { links }: Elector,
  own: InstanceSettings,
  source: Address | undefined,
): string | undefined {
  if (own.unicast?.lacksPeers) return 'there is no unicast_peer';
  if (source === undefined) {
    const isFar = own.unicastPeers.some((peer) => !isLinkLocal(peer));
    const kind = familyOfRouter(own) === 4 ? 'IPv4' : isFar ? 'global IPv6' : 'link-local IPv6';
    return `${sourceInterface(own)} has no ${kind} address`;
  }
  const devices = [own.interface, ...devicesOf(own).map(({ name }) => name)];
  const isThere = devices.some((name) => links.get(name)?.addresses.includes(source));
  return own.tracksSource && !isThere ? `${own.interface} has lost ${source}` : undefined;
}

/** Whether the priority is another now; told in keepalived's words, which log monitors look for. */
function followWeights(elector: Elector, instance: Instance, turn: Turn): boolean {
  const from = instance.own.priority;
  const to = effectivePriority(elector, instance.settings);
  if (from === to) return false;
  const message = `Changing effective priority from ${from} to ${to}`;
  notice(instance, 'vrrp.priority', message, { from, to }, turn);
  instance.own = { ...instance.own, priority: to };
  instance.packets = undefined;
  return true;
}

/** As keepalived has it (measured): weights add up, and neither owner nor resignation can come of them. */
function effectivePriority({ links, verdicts }: Elector, settings: InstanceSettings): number {
  const { priority, weightedInterfaces } = settings;
  if (priority === OWNER) return OWNER;
  const inForce = weightedInterfaces.filter((tracked) => {
    const state = links.get(tracked.interface)?.up ? 'up' : 'down';
    return state === tracked.while;
  });
  const base = priority + weightOf(settings, verdicts);
  const sum = inForce.reduce((total, { weight }) => total + weight, base);
  return Math.min(OWNER - 1, Math.max(1, sum));
}

function identity(own: InstanceSettings): string {
  return `${own.interface} ${own.vrid} ${own.version} ${familyOfRouter(own)} ${JSON.stringify(own.vmac)}`;
}

function abandon(elector: Elector, instance: Instance, turn: Turn): void {
  advance(instance, { type: 'link', up: false }, turn);
  advance(instance, { type: 'stop' }, turn);
  elector.instances.delete(instance.own.name);
  elector.roster = undefined;
}

/** A new one, one that is not as it was, or nothing. */
function change(elector: Elector, own: InstanceSettings, turn: Turn): Instance[] {
  const instance = elector.instances.get(own.name);
  if (instance === undefined) {
    const added = createInstance(own, elector.agenda, turn.nowMs);
    elector.instances.set(own.name, added);
    return [added];
  }
  if (JSON.stringify(own) === JSON.stringify(instance.settings)) return [];
  const kept = new Set(allVips(own).map(placeOf));
  const gone = allVips(instance.own).filter((vip) => !kept.has(placeOf(vip)));
  if (instance.holdsVips && gone.length > 0) turn.actions.push({ do: 'removeVips', vips: gone });
  const routing = routingAction('removeRouting', goneRouting(instance.own, own));
  if (instance.holdsVips) turn.actions.unshift(...routing);
  withdraw(turn.announcements, own.name);
  instance.settings = own;
  instance.own = { ...own, priority: instance.own.priority };
  instance.auth = own.hmac && createAuthenticator(own.hmac, instance.auth);
  instance.packets = undefined;
  followWeights(elector, instance, turn);
  return [instance];
}

/** An address with another label, scope or flag is another one to the kernel: only lifetimes can change. */
export function placeOf({ preferredSeconds: _, untracked: __, ...vip }: VirtualAddress): string {
  return JSON.stringify(Object.entries(vip).sort());
}

/**
 * The first that is no virtual address: ours may be on the interface as well. The owner's address is the
 * virtual one.
 */
function primaryAddress(elector: Elector, of: InstanceSettings): Address | undefined {
  const addresses = elector.links.get(sourceInterface(of))?.addresses ?? [];
  return sourceAmong(addresses, of, rosterOf(elector).virtual);
}
