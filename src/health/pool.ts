// All checks of all real servers as one machine: which server is in service, and which service has a server
// left. Composes verdict.ts; does no probing, keeps no time.
//
// Theory of operation. The shape (which checks belong to which server, which servers to which service)
// changes only in configurePool; an event changes at most one check, one server's count of failing checks and
// one service's weight, each held in a vector that is cheap to replace. A server is up when none of its
// checks is down, so one without checks always is.
//
// A check is known by its content: service, server, kind and what is probed. A reload therefore keeps the
// verdict of every check that is still there, also when its times changed. A new check of a server that is
// already known starts from what that server was: a reload neither takes a good server out nor puts a dead
// one in before it has been probed.
import assert from 'node:assert';
import type { Notice } from '../core/events.ts';
import type { Random } from '../core/time.ts';
import { stepQuorum } from './quorum.ts';
import type { CheckSettings, ProbeResult } from './settings.ts';
import { type HealthTarget, type ServerSlot, type Shape, shapeOf } from './shape.ts';
import { at, replaced, type Vector, vectorOf } from './vector.ts';
import { type Check, type CheckEffect, type CheckEvent, newCheck, stepCheck } from './verdict.ts';
import {
  checkFailed,
  checkImpossible,
  checkPassed,
  checkRetried,
  serverMoved,
  serviceMoved,
} from './wording.ts';

export type { HealthTarget } from './shape.ts';
export type CheckKey = string;

export type Pool = Shape & {
  /** One of each check, each server, each service: same order as in the shape. */
  checks: Vector<Check>;
  failing: Vector<number>;
  liveWeight: Vector<number>;
  quorumUp: Vector<boolean>;
  /** Services, and servers (`SERVICE SERVER`), whose checks are not made: what is known of them stays. */
  suspended: ReadonlySet<string>;
};
export type PoolEvent =
  | { type: 'due'; key: CheckKey }
  | { type: 'probed'; key: CheckKey; result: ProbeResult };
export type PoolEffect =
  /** Answered by `probed`, unless the check is disarmed meanwhile. */
  | { do: 'probe'; key: CheckKey; settings: CheckSettings }
  /** Answered by `due`. Replaces the check's timer. */
  | { do: 'arm'; key: CheckKey; ms: number }
  /** The check is gone: its timer is to be dropped, and its probe. */
  | { do: 'disarm'; key: CheckKey }
  /** A server went up or down, or is new and down: a server nothing was said of is up. */
  | { do: 'server'; service: string; server: string; up: boolean; inhibit: boolean; reason: string }
  /** A service gained or lost its quorum, or is new: one that nothing was said of is lost. */
  | { do: 'service'; service: string; up: boolean }
  /**
   * Others may want to know: of a server, or without one of the service as a whole. `isFirst`: it has been so
   * from the start.
   */
  | { do: 'tell'; service: string; server?: string; up: boolean; isFirst: boolean }
  | { do: 'notice'; notice: Notice };

export const EMPTY_POOL: Pool = {
  ...shapeOf([]),
  checks: vectorOf([]),
  failing: vectorOf([]),
  liveWeight: vectorOf([]),
  quorumUp: vectorOf([]),
  suspended: new Set(),
};

/** Takes a whole new configuration; what is in both stays as it is. */
export function configurePool(
  old: Pool,
  targets: readonly HealthTarget[],
  random: Random,
): [Pool, PoolEffect[]] {
  const shape = shapeOf(targets);
  const effects: PoolEffect[] = [];
  for (const key of old.checkIndex.keys()) {
    if (!shape.checkIndex.has(key)) effects.push({ do: 'disarm', key });
  }
  const checks = shape.checkSlots.map(({ key, settings, server }) => {
    const [check, own] = configureCheck(old, { key, settings, server: shape.servers[server]! }, random);
    for (const effect of own) if (effect.do === 'arm') effects.push({ do: 'arm', key, ms: effect.ms });
    return check;
  });
  const failing = shape.servers.map((server) => countDown(checks, server));
  const liveWeight = shape.services.map(() => 0);
  shape.servers.forEach((server, index) => {
    if (failing[index] === 0) liveWeight[server.service]! += server.weight;
  });
  const quorumUp = shape.services.map((service, index) => {
    const known = old.serviceIndex.get(service);
    const wasUp = known !== undefined && at(old.quorumUp, known);
    return stepQuorum(wasUp, liveWeight[index]!, shape.quorums[index]!);
  });
  const pool: Pool = {
    ...shape,
    checks: vectorOf(checks),
    failing: vectorOf(failing),
    liveWeight: vectorOf(liveWeight),
    quorumUp: vectorOf(quorumUp),
    suspended: old.suspended,
  };
  return [pool, [...effects, ...gone(old, pool), ...moved(old, pool)]];
}

export function stepPool(pool: Pool, event: PoolEvent, random: Random): [Pool, PoolEffect[]] {
  const index = pool.checkIndex.get(event.key);
  // A timer or an answer that was on its way when its check was taken back.
  if (index === undefined) return [pool, []];
  const { settings, server } = pool.checkSlots[index]!;
  if (event.type === 'due' && isSuspended(pool, pool.servers[server]!))
    return [pool, [{ do: 'arm', key: event.key, ms: settings.delayLoopMs }]];
  const before = at(pool.checks, index);
  const [check, checkEffects] = stepCheck(before, event, settings, random);
  const effects = checkEffects.flatMap((effect) => translate(pool, index, effect, event));
  const stepped = { ...pool, checks: replaced(pool.checks, index, check) };
  const verdict = checkEffects.find((effect) => effect.do === 'verdict');
  if (check.up === before.up) {
    // Down before it was asked, and now it has answered so: nobody has been told of that.
    if (verdict !== undefined && !check.up) effects.push(tell(pool.servers[server]!, false));
    return [stepped, effects];
  }
  const { reason } = verdict!;
  const [next, more] = countVerdict(stepped, server, check.up, reason);
  return [next, [...effects, ...more]];
}

function isSuspended({ suspended }: Pool, { serviceKey, key }: ServerSlot): boolean {
  if (suspended.size === 0) return false;
  return suspended.has(serviceKey) || suspended.has(`${serviceKey} ${key}`);
}

/** Undefined = not in the pool. */
export function isUp(pool: Pool, service: string, server: string): boolean | undefined {
  const index = pool.serverIndex.get(`${service} ${server}`);
  return index === undefined ? undefined : at(pool.failing, index) === 0;
}

type Configured = { key: CheckKey; settings: CheckSettings; server: ServerSlot };

function configureCheck(old: Pool, { key, settings, server }: Configured, random: Random) {
  const index = old.checkIndex.get(key);
  if (index === undefined) {
    const up = isUp(old, server.serviceKey, server.key) ?? !settings.alpha;
    return stepCheck(newCheck(up), { type: 'start' }, settings, random);
  }
  const known = at(old.checks, index);
  const unchanged = sameSettings(old.checkSlots[index]!.settings, settings);
  return unchanged ? ([known, []] as const) : stepCheck(known, { type: 'changed' }, settings, random);
}

/** What is probed is the same, or the key would differ: these are the values the machine goes by. */
function sameSettings(a: CheckSettings, b: CheckSettings): boolean {
  return (
    a.delayLoopMs === b.delayLoopMs &&
    a.connectTimeoutMs === b.connectTimeoutMs &&
    a.retry === b.retry &&
    a.delayBeforeRetryMs === b.delayBeforeRetryMs &&
    a.warmupMs === b.warmupMs
  );
}

function countDown(checks: readonly Check[], { firstCheck, checkCount }: ServerSlot): number {
  let down = 0;
  for (let index = firstCheck; index < firstCheck + checkCount; index++) if (!checks[index]!.up) down++;
  return down;
}

/**
 * What a new configuration alone moved: checks that came or went, servers that are new and not yet in
 * service.
 */
function moved(old: Pool, pool: Pool): PoolEffect[] {
  const effects = pool.servers.flatMap((slot, index): PoolEffect[] => {
    const up = at(pool.failing, index) === 0;
    const was = isUp(old, slot.serviceKey, slot.key);
    const wasInhibit = old.servers[old.serverIndex.get(`${slot.serviceKey} ${slot.key}`) ?? -1]?.inhibit;
    if (was === undefined) return [up ? tell(slot, up, true) : serverEffect(slot, up, 'not checked yet')];
    if (was !== up) return moveServer(slot, up, 'configuration');
    return up || wasInhibit === slot.inhibit ? [] : [serverEffect(slot, up, 'configuration')];
  });
  pool.services.forEach((service, index) => {
    const oldIndex = old.serviceIndex.get(service);
    const up = at(pool.quorumUp, index);
    if (oldIndex === undefined)
      effects.push({ do: 'service', service, up }, { do: 'tell', service, up, isFirst: true });
    else if (at(old.quorumUp, oldIndex) !== up) effects.push(...moveService(pool, index, up));
  });
  return effects;
}

/** Of what left the configuration while it was up, others are told that it is down. */
function gone(old: Pool, pool: Pool): PoolEffect[] {
  const servers = old.servers.filter(
    (slot, index) => at(old.failing, index) === 0 && !pool.serverIndex.has(`${slot.serviceKey} ${slot.key}`),
  );
  const services = old.services.filter(
    (service, index) => at(old.quorumUp, index) && !pool.serviceIndex.has(service),
  );
  return [
    ...servers.map((slot) => tell(slot, false)),
    ...services.map((service): PoolEffect => ({ do: 'tell', service, up: false, isFirst: false })),
  ];
}

/** A check of `server` changed its verdict: does that move the server, and that its service? */
function countVerdict(pool: Pool, server: number, up: boolean, reason: string): [Pool, PoolEffect[]] {
  const failing = at(pool.failing, server) + (up ? -1 : 1);
  const counted = { ...pool, failing: replaced(pool.failing, server, failing) };
  if (failing !== (up ? 0 : 1)) return [counted, []];
  const slot = pool.servers[server]!;
  const effects = moveServer(slot, up, reason);
  const weight = at(pool.liveWeight, slot.service) + (up ? slot.weight : -slot.weight);
  const weighed = { ...counted, liveWeight: replaced(pool.liveWeight, slot.service, weight) };
  const wasUp = at(pool.quorumUp, slot.service);
  const isUp = stepQuorum(wasUp, weight, pool.quorums[slot.service]!);
  if (isUp === wasUp) return [weighed, effects];
  const next = { ...weighed, quorumUp: replaced(pool.quorumUp, slot.service, isUp) };
  return [next, [...effects, ...moveService(next, slot.service, isUp)]];
}

function moveService(pool: Pool, index: number, up: boolean): PoolEffect[] {
  const service = pool.services[index]!;
  const notice = serviceMoved(service, up, at(pool.liveWeight, index), pool.quorums[index]!);
  return [
    { do: 'service', service, up },
    { do: 'tell', service, up, isFirst: false },
    { do: 'notice', notice },
  ];
}

function moveServer(slot: ServerSlot, up: boolean, reason: string): PoolEffect[] {
  const name = { service: slot.serviceKey, server: slot.key };
  return [
    serverEffect(slot, up, reason),
    tell(slot, up),
    { do: 'notice', notice: serverMoved(name, up, slot.inhibit, reason) },
  ];
}

function tell(slot: ServerSlot, up: boolean, isFirst = false): PoolEffect {
  return { do: 'tell', service: slot.serviceKey, server: slot.key, up, isFirst };
}

function serverEffect(slot: ServerSlot, up: boolean, reason: string): PoolEffect {
  return { do: 'server', service: slot.serviceKey, server: slot.key, up, inhibit: slot.inhibit, reason };
}

function translate(pool: Pool, index: number, effect: CheckEffect, event: CheckEvent): PoolEffect[] {
  const { key, settings, server } = pool.checkSlots[index]!;
  switch (effect.do) {
    case 'probe':
      return [{ do: 'probe', key, settings }];
    case 'arm':
      return [{ do: 'arm', key, ms: effect.ms }];
    case 'verdict':
    case 'retry':
    case 'unknown':
      return [{ do: 'notice', notice: word(pool.servers[server]!, settings, effect, event) }];
  }
}

type Worded = Extract<CheckEffect, { reason: string }>;

function word(slot: ServerSlot, settings: CheckSettings, effect: Worded, event: CheckEvent): Notice {
  assert(event.type === 'probed', 'only an answer can tell something of a server');
  const name = { service: slot.serviceKey, server: slot.key, settings };
  if (effect.do === 'unknown') return checkImpossible(name, event.result);
  if (effect.do === 'retry') return checkRetried(name, event.result, effect.tries);
  return effect.up ? checkPassed(name, event.result) : checkFailed(name, event.result, effect.tries);
}
