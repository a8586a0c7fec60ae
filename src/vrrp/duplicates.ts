// Who has a virtual address before we are MASTER: asked in the first seconds as BACKUP (RFC 5227 §2.1.1),
// without ever putting a takeover off. The present master has them all, which is as it should be: it is known
// by the MAC that answers for the address its adverts come from, or by the virtual router's. Whoever else
// answers is told as a warning: a real server that answers ARP for the address, a host that has it by
// mistake, a director whose adverts do not reach us.
//
// A verdict waits until a master is heard; when none is, until we become MASTER ourselves. Where the master
// does not answer for its own address (on another link than that of its adverts it may not) nothing is said.
import { type Address, familyOf } from '../core/address.ts';
import type { Claimed } from './claims.ts';
import type { Elector } from './elector.ts';
import { count, type Instance, notice, type Turn } from './instance.ts';
import type { Question } from './questions.ts';
import { devicesOf } from './virtual-device.ts';

export type Probe = {
  /** When there is something to do. */
  atMs: number;
  /** Of all questions, the next one; how often all of them were asked, and when they are again. */
  next: number;
  rounds: number;
  roundAtMs: number;
  /** That are heard, and the MACs they have, as `interface mac`. */
  masters: Set<Address>;
  theirs: Set<string>;
  /** Answers that are not judged yet; those that are told. */
  waiting: Map<string, Claimed>;
  told: Set<string>;
};

/** RFC 5227 §1.1 PROBE_NUM, PROBE_MIN. */
const ROUNDS = 3;
const ROUND_MS = 1000;
/** Of an instance with more addresses than are asked for at once. */
const PAUSE_MS = 100;
/** Some 0.2 ms of work, for which adverts that are due wait. */
const ASKED_AT_ONCE = 16;
/** For the answers of several interfaces of one machine to arrive. */
const JUDGED_AFTER_MS = 50;
/** Adverts and answers are easily forged. */
const MASTERS_MAX = 4;
const WAITING_MAX = 64;

/** It listens for a master. */
export function beginProbe(instance: Instance, turn: Turn): void {
  instance.probe = {
    atMs: turn.nowMs,
    next: 0,
    rounds: 0,
    roundAtMs: turn.nowMs,
    masters: new Set(),
    theirs: new Set(),
    waiting: new Map(),
    told: new Set(),
  };
  turn.probing.add(instance);
}

/** Infinity while nobody probes. */
export function nextProbeMs({ probing }: Elector): number {
  let next = Number.POSITIVE_INFINITY;
  for (const { probe } of probing) if (probe && probe.atMs < next) next = probe.atMs;
  return next;
}

/** For every wake-up: adverts that were due have gone, and who takes over has. */
export function probeOn({ probing }: Elector, turn: Turn): void {
  const before = turn.actions.length;
  for (const instance of probing) {
    // What is left is still due.
    if (turn.actions.length - before >= ASKED_AT_ONCE) return;
    if (instance.probe && instance.probe.atMs <= turn.nowMs) goOn(instance, instance.probe, turn);
  }
}

/** Nobody was heard for so long that it becomes MASTER, or it is no candidate any more. */
export function endProbe(instance: Instance, isMaster: boolean, turn: Turn): void {
  const { probe } = instance;
  instance.probe = undefined;
  turn.probing.delete(instance);
  if (probe === undefined || !isMaster || probe.masters.size > 0) return;
  for (const claimed of probe.waiting.values()) tell(instance, claimed, 'no master is heard', turn);
}

function goOn(instance: Instance, probe: Probe, turn: Turn): void {
  judge(instance, probe, turn);
  probe.atMs = probe.roundAtMs;
  if (probe.roundAtMs > turn.nowMs) return;
  if (probe.rounds === ROUNDS) {
    if (probe.masters.size > 0) endProbe(instance, false, turn);
    else probe.atMs = Number.POSITIVE_INFINITY; // until a master is heard, or we are it
    return;
  }
  if (probe.next === 0) for (const master of probe.masters) askMaster(instance, master, turn);
  const { all } = instance.questions;
  for (const question of all.slice(probe.next, probe.next + ASKED_AT_ONCE))
    turn.actions.push({ do: 'ask', question });
  probe.next += ASKED_AT_ONCE;
  if (probe.next < all.length) probe.roundAtMs = turn.nowMs + PAUSE_MS;
  else Object.assign(probe, { next: 0, rounds: probe.rounds + 1, roundAtMs: turn.nowMs + ROUND_MS });
  probe.atMs = probe.roundAtMs;
}

/** An advert that counts came from `source`. */
export function noteHeard(instance: Instance, source: Address, turn: Turn): void {
  const { probe } = instance;
  if (probe === undefined || probe.masters.has(source) || probe.masters.size === MASTERS_MAX) return;
  probe.masters.add(source);
  probe.atMs = Math.min(probe.atMs, turn.nowMs + ROUND_MS);
  askMaster(instance, source, turn);
}

/** Somebody says that it has an address. */
export function noteAnswer({ probe, questions }: Instance, claimed: Claimed, { nowMs }: Turn): void {
  if (probe === undefined) return;
  const { interface: device, address, mac } = claimed;
  if (probe.masters.has(address)) probe.theirs.add(`${device} ${mac}`);
  else if (
    probe.waiting.size < WAITING_MAX &&
    questions.all.some((question) => question.interface === device && question.address === address)
  )
    probe.waiting.set(keyOf(claimed), claimed);
  else return;
  probe.atMs = Math.min(probe.atMs, nowMs + JUDGED_AFTER_MS);
}

function askMaster({ questions }: Instance, address: Address, turn: Turn): void {
  const asked = new Map<string, Question>();
  for (const { interface: name, source } of questions.all) {
    if (familyOf(address) === 4) asked.set(name, { interface: name, address });
    else if (source !== undefined) asked.set(name, { interface: name, address, source });
  }
  for (const question of asked.values()) turn.actions.push({ do: 'ask', question });
}

function judge(instance: Instance, probe: Probe, turn: Turn): void {
  const { masters, theirs, waiting, told } = probe;
  if (masters.size === 0) return;
  const known = new Set([...theirs].map((each) => each.split(' ')[0]!));
  for (const [key, claimed] of waiting) {
    const { interface: device, mac } = claimed;
    const isTheirs = theirs.has(`${device} ${mac}`) || isVirtual(instance, mac);
    if (!isTheirs && !known.has(device)) continue;
    waiting.delete(key);
    if (isTheirs || told.has(key)) continue;
    told.add(key);
    tell(instance, claimed, `is not the master that is heard, ${[...masters].join(' or ')}`, turn);
  }
}

/** RFC 9568 §7.3, or as the file has it. */
function isVirtual({ own }: Instance, mac: string): boolean {
  const vrid = own.vrid.toString(16).padStart(2, '0');
  const isStandard = mac === `00:00:5e:00:01:${vrid}` || mac === `00:00:5e:00:02:${vrid}`;
  return isStandard || devicesOf(own).some((device) => device.mac === mac);
}

function tell(instance: Instance, { interface: device, address, mac }: Claimed, but: string, turn: Turn) {
  count(instance, 'duplicateAddresses');
  const message = `${mac} has ${address} on ${device}, but ${but}`;
  notice(instance, 'vip.duplicate', message, { vip: address, mac, interface: device }, turn);
}

function keyOf({ interface: device, address, mac }: Claimed): string {
  return `${device} ${address} ${mac}`;
}
