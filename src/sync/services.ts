// How many connections each service has, and of how many of them the peer has acknowledged to know. Bounded:
// what is too much to be told apart is counted together.
import { addressFromBytes, endpoint } from '../core/address.ts';
import { AT, TYPE_IPV6 } from './wire.ts';

/** `TCP 192.0.2.1:80`, `fwmark 7`. */
export type ServiceCoverage = { service: string; total: number; covered: number };
type Counts = { key: string; total: number; covered: number };

/** The number of all services beyond these. */
const OTHERS = 0;
const SERVICES_MAX = 65_536;
const PROTOCOL_NAMES = new Map([
  [6, 'TCP'],
  [17, 'UDP'],
  [132, 'SCTP'],
]);
const NO_MARK = '\0\0\0\0';

export class ServiceCounts {
  readonly #numbers = new Map<string, number>();
  readonly #counts: Counts[] = [{ key: '', total: 0, covered: 0 }];
  readonly #free: number[] = [];

  /** One more connection, of the entry in `bytes`; answers the number of its service. */
  add(bytes: Buffer): number {
    const key = keyOf(bytes);
    let number = this.#numbers.get(key);
    if (number === undefined) {
      number = this.#number(key);
      if (number !== OTHERS) this.#numbers.set(key, number);
    }
    this.#counts[number]!.total++;
    return number;
  }
  remove(number: number): void {
    const counts = this.#counts[number]!;
    counts.total--;
    if (counts.total > 0 || number === OTHERS) return;
    this.#numbers.delete(counts.key);
    this.#free.push(number);
  }
  cover(number: number, by: 1 | -1): void {
    this.#counts[number]!.covered += by;
  }

  list(): ServiceCoverage[] {
    return this.#counts
      .filter(({ total }) => total > 0)
      .map(({ key, total, covered }) => ({ service: nameOf(key), total, covered }))
      .toSorted((a, b) => (a.service < b.service ? -1 : 1));
  }

  #number(key: string): number {
    const freed = this.#free.pop();
    const number = freed ?? this.#counts.length;
    if (number === SERVICES_MAX) return OTHERS;
    this.#counts[number] = { key, total: 0, covered: 0 };
    return number;
  }
}

/** A mark stands for whatever addresses it was put on. */
function keyOf(bytes: Buffer): string {
  const mark = bytes.toString('latin1', AT.fwmark, AT.fwmark + 4);
  if (mark !== NO_MARK) return mark;
  const isIpv6 = (bytes[AT.type]! & TYPE_IPV6) !== 0;
  const virtual = AT.addresses + (isIpv6 ? 16 : 4);
  return (
    bytes.toString('latin1', AT.protocol, AT.protocol + 1) +
    bytes.toString('latin1', AT.virtualPort, AT.virtualPort + 2) +
    bytes.toString('latin1', virtual, virtual + (isIpv6 ? 16 : 4))
  );
}

function nameOf(key: string): string {
  if (key === '') return 'others';
  const bytes = Buffer.from(key, 'latin1');
  if (bytes.length === 4) return `fwmark ${bytes.readUInt32BE()}`;
  const protocol = PROTOCOL_NAMES.get(bytes[0]!) ?? `protocol ${bytes[0]}`;
  return `${protocol} ${endpoint(addressFromBytes(bytes.subarray(3)), bytes.readUInt16BE(1))}`;
}
