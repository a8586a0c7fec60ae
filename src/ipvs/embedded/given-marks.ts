// Firewall marks that the engine gives itself, as rules of nf_tables would in the kernel: by protocol,
// destination address and port, to the first packet of what may become a connection.
import { addressBytes } from '../../core/address.ts';
import { IPV4, IPV6, SERVICE_PROTOCOL } from '../../core/ip-header.ts';
import type { MarkBox, MarkMap } from '../marking.ts';
import type { Packet } from './packet.ts';

const LENGTH = { 4: 4, 6: 16 } as const;
const OFFSET = { 4: IPV4.destination, 6: IPV6.destination } as const;

type Range = { first: Buffer; last: Buffer; mark: number };
/** Of the same ports, in ascending order: they do not overlap. */
type Strip = { lowPort: number; highPort: number; ranges: readonly Range[] };

export class GivenMarks {
  #strips: ReadonlyMap<string, readonly Strip[]> = new Map();
  #marks: ReadonlySet<number> = new Set();

  set(maps: readonly MarkMap[]): void {
    this.#strips = new Map(
      maps.map(({ family, protocol, boxes }) => [`${SERVICE_PROTOCOL[protocol]} ${family}`, stripsOf(boxes)]),
    );
    this.#marks = new Set(maps.flatMap(({ boxes }) => boxes.map(({ mark }) => mark | 0)));
  }

  /** `mark`: signed. */
  has(mark: number): boolean {
    return this.#marks.has(mark);
  }

  /** Signed; 0 = none. */
  of({ protocol, family, bytes, ip, destinationPort: port }: Packet): number {
    const strips = this.#strips.size === 0 ? undefined : this.#strips.get(`${protocol} ${family}`);
    if (strips === undefined) return 0;
    const start = ip + OFFSET[family];
    for (const { lowPort, highPort, ranges } of strips) {
      if (port < lowPort || port > highPort) continue;
      const mark = markAmong(ranges, bytes, start, start + LENGTH[family]);
      if (mark !== 0) return mark;
    }
    return 0;
  }
}

function stripsOf(boxes: readonly MarkBox[]): Strip[] {
  const byPorts = Map.groupBy(boxes, ({ lowPort, highPort }) => `${lowPort} ${highPort}`);
  return [...byPorts.values()].map((own) => ({
    lowPort: own[0]!.lowPort,
    highPort: own[0]!.highPort,
    ranges: own.map(({ first, last, mark }) => ({
      first: addressBytes(first),
      last: addressBytes(last),
      mark: mark | 0,
    })),
  }));
}

/** Only the last one that begins at this address or before it may have it. */
function markAmong(ranges: readonly Range[], bytes: Buffer, start: number, end: number): number {
  let [low, high] = [0, ranges.length];
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (ranges[middle]!.first.compare(bytes, start, end) <= 0) low = middle + 1;
    else high = middle;
  }
  const last = ranges[low - 1];
  return last !== undefined && last.last.compare(bytes, start, end) >= 0 ? last.mark : 0;
}
