// From programs to weights: the configured pools as they are to be now, and what their servers count.
import type { HealthTarget } from '../../health/shape.ts';
import type { Server, ServerKey } from '../../ipvs/model.ts';
import type { Pool, PoolName } from '../../ipvs/pool.ts';
import type { Weights } from './machine.ts';
import { idOf, isLeaving, type Program } from './program.ts';
import { grownWeight, nextStepMs, scaleOf, stepOf } from './ramp.ts';

/** Pools without a program are the same objects. */
export function weighPools(
  pools: ReadonlyMap<PoolName, Pool>,
  { programs }: Weights,
  nowMs: number,
): ReadonlyMap<PoolName, Pool> {
  if (programs.size === 0) return pools;
  const weighed = new Map(pools);
  for (const [name, own] of Map.groupBy(programs.values(), ({ pool }) => pool)) {
    const pool = pools.get(name);
    if (pool !== undefined) weighed.set(name, weighPool(pool, own, nowMs));
  }
  return weighed;
}

function weighPool(pool: Pool, programs: readonly Program[], nowMs: number): Pool {
  const byServer = new Map(programs.map((program) => [program.server, program]));
  const present = [...pool.servers].filter(([key]) => byServer.get(key)?.phase.is !== 'out');
  const full = new Map(present.map(([key, server]) => [key, fullWeight(server, byServer.get(key))]));
  const growing = present.flatMap(([key]) => {
    const weight = full.get(key)!;
    return byServer.get(key)?.phase.is === 'growing' && weight > 0 ? [weight] : [];
  });
  const scale = scaleOf(full.values(), growing);
  const servers = new Map<ServerKey, Server>(
    present.map(([key, server]) => {
      const weight = weightOf(full.get(key)! * scale, byServer.get(key), nowMs);
      return [key, weight === server.weight ? server : { ...server, weight }];
    }),
  );
  const draining = new Set<ServerKey>();
  for (const { server, former, phase } of programs) {
    if (former !== undefined) servers.set(server, { ...former, weight: 0 });
    if (phase.is === 'draining') draining.add(server);
  }
  return { ...pool, servers, ...(draining.size === 0 ? {} : { draining }) };
}

/** What it has when nothing is under way. */
function fullWeight({ weight }: Server, program: Program | undefined): number {
  if (program?.phase.is === 'draining') return 0;
  return program?.order?.is === 'weight' ? program.order.weight : weight;
}

function weightOf(weight: number, program: Program | undefined, nowMs: number): number {
  if (program?.phase.is !== 'growing' || weight === 0) return weight;
  const { sinceMs, overMs } = program.phase;
  return grownWeight(weight, stepOf(nowMs - sinceMs, overMs));
}

/** For the quorum: whoever leaves counts nothing, whoever grows counts as grown. */
export function weighTargets(
  targets: readonly HealthTarget[],
  { programs }: Weights,
): readonly HealthTarget[] {
  if (programs.size === 0) return targets;
  return targets.map((target) => {
    const program = programs.get(idOf(target.service, target.server));
    if (program === undefined) return target;
    if (isLeaving(program)) return { ...target, weight: 0 };
    return program.order?.is === 'weight' ? { ...target, weight: program.order.weight } : target;
  });
}

/** Services and servers (`SERVICE SERVER`) whose checks are not made. */
export function unchecked({ programs }: Weights): string[] {
  return [...programs.values()]
    .filter(({ order }) => order?.is === 'maint')
    .map(({ pool, server }) => idOf(pool, server));
}

/** What is drained, by pool, for whoever counts connections. */
export function drained({ programs }: Weights): ReadonlyMap<PoolName, readonly ServerKey[]> {
  const leaving = [...programs.values()].filter(({ phase }) => phase.is === 'draining');
  return new Map(
    [...Map.groupBy(leaving, ({ pool }) => pool)].map(([pool, own]) => [
      pool,
      own.map(({ server }) => server),
    ]),
  );
}

/** How long until a weight is another by itself, or a deadline is over; undefined = never. */
export function nextChangeMs({ programs }: Weights, nowMs: number): number | undefined {
  const waits = [...programs.values()].flatMap(({ phase }) => {
    if (phase.is === 'growing')
      return [phase.sinceMs + nextStepMs(nowMs - phase.sinceMs, phase.overMs) - nowMs];
    return phase.is === 'draining' && phase.untilMs !== undefined ? [phase.untilMs - nowMs] : [];
  });
  return waits.length === 0 ? undefined : Math.max(0, Math.min(...waits));
}

/** Somebody wants persistent clients to get another server. */
export function expiresTemplates({ programs }: Weights): boolean {
  return [...programs.values()].some(({ phase }) => phase.is === 'draining' && phase.expiresTemplates);
}
