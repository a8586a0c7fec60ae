// How many connections each service has, and of how many of them the peer has acknowledged to know. Bounded:
// what is too much to be told apart is counted together.
import { addressFromBytes, endpoint } from '../core/address.ts';
import { mix } from './mix.ts';
import { AT, TYPE_IPV6 } from './wire.ts';

/** `TCP 192.0.2.1:80`, `fwmark 7`. */
export type ServiceCoverage = { service: string; total: number; covered: number };
/**
 * `words`: what the service is known by; none of those that are counted together. `next`: the number of
 * another one of the same hash.
 */
type Counts = { words: Int32Array; hash: number; next: number; total: number; covered: number };

/** The number of all services beyond these. */
const OTHERS = 0;
const SERVICES_MAX = 65_536;
const PROTOCOL_NAMES = new Map([
  [6, 'TCP'],
  [17, 'UDP'],
  [132, 'SCTP'],
]);
/** Mark; protocol and port; address: of a mark only the first, of IPv4 the first word of the address. */
const WORDS = 6;
const IPV6 = 1 << 24;

export class ServiceCounts {
  /** The first number of each hash. */
  readonly #first = new Map<number, number>();
  readonly #counts: Counts[] = [{ words: new Int32Array(0), hash: 0, next: OTHERS, total: 0, covered: 0 }];
  readonly #free: number[] = [];
  /** What is looked for: no allocation for a connection. */
  readonly #wanted = new Int32Array(WORDS);
  readonly #seed: number;

  /** `seed`: as that of the table. */
  constructor(seed: number) {
    this.#seed = seed;
  }

  /** One more connection, of the entry in `bytes`; answers the number of its service. */
  add(bytes: Buffer): number {
    readKey(bytes, this.#wanted);
    let hash = this.#seed;
    for (let index = 0; index < WORDS; index++) hash = mix(hash, this.#wanted[index]!);
    let number = this.#first.get(hash) ?? OTHERS;
    while (number !== OTHERS && !isSame(this.#counts[number]!.words, this.#wanted))
      number = this.#counts[number]!.next;
    if (number === OTHERS) number = this.#begin(hash);
    this.#counts[number]!.total++;
    return number;
  }
  remove(number: number): void {
    const counts = this.#counts[number]!;
    counts.total--;
    if (counts.total > 0 || number === OTHERS) return;
    this.#unlink(number, counts);
    this.#free.push(number);
  }
  cover(number: number, by: 1 | -1): void {
    this.#counts[number]!.covered += by;
  }

  list(): ServiceCoverage[] {
    return this.#counts
      .filter(({ total }) => total > 0)
      .map(({ words, total, covered }) => ({ service: nameOf(words), total, covered }))
      .toSorted((a, b) => (a.service < b.service ? -1 : 1));
  }

  #begin(hash: number): number {
    const freed = this.#free.pop();
    const number = freed ?? this.#counts.length;
    if (number === SERVICES_MAX) return OTHERS;
    const next = this.#first.get(hash) ?? OTHERS;
    this.#counts[number] = { words: this.#wanted.slice(), hash, next, total: 0, covered: 0 };
    this.#first.set(hash, number);
    return number;
  }

  #unlink(number: number, { hash, next }: Counts): void {
    let at = this.#first.get(hash)!;
    if (at === number) {
      if (next === OTHERS) this.#first.delete(hash);
      else this.#first.set(hash, next);
      return;
    }
    while (this.#counts[at]!.next !== number) at = this.#counts[at]!.next;
    this.#counts[at]!.next = next;
  }
}

/** By what the service of an entry is known, into `words`. A mark stands for all addresses. */
function readKey(bytes: Buffer, words: Int32Array): void {
  words.fill(0);
  words[0] = bytes.readInt32BE(AT.fwmark);
  if (words[0] === 0) {
    const isIpv6 = (bytes[AT.type]! & TYPE_IPV6) !== 0;
    const length = isIpv6 ? 16 : 4;
    const virtual = AT.addresses + length;
    words[1] = (bytes[AT.protocol]! << 16) | bytes.readUInt16BE(AT.virtualPort) | (isIpv6 ? IPV6 : 0);
    for (let at = 0; at < length; at += 4) words[2 + at / 4] = bytes.readInt32BE(virtual + at);
  }
}

function isSame(one: Int32Array, other: Int32Array): boolean {
  for (let index = 0; index < WORDS; index++) if (one[index] !== other[index]) return false;
  return true;
}

function nameOf(words: Int32Array): string {
  const [mark, where] = words;
  if (mark === undefined || where === undefined) return 'others';
  if (mark !== 0) return `fwmark ${mark >>> 0}`;
  const number = (where >> 16) & 0xff;
  const protocol = PROTOCOL_NAMES.get(number) ?? `protocol ${number}`;
  const bytes = Buffer.alloc((where & IPV6) === 0 ? 4 : 16);
  for (let at = 0; at < bytes.length; at += 4) bytes.writeInt32BE(words[2 + at / 4]!, at);
  return `${protocol} ${endpoint(addressFromBytes(bytes), where & 0xffff)}`;
}
