// Marks packets for the kernel's IPVS: tables of nf_tables, in the network namespace of the thread. A change
// is one transaction, of what differs; what somebody else changed is made anew as a whole.
import type { Family } from '../core/address.ts';
import { boxName, type Marking, type MarkMap, withoutKnown } from '../ipvs/marking.ts';
import type { Marker } from '../ipvs/plane.ts';
import type { Message, Request } from '../netlink/message.ts';
import {
  addEntries,
  decodeEntries,
  decodeGeneration,
  decodeHandle,
  dumpEntries,
  dumpRules,
  getGeneration,
  removeEntries,
  replaceMaps,
  tableFamily,
} from '../netlink/nft-maps.ts';
import { removeTable } from '../netlink/nftables.ts';
import { SystemCallError } from './libc.ts';
import { NfTables, OWN_MARK } from './nf-tables.ts';

const FAMILIES = [4, 6] as const;
/** Where others change rules of theirs all the time, thousands of entries are not read all the time. */
const PAUSE_MS = 2_000;
const PAUSE_TIMES = 20;

export class MarkTables implements Marker {
  readonly #tables = new NfTables();
  #inForce: Marking | undefined;
  /** Of the rules in force, by family. */
  #handles = new Map<Family, string>();
  /** Of the last time that everything was seen to be ours; undefined = not since we changed it. */
  #generation: number | undefined;
  #restsUntilMs = Number.NEGATIVE_INFINITY;
  #isBroken = false;

  async mark(wanted: Marking | undefined): Promise<string | undefined> {
    const before = this.#inForce;
    const former = before === undefined && wanted !== undefined ? this.#formerTables(wanted) : [];
    if (former === undefined) return `the table ${wanted?.table} is there, and not ours`;
    const change = this.#isBroken ? replacement(before, wanted) : difference(before, wanted);
    let result = this.#transact([...former, ...change]);
    // Somebody may have changed it a moment ago.
    if (!result.ok && before !== undefined) result = this.#transact(replacement(before, wanted));
    if (!result.ok) return `nf_tables: ${result.explanation ?? result.errno}`;
    this.#inForce = wanted;
    this.#isBroken = false;
    this.#generation = undefined;
    for (const family of FAMILIES) this.#handles.set(family, this.#handlesOf(family));
    return undefined;
  }

  areChanged(nowMs: number): boolean {
    if (this.#inForce === undefined) return false;
    try {
      this.#isBroken = this.#look(this.#inForce, nowMs);
    } catch (error) {
      // Somebody is in the middle of it: the next look will tell.
      if (!(error instanceof SystemCallError)) throw error;
    }
    return this.#isBroken;
  }

  #look(marking: Marking, nowMs: number): boolean {
    const [answer] = this.#tables.request(getGeneration());
    const generation = answer && decodeGeneration(answer);
    if (generation === this.#generation) return false;
    if (!FAMILIES.every((family) => this.#areRulesOurs(marking, family))) return true;
    if (nowMs < this.#restsUntilMs) return false;
    const startMs = performance.now();
    const isOurs = marking.maps.every((map) => this.#areEntriesOurs(marking, map));
    this.#restsUntilMs = nowMs + Math.max(PAUSE_MS, PAUSE_TIMES * (performance.now() - startMs));
    if (isOurs) this.#generation = generation;
    return !isOurs;
  }

  close(): void {
    this.#tables.close();
  }

  /** What a dead director left where nothing is wanted now; undefined: there is somebody else's. */
  #formerTables({ table, maps }: Marking): Request[] | undefined {
    const requests: Request[] = [];
    for (const family of FAMILIES) {
      const owner = this.#tables.ownerOf(table, tableFamily(family));
      const isWanted = maps.some((map) => map.family === family);
      if (owner !== undefined && owner !== OWN_MARK && isWanted) return undefined;
      if (owner === OWN_MARK && !isWanted) requests.push(...removeTable(table, tableFamily(family)));
    }
    return requests;
  }

  /** A rule that is replaced has another handle. */
  #areRulesOurs(marking: Marking, family: Family): boolean {
    const count = marking.maps.filter((map) => map.family === family).length;
    const found = this.#handlesOf(family);
    return found === this.#handles.get(family) && found.split(' ').filter(Boolean).length === count;
  }

  #handlesOf(family: Family): string {
    if (this.#inForce === undefined) return '';
    const answers = this.#dump(dumpRules({ table: this.#inForce.table, family }));
    return answers.map(decodeHandle).join(' ');
  }

  #areEntriesOurs({ table }: Marking, { family, protocol, boxes }: MarkMap): boolean {
    const answers = this.#dump(dumpEntries({ table, family }, protocol));
    const found = new Set<string>();
    for (const answer of answers) {
      const entries = decodeEntries(answer, family);
      if (entries === undefined) return false;
      for (const entry of entries) found.add(boxName(entry));
    }
    return found.size === boxes.length && boxes.every((box) => found.has(boxName(box)));
  }

  /** Nothing where there is no such table. */
  #dump(request: Request): Message[] {
    try {
      return this.#tables.request(request);
    } catch (error) {
      if (error instanceof SystemCallError && error.errno === 'ENOENT') return [];
      throw error;
    }
  }

  #transact(requests: readonly Request[]) {
    return requests.length === 0 ? ({ ok: true } as const) : this.#tables.transact(requests);
  }
}

/** Of maps that stay only what differs; a table that gets or loses one is replaced. */
function difference(before: Marking | undefined, wanted: Marking | undefined): Request[] {
  return FAMILIES.flatMap((family) =>
    before !== undefined && wanted !== undefined && fits(before, wanted, family)
      ? changeEntries(before, wanted, family)
      : replace(before, wanted, family),
  );
}

function replacement(before: Marking | undefined, wanted: Marking | undefined): Request[] {
  return FAMILIES.flatMap((family) => replace(before, wanted, family));
}

function changeEntries(before: Marking, { table, maps }: Marking, family: Family): Request[] {
  const known = new Map(mapsOf(before, family).map(({ protocol, boxes }) => [protocol, boxes]));
  return maps
    .filter((map) => map.family === family)
    .flatMap(({ protocol, boxes }) => {
      const had = known.get(protocol)!;
      return [
        ...removeEntries({ table, family }, protocol, withoutKnown(had, boxes)),
        ...addEntries({ table, family }, protocol, withoutKnown(boxes, had)),
      ];
    });
}

function replace(before: Marking | undefined, wanted: Marking | undefined, family: Family): Request[] {
  const maps = wanted === undefined ? [] : mapsOf(wanted, family);
  const gone = before !== undefined && mapsOf(before, family).length > 0;
  const requests = gone ? removeTable(before.table, tableFamily(family)) : [];
  if (wanted === undefined || maps.length === 0) return requests;
  const { table, priority, counters } = wanted;
  const entries = maps.map(({ protocol, boxes }) => ({ protocol, entries: boxes }));
  return [...requests, ...replaceMaps({ table, mark: OWN_MARK, family, priority, counters }, entries)];
}

function mapsOf({ maps }: Marking, family: Family): MarkMap[] {
  return maps.filter((map) => map.family === family);
}

function fits(before: Marking, wanted: Marking, family: Family): boolean {
  const formOf = (marking: Marking) => {
    const { table, priority, counters } = marking;
    return JSON.stringify([
      table,
      priority,
      counters,
      mapsOf(marking, family).map(({ protocol }) => protocol),
    ]);
  };
  return formOf(before) === formOf(wanted);
}
