// Who else has a virtual address of ours while we are MASTER. After a split a rival that says no last word
// (keepalived, unless the file says so) yields to our first advert before we ever heard of it, and the link
// goes on asking it (measured with 2.2.7: in every second heal). So a master asks for one of its addresses
// (an ARP probe, RFC 5227 §2.1.1) before it sends an advert: the kernel of whoever has it answers before its
// VRRP can hear the advert.
//
// When somebody answers, and again when nobody does any more, we tell the link where our addresses are. Not
// in between: two that cannot hear each other's adverts would take the address from each other for ever.
//
// IPv4 only. Not with virtual MACs: all routers of an id have the same one, and no cache is wrong.
import { type Address, familyOf } from '../core/address.ts';
import { request } from './announcements.ts';
import type { Elector } from './elector.ts';
import { allVips, count, type Instance, notice, type Turn } from './instance.ts';
import type { VirtualAddress } from './settings.ts';

type Claim = { mac: string; sinceMs: number; lastMs: number };
/** On one interface. `againAtMs`: while it is claimed. */
type Inquiry = { vip: VirtualAddress; askedAtMs: number; claim: Claim | undefined; againAtMs: number };
export type Claimed = { interface: string; address: Address; mac: string };
export type Claims = Map<string, Inquiry>;

/** For all instances of an interface together: a broadcast costs every host on the link. */
const ASK_EACH_MS = 50; // each advert of 100 ms, however late one is woken
/** Whoever was master before us may still have the address, and is about to give it up. */
const SETTLED_MS = 100;
/** While somebody has it: how soon to look again, and later, when it does not seem to go. */
const AGAIN_MS = 30;
const AGAIN_LATER_MS = 1000;
const LATER_AFTER_MS = 10_000;
const NEVER = Number.POSITIVE_INFINITY;

/** Before an advert. */
export function ask({ own, router, sinceMs }: Instance, turn: Turn): void {
  const { claims, nowMs } = turn;
  if (router.state !== 'MASTER' || own.vmac !== undefined || nowMs - sinceMs < SETTLED_MS) return;
  const vip = own.vips.find(({ address }) => familyOf(address) === 4);
  if (vip === undefined) return;
  const inquiry = claims.get(vip.interface);
  if (inquiry !== undefined && nowMs - inquiry.askedAtMs < ASK_EACH_MS) return;
  if (inquiry === undefined)
    claims.set(vip.interface, { vip, askedAtMs: nowMs, claim: undefined, againAtMs: NEVER });
  else if (inquiry.claim === undefined) Object.assign(inquiry, { vip, askedAtMs: nowMs });
  turn.actions.push({ do: 'ask', vip });
}

/** Somebody says that it has `address`. */
export function noteClaim(elector: Elector, claimed: Claimed, turn: Turn): void {
  const { nowMs, claims } = turn;
  const { interface: device, address, mac } = claimed;
  const inquiry = claims.get(device);
  const master = mastersOn(elector, device).find(({ own }) =>
    own.vips.some((vip) => vip.address === address),
  );
  if (inquiry === undefined || master === undefined || nowMs - master.sinceMs < SETTLED_MS) return;
  if (inquiry.claim === undefined) {
    inquiry.claim = { mac, sinceMs: nowMs, lastMs: nowMs };
    count(master, 'addressesClaimed');
    const message = `${mac} has ${address}, too: told ${device} where our addresses are`;
    notice(master, 'vip.claimed', message, { vip: address, mac, interface: device }, turn);
    announceAll(elector, device, turn);
  }
  inquiry.claim.lastMs = nowMs;
  inquiry.againAtMs = nowMs + againMs(inquiry.claim, nowMs);
}

/** Infinity while nobody claims anything. */
export function nextInquiryMs(claims: Claims): number {
  let next = NEVER;
  for (const { againAtMs } of claims.values()) if (againAtMs < next) next = againAtMs;
  return next;
}

/** For every wake-up. */
export function inquireAgain(elector: Elector, turn: Turn): void {
  const { nowMs, claims } = turn;
  for (const [device, inquiry] of claims) {
    const { claim, vip } = inquiry;
    if (claim === undefined || inquiry.againAtMs > nowMs) continue;
    const [master] = mastersOn(elector, device);
    const waitMs = againMs(claim, nowMs);
    if (master === undefined) claims.delete(device);
    else if (nowMs - claim.lastMs < 2 * waitMs) {
      inquiry.againAtMs = nowMs + waitMs;
      turn.actions.push({ do: 'ask', vip });
    } else {
      claims.delete(device);
      const ms = Math.round(claim.lastMs - claim.sinceMs);
      const message = `${claim.mac} has ${vip.address} no more: told ${device} where our addresses are`;
      notice(
        master,
        'vip.unclaimed',
        message,
        { vip: vip.address, mac: claim.mac, interface: device, ms },
        turn,
      );
      announceAll(elector, device, turn);
    }
  }
}

function againMs({ sinceMs }: Claim, nowMs: number): number {
  return nowMs - sinceMs < LATER_AFTER_MS ? AGAIN_MS : AGAIN_LATER_MS;
}

function mastersOn({ instances }: Elector, device: string): Instance[] {
  return [...instances.values()].filter(
    ({ own, router }) => router.state === 'MASTER' && allVips(own).some((vip) => vip.interface === device),
  );
}

function announceAll(elector: Elector, device: string, turn: Turn): void {
  for (const { own } of mastersOn(elector, device)) {
    const vips = allVips(own).filter((vip) => vip.interface === device);
    request(turn.announcements, own.name, vips, own.garp.repeat);
  }
}
