// How far the balancers of two directors know each other's connections, as a document: for the control
// socket, for SIGUSR1, for `lvs-director sync --json`. What people read is made of it by sync-text.ts.
import { type Address, endpoint } from '../core/address.ts';
import type { Copy, SyncState, SyncStatus } from '../sync/status.ts';

/** Of the control socket. */
export const SYNC = '/v1/sync';

/** `off`: the file has no `sync { … }`. */
export type SyncDocument =
  | { state: 'off' }
  | {
      state: SyncState;
      peer: string;
      peerEngine?: 'kernel' | 'embedded';
      peerBootId?: string;
      connections: number;
      /** On the peer, as they are now; and their share, 0 to 1: 1 when there is none. */
      covered: number;
      coverage: number;
      /** Age of the oldest change that the peer has not acknowledged; missing before it has a full copy. */
      lagMs?: number;
      /** This node's copy of what the peer knows, and the peer's of this one's. */
      in: Copy;
      out: Copy;
      refusedHere: number;
      refusedByPeer: number;
      /** For which there was no room. */
      notKept: number;
      services: { service: string; connections: number; covered: number; coverage: number }[];
    };

export function syncDocument(
  status: SyncStatus | undefined,
  place: { address: Address; port: number } | undefined,
): SyncDocument {
  if (status === undefined || place === undefined) return { state: 'off' };
  const { state, peer, connections, covered, lagMs, copies, services } = status;
  return {
    state,
    peer: endpoint(place.address, place.port),
    ...(peer === undefined ? {} : { peerEngine: peer.engine, peerBootId: peer.bootId }),
    connections,
    covered,
    coverage: share(covered, connections),
    ...(lagMs === undefined ? {} : { lagMs: Math.round(lagMs) }),
    ...copies,
    refusedHere: status.refusedHere,
    refusedByPeer: status.refusedByPeer,
    notKept: status.full,
    services: services.map(({ service, total, covered: known }) => ({
      service,
      connections: total,
      covered: known,
      coverage: share(known, total),
    })),
  };
}

function share(part: number, whole: number): number {
  return whole === 0 ? 1 : part / whole;
}
