// Words of routes and policy rules → numbers: names that are the same everywhere are known, those of a
// machine's files are not looked up, and what has one is left out as a whole.
import type { Prefix } from '../../core/address.ts';
import type { Located } from '../../core/diagnostic.ts';
import type { Report } from '../report.ts';
import type { RouteValues } from '../schema/routing-words.ts';

type Names = Readonly<Record<string, number>>;

export const TABLES: Names = { default: 253, main: 254, local: 255 };
/** RTPROT_KEEPALIVED: by it a later director, and the guardian, know what is VRRP's. */
export const RTPROT_KEEPALIVED = 18;
/** <linux/rtnetlink.h> and iproute2's rt_protos. */
export const ORIGINS: Names = {
  unspec: 0,
  redirect: 1,
  kernel: 2,
  boot: 3,
  static: 4,
  gated: 8,
  ra: 9,
  mrt: 10,
  zebra: 11,
  bird: 12,
  dnrouted: 13,
  xorp: 14,
  ntk: 15,
  dhcp: 16,
  mrouted: 17,
  keepalived: RTPROT_KEEPALIVED,
  babel: 42,
  bgp: 186,
  isis: 187,
  ospf: 188,
  rip: 189,
  eigrp: 192,
};
/** iproute2's rt_dsfield. */
export const SERVICES: Names = { default: 0 };
export const PROTOCOLS: Names = {
  icmp: 1,
  tcp: 6,
  udp: 17,
  dccp: 33,
  gre: 47,
  esp: 50,
  ah: 51,
  'ipv6-icmp': 58,
  sctp: 132,
  udplite: 136,
};
export const GROUPS: Names = { default: 0 };
const REALMS: Names = { cosmos: 0 };
const NONE: Names = {};

/** Reads the options of one entry; the first that cannot be acted upon makes {@link isLeftOut} true. */
export class EntryReader {
  readonly #values: RouteValues;
  readonly #report: Report;
  readonly #kind: string;
  isLeftOut = false;

  /** `kind`: what a message calls the entry, with its article. */
  constructor(values: RouteValues, kind: string, report: Report) {
    this.#values = values;
    this.#kind = kind;
    this.#report = report;
  }

  has(...words: string[]): boolean {
    return this.#first(words) !== undefined;
  }
  text(...words: string[]): string | undefined {
    const option = this.#first(words);
    return option === undefined ? undefined : String(option.value);
  }
  /** Words of one meaning: the last of them counts that is given first here. */
  number(names: Names | undefined, ...words: string[]): number | undefined {
    const option = this.#first(words);
    return option === undefined ? undefined : this.#numberOf(String(option.value), option, names ?? NONE);
  }
  /** `5`, `3/4`. */
  realms(...words: string[]): number | undefined {
    const option = this.#first(words);
    if (option === undefined) return undefined;
    const parts = String(option.value).split('/');
    const [from = 0, to = 0] = (parts.length === 1 ? ['0', parts[0]!] : parts).map(
      (part) => this.#numberOf(part, option, REALMS) ?? 0,
    );
    return from * 0x10000 + to;
  }
  /** Of everywhere there is none. */
  prefix(word: string): Prefix | undefined {
    const value = this.#values[word]?.value;
    if (typeof value !== 'object' || value === null) return undefined;
    return (value as Prefix).length === 0 ? undefined : (value as Prefix);
  }

  /** Of any of these words. */
  valueOf(...words: string[]): unknown {
    return this.#first(words)?.value;
  }

  leaveOut(option: Located<unknown>, what: string, hint?: string): undefined {
    const message = `${this.#kind} ${what} is known but not supported yet: it is left out`;
    if (!this.isLeftOut) this.#report.add('CFG_UNSUPPORTED', option.at, message, hint);
    this.isLeftOut = true;
  }

  #first(words: readonly string[]): Located<unknown> | undefined {
    return words.map((word) => this.#values[word]).find((option) => option !== undefined);
  }
  #numberOf(text: string, option: Located<unknown>, names: Names): number | undefined {
    const value = names[text.toLowerCase()] ?? Number(text);
    if (Number.isSafeInteger(value)) return value;
    return this.leaveOut(option, `with "${text}" for a number`, 'names of files are not looked up');
  }
}
