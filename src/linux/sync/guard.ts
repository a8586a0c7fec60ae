// Whatever is sent to the kernel's backup thread becomes a connection, and every user of the machine can send
// multicast on any interface: so nobody but us may send on that one. The kernel's own threads are nobody.

import type { Request } from '../../netlink/message.ts';
import {
  HOOK,
  isOfAnotherUser,
  isThrough,
  removeTable,
  replaceTable,
  VERDICT,
  verdict,
} from '../../netlink/nftables.ts';
import { NfTables, OWN_MARK } from '../nf-tables.ts';
import { DEVICE } from './kernel-device.ts';

const TABLE = 'lvs-director-sync';
const CHAIN = { name: 'out', hook: HOOK.OUTPUT, priority: 0 } as const;

export class Guard {
  #isUp = false;

  /** Undefined, or why there is none. */
  raise(): string | undefined {
    const expressions = [...isThrough(DEVICE), ...isOfAnotherUser(process.geteuid!()), verdict(VERDICT.DROP)];
    const rule = { chain: CHAIN.name, expressions };
    const reason = change(replaceTable({ table: TABLE, mark: OWN_MARK }, [CHAIN], [rule]));
    this.#isUp = reason === undefined;
    return reason === undefined ? undefined : `nf_tables: ${reason}`;
  }

  lower(): void {
    if (this.#isUp) change(removeTable(TABLE));
    this.#isUp = false;
  }
}

function change(requests: readonly Request[]): string | undefined {
  const tables = new NfTables();
  try {
    const result = tables.transact(requests);
    return result.ok ? undefined : (result.explanation ?? result.errno);
  } finally {
    tables.close();
  }
}
