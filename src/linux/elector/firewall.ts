// The elector's packet filter: one table of nf_tables, replaced as a whole when the settings want another.
//
// The input chain comes after IPVS (priority 99): what IPVS forwards never gets here, so `no_accept` refuses
// the machine's own services on a virtual address and nothing else. keepalived 2.2.7 drops at -1, which
// is before IPVS sees a packet.
import type { Notice } from '../../core/events.ts';
import {
  BEGIN,
  type Chain,
  END,
  HOOK,
  isIgmpThrough,
  isNeighbourDiscovery,
  isTo,
  NETLINK_NETFILTER,
  type Rule,
  removeTable,
  replaceTable,
  VERDICT,
  verdict,
} from '../../netlink/nftables.ts';
import type { Filter } from '../../vrrp/filter.ts';
import { SystemCallError } from '../libc.ts';
import { NetlinkSocket, type Result } from '../netlink-socket.ts';

const TABLE = 'lvs-director';
/** NF_IP_PRI_NAT_SRC is 100, and IPVS is right before it. */
const AFTER_IPVS = 101;
const CHAINS: readonly Chain[] = [
  { name: 'in', hook: HOOK.INPUT, priority: AFTER_IPVS },
  { name: 'out', hook: HOOK.OUTPUT, priority: -1 },
];
/** Neighbour solicitation and advertisement: without them nobody finds the address. */
const DISCOVERY = [135, 136] as const;
const NOTHING: Filter = { silent: [], refused: [] };

export class Firewall {
  readonly #say: (notice: Notice) => void;
  #socket: NetlinkSocket | undefined;
  #inForce = NOTHING;

  constructor(say: (notice: Notice) => void) {
    this.#say = say;
  }

  keep(wanted: Filter): void {
    if (JSON.stringify(wanted) === JSON.stringify(this.#inForce)) return;
    const result = this.#transact(
      isEmpty(wanted) ? removeTable(TABLE) : replaceTable(TABLE, CHAINS, rulesOf(wanted)),
    );
    if (result.ok) this.#inForce = wanted;
    else this.#complain(wanted, result.explanation ?? result.errno);
  }

  /** Also what a former director left. */
  remove(): void {
    this.#transact(removeTable(TABLE));
    this.#inForce = NOTHING;
  }
  /** Nothing of it stays. */
  close(): void {
    if (!isEmpty(this.#inForce)) this.remove();
    this.#socket?.close();
    this.#socket = undefined;
  }

  #transact(requests: ReturnType<typeof removeTable>): Result {
    try {
      this.#socket ??= new NetlinkSocket(NETLINK_NETFILTER);
      return this.#socket.transact(BEGIN, requests, END);
    } catch (error) {
      if (!(error instanceof SystemCallError)) throw error;
      return { ok: false, errno: error.errno };
    }
  }

  #complain({ silent, refused }: Filter, why: string): void {
    const lost = [
      ...(refused.length > 0 ? [`no_accept is not in force for ${refused.join(', ')}`] : []),
      ...(silent.length > 0
        ? [`${silent.join(', ')} will report multicast groups with the virtual MAC`]
        : []),
    ];
    const message = `no packet filter (nf_tables: ${why}): ${lost.join('; ')}`;
    this.#say({ event: 'filter.failed', message, fields: { why, silent, refused } });
  }
}

function isEmpty({ silent, refused }: Filter): boolean {
  return silent.length === 0 && refused.length === 0;
}

function rulesOf({ silent, refused }: Filter): Rule[] {
  const rule = (chain: string, conditions: Rule['expressions'], code: number): Rule => ({
    chain,
    expressions: [...conditions, verdict(code)],
  });
  return [
    ...silent.map((device) => rule('out', isIgmpThrough(device), VERDICT.DROP)),
    ...DISCOVERY.map((type) => rule('in', isNeighbourDiscovery(type), VERDICT.ACCEPT)),
    ...refused.map((address) => rule('in', isTo(address), VERDICT.DROP)),
  ];
}
