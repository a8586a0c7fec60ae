// How many connections servers of a pool have: of all its services together.
import type { ServerCounters, ServerKey, ServiceHead, ServiceKey } from '../../ipvs/model.ts';
import { serverKey } from '../../ipvs/model.ts';
import { type Pool, serverFor, servicesOf } from '../../ipvs/pool.ts';
import { type Load, NO_LOAD } from './program.ts';

export type ServerCounts = ReadonlyMap<ServiceKey, ReadonlyMap<ServerKey, ServerCounters>>;

export function headsOf(pool: Pool): ServiceHead[] {
  return servicesOf(pool).map(([, { servers: _, ...head }]) => head);
}

/** One that is in none of the services has none. */
export function loadsOf(
  pool: Pool,
  servers: readonly ServerKey[],
  counts: ServerCounts,
): ReadonlyMap<ServerKey, Load> {
  return new Map(servers.map((key) => [key, loadOf(pool, key, counts)]));
}

function loadOf(pool: Pool, key: ServerKey, counts: ServerCounts): Load {
  const server = pool.servers.get(key);
  if (server === undefined) return NO_LOAD;
  let { active, inactive, persistent } = NO_LOAD;
  for (const [serviceKey, service] of servicesOf(pool)) {
    const own = counts.get(serviceKey)?.get(serverKey(serverFor(server, service)));
    active += own?.activeConnections ?? 0;
    inactive += own?.inactiveConnections ?? 0;
    persistent += own?.persistentConnections ?? 0;
  }
  return { active, inactive, persistent };
}
