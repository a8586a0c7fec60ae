// Words of routes and policy rules → numbers. An entry with a name that nobody knows is left out as a whole.
import type { Prefix } from '../../core/address.ts';
import type { Located } from '../../core/diagnostic.ts';
import type { NameFile, Names } from '../names.ts';
import type { Report } from '../report.ts';
import type { RouteValues } from '../schema/routing-words.ts';

/** Of packets; those that routes and rules are about. */
export const PROTOCOLS: Readonly<Record<string, number>> = {
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
export type EntryContext = { names: Names; report: Report };

/** Reads the options of one entry; the first that cannot be acted upon makes {@link isLeftOut} true. */
export class EntryReader {
  readonly #values: RouteValues;
  readonly #context: EntryContext;
  readonly #kind: string;
  isLeftOut = false;

  /** `kind`: what a message calls the entry, with its article. */
  constructor(values: RouteValues, kind: string, context: EntryContext) {
    this.#values = values;
    this.#kind = kind;
    this.#context = context;
  }

  has(...words: string[]): boolean {
    return this.#first(words) !== undefined;
  }
  text(...words: string[]): string | undefined {
    const option = this.#first(words);
    return option === undefined ? undefined : String(option.value);
  }
  /** Words of one meaning: the last of them counts that is given first here. */
  number(...words: string[]): number | undefined {
    return this.#numberOf(words, Number);
  }
  /** A number, or a name of it. */
  named(from: NameFile | Readonly<Record<string, number>>, ...words: string[]): number | undefined {
    return this.#numberOf(words, (text) => this.#known(from, text));
  }
  /** `5`, `3/4`. */
  realms(...words: string[]): number | undefined {
    return this.#numberOf(words, (text) => {
      const parts = text.split('/').map((part) => this.#known('rt_realms', part) ?? Number.NaN);
      const [from, to] = parts.length === 1 ? [0, parts[0]!] : [parts[0]!, parts[1]!];
      return from * 0x10000 + to;
    });
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

  leaveOut(option: Located<unknown>, what: string): undefined {
    const message = `${this.#kind} ${what} is known but not supported yet: it is left out`;
    if (!this.isLeftOut) this.#context.report.add('CFG_UNSUPPORTED', option.at, message);
    this.isLeftOut = true;
  }

  #first(words: readonly string[]): Located<unknown> | undefined {
    return words.map((word) => this.#values[word]).find((option) => option !== undefined);
  }
  #known(from: NameFile | Readonly<Record<string, number>>, text: string): number | undefined {
    if (typeof from === 'string') return this.#context.names.numberOf(from, text);
    return from[text.toLowerCase()] ?? Number(text);
  }
  #numberOf(words: readonly string[], convert: (text: string) => number | undefined): number | undefined {
    const option = this.#first(words);
    if (option === undefined) return undefined;
    const text = String(option.value);
    const value = convert(text);
    if (value !== undefined && Number.isSafeInteger(value)) return value;
    const message = `nobody knows the number of "${text}": ${this.#kind} with it is left out`;
    if (!this.isLeftOut)
      this.#context.report.add(
        'CFG_NAME',
        option.at,
        message,
        'name it in /etc/iproute2, or write the number',
      );
    this.isLeftOut = true;
    return undefined;
  }
}
