// Weights as programs: drain, maintenance, a weight of the operator's own, slow start. Says what every real
// server is going through; which weight that is, table.ts says. Pure: no clock, no table.
//
// Theory of operation. A server that nothing was said of has no program: it has the file's weight. A program
// is an order of the operator's, a phase, or both:
//
//              drain, or gone from the file            no connection left, or the deadline is over
//   settled ─────────────────────────────▶ draining ─────────────────────────────────────────────▶ out
//      ▲  ▲                                    │                                                    │
//      │  └───────────── growing ◀─────────────┴── ready, or back in the file ──────────────────────┘
//      └── without slow_start ─────────────────┘
//
// - What has left the file ends with its program; what was told to drain stays out until `ready`.
// - `maint` is out at once. `weight` replaces the file's number and ends what was under way.
// - A server that passes its checks again, or is new in a pool that was there, grows.
// - Only who serves a pool ends a drain because nothing is left: a director that waits knows of connections
//   what it was told. It goes by the deadline, or by the word of the one that serves.
// - Nothing grows at the start: all servers are new then.

import type { Notice } from '../../core/events.ts';
import type { Server, ServerKey } from '../../ipvs/model.ts';
import type { Pool, PoolName } from '../../ipvs/pool.ts';
import { NO_POLICIES, type Policies, policyOf } from './policy.ts';
import {
  connectionsOf,
  idOf,
  isLeaving,
  type Load,
  type Order,
  type Phase,
  type Program,
  type Programs,
} from './program.ts';
import * as say from './wording.ts';

export type Weights = {
  /** Undefined = nothing has been configured yet. */
  pools?: ReadonlyMap<PoolName, Pool>;
  policies: Policies;
  /** `POOL SERVER` of servers that fail their checks. */
  down: ReadonlySet<string>;
  programs: Programs;
};
/** `drain` with what this one says otherwise than the file; the deadline Infinity = none. */
export type Command = { order: Order | { is: 'ready' }; deadlineMs?: number; expiresTemplates?: boolean };
/** Of servers that drain those that were looked at: of one that is not in the table NO_LOAD. */
export type Loads = ReadonlyMap<PoolName, ReadonlyMap<ServerKey, Load>>;
export type WeightsEvent =
  | { type: 'configured'; pools: ReadonlyMap<PoolName, Pool>; policies: Policies }
  | { type: 'server'; pool: PoolName; server: ServerKey; up: boolean }
  | { type: 'commanded'; pool: PoolName; server: ServerKey; command: Command }
  /** Who serves the pool has ended that drain: nothing is left. */
  | { type: 'over'; pool: PoolName; server: ServerKey }
  /** `resting`: pools that another director serves. */
  | { type: 'looked'; loads: Loads; resting: ReadonlySet<PoolName> };

export const NO_WEIGHTS: Weights = { policies: NO_POLICIES, down: new Set(), programs: new Map() };
/** How often a drain is told of while it goes on. */
const TELL_MS = 10_000;

type Draft = { programs: Map<string, Program>; notices: Notice[] };

export function stepWeights(state: Weights, event: WeightsEvent, nowMs: number): [Weights, Notice[]] {
  const draft: Draft = { programs: new Map(state.programs), notices: [] };
  switch (event.type) {
    case 'configured': {
      const { pools, policies } = event;
      const next = { ...state, pools, policies, down: stillThere(state.down, pools) };
      configure(draft, state, next, nowMs);
      return [{ ...next, programs: draft.programs }, draft.notices];
    }
    case 'server': {
      const down = new Set(state.down);
      const id = idOf(event.pool, event.server);
      const wasDown = down.has(id);
      if (event.up) down.delete(id);
      else down.add(id);
      const program = draft.programs.get(id);
      if (!event.up && program?.phase.is === 'growing') put(draft, { ...program, phase: { is: 'settled' } });
      if (event.up && wasDown && (program === undefined || !isLeaving(program)))
        grow(draft, { ...state, down }, program ?? event, nowMs);
      return [{ ...state, down, programs: draft.programs }, draft.notices];
    }
    case 'commanded':
      command(draft, state, event, nowMs);
      return [{ ...state, programs: draft.programs }, draft.notices];
    case 'over': {
      const program = draft.programs.get(idOf(event.pool, event.server));
      if (program?.order?.is === 'drain' && program.phase.is === 'draining')
        put(draft, { ...program, phase: { ...program.phase, isOver: true } });
      return [{ ...state, programs: draft.programs }, draft.notices];
    }
    case 'looked':
      for (const program of state.programs.values()) {
        if (program.phase.is === 'growing') endGrowth(draft, program, program.phase, nowMs);
        if (program.phase.is === 'draining') look(draft, program, program.phase, event, nowMs);
      }
      return [{ ...state, programs: draft.programs }, draft.notices];
  }
}

function stillThere(down: ReadonlySet<string>, pools: ReadonlyMap<PoolName, Pool>): ReadonlySet<string> {
  if (down.size === 0) return down;
  const known = new Set(
    [...pools].flatMap(([pool, { servers }]) => [...servers.keys()].map((server) => idOf(pool, server))),
  );
  return new Set([...down].filter((id) => known.has(id)));
}

function configure(draft: Draft, before: Weights, after: Weights, nowMs: number): void {
  for (const program of before.programs.values()) keepOrDrop(draft, program, before, after, nowMs);
  for (const [pool, old] of before.pools ?? []) {
    const now = after.pools!.get(pool);
    if (now === undefined || now === old) continue;
    for (const [server, former] of old.servers) {
      if (!now.servers.has(server)) leave(draft, { pool, server }, former, before, after, nowMs);
    }
    for (const server of now.servers.keys()) {
      const isNew = !old.servers.has(server) && !draft.programs.has(idOf(pool, server));
      if (isNew) grow(draft, after, { pool, server }, nowMs);
    }
  }
}

/** Programs of servers that are in the file no more, or again. */
function keepOrDrop(draft: Draft, program: Program, before: Weights, after: Weights, nowMs: number): void {
  const { pool, server, former } = program;
  const now = after.pools!.get(pool);
  if (now === undefined) return drop(draft, program);
  if (!now.servers.has(server)) {
    // Of one that is leaving now more is said in leave().
    const isLeavingNow = before.pools?.get(pool)?.servers.has(server) ?? false;
    if (former === undefined && !isLeavingNow) drop(draft, program);
    return;
  }
  if (former === undefined) return;
  const { former: _, ...back } = program;
  if (program.order === undefined) grow(draft, after, { ...back, phase: { is: 'settled' } }, nowMs);
  else put(draft, back);
}

type Name = { pool: PoolName; server: ServerKey };

function leave(
  draft: Draft,
  name: Name,
  former: Server,
  before: Weights,
  after: Weights,
  nowMs: number,
): void {
  const id = idOf(name.pool, name.server);
  const known = draft.programs.get(id);
  const policy = policyOf(after.policies, name.pool);
  const isInhibited = before.pools!.get(name.pool)!.inhibited.has(name.server);
  const isInTable = known?.phase.is !== 'out' && (isInhibited || !before.down.has(id));
  if (!isInTable || !policy.drainsRemoved) return drop(draft, name);
  const phase: Phase =
    known?.phase.is === 'draining'
      ? known.phase
      : drainFrom(nowMs, policy.drainDeadlineMs, policy.expiresTemplates);
  put(draft, { ...name, former, phase });
  if (known?.phase.is !== 'draining') draft.notices.push(say.drainBegun(name, phase, 'removed'));
}

type Draining = Extract<Phase, { is: 'draining' }>;

function drainFrom(nowMs: number, deadlineMs: number, expiresTemplates: boolean): Draining {
  const ends = Number.isFinite(deadlineMs) ? { untilMs: nowMs + deadlineMs } : {};
  return { is: 'draining', sinceMs: nowMs, ...ends, expiresTemplates, toldMs: nowMs };
}

/** From little to all of its weight, if its pool does so; else it has all of it. One that is down waits. */
function grow(draft: Draft, state: Weights, program: Name & Partial<Program>, nowMs: number): void {
  const { pool, server, order } = program;
  const overMs = policyOf(state.policies, pool).slowStartMs;
  const kept = { pool, server, ...(order === undefined ? {} : { order }) };
  if (overMs === 0 || state.down.has(idOf(pool, server)))
    return put(draft, { ...kept, phase: { is: 'settled' } });
  put(draft, { ...kept, phase: { is: 'growing', sinceMs: nowMs, overMs } });
  draft.notices.push(say.growthBegun(program, overMs));
}

function command(
  draft: Draft,
  state: Weights,
  { pool, server, command: given }: Extract<WeightsEvent, { type: 'commanded' }>,
  nowMs: number,
): void {
  const name = { pool, server };
  const known = draft.programs.get(idOf(pool, server));
  const { order } = given;
  const policy = policyOf(state.policies, pool);
  switch (order.is) {
    case 'ready': {
      if (known?.order === undefined) return;
      draft.notices.push(say.ordered(name, order));
      if (isLeaving(known)) return grow(draft, state, name, nowMs);
      return put(draft, { ...name, phase: known.phase });
    }
    case 'drain': {
      // Nothing is left of it to be drained.
      if (known?.phase.is === 'out') return put(draft, { ...name, order, phase: known.phase });
      const deadlineMs = given.deadlineMs ?? policy.drainDeadlineMs;
      const expires = given.expiresTemplates ?? policy.expiresTemplates;
      const phase = drainFrom(nowMs, deadlineMs, expires);
      put(draft, { ...name, order, phase });
      draft.notices.push(say.drainBegun(name, phase, 'command'));
      return;
    }
    case 'maint':
      put(draft, { ...name, order, phase: { is: 'out' } });
      draft.notices.push(say.ordered(name, order));
      return;
    case 'weight':
      put(draft, { ...name, order, phase: { is: 'settled' } });
      draft.notices.push(say.ordered(name, order));
      return;
  }
}

function endGrowth(
  draft: Draft,
  program: Program,
  { sinceMs, overMs }: Extract<Phase, { is: 'growing' }>,
  nowMs: number,
): void {
  if (nowMs - sinceMs < overMs) return;
  put(draft, { ...program, phase: { is: 'settled' } });
  draft.notices.push(say.growthEnded(program, nowMs - sinceMs));
}

function look(
  draft: Draft,
  program: Program,
  phase: Draining,
  { loads, resting }: Extract<WeightsEvent, { type: 'looked' }>,
  nowMs: number,
): void {
  const { pool, server } = program;
  const load = loads.get(pool)?.get(server);
  // It began to drain after that was read.
  if (load === undefined) return;
  const isEmpty = resting.has(pool)
    ? phase.isOver === true
    : connectionsOf(load, phase.expiresTemplates) === 0;
  const isOver = phase.untilMs !== undefined && nowMs >= phase.untilMs;
  if (isEmpty || isOver) {
    const ms = Math.round(nowMs - phase.sinceMs);
    const cut = isEmpty ? 0 : load.active + load.inactive;
    draft.notices.push(say.drainEnded(program, load, { ms, cut, isEmpty }));
    if (program.former !== undefined) return drop(draft, program);
    return put(draft, { ...program, phase: { is: 'out', drained: { ms, cut } } });
  }
  const isNews = nowMs - phase.toldMs >= TELL_MS;
  if (isNews) draft.notices.push(say.drainProgress(program, load, phase, nowMs));
  put(draft, { ...program, phase: { ...phase, load, toldMs: isNews ? nowMs : phase.toldMs } });
}

function put({ programs }: Draft, program: Program): void {
  const { pool, server, order, former, phase } = program;
  const isNothing = order === undefined && former === undefined && phase.is === 'settled';
  if (isNothing) programs.delete(idOf(pool, server));
  else programs.set(idOf(pool, server), program);
}

function drop({ programs }: Draft, { pool, server }: Name): void {
  programs.delete(idOf(pool, server));
}
