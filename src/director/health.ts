// Desired table = the services of the configured pools less what the health checks took out, with sorry
// servers where too little is left.
import {
  type Server,
  type ServerKey,
  type Service,
  type ServiceKey,
  serverKey,
  type Table,
} from '../ipvs/model.ts';
import { type Pool, type PoolName, servicesOf } from '../ipvs/pool.ts';

/** Servers and pools that are not named are up. */
export type Verdicts = {
  down: ReadonlyMap<PoolName, ReadonlySet<ServerKey>>;
  /** Pools below their quorum. */
  lost: ReadonlySet<PoolName>;
};
export const ALL_UP: Verdicts = { down: new Map(), lost: new Set() };

/** Of a service in several pools (groups that overlap) the servers of all count, and the first settings. */
export function desiredTable(pools: ReadonlyMap<PoolName, Pool>, { down, lost }: Verdicts): Table {
  const table = new Map<ServiceKey, Service>();
  for (const [name, pool] of pools) {
    const servers = serversOf(pool, down.get(name), lost.has(name));
    const live = servers === pool.servers ? pool : { ...pool, servers };
    for (const [key, service] of servicesOf(live)) {
      const first = table.get(key);
      table.set(key, first === undefined ? service : withServers(first, service.servers));
    }
  }
  return table;
}

function withServers(service: Service, more: ReadonlyMap<ServerKey, Server>): Service {
  return { ...service, servers: new Map([...more, ...service.servers]) };
}

function serversOf(
  { servers, inhibited, draining, sorry }: Pool,
  failed: ReadonlySet<ServerKey> | undefined,
  isLost: boolean,
): ReadonlyMap<ServerKey, Server> {
  if (failed === undefined && sorry === undefined) return servers;
  const standsIn = sorry !== undefined && isLost;
  const live = new Map<ServerKey, Server>();
  for (const [key, server] of servers) {
    const hasFailed = failed?.has(key) ?? false;
    if (!standsIn && !hasFailed) live.set(key, server);
    else if (inhibited.has(key) || (!hasFailed && draining?.has(key)))
      live.set(key, { ...server, weight: 0 });
  }
  if (sorry === undefined) return live;
  const key = serverKey(sorry.server);
  if (standsIn) live.set(key, sorry.server);
  // It may be one of the real servers.
  else if (sorry.isInhibited && !live.has(key)) live.set(key, { ...sorry.server, weight: 0 });
  return live;
}
