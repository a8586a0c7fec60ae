// The orders of a pair of directors: of each real server the last thing that an operator said of it, on
// whichever of the two. Both have such a book and tell each other of it; which of two orders of a server
// counts, merge() decides alike on both, whatever was told before, twice, or not at all.
//
// An order's stamp is a Lamport clock's: who gives one has seen all with a lower one that it knows of.
// `ready` is an order like the others and stays in the book, so that it wins over an older `drain` that the
// other director still has. That is one entry a server of the file, for as long as the director has its
// memory. Entries of servers that are in neither file are forgotten by both; of those that are only in the
// other one's no more than a bounded number is kept.

import type { ServerKey } from '../../ipvs/model.ts';
import type { PoolName } from '../../ipvs/pool.ts';
import { isTellable, type OrderName, type ToldOrder } from '../../sync/orders.ts';
import { CLOCK_MAX } from '../../sync/stamp.ts';
import { idOf } from './program.ts';

/** What was said; times are of the clock that the machine is told. */
export type Said =
  | { is: 'ready' }
  /** `untilMs`: its deadline; undefined = none. `isOver`: who serves has no connection of it left. */
  | { is: 'drain'; untilMs?: number; expiresTemplates: boolean; isOver?: true }
  | { is: 'maint' }
  | { is: 'weight'; weight: number };
export type Entry = { pool: PoolName; server: ServerKey; said: Said; stamp: number; by: number };
export type Book = {
  /** No stamp in it is later. */
  clock: number;
  /** Of this life of the director, for stamps that are equal. */
  by: number;
  /** It has heard of the peer's orders, or remembers a life that has. */
  hasHeard: boolean;
  /** By `POOL SERVER`. */
  entries: ReadonlyMap<string, Entry>;
};
/** Is that server in our file? */
export type IsKnown = (name: OrderName) => boolean;

/** Of servers that are not in our file; more are not kept until they are. */
export const STRANGERS_MAX = 1024;

export const NO_BOOK: Book = { clock: 0, by: 0, hasHeard: false, entries: new Map() };

/** Said on this director, now. */
export function note(book: Book, { pool, server }: OrderName, said: Said): Book {
  const clock = Math.min(book.clock + 1, CLOCK_MAX);
  const entry: Entry = { pool, server, said, stamp: clock, by: book.by };
  return { ...book, clock, entries: new Map(book.entries).set(idOf(pool, server), entry) };
}

/**
 * The peer is heard for the first time by a director that knows of no life before: what it was told meanwhile
 * it was told later than what the peer remembers of that life. Nothing of it has been told to the peer yet.
 */
export function follow(book: Book, peerClock: number): Book {
  let clock = Math.max(book.clock, peerClock);
  if (book.hasHeard) return { ...book, clock };
  const own = [...book.entries.values()].toSorted((a, b) => a.stamp - b.stamp);
  const stamped = new Map(
    own.map((entry) => {
      clock = Math.min(clock + 1, CLOCK_MAX);
      return [idOf(entry.pool, entry.server), { ...entry, stamp: clock }];
    }),
  );
  return { ...book, clock, hasHeard: true, entries: stamped };
}

/** `taken`: what is new here; `over`: drains of ours that are; `unknown`: what is not in our file. */
export type Merged = {
  book: Book;
  taken: readonly Entry[];
  over: readonly Entry[];
  unknown: readonly OrderName[];
};

export function merge(book: Book, told: readonly ToldOrder[], isKnown: IsKnown, nowMs: number): Merged {
  const entries = new Map(book.entries);
  const taken: Entry[] = [];
  const over: Entry[] = [];
  const unknown: OrderName[] = [];
  let strangers = [...entries.values()].filter((entry) => !isKnown(entry)).length;
  for (const one of told) {
    const { pool, server, stamp, by } = one;
    const id = idOf(pool, server);
    const isOurs = isKnown(one);
    const mine = entries.get(id);
    if (!isOurs) unknown.push({ pool, server });
    if (!isOurs && !one.isKnown) {
      if (entries.delete(id)) strangers--;
      continue;
    }
    if (mine !== undefined && isOverNow(one, mine)) {
      entries.set(id, ended(mine));
      over.push(mine);
    }
    if (mine !== undefined && !isLater(one, mine)) continue;
    if (mine === undefined && !isOurs && ++strangers > STRANGERS_MAX) continue;
    const entry: Entry = { pool, server, said: saidAt(one.order, nowMs), stamp, by };
    entries.set(id, entry);
    taken.push(entry);
  }
  return { book: { ...book, entries }, taken, over, unknown };
}

function isOverNow({ order, stamp, by }: ToldOrder, mine: Entry): boolean {
  const isSame = stamp === mine.stamp && by === mine.by;
  return isSame && order.is === 'drain' && order.isOver === true && !isOver(mine);
}

export function isOver({ said }: Entry): boolean {
  return said.is === 'drain' && said.isOver === true;
}

/** It is no other order: its stamp stays. */
export function ended(entry: Entry): Entry {
  return entry.said.is === 'drain' ? { ...entry, said: { ...entry.said, isOver: true } } : entry;
}

type Stamp = { stamp: number; by: number };
function isLater(one: Stamp, other: Stamp): boolean {
  return one.stamp === other.stamp ? one.by > other.by : one.stamp > other.stamp;
}

/** The peer's file has not these servers: what ours has not either is nobody's. */
export function forget(book: Book, absent: readonly OrderName[], isKnown: IsKnown): Book {
  const entries = new Map(book.entries);
  for (const name of absent) if (!isKnown(name)) entries.delete(idOf(name.pool, name.server));
  return { ...book, entries };
}

/** For the other director, of all of it or of some servers. */
export function told(
  book: Book,
  isKnown: IsKnown,
  nowMs: number,
  of: readonly OrderName[] = [...book.entries.values()],
): ToldOrder[] {
  return of.filter(isTellable).flatMap(({ pool, server }) => {
    const entry = book.entries.get(idOf(pool, server));
    if (entry === undefined) return [];
    const { said, stamp, by } = entry;
    return [{ pool, server, order: leftOf(said, nowMs), stamp, by, isKnown: isKnown(entry) }];
  });
}

/** With durations in place of times, for another clock. */
export function leftOf(said: Said, nowMs: number): ToldOrder['order'] {
  if (said.is !== 'drain') return said;
  const { untilMs, ...order } = said;
  return { ...order, ...(untilMs === undefined ? {} : { leftMs: Math.max(0, untilMs - nowMs) }) };
}

export function saidAt(order: ToldOrder['order'], nowMs: number): Said {
  if (order.is !== 'drain') return order;
  const { leftMs, ...said } = order;
  return { ...said, ...(leftMs === undefined ? {} : { untilMs: nowMs + leftMs }) };
}
