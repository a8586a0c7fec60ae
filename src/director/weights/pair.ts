// Weight programs and the book of orders together: what an operator says on one director is noted, told to
// the other one and carried out there. Without `sync` there is no book, and only the programs. Pure.
//
// Nothing is told before the peer has been heard on that connection: a director that has lost its memory has
// to see the peer's clock before it may say of its own orders when they were given. So each says its clock,
// hears the other's, and tells all it has; from then on each order as it is given. Nothing is repeated, and
// nothing need be acknowledged: another connection tells all again, and what is known changes nothing.
import type { Notice } from '../../core/events.ts';
import type { OrderName, ToldOrder } from '../../sync/orders.ts';
import {
  type Book,
  type Entry,
  ended,
  follow,
  forget,
  type IsKnown,
  isOver,
  merge,
  NO_BOOK,
  note,
  type Said,
  told,
} from './book.ts';
import { type Command, NO_WEIGHTS, stepWeights, type Weights, type WeightsEvent } from './machine.ts';
import { policyOf } from './policy.ts';
import { idOf } from './program.ts';
import { orderTold } from './wording.ts';

export type Pair = {
  weights: Weights;
  /** Undefined: another director is not told of anything. */
  book?: Book;
  /** The peer was heard on this connection. */
  isMet: boolean;
};
export type PairEvent =
  | WeightsEvent
  /** Orders hold on both directors from now on, or each for itself. `by`: drawn by lot for this life. */
  | { type: 'shared'; by: number }
  | { type: 'unshared' }
  | { type: 'greeted' }
  | { type: 'told'; clock: number; orders: readonly ToldOrder[]; from: string }
  | { type: 'absent'; names: readonly OrderName[] };
/** To be told to the peer. */
export type Telling = { clock: number; orders: readonly ToldOrder[] };
export type Outcome = {
  pair: Pair;
  notices: readonly Notice[];
  tell?: Telling;
  /** Of what was told: servers that are not in our file. */
  unknown: readonly OrderName[];
};

export const NO_PAIR: Pair = { weights: NO_WEIGHTS, isMet: false };

export function stepPair(pair: Pair, event: PairEvent, nowMs: number): Outcome {
  const { book } = pair;
  switch (event.type) {
    case 'shared':
      return plain({ ...pair, book: adopt({ ...(book ?? NO_BOOK), by: event.by }, pair.weights) });
    case 'unshared':
      return plain({ weights: pair.weights, isMet: false });
    case 'greeted': {
      const tell = book && { tell: { clock: book.clock, orders: [] } };
      return { ...plain({ ...pair, isMet: false }), ...tell };
    }
    case 'told':
      return book === undefined ? plain(pair) : hear({ ...pair, book }, event, nowMs);
    case 'absent':
      return book === undefined
        ? plain(pair)
        : plain({ ...pair, book: forget(book, event.names, knownTo(pair)) });
    case 'commanded':
      return command(pair, event, nowMs);
    case 'configured':
      return configure(pair, event, nowMs);
    case 'looked':
      return look(pair, event, nowMs);
    default: {
      const [weights, notices] = stepWeights(pair.weights, event, nowMs);
      return { ...plain({ ...pair, weights }), notices };
    }
  }
}

function plain(pair: Pair): Outcome {
  return { pair, notices: [], unknown: [] };
}

function knownTo({ weights }: Pair): IsKnown {
  return ({ pool, server }) => weights.pools?.get(pool)?.servers.has(server) ?? false;
}

/** Orders from before there was a book. */
function adopt(book: Book, { programs, policies }: Weights): Book {
  let next = book;
  for (const [id, { pool, server, order, phase }] of programs) {
    if (order === undefined || book.entries.has(id)) continue;
    const until = phase.is === 'draining' && phase.untilMs !== undefined ? { untilMs: phase.untilMs } : {};
    const expiresTemplates =
      phase.is === 'draining' ? phase.expiresTemplates : policyOf(policies, pool).expiresTemplates;
    next = note(
      next,
      { pool, server },
      order.is === 'drain' ? { ...order, ...until, expiresTemplates } : order,
    );
  }
  return next;
}

type Commanded = Extract<PairEvent, { type: 'commanded' }>;

function command(pair: Pair, event: Commanded, nowMs: number): Outcome {
  const [weights, notices] = stepWeights(pair.weights, event, nowMs);
  if (pair.book === undefined) return { ...plain({ ...pair, weights }), notices };
  const book = note(pair.book, event, saidBy(pair.weights, event, nowMs));
  const next = { ...pair, weights, book };
  return { pair: next, notices, unknown: [], ...telling(next, nowMs, [event]) };
}

/** The deadline is that of the file of who was told. */
function saidBy({ policies }: Weights, { pool, command: given }: Commanded, nowMs: number): Said {
  const { order } = given;
  if (order.is !== 'drain') return order;
  const policy = policyOf(policies, pool);
  const { deadlineMs = policy.drainDeadlineMs, expiresTemplates = policy.expiresTemplates } = given;
  return {
    ...order,
    expiresTemplates,
    ...(Number.isFinite(deadlineMs) ? { untilMs: nowMs + deadlineMs } : {}),
  };
}

/** Servers that come into the file are as the book says; the peer is told what is in it now. */
function configure(pair: Pair, event: Extract<PairEvent, { type: 'configured' }>, nowMs: number): Outcome {
  const [weights, notices] = stepWeights(pair.weights, event, nowMs);
  const next = { ...pair, weights };
  if (pair.book === undefined) return { ...plain(next), notices };
  const isKnown = knownTo(next);
  const back = [...pair.book.entries.values()].filter(
    (entry) => isKnown(entry) && weights.programs.get(idOf(entry.pool, entry.server))?.order === undefined,
  );
  const [carried, more] = carryOut(weights, back, nowMs);
  const after = { ...pair, weights: carried };
  return { pair: after, notices: [...notices, ...more], unknown: [], ...telling(after, nowMs) };
}

function hear(
  pair: Pair & { book: Book },
  { clock, orders, from }: Extract<PairEvent, { type: 'told' }>,
  nowMs: number,
): Outcome {
  const isKnown = knownTo(pair);
  const { book, taken, over, unknown } = merge(follow(pair.book, clock), orders, isKnown, nowMs);
  const before = pair.weights.programs;
  const [carried, notices] = carryOut(pair.weights, taken.filter(isKnown), nowMs);
  const weights = over.reduce((after, entry) => endDrain(after, entry, nowMs), carried);
  // Of a server without an order `ready` is no news.
  const news = taken.filter(
    ({ pool, server, said }) => said.is !== 'ready' || before.get(idOf(pool, server))?.order !== undefined,
  );
  const next = { weights, book, isMet: true };
  return {
    pair: next,
    notices: [...news.map((entry) => orderTold(entry, from, isKnown(entry))), ...notices],
    unknown,
    ...(pair.isMet ? {} : telling(next, nowMs)),
  };
}

/** Drains that ended with nothing left are over on the other director, too; deadlines each keeps itself. */
function look(pair: Pair, event: Extract<PairEvent, { type: 'looked' }>, nowMs: number): Outcome {
  const [weights, notices] = stepWeights(pair.weights, event, nowMs);
  const next = { ...pair, weights };
  if (pair.book === undefined) return { ...plain(next), notices };
  const over = [...pair.book.entries].filter(([id, entry]) => {
    const phase = weights.programs.get(id)?.phase;
    if (entry.said.is !== 'drain' || isOver(entry) || phase?.is !== 'out') return false;
    return entry.said.untilMs === undefined || (phase.drained?.cut ?? 0) === 0;
  });
  if (over.length === 0) return { ...plain(next), notices };
  const entries = new Map([...pair.book.entries, ...over.map(([id, entry]) => [id, ended(entry)] as const)]);
  const after = { ...next, book: { ...pair.book, entries } };
  return {
    pair: after,
    notices,
    unknown: [],
    ...telling(
      after,
      nowMs,
      over.map(([, entry]) => entry),
    ),
  };
}

function carryOut(weights: Weights, entries: readonly Entry[], nowMs: number): [Weights, Notice[]] {
  let after = weights;
  const said: Notice[] = [];
  for (const entry of entries) {
    const { pool, server, said: order } = entry;
    const event: WeightsEvent = { type: 'commanded', pool, server, command: commandOf(order, nowMs) };
    const [next, notices] = stepWeights(after, event, nowMs);
    after = isOver(entry) ? endDrain(next, entry, nowMs) : next;
    said.push(...notices);
  }
  return [after, said];
}

/** There: here it ends when this director does not serve the pool. */
function endDrain(weights: Weights, { pool, server }: Entry, nowMs: number): Weights {
  return stepWeights(weights, { type: 'over', pool, server }, nowMs)[0];
}

function commandOf(said: Said, nowMs: number): Command {
  if (said.is !== 'drain') return { order: said };
  const { is, untilMs, expiresTemplates } = said;
  const deadlineMs = untilMs === undefined ? Number.POSITIVE_INFINITY : Math.max(0, untilMs - nowMs);
  return { order: { is }, deadlineMs, expiresTemplates };
}

function telling(pair: Pair & { book?: Book }, nowMs: number, of?: readonly OrderName[]): { tell?: Telling } {
  const { book, isMet } = pair;
  if (book === undefined || !isMet) return {};
  return { tell: { clock: book.clock, orders: told(book, knownTo(pair), nowMs, of) } };
}
