// What weight programs have to say in the log.
import type { Notice } from '../../core/events.ts';
import { many } from '../../core/many.ts';
import type { ServerKey } from '../../ipvs/model.ts';
import type { PoolName } from '../../ipvs/pool.ts';
import type { Entry } from './book.ts';
import type { Load, Order, Phase, Program } from './program.ts';

type Name = { pool: PoolName; server: ServerKey };
type Draining = Extract<Phase, { is: 'draining' }>;

const BECAUSE = { command: 'as commanded', removed: 'it has left the file' } as const;

function fieldsOf({ pool, server }: Name) {
  return { service: pool, server };
}

/** `12 connections (3 active, 9 inactive, 1 persistent client)` */
export function loadText({ active, inactive, persistent }: Load): string {
  const clients = persistent === 0 ? '' : `, ${many(persistent, 'persistent client')}`;
  return `${many(active + inactive, 'connection')} (${active} active, ${inactive} inactive${clients})`;
}

export function drainBegun(
  name: Name,
  { sinceMs, untilMs }: Draining,
  because: keyof typeof BECAUSE,
): Notice {
  const deadlineMs = untilMs === undefined ? undefined : untilMs - sinceMs;
  const limit = deadlineMs === undefined ? '' : `, ${deadlineMs / 1000} s at most`;
  return {
    event: 'drain.begun',
    message: `draining ${name.server} of ${name.pool}, ${BECAUSE[because]}: it keeps its connections${limit}`,
    fields: { ...fieldsOf(name), because, ...(deadlineMs === undefined ? {} : { deadlineMs }) },
  };
}

export function drainProgress(name: Name, load: Load, { sinceMs }: Draining, nowMs: number): Notice {
  const ms = Math.round(nowMs - sinceMs);
  return {
    event: 'drain.progress',
    message: `draining ${name.server} of ${name.pool} for ${seconds(ms)}: ${loadText(load)}`,
    fields: { ...fieldsOf(name), ...load, ms },
  };
}

export function drainEnded(
  program: Program,
  load: Load,
  { ms, cut, isEmpty }: { ms: number; cut: number; isEmpty: boolean },
): Notice {
  const left = isEmpty ? 'no connection was left' : `the deadline is over, with ${loadText(load)}`;
  return {
    event: 'drain.ended',
    message: `drained ${program.server} of ${program.pool} in ${seconds(ms)}: ${left}`,
    fields: { ...fieldsOf(program), ms, cut },
  };
}

export function growthBegun(name: Name, overMs: number): Notice {
  return {
    event: 'slowstart.begun',
    message: `${name.server} of ${name.pool} starts slowly: all of its weight in ${seconds(overMs)}`,
    fields: { ...fieldsOf(name), overMs },
  };
}

export function growthEnded(name: Name, ms: number): Notice {
  return {
    event: 'slowstart.ended',
    message: `${name.server} of ${name.pool} has all of its weight`,
    fields: { ...fieldsOf(name), ms: Math.round(ms) },
  };
}

export function ordered(name: Name, order: Order | { is: 'ready' }): Notice {
  const what = {
    ready: 'is as the file says again',
    maint: 'is out for maintenance: no connections, no checks',
    drain: 'is drained',
    weight: `has the weight ${order.is === 'weight' ? order.weight : ''}, as commanded`,
  }[order.is];
  const fields = { ...fieldsOf(name), order: order.is };
  return {
    event: 'server.ordered',
    message: `${name.server} of ${name.pool} ${what}`,
    fields: order.is === 'weight' ? { ...fields, weight: order.weight } : fields,
  };
}

/** `isConfigured`: the file here has that server. */
export function orderTold({ pool, server, said }: Entry, from: string, isConfigured: boolean): Notice {
  const what = said.is === 'weight' ? `weight ${said.weight}` : said.is;
  const until = isConfigured ? '' : '; it is not in the file here, and is so when it is';
  const fields = { ...fieldsOf({ pool, server }), order: said.is, from, isConfigured };
  return {
    event: 'server.told',
    message: `${server} of ${pool}: ${what}, as ordered on ${from}${until}`,
    fields: said.is === 'weight' ? { ...fields, weight: said.weight } : fields,
  };
}

function seconds(ms: number): string {
  return `${Math.round(ms / 100) / 10} s`;
}
