// Everything that a listing of a data plane may show, as one plain value: made from what the plane tells, and
// from the JSON of another process's.
import type { Server, ServerCounters, ServiceCounters, ServiceHead, SyncDaemon } from './model.ts';
import type { Counted, DataPlane, EngineInfo } from './plane.ts';

export type Listing = EngineInfo & {
  engine: 'kernel' | 'embedded';
  daemons: readonly SyncDaemon[];
  /** In the engine's order. */
  services: readonly ListedService[];
};
export type ListedService = ServiceHead & {
  counters: Omit<ServiceCounters, 'servers'>;
  servers: readonly ListedServer[];
};
export type ListedServer = Server & { counters: ServerCounters };

const NOTHING = { connections: 0n, inPackets: 0n, outPackets: 0n, inBytes: 0n, outBytes: 0n };
const NOBODY = { ...NOTHING, activeConnections: 0, inactiveConnections: 0, persistentConnections: 0 };

export async function readListing(plane: DataPlane): Promise<Listing> {
  const info = await plane.readInfo();
  const daemons = await plane.readSync();
  const services = listServices(await plane.readCounted());
  return { engine: plane.engine, ...info, daemons, services };
}

/** What came between the reading of the table and that of its counters counts nothing. */
function listServices({ table, counters }: Counted): readonly ListedService[] {
  return [...table].map(([key, { servers, ...head }]) => {
    const { servers: counted, ...total } = counters.get(key) ?? { ...NOTHING, servers: new Map() };
    const listed = [...servers].map(([server, each]) => ({
      ...each,
      counters: counted.get(server) ?? NOBODY,
    }));
    return { ...head, counters: total, servers: listed };
  });
}
