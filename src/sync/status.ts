// How far two balancers know each other's connections, as a stream reports it.
import type { Hello } from './frame.ts';
import type { Incoming } from './incoming.ts';
import type { Outgoing } from './outgoing.ts';
import type { ServiceCoverage } from './services.ts';

/** `resyncing`: there is a connection, and one side has no full copy yet. */
export type SyncState = 'alone' | 'resyncing' | 'complete';
export type SyncStatus = {
  state: SyncState;
  peer: Hello | undefined;
  connections: number;
  /** Of them, so many are on the peer; at least, when it refused some. */
  covered: number;
  /** Entries that the peer, and that we, had no room or no use for. */
  refusedByPeer: number;
  refusedHere: number;
  /** What our own engine told of and the table had no room for. */
  full: number;
  /** Age of the oldest change that the peer has not acknowledged; undefined without a full copy. */
  lagMs: number | undefined;
  services: readonly ServiceCoverage[];
  copies: { in: Copy; out: Copy };
};
/** `entries`: told since the connection began; `of`: how many there are to tell, when that is known. */
export type Copy = { entries: number; of: number | undefined; complete: boolean };

/** Of a connection; `connections`: in our table. */
type Ends = {
  outgoing: Outgoing;
  peer: { incoming: Incoming; connections: number | undefined } | undefined;
};
export function copiesOf(ends: Ends | undefined, connections: number): SyncStatus['copies'] {
  const { peer, outgoing } = ends ?? {};
  return {
    in: {
      entries: peer?.incoming.entries ?? 0,
      of: peer?.connections,
      complete: peer?.incoming.isComplete ?? false,
    },
    out: {
      entries: outgoing?.entries ?? 0,
      of: outgoing?.isSubscribed ? connections : undefined,
      complete: outgoing?.isComplete ?? false,
    },
  };
}

export function progressText({ in: from, out: to }: SyncStatus['copies']): string {
  return `from the peer ${copyText(from)}, to it ${copyText(to)}`;
}

function copyText({ entries, of, complete }: Copy): string {
  return complete ? 'whole' : `${entries} of ${of ?? 'unknown'}`;
}
