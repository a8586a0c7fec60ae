// One virtual router as the elector keeps it: the machine's state, its timers as points in time, what it
// counts and whom it heard. Turns the machine's effects into actions that name interfaces, addresses and
// packets.
//
// Mutable, unlike the machine: it has one owner, and an advert each 10 ms must not cost a copy of everything.

import type { Address } from '../core/address.ts';
import type { EventName } from '../core/events.ts';
import { type Announcements, request, withdraw } from './announcements.ts';
import { type Authenticator, createAuthenticator, signatureInput, signs, TRAILER_LENGTH } from './auth.ts';
import { signed } from './authenticate.ts';
import { ask, type Claims } from './claims.ts';
import { type Agenda, Deadlines } from './deadlines.ts';
import { createMasters, type Masters, noteLeft } from './dual.ts';
import { beginProbe, endProbe, type Probe } from './duplicates.ts';
import { advertised } from './family.ts';
import { step } from './machine.ts';
import { type Advert, encodeAdvert, messageBeforeTrailer, passwordField, RESIGNED } from './packet.ts';
import { tellWait } from './preempt-wait.ts';
import { NO_QUESTIONS, type Question, type Questions } from './questions.ts';
import { noteArmed, type Recorder } from './recorder.ts';
import { type Effect, type Event, INIT, type Own, type Reason, type Router } from './router.ts';
import { type RoutingAction, routingAction } from './routing.ts';
import type { ElectorReport, InstanceSettings, InstanceStatus, State, VirtualAddress } from './settings.ts';
import type { Fitness } from './tracks.ts';
import { ttlOf } from './unicast.ts';
import { sendingInterface, type VirtualDevice } from './virtual-device.ts';

export type Action =
  | { do: 'send'; interface: string; to: Address; packet: Buffer }
  /** Also renews the lease of those that are there. */
  | { do: 'addVips'; vips: readonly VirtualAddress[] }
  | { do: 'removeVips'; vips: readonly VirtualAddress[] }
  | RoutingAction
  /** One packet each, in this order; an address may be there more than once. */
  | { do: 'announce'; vips: readonly VirtualAddress[] }
  /** Who has an address, or who else has it? */
  | { do: 'ask'; question: Question }
  /** Exactly these interfaces of ours. */
  | { do: 'keepDevices'; devices: readonly VirtualDevice[] }
  | { do: 'report'; report: ElectorReport };

export type Instance = {
  /** As configured. */
  settings: InstanceSettings;
  /** As it is now: the same with the priority that weights make of it, and what it waits for. */
  own: InstanceSettings & Pick<Own, 'preemptWaitMs'>;
  router: Router;
  /** Where adverts come from; undefined while the interface has no address. */
  source: Address | undefined;
  /** Its links, its address and its trackers let it be a candidate. */
  linkUp: boolean;
  /** The same of itself alone, and why not; in a sync group the others count, too. */
  fitness: Fitness;
  why: Why;
  deadlines: Deadlines;
  sinceMs: number;
  /** The addresses are on the interface, or should be. */
  holdsVips: boolean;
  /** Who has its addresses? */
  questions: Questions;
  /** While it listens for a master, at first. */
  probe: Probe | undefined;
  /** Gone from the configuration: forgotten once it has handed over. */
  retiring: boolean;
  lastMaster?: { address: Address; priority: number; atMs: number };
  /** Those that are master while we are. */
  masters: Masters;
  counters: Record<string, number>;
  /** Our advert for each destination, until settings or source change. */
  packets: Parcel[] | undefined;
  /** Keys, and what has been sent and heard of sequences; undefined without `auth_hmac`. */
  auth: Authenticator | undefined;
  clockSkewMs?: number;
  /** When a notice of a kind may be given again. */
  quietUntil: Map<string, number>;
  /** Of each address: how often somebody else removed it lately. */
  losses: Map<string, { sinceMs: number; times: number }>;
  /** Addresses with `no_track` that somebody else removed: not renewed either. */
  letGo: Set<VirtualAddress>;
};
export type Why = { message: string; fields: Readonly<Record<string, string>> };
/** `signing`: what goes into its signature, one for all destinations; the packet has room for it. */
export type Parcel = { to: Address; packet: Buffer; signing?: Buffer };

const RIVAL_EACH_MS = 10_000;

export function createInstance(settings: InstanceSettings, agenda: Agenda, nowMs: number): Instance {
  return {
    settings,
    own: settings,
    router: INIT,
    source: undefined,
    linkUp: false,
    fitness: 'undecided',
    why: { message: '', fields: {} },
    deadlines: new Deadlines(agenda, settings.name),
    sinceMs: nowMs,
    holdsVips: false,
    questions: NO_QUESTIONS,
    probe: undefined,
    retiring: false,
    masters: createMasters(),
    counters: {},
    packets: undefined,
    auth: settings.hmac && createAuthenticator(settings.hmac),
    quietUntil: new Map(),
    losses: new Map(),
    letGo: new Set(),
  };
}

export function allVips(own: InstanceSettings): VirtualAddress[] {
  return [...own.vips, ...own.excludedVips];
}

export function count(instance: Instance, what: string, times = 1): void {
  instance.counters[what] = (instance.counters[what] ?? 0) + times;
}

/**
 * One call of the elector: when it is, on the clock of deadlines and in UTC, and what comes of it.
 * `announcements`: those that wait for their time, of this call or another. `claims`: what masters asked;
 * `probing`: who else asks.
 */
export type Turn = {
  nowMs: number;
  wallMs: number;
  actions: Action[];
  announcements: Announcements;
  claims: Claims;
  probing: Set<Instance>;
  recorder: Recorder | undefined;
  /** Masters that learned of a rival, or of its end. */
  contested: Set<Instance>;
  /** A virtual router entered a state, or its addresses came or went. */
  moved: boolean;
};

/** `armFromMs`: what timers count from: the moment that was meant, so that adverts do not drift. */
export function advance(instance: Instance, event: Event, turn: Turn, armFromMs = turn.nowMs): void {
  transit(instance, step(instance.router, event, instance.own), turn, armFromMs);
}

export function transit(
  instance: Instance,
  [router, effects]: readonly [Router, readonly Effect[]],
  turn: Turn,
  armFromMs = turn.nowMs,
): void {
  const from = instance.router.state;
  instance.router = router;
  for (const effect of effects) {
    if (effect.do === 'enter') enter(instance, from, effect.state, effect.reason, turn);
    else if (effect.do === 'arm') arm(instance, effect, armFromMs, turn);
    else perform(instance, effect, turn);
  }
}

function arm(
  { deadlines, own }: Instance,
  { timer, ms, atMost }: Effect & { do: 'arm' },
  fromMs: number,
  { nowMs, recorder }: Turn,
): void {
  const beforeMs = deadlines.get(timer);
  const atMs = fromMs + ms;
  if (atMost && (beforeMs ?? Number.NEGATIVE_INFINITY) <= atMs) return;
  if (recorder) noteArmed(recorder, nowMs, own.name, { timer, atMs, beforeMs });
  deadlines.set(timer, atMs);
}

/** What it watches lets it be a candidate, or does not. Starts what has waited to know. */
export function admit(instance: Instance, fit: boolean, why: Why, turn: Turn): void {
  const before = instance.linkUp;
  instance.linkUp = fit;
  if (instance.router.state === 'INIT') {
    if (instance.retiring) return;
    if (!fit) notice(instance, 'link.down', why.message, why.fields, turn);
    advance(instance, { type: 'start', linkUp: fit }, turn);
    return;
  }
  if (fit === before) return;
  if (fit) notice(instance, 'link.up', 'everything tracked is up', {}, turn);
  else notice(instance, 'link.down', why.message, why.fields, turn);
  advance(instance, { type: 'link', up: fit }, turn);
}

type Outward = Exclude<Effect, { do: 'enter' } | { do: 'arm' }>;

function perform(instance: Instance, effect: Outward, turn: Turn): void {
  const { own } = instance;
  const { actions } = turn;
  switch (effect.do) {
    case 'disarm':
      instance.deadlines.delete(effect.timer);
      return;
    case 'send':
      if (effect.priority === own.priority) ask(instance, turn);
      send(instance, effect, turn);
      return;
    case 'addVips':
      turn.moved = true;
      instance.holdsVips = true;
      instance.letGo.clear();
      actions.push({ do: 'addVips', vips: allVips(own) }, ...routingAction('addRouting', own));
      return;
    case 'removeVips':
      turn.moved = true;
      instance.holdsVips = false;
      actions.push(...routingAction('removeRouting', own), { do: 'removeVips', vips: allVips(own) });
      return;
    case 'announce':
      request(turn.announcements, own.name, allVips(own), effect.repeat);
      return;
    case 'announceElsewhere':
      request(turn.announcements, own.name, own.garp.elsewhere?.vips ?? [], 1);
      return;
    case 'drillStep': {
      const { nowMs } = turn;
      const report: ElectorReport = { type: 'drill', instance: own.name, step: effect.step, atMs: nowMs };
      actions.push({ do: 'report', report });
      return;
    }
    case 'tellWait':
      return tellWait(instance, effect, turn);
    case 'rival':
      noticeRival(instance, effect.priority, turn);
      return;
  }
}

function enter(instance: Instance, from: State, to: State, reason: Reason, turn: Turn): void {
  const { name, priority } = instance.own;
  const { nowMs, actions } = turn;
  turn.moved = true;
  instance.deadlines.clear();
  withdraw(turn.announcements, name);
  if (to === 'MASTER') count(instance, 'becameMaster');
  if (from === 'MASTER') count(instance, 'leftMaster');
  if (from === 'MASTER') noteLeft(instance, reason, turn);
  endProbe(instance, to === 'MASTER', turn);
  if (to === 'BACKUP' && (reason === 'started' || reason === 'link up')) beginProbe(instance, turn);
  const report: ElectorReport = { type: 'state', instance: name, from, to, reason, priority, atMs: nowMs };
  actions.push({ do: 'report', report });
  if (from === 'LEAVING') {
    const ms = Math.round(nowMs - instance.sinceMs);
    const relieved = (instance.lastMaster?.atMs ?? Number.NEGATIVE_INFINITY) >= instance.sinceMs;
    const outcome = relieved ? 'the new master is heard' : 'no other master was heard';
    notice(instance, 'vrrp.handover', `${outcome} after ${ms} ms`, { relieved, ms }, turn);
    count(instance, relieved ? 'relieved' : 'unrelieved');
    count(instance, 'handoverMs', ms);
  }
  instance.sinceMs = nowMs;
}

type Sending = Effect & { do: 'send' };
function send(instance: Instance, { priority, intervalMs }: Sending, { wallMs, actions }: Turn): void {
  const { own, source, auth } = instance;
  if (source === undefined) return; // the interface lost its address: FAULT comes with the same event
  instance.packets ??= parcels(own, source, own.priority);
  const isUsual = priority === own.priority && intervalMs === undefined;
  const theirs = intervalMs === undefined ? own : { ...own, advertMs: intervalMs };
  const packets = isUsual ? instance.packets : parcels(theirs, source, priority);
  const device = sendingInterface(own);
  for (const { to, packet } of signed(auth, packets, wallMs))
    actions.push({ do: 'send', interface: device, to, packet });
  count(instance, priority === RESIGNED ? 'priorityZeroSent' : 'advertsSent');
}

export function parcels(own: InstanceSettings, source: Address, priority: number): Parcel[] {
  const destinations = own.unicastPeers.length > 0 ? own.unicastPeers : [own.multicastGroup];
  const addresses = advertised(own);
  const { version, vrid, advertMs: intervalMs, password } = own;
  const advert: Omit<Advert, 'destination'> = {
    version,
    vrid,
    priority,
    intervalMs,
    addresses,
    source,
    ttl: ttlOf(own),
    ...(version === 2 && password !== undefined ? { password: passwordField(password) } : {}),
  };
  const isSigned = own.hmac !== undefined && signs(own.hmac);
  const room = isSigned ? TRAILER_LENGTH : 0;
  const packets = destinations.map((to) =>
    encodeAdvert({ ...advert, destination: to }, own.checksumForm, room),
  );
  const signing = isSigned ? signatureInput(source, messageBeforeTrailer(packets[0]!)) : undefined;
  return destinations.map((to, i) => ({
    to,
    packet: packets[i]!,
    ...(signing === undefined ? {} : { signing }),
  }));
}

/** keepalived's wording: log monitors look for it. */
function noticeRival(instance: Instance, priority: number, turn: Turn): void {
  count(instance, 'rivalAdverts');
  const { own, lastMaster } = instance;
  // The last word of the master before us, not a second master.
  if (turn.nowMs - instance.sinceMs < own.advertMs) return;
  const from = lastMaster?.address ?? 'unknown';
  const message =
    `Received advert from ${from} with lower priority ${priority}, ` +
    `ours ${own.priority}${own.silentToLower ? '' : ', forcing new election'}`;
  if (!isQuiet(instance, 'rival', turn.nowMs, RIVAL_EACH_MS))
    notice(instance, 'vrrp.advert.lower', message, { from, priority, ours: own.priority }, turn);
}

/** The first of its kind is told, its like within `forMs` only counted. */
export function isQuiet(instance: Instance, kind: string, nowMs: number, forMs: number): boolean {
  const until = instance.quietUntil.get(kind);
  if (until !== undefined && nowMs < until) return true;
  instance.quietUntil.set(kind, nowMs + forMs);
  return false;
}

export function notice(
  instance: Instance,
  event: EventName,
  message: string,
  fields: Readonly<Record<string, unknown>>,
  turn: Turn,
): void {
  const { name } = instance.own;
  const told = { event, message: `(${name}) ${message}`, fields: { instance: name, ...fields } };
  turn.actions.push({ do: 'report', report: { type: 'notice', notice: told } });
}

export function statusOf(instance: Instance): InstanceStatus {
  const { own, router, sinceMs, lastMaster, clockSkewMs, counters } = instance;
  return {
    name: own.name,
    state: router.state,
    sinceMs,
    priority: own.priority,
    ...(lastMaster === undefined ? {} : { lastMaster }),
    ...(clockSkewMs === undefined ? {} : { clockSkewMs }),
    counters: { ...counters },
  };
}
