// Where the balancers of two directors meet: what follows from the configuration.
import type { Configuration, SyncPlace } from '../config/model.ts';
import { type Address, endpoint } from '../core/address.ts';

/** `keys`: the bytes, the first to be tried first. */
export type SyncStreamPlan = {
  listen: { address: Address; port: number };
  peer: { address: Address; port: number };
  /** Of the two, which are link-local. */
  interface?: string;
  keys: readonly Buffer[];
  /** Of the connections, which the peer has to know before a drill. */
  leastPercent: number;
};

/** The keys have been read. */
export function planSyncStream({ director: { sync } }: Configuration): SyncStreamPlan | undefined {
  if (sync === undefined) return undefined;
  const keys = sync.keys.flatMap(({ source }) => ('hex' in source ? [Buffer.from(source.hex, 'hex')] : []));
  const place = ({ address, port }: SyncPlace) => ({ address: address.value, port });
  const device = sync.interface === undefined ? {} : { interface: sync.interface.value };
  const leastPercent = sync.leastPercent.value;
  return { listen: place(sync.listen), peer: place(sync.peer), ...device, keys, leastPercent };
}

/** What of it is compared at a reload and shown: `seal` hides a secret. */
export function syncStreamFacts(plan: SyncStreamPlan | undefined, seal: (secret: string) => string) {
  if (plan === undefined) return {};
  const { listen, peer, interface: device, keys, leastPercent } = plan;
  return {
    ...(device === undefined ? {} : { syncInterface: device }),
    syncListen: endpoint(listen.address, listen.port),
    syncPeer: endpoint(peer.address, peer.port),
    syncLeastPercent: leastPercent,
    syncKeys: keys.map((key) => seal(key.toString('hex')).slice(0, 8)).join(' '),
  };
}
