// Desired table = configured table less what the health checks took out.
import type { ServerKey, Service, ServiceKey, Table } from '../ipvs/model.ts';

/**
 * A server that failed its checks: removed, or kept with weight 0 (`inhibit_on_failure`). Servers not
 * listed are up.
 */
export type Down = ReadonlyMap<ServiceKey, ReadonlyMap<ServerKey, 'remove' | 'inhibit'>>;

export function applyHealth(configured: Table, down: Down): Table {
  if (down.size === 0) return configured;
  return new Map(
    [...configured].map(([key, service]) => {
      const failed = down.get(key);
      return [key, failed === undefined ? service : withoutFailed(service, failed)];
    }),
  );
}

function withoutFailed(service: Service, failed: ReadonlyMap<ServerKey, 'remove' | 'inhibit'>): Service {
  const servers = new Map(service.servers);
  for (const [key, how] of failed) {
    const server = servers.get(key);
    if (server === undefined) continue;
    if (how === 'remove') servers.delete(key);
    else servers.set(key, { ...server, weight: 0 });
  }
  return { ...service, servers };
}
