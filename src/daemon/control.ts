// What can be asked at the control socket.
import type { Answer, Resources } from '../console/control-server.ts';
import { ABOUT, CONNECTIONS, LISTING } from '../console/listing-document.ts';
import { SYNC, type SyncDocument } from '../console/sync-document.ts';
import { VERSION } from '../core/version.ts';
import { readListing } from '../ipvs/listing.ts';
import type { DataPlane } from '../ipvs/plane.ts';

export function controlResources(plane: DataPlane, sync: () => SyncDocument): Resources {
  return {
    [ABOUT]: async (): Promise<Answer> => ({ one: { version: VERSION, engine: plane.engine } }),
    [LISTING]: async (): Promise<Answer> => ({ one: await readListing(plane) }),
    [SYNC]: async (): Promise<Answer> => ({ one: sync() }),
    [CONNECTIONS]: async (): Promise<Answer> => ({ many: plane.readConnections() }),
  };
}
