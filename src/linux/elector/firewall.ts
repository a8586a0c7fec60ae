// The elector's packet filter: one table of nf_tables, replaced as a whole when the settings want another.
//
// The input chain comes after IPVS (priority 99) unless the file says otherwise: what IPVS forwards never
// gets here, so `no_accept` refuses the machine's own services on a virtual address and nothing else.
// keepalived 2.2.7 drops at -1, which is before IPVS sees a packet.
import type { Notice } from '../../core/events.ts';
import {
  type Chain,
  counter,
  getTable,
  HOOK,
  isFrom,
  isIcmpv6,
  isIgmp,
  isThrough,
  isTo,
  markOf,
  NETLINK_NETFILTER,
  type Rule,
  removeTable,
  replaceTable,
  VERDICT,
  verdict,
} from '../../netlink/nftables.ts';
import { type Filter, isEmptyFilter } from '../../vrrp/filter.ts';
import { SystemCallError } from '../libc.ts';
import { NetlinkSocket, type Result } from '../netlink-socket.ts';
import { transact } from '../nf-tables.ts';

/** What a table of ours bears: the file may give it a name that somebody else's has. */
const MARK = 'lvs-director';
/** Neighbour solicitation and advertisement: without them nobody finds the address. */
const DISCOVERY = [135, 136] as const;
/** Reports of multicast groups (RFC 2710, RFC 3810) and router solicitations. */
const CHATTER = [131, 132, 143, 133] as const;

export class Firewall {
  readonly #say: (notice: Notice) => void;
  #socket: NetlinkSocket | undefined;
  #inForce: Filter | undefined;

  constructor(say: (notice: Notice) => void) {
    this.#say = say;
  }

  keep(wanted: Filter): void {
    if (JSON.stringify(wanted) === JSON.stringify(this.#inForce)) return;
    if (isEmptyFilter(wanted)) return this.#removeOwn();
    if (this.#inForce?.table !== wanted.table) {
      this.#removeOwn();
      if (this.#isForeign(wanted.table))
        return this.#complain(wanted, `the table ${wanted.table} is there, and not ours`);
    }
    const { table } = wanted;
    const result = this.#transact(replaceTable({ table, mark: MARK }, chainsOf(wanted), rulesOf(wanted)));
    if (result.ok) this.#inForce = wanted;
    else this.#complain(wanted, result.explanation ?? result.errno);
  }

  /** What a former director left. */
  remove({ table }: Filter): void {
    if (!this.#isForeign(table)) this.#transact(removeTable(table));
  }
  /** Nothing of it stays. */
  close(): void {
    this.#removeOwn();
    this.#socket?.close();
    this.#socket = undefined;
  }

  #removeOwn(): void {
    if (this.#inForce !== undefined) this.#transact(removeTable(this.#inForce.table));
    this.#inForce = undefined;
  }

  #isForeign(table: string): boolean {
    try {
      const [answer] = this.#open().request(getTable(table));
      return answer !== undefined && markOf(answer.payload) !== MARK;
    } catch (error) {
      // There is none, or there is no nf_tables: then making one will say so.
      if (!(error instanceof SystemCallError)) throw error;
      return false;
    }
  }

  #transact(requests: ReturnType<typeof removeTable>): Result {
    return transact(() => this.#open(), requests);
  }
  #open(): NetlinkSocket {
    this.#socket ??= new NetlinkSocket(NETLINK_NETFILTER);
    return this.#socket;
  }

  #complain(filter: Filter, why: string): void {
    const refused = filter.refused.map(({ address }) => address);
    const silent = filter.silent.map(({ name }) => name);
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

function chainsOf({ priority }: Filter): Chain[] {
  return [
    { name: 'in', hook: HOOK.INPUT, priority: priority.in },
    { name: 'out', hook: HOOK.OUTPUT, priority: priority.out },
  ];
}

function rulesOf({ silent, refused, counters }: Filter): Rule[] {
  const rule = (chain: string, conditions: Rule['expressions'], code: number): Rule => ({
    chain,
    expressions: [...conditions, ...(counters ? [counter()] : []), verdict(code)],
  });
  return [
    ...silent.flatMap(({ name, family }) => {
      const kinds = family === 4 ? [isIgmp()] : CHATTER.map(isIcmpv6);
      return kinds.map((kind) => rule('out', [...isThrough(name), ...kind], VERDICT.DROP));
    }),
    ...DISCOVERY.map((type) => rule('in', isIcmpv6(type), VERDICT.ACCEPT)),
    ...refused.map(({ address, interface: device }) =>
      rule('in', [...(device === undefined ? [] : isFrom(device)), ...isTo(address)], VERDICT.DROP),
    ),
  ];
}
