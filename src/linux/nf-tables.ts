// Changes of nf_tables: all of them or none.
import type { Request } from '../netlink/message.ts';
import { BEGIN, END } from '../netlink/nftables.ts';
import { SystemCallError } from './libc.ts';
import type { NetlinkSocket, Result } from './netlink-socket.ts';

/** A kernel that has none, or lets us not, refuses like one that does not understand. */
export function transact(open: () => NetlinkSocket, requests: readonly Request[]): Result {
  try {
    return open().transact(BEGIN, requests, END);
  } catch (error) {
    if (!(error instanceof SystemCallError)) throw error;
    return { ok: false, errno: error.errno };
  }
}
