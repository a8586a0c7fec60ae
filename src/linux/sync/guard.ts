// Whatever is sent to the kernel's backup thread becomes a connection, and every user of the machine can send
// multicast on any interface: so nobody but us may send on that one. The kernel's own threads are nobody.

import type { Request } from '../../netlink/message.ts';
import {
  HOOK,
  isOfAnotherUser,
  isThrough,
  NETLINK_NETFILTER,
  removeTable,
  replaceTable,
  VERDICT,
  verdict,
} from '../../netlink/nftables.ts';
import { NetlinkSocket } from '../netlink-socket.ts';
import { transact } from '../nf-tables.ts';
import { DEVICE } from './kernel-device.ts';

const TABLE = 'lvs-director-sync';
const MARK = 'lvs-director';
const CHAIN = { name: 'out', hook: HOOK.OUTPUT, priority: 0 } as const;

export class Guard {
  #isUp = false;

  /** Undefined, or why there is none. */
  raise(): string | undefined {
    const expressions = [...isThrough(DEVICE), ...isOfAnotherUser(process.geteuid!()), verdict(VERDICT.DROP)];
    const rule = { chain: CHAIN.name, expressions };
    const reason = change(replaceTable({ table: TABLE, mark: MARK }, [CHAIN], [rule]));
    this.#isUp = reason === undefined;
    return reason === undefined ? undefined : `nf_tables: ${reason}`;
  }

  lower(): void {
    if (this.#isUp) change(removeTable(TABLE));
    this.#isUp = false;
  }
}

function change(requests: readonly Request[]): string | undefined {
  let socket: NetlinkSocket | undefined;
  const open = () => {
    socket = new NetlinkSocket(NETLINK_NETFILTER);
    return socket;
  };
  try {
    const result = transact(open, requests);
    return result.ok ? undefined : (result.explanation ?? result.errno);
  } finally {
    socket?.close();
  }
}
