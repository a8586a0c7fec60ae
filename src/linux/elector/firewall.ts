// The elector's packet filter: one table of nf_tables, replaced as a whole when the settings want another.
//
// The input chain comes after IPVS (priority 99) unless the file says otherwise: what IPVS forwards never
// gets here, so `no_accept` refuses the machine's own services on a virtual address and nothing else.
// keepalived 2.2.7 drops at -1, which is before IPVS sees a packet.
import type { Notice } from '../../core/events.ts';
import {
  type Chain,
  counter,
  HOOK,
  isFrom,
  isIcmpv6,
  isIgmp,
  isThrough,
  isTo,
  type Rule,
  removeTable,
  replaceTable,
  VERDICT,
  verdict,
} from '../../netlink/nftables.ts';
import { type Filter, isEmptyFilter } from '../../vrrp/filter.ts';
import { NfTables, OWN_MARK } from '../nf-tables.ts';

/** Neighbour solicitation and advertisement: without them nobody finds the address. */
const DISCOVERY = [135, 136] as const;
/** Reports of multicast groups (RFC 2710, RFC 3810) and router solicitations. */
const CHATTER = [131, 132, 143, 133] as const;

export class Firewall {
  readonly #say: (notice: Notice) => void;
  readonly #tables = new NfTables();
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
    const result = this.#tables.transact(
      replaceTable({ table, mark: OWN_MARK }, chainsOf(wanted), rulesOf(wanted)),
    );
    if (result.ok) this.#inForce = wanted;
    else this.#complain(wanted, result.explanation ?? result.errno);
  }

  /** What a former director left. */
  remove({ table }: Filter): void {
    if (!this.#isForeign(table)) this.#tables.transact(removeTable(table));
  }
  /** Nothing of it stays. */
  close(): void {
    this.#removeOwn();
    this.#tables.close();
  }

  #removeOwn(): void {
    if (this.#inForce !== undefined) this.#tables.transact(removeTable(this.#inForce.table));
    this.#inForce = undefined;
  }

  #isForeign(table: string): boolean {
    const owner = this.#tables.ownerOf(table);
    return owner !== undefined && owner !== OWN_MARK;
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
