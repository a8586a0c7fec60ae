// Who else has a virtual address of ours while we are MASTER. After a split a rival that says no last word
// (keepalived, unless the file says so) yields to our first advert before we ever heard of it, and the link
// goes on asking it (measured with 2.2.7: in every second heal). So a master asks for one of its addresses
// before it sends an advert: the kernel of whoever has it answers before its VRRP can hear the advert.
//
// Who is no router of ours is found, too, a little later: each second everybody is asked for one address
// after the other. Who has them before we are MASTER is duplicates.ts's.
//
// When somebody answers, and again when nobody does any more, we tell the link where our addresses are. Not
// in between: two that cannot hear each other's adverts would take the address from each other for ever.
import type { Address } from '../core/address.ts';
import { request } from './announcements.ts';
import type { Elector } from './elector.ts';
import { allVips, count, type Instance, notice, type Turn } from './instance.ts';
import { baseOf, isForFew, type Question } from './questions.ts';

type Claim = { address: Address; sinceMs: number; lastMs: number; againAtMs: number };
/** On one interface. `next`: of all questions, the one that everybody is asked next. `claims`: by MAC. */
type Inquiry = { askedAtMs: number; everybodyAtMs: number; next: number; claims: Map<string, Claim> };
export type Claimed = { interface: string; address: Address; mac: string };
export type Claims = Map<string, Inquiry>;

/** Before adverts, for all instances of an interface together: what each host of the link has to look at. */
const ASK_EVERYBODY_EACH_MS = 50;
/** What routers alone look at: each advert of 10 ms, however late one is woken. */
const ASK_FEW_EACH_MS = 5;
const ASK_STRANGERS_EACH_MS = 1000;
/** Whoever was master before us may still have the address, and is about to give it up. */
const SETTLED_MS = 100;
/** While somebody has it: how soon to look again, and later, when it does not seem to go. */
const AGAIN_MS = 30;
const AGAIN_LATER_MS = 1000;
const LATER_AFTER_MS = 10_000;
/** Answers are easily forged. */
const CLAIMANTS_MAX = 4;
const NEVER = Number.POSITIVE_INFINITY;

/** Before an advert. */
export function ask(instance: Instance, turn: Turn): void {
  const { claims, nowMs } = turn;
  if (!isSettledMaster(instance, nowMs)) return;
  for (const question of instance.questions.first) {
    const inquiry = inquiryOf(claims, question.interface);
    const eachMs = isForFew(question) ? ASK_FEW_EACH_MS : ASK_EVERYBODY_EACH_MS;
    if (nowMs - inquiry.askedAtMs < eachMs) continue;
    inquiry.askedAtMs = nowMs;
    turn.actions.push({ do: 'ask', question });
  }
}

/** Somebody says that it has an address. */
export function noteClaim(elector: Elector, claimed: Claimed, turn: Turn): void {
  const { nowMs, claims } = turn;
  const { interface: device, address, mac } = claimed;
  const inquiry = claims.get(device);
  const master = mastersOn(elector, device, nowMs).find(({ questions }) =>
    questions.all.some((question) => question.interface === device && question.address === address),
  );
  if (inquiry === undefined || master === undefined) return;
  let claim = inquiry.claims.get(mac);
  if (claim === undefined) {
    if (inquiry.claims.size === CLAIMANTS_MAX) return;
    claim = { address, sinceMs: nowMs, lastMs: nowMs, againAtMs: NEVER };
    inquiry.claims.set(mac, claim);
    count(master, 'addressesClaimed');
    const message = `${mac} has ${address}, too: told ${device} where our addresses are`;
    notice(master, 'vip.claimed', message, { vip: address, mac, interface: device }, turn);
    announceAll(elector, device, turn);
  }
  claim.lastMs = nowMs;
  claim.againAtMs = nowMs + againMs(claim, nowMs);
}

/** Infinity while nobody claims anything. */
export function nextInquiryMs(claims: Claims): number {
  let next = NEVER;
  for (const inquiry of claims.values())
    for (const { againAtMs } of inquiry.claims.values()) if (againAtMs < next) next = againAtMs;
  return next;
}

/** For every wake-up: adverts that were due have gone. */
export function inquire(elector: Elector, turn: Turn): void {
  const { nowMs, claims } = turn;
  for (const [device, inquiry] of claims) {
    for (const [mac, { againAtMs }] of inquiry.claims)
      if (againAtMs <= nowMs) askAgain(elector, { device, mac }, turn);
    if (inquiry.everybodyAtMs <= nowMs) askEverybody(elector, device, turn);
  }
}

function askEverybody(elector: Elector, device: string, turn: Turn): void {
  const { claims, nowMs } = turn;
  const questions = questionsOn(elector, device, nowMs);
  const inquiry = claims.get(device)!;
  const question = questions[inquiry.next % questions.length];
  if (question === undefined) return void claims.delete(device);
  inquiry.next = (inquiry.next + 1) % questions.length;
  inquiry.everybodyAtMs = nowMs + ASK_STRANGERS_EACH_MS;
  turn.actions.push({ do: 'ask', question });
}

function askAgain(elector: Elector, { device, mac }: { device: string; mac: string }, turn: Turn): void {
  const { claims, nowMs } = turn;
  const all = claims.get(device)!.claims;
  const claim = all.get(mac)!;
  const { address, lastMs, sinceMs } = claim;
  const question = questionsOn(elector, device, nowMs).find((each) => each.address === address);
  if (question === undefined) return void all.delete(mac);
  const waitMs = againMs(claim, nowMs);
  if (nowMs - lastMs < 2 * waitMs) {
    claim.againAtMs = nowMs + waitMs;
    turn.actions.push({ do: 'ask', question });
    return;
  }
  all.delete(mac);
  const ms = Math.round(lastMs - sinceMs);
  const message = `${mac} has ${address} no more: told ${device} where our addresses are`;
  const [master] = mastersOn(elector, device, nowMs);
  notice(master!, 'vip.unclaimed', message, { vip: address, mac, interface: device, ms }, turn);
  announceAll(elector, device, turn);
}

function againMs({ sinceMs }: Claim, nowMs: number): number {
  return nowMs - sinceMs < LATER_AFTER_MS ? AGAIN_MS : AGAIN_LATER_MS;
}

function inquiryOf(claims: Claims, device: string): Inquiry {
  const known = claims.get(device);
  if (known !== undefined) return known;
  const inquiry = { askedAtMs: Number.NEGATIVE_INFINITY, everybodyAtMs: 0, next: 0, claims: new Map() };
  claims.set(device, inquiry);
  return inquiry;
}

function isSettledMaster({ router, sinceMs }: Instance, nowMs: number): boolean {
  return router.state === 'MASTER' && nowMs - sinceMs >= SETTLED_MS;
}
function mastersOn({ instances }: Elector, device: string, nowMs: number): Instance[] {
  return [...instances.values()].filter(
    (instance) =>
      isSettledMaster(instance, nowMs) &&
      allVips(instance.own).some((vip) => baseOf(instance.own, vip.interface) === device),
  );
}
function questionsOn(elector: Elector, device: string, nowMs: number): Question[] {
  return mastersOn(elector, device, nowMs).flatMap(({ questions }) =>
    questions.all.filter((question) => question.interface === device),
  );
}

function announceAll(elector: Elector, device: string, turn: Turn): void {
  for (const master of mastersOn(elector, device, turn.nowMs)) {
    const { own } = master;
    turn.contested.add(master);
    const vips = allVips(own).filter((vip) => baseOf(own, vip.interface) === device);
    request(turn.announcements, own.name, vips, own.garp.repeat);
  }
}
