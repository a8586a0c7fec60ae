// A listing of a data plane as JSON, and back: counters are numbers or, where those are not exact, text.
import type { ShownConnection } from '../ipvs/connection.ts';
import type { ListedServer, ListedService, Listing } from '../ipvs/listing.ts';
import type { Counters } from '../ipvs/model.ts';

/** Of the control socket: who answers, and what can be listed. */
export const ABOUT = '/v1';
export const LISTING = '/v1/ipvs';
export const CONNECTIONS = '/v1/ipvs/connections';

/** As the director of the same version wrote it: nothing is checked. */
export function listingFromJson(value: unknown): Listing {
  const listing = value as Listing;
  return { ...listing, services: listing.services.map(reviveService) };
}

export function connectionFromJson(value: unknown): ShownConnection {
  return value as ShownConnection;
}

function reviveService(service: ListedService): ListedService {
  return { ...service, counters: revive(service.counters), servers: service.servers.map(reviveServer) };
}
function reviveServer(server: ListedServer): ListedServer {
  return { ...server, counters: revive(server.counters) };
}
function revive<C extends Counters>(counters: C): C {
  const { connections, inPackets, outPackets, inBytes, outBytes } = counters;
  const whole = { connections, inPackets, outPackets, inBytes, outBytes };
  return {
    ...counters,
    ...Object.fromEntries(Object.entries(whole).map(([name, each]) => [name, BigInt(each)])),
  };
}
