// Weight programs as text, so that they go on after a restart: times as durations, because another process
// has another clock. Only a record of our own form is read; what cannot be understood is none.
import type { Server } from '../../ipvs/model.ts';
import type { ToldOrder } from '../../sync/orders.ts';
import { type Book, type Entry, leftOf, saidAt } from './book.ts';
import type { Weights } from './machine.ts';
import { NO_WEIGHTS } from './machine.ts';
import { idOf, type Order, type Phase, type Program } from './program.ts';

const FORMAT = 1;

type Kept = {
  pool: string;
  server: string;
  order?: Order;
  former?: Server;
  phase:
    | Extract<Phase, { is: 'settled' | 'out' }>
    | { is: 'growing'; elapsedMs: number; overMs: number }
    | { is: 'draining'; elapsedMs: number; leftMs?: number; expiresTemplates: boolean; isOver?: true };
};
type KeptBook = Pick<Book, 'clock' | 'hasHeard'> & {
  entries: (Omit<Entry, 'said'> & { order: ToldOrder['order'] })[];
};
type Document = {
  format: typeof FORMAT;
  savedAtMs: number;
  formerTemplates?: string;
  programs: Kept[];
  /** With `sync` only. */
  orders?: KeptBook;
};

/** `wallMs`: of a clock that all processes share. `formerTemplates`: see templates of the keeper. */
export function encodeWeights(
  { programs }: Weights,
  { nowMs, wallMs, formerTemplates }: { nowMs: number; wallMs: number; formerTemplates?: string | undefined },
  book?: Book,
): string {
  const document: Document = {
    format: FORMAT,
    savedAtMs: wallMs,
    ...(formerTemplates === undefined ? {} : { formerTemplates }),
    programs: [...programs.values()].map(({ phase, ...program }) => ({
      ...program,
      phase: keep(phase, nowMs),
    })),
    ...(book === undefined ? {} : { orders: keepBook(book, nowMs) }),
  };
  return `${JSON.stringify(document)}\n`;
}

function keepBook({ clock, hasHeard, entries }: Book, nowMs: number): KeptBook {
  const kept = [...entries.values()].map(({ said, ...entry }) => ({ ...entry, order: leftOf(said, nowMs) }));
  return { clock, hasHeard, entries: kept };
}

function keep(phase: Phase, nowMs: number): Kept['phase'] {
  switch (phase.is) {
    case 'settled':
    case 'out':
      return phase;
    case 'growing':
      return { is: 'growing', elapsedMs: nowMs - phase.sinceMs, overMs: phase.overMs };
    case 'draining': {
      const { sinceMs, untilMs, expiresTemplates, isOver } = phase;
      const over = isOver ? { isOver } : {};
      const left = untilMs === undefined ? {} : { leftMs: Math.max(0, untilMs - nowMs) };
      return { is: 'draining', elapsedMs: nowMs - sinceMs, ...left, expiresTemplates, ...over };
    }
  }
}

/** `by` of its book: of no life. */
export type Restored = { weights: Weights; book?: Book; formerTemplates?: string };

/** Time has gone on meanwhile: by the shared clock, which somebody may have set back. */
export function decodeWeights(text: string, nowMs: number, wallMs: number): Restored | undefined {
  let document: Document;
  try {
    document = JSON.parse(text);
  } catch {
    return undefined;
  }
  if (document?.format !== FORMAT) return undefined;
  const thenMs = nowMs - Math.max(0, wallMs - document.savedAtMs);
  const programs = document.programs.map(
    ({ phase, ...program }): Program => ({ ...program, phase: revive(phase, thenMs) }),
  );
  const { formerTemplates, orders } = document;
  return {
    ...(orders === undefined ? {} : { book: reviveBook(orders, thenMs) }),
    weights: {
      ...NO_WEIGHTS,
      programs: new Map(programs.map((program) => [idOf(program.pool, program.server), program])),
    },
    ...(formerTemplates === undefined ? {} : { formerTemplates }),
  };
}

function reviveBook({ clock, hasHeard, entries }: KeptBook, thenMs: number): Book {
  const revived = entries.map(({ order, ...entry }): Entry => ({ ...entry, said: saidAt(order, thenMs) }));
  return {
    clock,
    by: 0,
    hasHeard,
    entries: new Map(revived.map((entry) => [idOf(entry.pool, entry.server), entry])),
  };
}

/** `thenMs`: our clock when it was written down. */
function revive(phase: Kept['phase'], thenMs: number): Phase {
  switch (phase.is) {
    case 'settled':
    case 'out':
      return phase;
    case 'growing':
      return { is: 'growing', sinceMs: thenMs - phase.elapsedMs, overMs: phase.overMs };
    case 'draining': {
      const { elapsedMs, leftMs, ...kept } = phase;
      const until = leftMs === undefined ? {} : { untilMs: thenMs + leftMs };
      return { ...kept, sinceMs: thenMs - elapsedMs, ...until, toldMs: thenMs };
    }
  }
}
