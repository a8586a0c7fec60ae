// When announcements go out: gratuitous ARPs and unsolicited neighbour advertisements that wait for their
// turn. Each address is told once before any is told again, pauses between the packets of an interface (or of
// several, behind one switch) are kept, and no more than a handful go out at a time, so that an advert that
// is due does not wait for a thousand of them.
//
// Pure in that it sends nothing; mutable, with one owner. keepalived 2.2.7 forgets repetitions while it keeps
// a pause (measured: of `repeat 3` two go out, and the second address follows the first one's repetition).
import { type Address, familyOf } from '../core/address.ts';
import type { VirtualAddress } from './settings.ts';

/** Between two packets of a kind; 0 = none. */
export type Pauses = { garpMs: number; gnaMs: number };
/** `groups`: interfaces that share their pauses; every other one has `each` for itself. */
export type Pacing = { each: Pauses; groups: readonly (Pauses & { interfaces: readonly string[] })[] };

type Waiting = { owner: string; vip: VirtualAddress; left: number };
/** In the order in which they are told. */
type Queue = { pauseMs: number; nextAtMs: number; waiting: Map<string, Waiting> };
export type Announcements = { pacing: Pacing; queues: Map<string, Queue> };

/** Some 0.3 ms of work. */
export const AT_ONCE = 64;
const NO_PAUSES: Pacing = { each: { garpMs: 0, gnaMs: 0 }, groups: [] };

export function createAnnouncements(): Announcements {
  return { pacing: NO_PAUSES, queues: new Map() };
}

/** What waits goes on waiting, with the new pauses. */
export function pace(announcements: Announcements, pacing: Pacing = NO_PAUSES): void {
  if (JSON.stringify(pacing) === JSON.stringify(announcements.pacing)) return;
  const waiting = [...announcements.queues.values()].flatMap((queue) => [...queue.waiting.values()]);
  announcements.pacing = pacing;
  announcements.queues.clear();
  for (const { owner, vip, left } of waiting) request(announcements, owner, [vip], left);
}

/** `repeat` times each; of what waits already the larger number counts. */
export function request(
  announcements: Announcements,
  owner: string,
  vips: readonly VirtualAddress[],
  repeat: number,
): void {
  for (const vip of vips) {
    const { waiting } = queueOf(announcements, vip.interface, vip.address);
    const key = `${owner} ${vip.interface} ${vip.address}`;
    const left = Math.max(repeat, waiting.get(key)?.left ?? 0);
    if (left > 0) waiting.set(key, { owner, vip, left });
  }
}

/** The addresses are not the owner's to announce any more. */
export function withdraw({ queues }: Announcements, owner: string): void {
  for (const { waiting } of queues.values())
    for (const [key, entry] of waiting) if (entry.owner === owner) waiting.delete(key);
}

/** What goes out now, in this order, and is forgotten. */
export function dueAnnouncements({ queues }: Announcements, nowMs: number): VirtualAddress[] {
  const due: VirtualAddress[] = [];
  for (const queue of queues.values()) {
    for (const [key, { owner, vip, left }] of queue.waiting) {
      if (queue.nextAtMs > nowMs || due.length === AT_ONCE) break;
      queue.waiting.delete(key);
      if (left > 1) queue.waiting.set(key, { owner, vip, left: left - 1 }); // behind the others
      queue.nextAtMs = nowMs + queue.pauseMs;
      due.push(vip);
    }
  }
  return due;
}

/** Infinity while nothing waits. */
export function nextAnnouncementMs({ queues }: Announcements): number {
  let next = Number.POSITIVE_INFINITY;
  for (const { waiting, nextAtMs } of queues.values())
    if (waiting.size > 0 && nextAtMs < next) next = nextAtMs;
  return next;
}

function queueOf({ pacing, queues }: Announcements, device: string, address: Address): Queue {
  const family = familyOf(address);
  const group = pacing.groups.findIndex(({ interfaces }) => interfaces.includes(device));
  const key = `${family} ${group < 0 ? device : group}`;
  const found = queues.get(key);
  if (found !== undefined) return found;
  const { garpMs, gnaMs } = pacing.groups[group] ?? pacing.each;
  const queue = { pauseMs: family === 4 ? garpMs : gnaMs, nextAtMs: 0, waiting: new Map() };
  queues.set(key, queue);
  return queue;
}
