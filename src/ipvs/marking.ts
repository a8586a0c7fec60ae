// Pools that are services by firewall mark because something marks the packets to their addresses: which
// packets get which mark.
//
// Theory of operation. What is marked are boxes of one family and protocol: a range of addresses by a range
// of ports. They do not overlap, so that it does not matter how and in which order somebody looks them up.
// Where members overlap, what IPVS would do with a service for each address decides: a port of its own counts
// more than every port, also that of a service that is not marked; else the pool that comes first.
import { type Address, type Family, familyOf } from '../core/address.ts';
import type { Protocol } from '../core/forwarding.ts';
import { oncePer } from '../core/once-per.ts';
import { addressOf, numberOf } from '../core/range.ts';
import type { AddressMember, Member, Pool, PoolName } from './pool.ts';

export type MarkBox = { first: Address; last: Address; lowPort: number; highPort: number; mark: number };
/** In ascending order of addresses, and of ports where those are the same. */
export type MarkMap = { family: Family; protocol: Protocol; boxes: readonly MarkBox[] };
/** `table`, `priority` and `counters` are of nf_tables, where that is who marks. */
export type Marking = {
  table: string;
  priority: number;
  counters: boolean;
  maps: readonly MarkMap[];
};

const PORTS = { first: 0, last: 0xffff } as const;
const PROTOCOLS = ['TCP', 'UDP', 'SCTP'] as const satisfies readonly Protocol[];
const FAMILIES = [4, 6] as const;

const byMark = oncePer((_: Pool) => new Map<number, Pool>());

/** The same object for the same mark, each time. */
export function markedPool(pool: Pool, mark: number): Pool {
  const known = byMark(pool);
  const marked = known.get(mark) ?? withMark(pool, mark);
  known.set(mark, marked);
  return marked;
}

function withMark(pool: Pool, mark: number): Pool {
  const marked = pool.members.filter(isAddress);
  const families = FAMILIES.filter((family) => marked.some(({ first }) => familyOf(first) === family));
  return { ...pool, members: families.map((family) => ({ mark, family })), marked };
}

/** As they are where nobody can mark: a service for each address. */
export function unmarkedPools(pools: ReadonlyMap<PoolName, Pool>): ReadonlyMap<PoolName, Pool> {
  return new Map([...pools].map(([name, pool]) => [name, unmarked(pool)]));
}

const unmarked = oncePer((pool: Pool): Pool => {
  const { marked, ...rest } = pool;
  return marked === undefined ? pool : { ...rest, members: marked };
});

function isAddress(member: Member): member is AddressMember {
  return 'port' in member;
}

/** `mark` undefined: these ports are to be left to a service that is not marked. */
type Claim = { first: bigint; last: bigint; port: number; mark: number | undefined; order: number };

/** Only those maps there is something in. */
export function mapsOf(pools: ReadonlyMap<PoolName, Pool>): MarkMap[] {
  const marked: { member: AddressMember; mark: number | undefined }[] = [];
  const others: typeof marked = [];
  for (const { members, marked: own } of pools.values()) {
    const mark = members.find((member) => 'mark' in member)?.mark;
    if (own !== undefined) marked.push(...own.map((member) => ({ member, mark })));
    else
      for (const member of members)
        if (isAddress(member) && member.port !== 0) others.push({ member, mark: undefined });
  }
  if (marked.length === 0) return [];
  return PROTOCOLS.flatMap((protocol) =>
    FAMILIES.flatMap((family) => {
      const isOf = ({ member }: { member: AddressMember }) =>
        member.protocol === protocol && familyOf(member.first) === family;
      const own = marked.filter(isOf);
      const claims = [...own, ...(own.some(({ member }) => member.port === 0) ? others.filter(isOf) : [])];
      const boxes = boxesOf(claims.map(claimOf), family);
      return boxes.length === 0 ? [] : [{ family, protocol, boxes }];
    }),
  );
}

function claimOf(
  { member, mark }: { member: AddressMember; mark: number | undefined },
  order: number,
): Claim {
  const { first, last, port } = member;
  return { first: numberOf(first), last: numberOf(last), port, mark, order };
}

type Strip = { lowPort: number; highPort: number; mark: number };
type Segment = { first: bigint; last: bigint };

/** Cuts the addresses where a claim begins or ends; what lies between two cuts is all the same. */
function boxesOf(claims: readonly Claim[], family: Family): MarkBox[] {
  const begin = Map.groupBy(claims, ({ first }) => first);
  const end = Map.groupBy(claims, ({ last }) => last + 1n);
  const cuts = [...new Set([...begin.keys(), ...end.keys()])].sort((a, b) => (a < b ? -1 : 1));
  const active = new Set<Claim>();
  const done: (Segment & Strip)[] = [];
  let open = new Map<string, Segment & Strip>();
  for (const [index, cut] of cuts.entries()) {
    for (const claim of end.get(cut) ?? []) active.delete(claim);
    for (const claim of begin.get(cut) ?? []) active.add(claim);
    const last = (cuts[index + 1] ?? cut + 1n) - 1n;
    const before = open;
    open = new Map();
    for (const strip of stripsOf(active)) {
      const name = `${strip.lowPort} ${strip.highPort} ${strip.mark}`;
      const grown = before.get(name) ?? { ...strip, first: cut, last };
      grown.last = last;
      if (!before.delete(name)) done.push(grown);
      open.set(name, grown);
    }
  }
  const ordered = done.sort((a, b) =>
    a.first === b.first ? a.lowPort - b.lowPort : a.first < b.first ? -1 : 1,
  );
  return ordered.map(({ first, last, ...strip }) => ({
    first: addressOf(first, family),
    last: addressOf(last, family),
    ...strip,
  }));
}

/** What becomes of the ports of one address. */
function stripsOf(active: ReadonlySet<Claim>): Strip[] {
  const ports = new Map<number, Claim>();
  for (const claim of active) {
    const first = ports.get(claim.port);
    if (first === undefined || isBefore(claim, first)) ports.set(claim.port, claim);
  }
  const any = ports.get(0)?.mark;
  ports.delete(0);
  const strips: Strip[] = [];
  let next: number = PORTS.first;
  const fill = (until: number) => {
    if (any !== undefined && next <= until) strips.push({ lowPort: next, highPort: until, mark: any });
  };
  for (const { port, mark } of [...ports.values()].sort((a, b) => a.port - b.port)) {
    fill(port - 1);
    if (mark !== undefined) strips.push({ lowPort: port, highPort: port, mark });
    next = port + 1;
  }
  fill(PORTS.last);
  return strips;
}

/** A service that is not marked would never see a port that one with a mark claims as its own. */
function isBefore(one: Claim, other: Claim): boolean {
  if ((one.mark === undefined) !== (other.mark === undefined)) return one.mark !== undefined;
  return one.order < other.order;
}

/** How many ranges come and go. */
export function countChanges(before: Marking | undefined, after: Marking | undefined) {
  let [added, removed] = [0, 0];
  for (const protocol of PROTOCOLS)
    for (const family of FAMILIES) {
      const boxesIn = (marking: Marking | undefined) =>
        marking?.maps.find((map) => map.protocol === protocol && map.family === family)?.boxes ?? [];
      const [had, has] = [boxesIn(before), boxesIn(after)];
      added += withoutKnown(has, had).length;
      removed += withoutKnown(had, has).length;
    }
  return { added, removed };
}

export function withoutKnown(boxes: readonly MarkBox[], known: readonly MarkBox[]): MarkBox[] {
  const names = new Set(known.map(boxName));
  return boxes.filter((box) => !names.has(boxName(box)));
}

/** `10.0.0.1-10.0.0.9 port 80 mark 1000`: no two boxes of a map have one. */
export function boxName({ first, last, lowPort, highPort, mark }: MarkBox): string {
  const ports = lowPort === highPort ? lowPort : `${lowPort}-${highPort}`;
  return `${first === last ? first : `${first}-${last}`} port ${ports} mark ${mark}`;
}
