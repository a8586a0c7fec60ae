// What one real server is going through, and what its operator wants of it: plain data and its words. See
// machine.ts for what becomes of it.
import type { Server, ServerKey } from '../../ipvs/model.ts';
import type { PoolName } from '../../ipvs/pool.ts';

/** What the operator said; it holds until he says `ready`. */
export type Order =
  /** No new connections; out of the table when the last one is gone or the deadline is over. */
  | { is: 'drain' }
  /** Out of the table at once, and not checked. */
  | { is: 'maint' }
  /** In place of the file's. */
  | { is: 'weight'; weight: number };

/** Connections of one server, of all services of its pool. */
export type Load = { active: number; inactive: number; persistent: number };
export const NO_LOAD: Load = { active: 0, inactive: 0, persistent: 0 };

/** Times are of the clock that the machine is told. */
export type Phase =
  | { is: 'settled' }
  /** From a twentieth of its weight to all of it. */
  | { is: 'growing'; sinceMs: number; overMs: number }
  | {
      is: 'draining';
      sinceMs: number;
      /** Undefined = as long as it takes. */
      untilMs?: number;
      /** Persistent clients do not count: they get another server. */
      expiresTemplates: boolean;
      /** The other director, which serves the pool, has no connection left. */
      isOver?: true;
      /** As it was when it was last looked at. */
      load?: Load;
      /** When that was last told. */
      toldMs: number;
    }
  /** `drained`: how long it took, and how many connections the deadline cut. */
  | { is: 'out'; drained?: { ms: number; cut: number } };

export type Program = {
  pool: PoolName;
  server: ServerKey;
  order?: Order;
  /** It has left the file; this is what it was there. */
  former?: Server;
  phase: Phase;
};
/** By `POOL SERVER`. */
export type Programs = ReadonlyMap<string, Program>;

export function idOf(pool: PoolName, server: ServerKey): string {
  return `${pool} ${server}`;
}

/** Does it count as a server that takes connections? */
export function isLeaving({ phase }: Program): boolean {
  return phase.is === 'draining' || phase.is === 'out';
}

/** What has to be gone before it may go. */
export function connectionsOf({ active, inactive, persistent }: Load, expiresTemplates: boolean): number {
  return active + inactive + (expiresTemplates ? 0 : persistent);
}
