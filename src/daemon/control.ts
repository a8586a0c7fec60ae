// What can be asked at the control socket, and what commanded.
import type { Actions, Answer, Resources } from '../console/control-server.ts';
import { ABOUT, CONNECTIONS, LISTING } from '../console/listing-document.ts';
import { SERVERS } from '../console/servers-document.ts';
import { SYNC, type SyncDocument } from '../console/sync-document.ts';
import { VERSION } from '../core/version.ts';
import { readListing } from '../ipvs/listing.ts';
import type { DataPlane } from '../ipvs/plane.ts';
import type { ServerOrders } from './server-orders.ts';

export function controlResources(
  plane: DataPlane,
  orders: ServerOrders,
  sync: () => SyncDocument,
): Resources {
  return {
    [SERVERS]: async (): Promise<Answer> => ({ one: orders.list() }),
    [ABOUT]: async (): Promise<Answer> => ({ one: { version: VERSION, engine: plane.engine } }),
    [LISTING]: async (): Promise<Answer> => ({ one: await readListing(plane) }),
    [SYNC]: async (): Promise<Answer> => ({ one: sync() }),
    [CONNECTIONS]: async (): Promise<Answer> => ({ many: plane.readConnections() }),
  };
}

export function controlActions(orders: ServerOrders): Actions {
  return { [SERVERS]: async (request): Promise<Answer> => ({ live: await orders.carryOut(request) }) };
}
