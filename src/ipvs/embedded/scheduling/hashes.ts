// Schedulers that hash: sh by the client, mh by the client over Maglev's table, dh by the virtual address.
// The tables are the kernel's to the last place (net/netfilter/ipvs/ip_vs_{sh,mh,dh}.c, Linux 4.18 and
// later), so that a client keeps its server when the engine takes over from a kernel. A table is made when it
// is asked for the first time after a change: ten servers added at once are one table, not ten.
import {
  type Candidate,
  greatestCommonDivisor,
  isAvailable,
  type Opening,
  type Scheduler,
} from './scheduler.ts';
import { hsiphash } from './siphash.ts';

/** IP_VS_SVC_F_SCHED1 and 2, as sh and mh understand them. */
const FLAG = { fallback: 0x8, port: 0x10 } as const;
const BUCKETS_BITS = 8;
const BUCKETS = 1 << BUCKETS_BITS;
const GOLDEN_RATIO = 0x61c88647;
/** The default of CONFIG_IP_VS_MH_TAB_INDEX: the fifth prime, and the bits that a weight may have there. */
const MAGLEV_PLACES = 4093;
const MAGLEV_WEIGHT_BITS = 6;
const KEY = { offset: 2654435761, skip: 2654446892 } as const;

/** <linux/hash.h> hash_32. */
function hashBits(value: number, bits: number): number {
  return Math.imul(value, GOLDEN_RATIO) >>> (32 - bits);
}

/** A table of servers that is made anew after each change. */
abstract class Hashed<Server extends Candidate> implements Scheduler<Server> {
  #isStale = true;
  protected table: Server[] = [];

  protected abstract fill(servers: readonly Server[]): Server[];
  protected abstract pick(opening: Opening): Server | undefined;

  choose(servers: readonly Server[], opening: Opening): Server | undefined {
    if (this.#isStale) this.table = this.fill(servers);
    this.#isStale = false;
    return this.table.length === 0 ? undefined : this.pick(opening);
  }
  added(): void {
    this.#isStale = true;
  }
  removed(): void {
    this.#isStale = true;
  }
  changed(): void {
    this.#isStale = true;
  }
}

/** sh and mh: the place of a client, and where to look next when its server cannot take it. */
abstract class SourceHashed<Server extends Candidate> extends Hashed<Server> {
  readonly #flags: number;

  constructor(flags: number) {
    super();
    this.#flags = flags;
  }

  protected abstract place(client: number, offset: number): number;

  protected override pick(opening: Opening): Server | undefined {
    const port = (this.#flags & FLAG.port) === 0 ? 0 : opening.sourcePort;
    const client = (opening.sourceFold + port) | 0;
    const first = this.place(client, 0);
    const server = this.table[first]!;
    if (isAvailable(server)) return server;
    if ((this.#flags & FLAG.fallback) === 0) return undefined;
    for (let step = 0; step < this.table.length; step++) {
      const other = this.table[this.place(client, (first + step) % this.table.length)]!;
      if (isAvailable(other)) return other;
    }
    return undefined;
  }
}

export class SourceHash<Server extends Candidate> extends SourceHashed<Server> {
  protected override place(client: number, offset: number): number {
    return (offset + hashBits(client, BUCKETS_BITS)) % BUCKETS;
  }

  /** Servers in turn, each as many buckets in a row as its weight; a quiesced one has one. */
  protected override fill(servers: readonly Server[]): Server[] {
    if (servers.length === 0) return [];
    const table: Server[] = [];
    for (let turn = 0; table.length < BUCKETS; turn = (turn + 1) % servers.length) {
      const server = servers[turn]!;
      const buckets = Math.min(Math.max(server.weight, 1), BUCKETS - table.length);
      for (let i = 0; i < buckets; i++) table.push(server);
    }
    return table;
  }
}

export class Maglev<Server extends Candidate> extends SourceHashed<Server> {
  protected override place(client: number, offset: number): number {
    return hsiphash((client + offset) | 0, KEY.offset) % MAGLEV_PLACES;
  }

  protected override fill(servers: readonly Server[]): Server[] {
    // The kernel leaves its table as it was when there are more servers than places.
    return servers.length > MAGLEV_PLACES ? this.table : maglevTable(servers);
  }
}

/** Weights count as they were when they were not 0 last: a quiesced server keeps its places. */
function maglevTable<Server extends Candidate>(servers: readonly Server[]): Server[] {
  let common = 0;
  let largest = 0;
  for (const { lastWeight } of servers) {
    if (lastWeight > 0) common = common === 0 ? lastWeight : greatestCommonDivisor(lastWeight, common);
    largest = Math.max(largest, lastWeight);
  }
  if (common === 0) return [];
  const shift = Math.max(0, 32 - Math.clz32(largest / common) - MAGLEV_WEIGHT_BITS);
  const walkers = servers
    .filter(({ lastWeight }) => lastWeight > 0)
    .map((server) => {
      const own = (server.fold + server.port) | 0;
      return {
        server,
        at: hsiphash(own, KEY.offset) % MAGLEV_PLACES,
        skip: (hsiphash(own, KEY.skip) % (MAGLEV_PLACES - 1)) + 1,
        turns: (server.lastWeight / common) >> shift || 1,
      };
    });
  const table: Server[] = new Array(MAGLEV_PLACES);
  for (let filled = 0; ; ) {
    for (const walker of walkers) {
      for (let turn = 0; turn < walker.turns; turn++) {
        while (table[walker.at] !== undefined) walker.at = (walker.at + walker.skip) % MAGLEV_PLACES;
        table[walker.at] = walker.server;
        if (++filled === MAGLEV_PLACES) return table;
      }
    }
  }
}

/** dh: servers in turn, whatever their weights. */
export class DestinationHash<Server extends Candidate> extends Hashed<Server> {
  protected override fill(servers: readonly Server[]): Server[] {
    if (servers.length === 0) return [];
    return Array.from({ length: BUCKETS }, (_, bucket) => servers[bucket % servers.length]!);
  }

  protected override pick(opening: Opening): Server | undefined {
    const server = this.table[hashBits(opening.destinationFold, BUCKETS_BITS)]!;
    return isAvailable(server) ? server : undefined;
  }
}
