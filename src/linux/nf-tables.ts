// nf_tables of this thread's network namespace: changes, all or none; questions; whose a table is.
import type { Message, Request } from '../netlink/message.ts';
import { BEGIN, END, getTable, markOf, NETLINK_NETFILTER } from '../netlink/nftables.ts';
import { SystemCallError } from './libc.ts';
import { NetlinkSocket, type Result } from './netlink-socket.ts';

/** What a table of ours bears: somebody else's may have its name. */
export const OWN_MARK = 'lvs-director';

export class NfTables {
  #socket: NetlinkSocket | undefined;

  /** A kernel that has none, or lets us not, refuses like one that does not understand. */
  transact(requests: readonly Request[]): Result {
    try {
      return this.#open().transact(BEGIN, requests, END);
    } catch (error) {
      if (!(error instanceof SystemCallError)) throw error;
      return { ok: false, errno: error.errno };
    }
  }

  /** Throws what the kernel refuses, a SystemCallError. */
  request(request: Request): Message[] {
    return this.#open().request(request);
  }

  /** `''`: nobody says that it is his; undefined: there is none, or no nf_tables. */
  ownerOf(table: string, family?: number): string | undefined {
    try {
      const [answer] = this.request(getTable(table, family));
      return answer && (markOf(answer.payload) ?? '');
    } catch (error) {
      // Where there is no nf_tables a change will say so.
      if (!(error instanceof SystemCallError)) throw error;
      return undefined;
    }
  }

  close(): void {
    this.#socket?.close();
    this.#socket = undefined;
  }

  #open(): NetlinkSocket {
    this.#socket ??= new NetlinkSocket(NETLINK_NETFILTER);
    return this.#socket;
  }
}
