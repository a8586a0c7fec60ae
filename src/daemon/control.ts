// What can be asked at the control socket, and what commanded; and what keeps it open.
import type { Actions, Answer, Resources } from '../console/control-server.ts';
import { ABOUT, CONNECTIONS, LISTING } from '../console/listing-document.ts';
import { SERVERS } from '../console/servers-document.ts';
import { SYNC, type SyncDocument } from '../console/sync-document.ts';
import type { Notice } from '../core/events.ts';
import { VERSION } from '../core/version.ts';
import { readListing } from '../ipvs/listing.ts';
import type { DataPlane } from '../ipvs/plane.ts';
import { ListenerKeeper } from './listener-keeper.ts';
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

export function keepControl(
  resources: Resources,
  actions: Actions,
  say: (notice: Notice) => void,
): ListenerKeeper<string> {
  return new ListenerKeeper(
    {
      open: async (path) => {
        // node:http takes longer to load than a small file to be read: the services are not to wait for it.
        const { ControlServer } = await import('../console/control-server.ts');
        return await ControlServer.open(path, resources, actions);
      },
      events: { listening: 'control.listening', failed: 'control.failed' },
      wording: (path) => ({
        listening: `questions are answered at ${path}`,
        failed: `there is no control socket at ${path}`,
        fields: { path },
      }),
    },
    say,
  );
}
