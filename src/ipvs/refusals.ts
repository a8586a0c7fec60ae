// What of a wanted table a data plane can have: the rest is left out before anything is compared, with the
// reason, so that no command for it is ever sent.
import { type ServerKey, type Service, type ServiceKey, serverKey, serviceKey, type Table } from './model.ts';
import type { DataPlane } from './plane.ts';

/** `server` undefined = the whole service. */
export type Refused = { service: ServiceKey; server?: ServerKey; reason: string };

/**
 * `before`: an outcome of this. A service that is in there as the same object has nothing to be refused, and
 * a table without such is returned as it is.
 */
export function withoutRefused(
  wanted: Table,
  refusal: DataPlane['refusal'],
  before: Table = new Map(),
): [Table, Refused[]] {
  const refused: Refused[] = [];
  const changed = new Map<ServiceKey, Service | undefined>();
  for (const [key, service] of wanted) {
    if (service === before.get(key)) continue;
    const reason = refusal(service);
    const left = reason === undefined ? withServers(service, refusal, refused) : undefined;
    if (reason !== undefined) refused.push({ service: key, reason });
    if (left !== service) changed.set(key, left);
  }
  if (changed.size === 0) return [wanted, refused];
  const table = new Map<ServiceKey, Service>();
  for (const [key, service] of wanted) {
    const left = changed.has(key) ? changed.get(key) : service;
    if (left !== undefined) table.set(key, left);
  }
  return [table, refused];
}

function withServers(service: Service, refusal: DataPlane['refusal'], refused: Refused[]): Service {
  const before = refused.length;
  for (const server of service.servers.values()) {
    const reason = refusal(service, server);
    if (reason !== undefined)
      refused.push({ service: serviceKey(service), server: serverKey(server), reason });
  }
  if (refused.length === before) return service;
  const gone = new Set(refused.slice(before).map(({ server }) => server));
  return { ...service, servers: new Map([...service.servers].filter(([key]) => !gone.has(key))) };
}
