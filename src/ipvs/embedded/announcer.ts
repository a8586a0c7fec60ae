// Tells the links where our addresses are, so that switches and hosts send there: a few times when they have
// become ours, then now and then.
import { ARP_FRAME, writeArp } from './arp.ts';
import type { Discoverer } from './discoverer.ts';
import { ARP_OPERATION } from './frame.ts';
import type { Links, Owned } from './links.ts';
import type { Outbox } from './outbox.ts';

const ANNOUNCEMENTS = 3;
const ANNOUNCE_EVERY_MS = 1000;
/** Only these carry the virtual MAC as source: without them switches would forget where it is, and flood. */
const REMIND_EVERY_MS = 60_000;

/** `left`: quick rounds still to come; 0 = only reminders. */
type Round = { owned: readonly Owned[]; next: number; left: number; atMs: number };

export class Announcer {
  readonly #outbox: Outbox;
  readonly #links: Links;
  readonly #discovery: Discoverer;
  #round: Round | undefined;

  constructor(parts: { outbox: Outbox; links: Links; discovery: Discoverer }) {
    this.#outbox = parts.outbox;
    this.#links = parts.links;
    this.#discovery = parts.discovery;
  }

  nextTimerMs(): number {
    return this.#round?.atMs ?? Number.POSITIVE_INFINITY;
  }

  advance(nowMs: number): void {
    if (this.#round && nowMs >= this.#round.atMs) this.#next(this.#round, nowMs);
  }

  announce(owned: readonly Owned[], nowMs: number): void {
    if (owned.length === 0) return;
    const before = this.#round?.left === 0 ? [] : (this.#round?.owned ?? []);
    this.#round = { owned: [...before, ...owned], next: 0, left: ANNOUNCEMENTS, atMs: nowMs };
    this.#next(this.#round, nowMs);
  }

  /** As many as the outbox takes; the rest a moment later. After the last round the long pause begins. */
  #next(round: Round, nowMs: number): void {
    while (round.next < round.owned.length && !this.#outbox.isFull()) {
      const { address, family, mac, link } = round.owned[round.next++]!;
      const owned = this.#links.owned(address, family, link);
      if (owned?.link !== link || owned.handedOver) continue;
      if (family === 6) {
        this.#discovery.announce(owned);
        continue;
      }
      writeArp(this.#outbox.bytes, this.#outbox.reserve(link.slot, ARP_FRAME), {
        operation: ARP_OPERATION.request,
        senderMac: mac,
        senderAddress: address,
        targetAddress: address,
      });
    }
    if (round.next < round.owned.length) {
      round.atMs = nowMs + 1;
      return;
    }
    round.next = 0;
    round.left = Math.max(0, round.left - 1);
    round.atMs = nowMs + (round.left > 0 ? ANNOUNCE_EVERY_MS : REMIND_EVERY_MS);
    if (round.left === 0) round.owned = this.#links.allOwned();
    if (round.owned.length === 0) this.#round = undefined;
  }
}
