// Many virtual routers as one: settings, links, packets and the passing of time in; packets, addresses and
// reports out, and the one moment at which it wants to be called again. Pure in that it does nothing itself;
// mutable, with one owner.
import type { Address, Family } from '../core/address.ts';
import {
  type Announcements,
  createAnnouncements,
  dueAnnouncements,
  nextAnnouncementMs,
} from './announcements.ts';
import { type Carrier, nextCarrierMs, seeLink, weighLinks } from './carrier.ts';
import { type Claimed, type Claims, inquire, nextInquiryMs, noteClaim } from './claims.ts';
import { configure, followSurroundings, placeOf, retire } from './configure.ts';
import { Agenda } from './deadlines.ts';
import { noteSilence } from './dual.ts';
import { nextProbeMs, noteAnswer, probeOn } from './duplicates.ts';
import { familyOfRouter } from './family.ts';
import { alignGroups, type Group, isMember } from './group.ts';
import { hear } from './hear.ts';
import { type Action, advance, allVips, type Instance, statusOf, type Turn } from './instance.ts';
import { renewEachMs } from './lease.ts';
import { noteExpired, noteInput, type Recorder } from './recorder.ts';
import { restore } from './restore.ts';
import { type Roster, rosterOf } from './roster.ts';
import type { Timer } from './router.ts';
import { hasRouting, routingAction, unheldRouting } from './routing.ts';
import type { ElectorCommand, ElectorSettings, Verdict } from './settings.ts';
import { holdBack, STARTED } from './startup.ts';
import { longestSilenceMs } from './timing.ts';
import { trackerKey } from './tracks.ts';
import { hearingInterface, sendingInterface, solicitedGroups, virtualDevices } from './virtual-device.ts';

/** `addresses`: of either family, those first that the kernel takes as source. */
export type Link = { up: boolean; addresses: readonly Address[]; mtu?: number };
export type Input =
  | { type: 'command'; command: ElectorCommand }
  /** `bytes` from the IP header on. */
  | { type: 'packet'; interface: string; bytes: Buffer }
  /** Undefined: there is no such interface (any more). */
  | { type: 'link'; interface: string; link: Link | undefined }
  /** An address of ours is gone, and we did not take it away. */
  | { type: 'vipGone'; interface: string; address: Address }
  /** Somebody else answers for an address. */
  | ({ type: 'claim' } & Claimed)
  | { type: 'wake' };
/** Where to listen: one socket for each interface and family. */
export type Listener = { interface: string; family: Family; groups: ReadonlySet<Address> };

export type Elector = {
  settings: ElectorSettings;
  instances: Map<string, Instance>;
  /** As they count; what is seen of them is in `carrier`. */
  links: Map<string, Link>;
  carrier: Carrier;
  /** What trackers found, by {@link trackerKey}. */
  verdicts: Map<string, Verdict>;
  /** The connections that the peer forwards are known here. */
  knowsConnections: boolean;
  /** Sync groups that have members, by name. */
  groups: Map<string, Group>;
  /** Whose timer runs out next. */
  agenda: Agenda;
  /** Undefined: to be worked out anew. */
  roster: Roster | undefined;
  announcements: Announcements;
  claims: Claims;
  /** Those that ask who has their addresses. */
  probing: Set<Instance>;
  /** Undefined: nothing is recorded. */
  recorder: Recorder | undefined;
  /** When an advert of a virtual router that is not configured may be told of again. */
  strangers: Map<string, number>;
  /** When the first settings came, and when instances begin: {@link STARTED} when nobody waits. */
  begunAtMs: number | undefined;
  startAtMs: number;
  /** When the leases of held addresses are renewed next. */
  renewAtMs: number;
  /** Interfaces of ours that there should be may not be what there is; and whether there were any. */
  devicesUnsure: boolean;
  hasDevices: boolean;
  /** When addresses that somebody keeps removing are put back next. */
  restoreAtMs: number;
  stopping: boolean;
  stopped: boolean;
};

const ROUTING_EACH_MS = 2000;
const NO_SETTINGS: ElectorSettings = {
  instances: [],
  realtimePriority: 0,
  leaseSeconds: 0,
  addresses: 'kernel',
};

export function createElector(recorder?: Recorder): Elector {
  return {
    settings: NO_SETTINGS,
    instances: new Map(),
    links: new Map(),
    carrier: new Map(),
    verdicts: new Map(),
    knowsConnections: false,
    groups: new Map(),
    agenda: new Agenda(),
    roster: undefined,
    announcements: createAnnouncements(),
    claims: new Map(),
    probing: new Set(),
    recorder,
    strangers: new Map(),
    begunAtMs: undefined,
    startAtMs: STARTED,
    renewAtMs: Number.POSITIVE_INFINITY,
    devicesUnsure: false,
    hasDevices: false,
    restoreAtMs: Number.POSITIVE_INFINITY,
    stopping: false,
    stopped: false,
  };
}

/**
 * Packets that wait in a socket are given before `wake`: what was said in time counts, even if we were late
 * to hear it. `wallMs`: UTC since 1970, as it is set at the moment; only signatures depend on it.
 */
export function stepElector(elector: Elector, input: Input, nowMs: number, wallMs = nowMs): Action[] {
  const { announcements, claims, probing, recorder } = elector;
  const kept = { announcements, claims, probing, recorder };
  const turn: Turn = { nowMs, wallMs, actions: [], ...kept, contested: new Set(), moved: false };
  if (recorder) noteInput(recorder, input, nowMs);
  noticePauses(elector, turn);
  switch (input.type) {
    case 'command':
      obey(elector, input.command, turn);
      break;
    case 'packet':
      hear(elector, input.interface, input.bytes, turn);
      break;
    case 'link':
      noticeDevice(elector, input.interface, input.link !== undefined);
      if (seeLink(elector, input.interface, input.link, turn)) followAll(elector, turn);
      break;
    case 'vipGone':
      restore(elector, input.interface, input.address, turn);
      break;
    case 'claim':
      noteClaim(elector, input, turn);
      for (const instance of elector.probing) noteAnswer(instance, input, turn);
      break;
    case 'wake':
      break;
  }
  if (input.type === 'wake') expire(elector, turn);
  return settle(elector, turn);
}

function followAll(elector: Elector, turn: Turn): void {
  for (const instance of elector.instances.values()) followSurroundings(elector, instance, turn);
}

/** On the clock of `nowMs`; infinity when only an event can change anything. */
export function nextDeadlineMs(elector: Elector): number {
  const { renewAtMs, restoreAtMs, startAtMs, agenda, announcements, claims } = elector;
  const announceAtMs = Math.min(nextAnnouncementMs(announcements), nextInquiryMs(claims));
  const ownMs = Math.min(renewAtMs, restoreAtMs, startAtMs, agenda.nextMs);
  return Math.min(ownMs, announceAtMs, nextCarrierMs(elector), nextProbeMs(elector));
}

export function listeners(elector: Elector): Listener[] {
  const found = new Map<string, Listener & { groups: Set<Address> }>();
  for (const { own } of elector.instances.values()) {
    const family = familyOfRouter(own);
    for (const name of new Set([own.interface, hearingInterface(own), sendingInterface(own)])) {
      const key = `${family} ${name}`;
      const listener = found.get(key) ?? { interface: name, family, groups: new Set() };
      found.set(key, listener);
      if (own.unicastPeers.length === 0) listener.groups.add(own.multicastGroup);
    }
    for (const { interface: name, group } of solicitedGroups(own)) {
      const key = `6 ${name}`;
      const listener = found.get(key) ?? { interface: name, family: 6, groups: new Set() };
      found.set(key, listener);
      listener.groups.add(group);
    }
  }
  return [...found.values()];
}

function obey(elector: Elector, command: ElectorCommand, turn: Turn): void {
  turn.moved = true;
  switch (command.type) {
    case 'configure':
      if (!elector.stopping) reconfigure(elector, command.settings, turn);
      elector.devicesUnsure = true;
      return;
    case 'tracker':
      elector.verdicts.set(trackerKey(command.tracker), command.verdict);
      if (command.tracker.kind === 'link') weighLinks(elector, turn);
      return followAll(elector, turn);
    case 'connections':
      elector.knowsConnections = command.known;
      return followAll(elector, turn);
    case 'drill':
      for (const instance of elector.instances.values())
        advance(instance, { type: 'drill', holdMs: command.holdMs }, turn);
      return;
    case 'stop':
      if (elector.stopping) return;
      elector.stopping = true;
      for (const instance of elector.instances.values()) retire(instance, turn);
      return;
    case 'snapshot': {
      const instances = [...elector.instances.values()].map(statusOf);
      turn.actions.push({ do: 'report', report: { type: 'snapshot', id: command.id, instances } });
      return;
    }
  }
}

function reconfigure(elector: Elector, settings: ElectorSettings, turn: Turn): void {
  holdBack(elector, settings.startup, turn);
  configure(elector, settings, turn);
  followAll(elector, turn);
}

/**
 * A master that did not run for longer than any backup waits: another one has taken over, or will before we
 * can tell.
 */
function noticePauses(elector: Elector, turn: Turn): void {
  if (turn.nowMs - elector.agenda.nextMs <= rosterOf(elector).pausedAfterMs) return;
  for (const instance of elector.instances.values()) {
    const advertAtMs = instance.deadlines.get('advert');
    if (advertAtMs === undefined) continue;
    const silentMs = turn.nowMs - advertAtMs + instance.own.advertMs;
    if (silentMs > longestSilenceMs(instance.own)) advance(instance, { type: 'paused' }, turn);
  }
}

function expire(elector: Elector, turn: Turn): void {
  if (elector.startAtMs <= turn.nowMs) {
    elector.startAtMs = STARTED;
    followAll(elector, turn);
  }
  if (nextCarrierMs(elector) <= turn.nowMs) {
    weighLinks(elector, turn);
    followAll(elector, turn);
  }
  while (elector.agenda.nextMs <= turn.nowMs) expireNext(elector, turn);
  inquire(elector, turn);
  probeOn(elector, turn);
  if (turn.nowMs < Math.min(elector.renewAtMs, elector.restoreAtMs)) return;
  turn.moved = true;
  elector.renewAtMs = Number.POSITIVE_INFINITY;
  elector.restoreAtMs = Number.POSITIVE_INFINITY;
  for (const { own, holdsVips, letGo } of elector.instances.values()) {
    if (!holdsVips) continue;
    const vips = allVips(own).filter((vip) => !letGo.has(vip));
    turn.actions.push({ do: 'addVips', vips }, ...routingAction('addRouting', own));
  }
}

function expireNext(elector: Elector, turn: Turn): void {
  const instance = elector.instances.get(elector.agenda.next!)!;
  const due = nextDue(instance, turn.nowMs)!;
  const dueMs = instance.deadlines.get(due)!;
  instance.deadlines.delete(due);
  if (turn.recorder) noteExpired(turn.recorder, turn.nowMs, instance.own.name, { timer: due, dueMs });
  if (due === 'masterDown' && isMember(elector, instance)) return; // put to the vote
  if (due === 'rival') noteSilence(instance, turn);
  // Adverts keep their own beat; but what is a whole beat late starts a new one.
  const onBeat = due === 'advert' && turn.nowMs - dueMs < instance.own.advertMs;
  advance(instance, { type: 'expired', timer: due }, turn, onBeat ? dueMs : turn.nowMs);
}

function nextDue(instance: Instance, nowMs: number): Timer | undefined {
  let due: Timer | undefined;
  let dueMs = nowMs;
  for (const [timer, deadlineMs] of instance.deadlines) {
    if (deadlineMs > dueMs) continue;
    due = timer;
    dueMs = deadlineMs;
  }
  return due;
}

/** 0 = never. Whether routes are still there is asked by adding them: a busy table's events cost too much. */
function renewalMs(settings: ElectorSettings): number {
  return renewEachMs(settings) || (settings.instances.some(hasRouting) ? ROUTING_EACH_MS : 0);
}

/** After every call: what concerns all of them, and says when everything of ours is gone. */
function settle(elector: Elector, turn: Turn): Action[] {
  alignGroups(elector, turn);
  if (turn.moved) takeStock(elector, turn);
  if (elector.devicesUnsure) settleDevices(elector, turn);
  if (elector.stopping && !elector.stopped && elector.instances.size === 0) {
    elector.stopped = true;
    turn.actions.push({ do: 'report', report: { type: 'stopped' } });
  }
  // Last: no advert waits for them, and no address is announced before it is there.
  const vips = dueAnnouncements(elector.announcements, turn.nowMs);
  if (vips.length > 0) turn.actions.push({ do: 'announce', vips });
  if (elector.settings.addresses === 'kernel') return turn.actions;
  // The engine answers for them, and announces them.
  return turn.actions.filter((action) => action.do !== 'addVips' && action.do !== 'ask');
}

/** Forgets who has left, plans the next renewal. */
function takeStock(elector: Elector, turn: Turn): void {
  const { instances, settings } = elector;
  let holding = false;
  for (const [name, instance] of instances) {
    if (instance.retiring && instance.router.state === 'INIT') {
      instances.delete(name);
      elector.roster = undefined;
      elector.devicesUnsure = true;
    }
    holding ||= instance.holdsVips;
  }
  const eachMs = renewalMs(settings);
  if (!holding || eachMs === 0) elector.renewAtMs = Number.POSITIVE_INFINITY;
  else if (elector.renewAtMs === Number.POSITIVE_INFINITY) elector.renewAtMs = turn.nowMs + eachMs;
  keepMoved(instances, turn);
  keepMovedRouting(instances, turn);
}

/** One of ours is gone, or what it is a part of is there again. */
function noticeDevice(elector: Elector, name: string, isThere: boolean): void {
  if (!elector.hasDevices || isThere === elector.links.has(name)) return;
  const devices = virtualDevices([...elector.instances.values()].map(({ own }) => own));
  elector.devicesUnsure ||= devices.some((device) => (isThere ? device.base : device.name) === name);
}

function settleDevices(elector: Elector, turn: Turn): void {
  elector.devicesUnsure = false;
  const devices = virtualDevices([...elector.instances.values()].map(({ own }) => own));
  if (devices.length > 0 || elector.hasDevices) turn.actions.push({ do: 'keepDevices', devices });
  elector.hasDevices = devices.length > 0;
}

/** An address that moved from one instance to another stays where it is: the new holder's word counts. */
function keepMoved(instances: Elector['instances'], turn: Turn): void {
  const leaving = turn.actions.flatMap((action) => (action.do === 'removeVips' ? action.vips : []));
  if (leaving.length === 0) return;
  const addresses = new Set(leaving.map(({ address }) => address));
  const holders = [...instances.values()].filter(({ holdsVips }) => holdsVips);
  const kept = holders.flatMap(({ own }) => allVips(own)).filter(({ address }) => addresses.has(address));
  const held = new Set(kept.map(placeOf));
  turn.actions = turn.actions.map((action) =>
    action.do === 'removeVips'
      ? { ...action, vips: action.vips.filter((vip) => !held.has(placeOf(vip))) }
      : action,
  );
}

/** A route or a rule does, too. */
function keepMovedRouting(instances: Elector['instances'], turn: Turn): void {
  if (!turn.actions.some((action) => action.do === 'removeRouting')) return;
  const holders = [...instances.values()].filter(({ holdsVips }) => holdsVips).map(({ own }) => own);
  turn.actions = turn.actions.map((action) =>
    action.do === 'removeRouting' ? { ...action, routing: unheldRouting(action.routing, holders) } : action,
  );
}
