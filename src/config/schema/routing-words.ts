// What routes and policy rules have in common: words in any order, each with its value, in iproute2's words.
// ip-route(8), ip-rule(8) and keepalived.conf(5).
import { familyOf, type Prefix } from '../../core/address.ts';
import type { Located } from '../../core/diagnostic.ts';
import type { Arguments } from '../arguments.ts';
import { nearest } from '../nearest.ts';
import { joinSpans, type Word } from '../tree.ts';
import type { Keyword } from './block.ts';
import { prefix, type Shape, UINT_MAX } from './shape.ts';

export type RouteValues = Record<string, Located<unknown>>;

const EVERYWHERE = ['default', 'default6', 'any', 'all'];
const NUMBER = /^[+-]?(0x[0-9a-f]+|\d+)$/i;
/** 64 bits of an id of a tunnel. */
const LARGEST_ID = 2n ** 64n - 1n;

/** `default` is every address; a prefix may be an address alone. */
export const destination: Shape<unknown> = {
  syntax: 'IPADDR[/LENGTH]|default|default6|any|all',
  example: '10.0.0.0/8',
  read(given) {
    const word = given.peek();
    return EVERYWHERE.includes(word?.text ?? '') ? given.optional()!.text : prefix.read(given);
  },
};

/** A name of iproute2's tables, which only the machine knows, or a number. */
export function named(most: number, least = 0): Shape<string> {
  return {
    syntax: 'NAME|NUMBER',
    example: '100',
    read(given) {
      const word = given.take('a name or a number');
      if (word === undefined) return undefined;
      return !NUMBER.test(word.text) || isWithin(word.text, least, most)
        ? word.text
        : given.outside(word, `${least} to ${most}`);
    },
  };
}

export function number(most: number): Shape<string> {
  return {
    syntax: 'NUMBER',
    example: '100',
    read: (given) => numberWord(given, most),
  };
}

/** `most`: of each of the two. */
export function pairOfNumbers(syntax: string, most: number): Shape<string> {
  return {
    syntax,
    example: '100',
    read(given) {
      const word = given.take('a number');
      if (word === undefined) return undefined;
      const parts = word.text.split('/');
      if (parts.length > 2 || !parts.every((part) => NUMBER.test(part)))
        return given.wrong(word, `takes ${syntax}, not "${word.text}"`);
      return parts.every((part) => isWithin(part, 0, most)) ? word.text : given.outside(word, `0 to ${most}`);
    },
  };
}

/** Realms have names, too. */
export const realms: Shape<string> = {
  syntax: '[FROM/]TO',
  example: '5',
  read(given) {
    const word = given.take('a realm');
    if (word === undefined) return undefined;
    const parts = word.text.split('/');
    if (parts.length > 2) return given.wrong(word, `takes one realm or two, not "${word.text}"`);
    const outside = parts.some((part) => NUMBER.test(part) && !isWithin(part, 0, 0xffff));
    return outside ? given.outside(word, '0 to 65535') : word.text;
  },
};

/** As in keepalived 2.2.7, one of a kind is written twice: `80-80`. */
export function range(most: number): Shape<string> {
  return {
    syntax: 'FIRST-LAST',
    example: '1000-2000',
    read(given) {
      const word = given.take('a range');
      if (word === undefined) return undefined;
      const [, first, last] = /^(\d+)-(\d+)$/.exec(word.text) ?? [];
      if (first === undefined || last === undefined)
        return given.wrong(word, `takes a range, not "${word.text}"`, 'as in `80-90`; of one number `80-80`');
      if (Number(last) > most) return given.outside(word, `0 to ${most}`);
      return Number(first) <= Number(last)
        ? word.text
        : given.complain('CFG_CONTRADICTION', word.at, `the range ${word.text} ends before it begins`);
    },
  };
}

export const tunnel: Shape<string> = {
  syntax: 'NUMBER',
  example: '5',
  read(given) {
    const word = given.take('a number');
    if (word === undefined) return undefined;
    if (!/^(0x[0-9a-f]+|\d+)$/i.test(word.text))
      return given.wrong(word, `takes a number, not "${word.text}"`);
    return BigInt(word.text) <= LARGEST_ID ? word.text : given.outside(word, `0 to ${LARGEST_ID}`);
  },
};

/** Shapes of the table of {@link SHARED_WORDS}. */
export const SHARED_SHAPES = {
  destination,
  realms,
  table: named(UINT_MAX),
  byte: named(255),
  number: number(UINT_MAX),
};
export const SHARED_WORDS = `
  acts inet              flag         IPv4
  acts inet6             flag         IPv6
  acts no_track          flag         do not put it back when somebody removes it
`;

type Reading = {
  known: Readonly<Record<string, Keyword>>;
  /** Where a word that is none of them, but an address, belongs. */
  bare?: string;
  /** Of these an entry has one. */
  actions?: readonly string[];
  /** What an option is kept as: each next hop has its own. */
  nameOf?: (word: Word, given: Arguments) => string | undefined;
};

/** Undefined when a word of it is wrong: half of an entry sends packets elsewhere. */
export function readWords(given: Arguments, reading: Reading): RouteValues | undefined {
  const { subject } = given;
  const values: RouteValues = {};
  let isWhole = true;
  for (let word = given.peek(); word !== undefined; word = given.peek()) {
    const option = Object.hasOwn(reading.known, word.text) ? reading.known[word.text] : undefined;
    const { bare } = reading;
    if (option === undefined && bare !== undefined && values[bare] === undefined && isAddress(word)) {
      isWhole = readOne(given, { name: bare, shape: destination, ...reading }, values) && isWhole;
    } else if (option === undefined) return unknown(given, word, reading.known);
    else {
      const name = reading.nameOf === undefined ? word.text : reading.nameOf(word, given);
      if (name === undefined) return undefined;
      given.optional();
      given.subject = word.text;
      isWhole = readOne(given, { name, shape: option.takes, ...reading }, values) && isWhole;
    }
    given.subject = subject;
  }
  return isWhole ? values : undefined;
}

type One = { name: string; shape: Shape<unknown>; actions?: readonly string[] };

function readOne(given: Arguments, { name, shape, actions = [] }: One, values: RouteValues): boolean {
  const before = given.lastTaken;
  const value = shape.read(given);
  if (Object.hasOwn(values, name))
    given.complain(
      actions.includes(name) ? 'CFG_CONTRADICTION' : 'CFG_REPEATED',
      before.at,
      `${name} is given twice`,
    );
  if (value !== undefined) values[name] = { value, at: joinSpans(before.at, given.lastTaken.at) };
  return value !== undefined;
}

/** Families that are named or follow from an address have to be one. `except`: words of either family. */
export function reportFamilies(given: Arguments, values: RouteValues, ofAddresses: readonly string[]): void {
  let first: { family: 4 | 6; why: string } | undefined;
  for (const word of ['inet', 'inet6', ...ofAddresses]) {
    const option = values[word];
    const family = option === undefined ? undefined : familyOfWord(word, option.value);
    if (option === undefined || family === undefined) continue;
    first ??= { family, why: word };
    if (first.family === family) continue;
    const message = `${word} is of IPv${family}, and ${first.why} is of IPv${first.family}`;
    given.complain('CFG_CONTRADICTION', option.at, message);
    return;
  }
}

/** Undefined where a value does not say. */
export function familyOfWord(word: string, value: unknown): 4 | 6 | undefined {
  if (word === 'inet') return 4;
  if (word === 'inet6' || value === 'default6') return 6;
  const text = typeof value === 'object' && value !== null ? (value as Prefix).address : value;
  return typeof text === 'string' && /[.:]/.test(text) ? familyOf(text as Prefix['address']) : undefined;
}

function isAddress({ text }: Word): boolean {
  return EVERYWHERE.includes(text) || /^[0-9a-f:]+[.:0-9a-f]*(\/\d+)?$/i.test(text);
}

function unknown(given: Arguments, word: Word, table: Reading['known']): undefined {
  const close = nearest(word.text, Object.keys(table));
  given.rest();
  const hint = close === undefined ? undefined : `did you mean \`${close}\`?`;
  given.complain('CFG_UNKNOWN', word.at, `unknown word "${word.text}" of ${given.subject}`, hint);
}

function numberWord(given: Arguments, most: number): string | undefined {
  const word = given.take('a number');
  if (word === undefined) return undefined;
  if (!NUMBER.test(word.text)) return given.wrong(word, `takes a number, not "${word.text}"`);
  return isWithin(word.text, 0, most) ? word.text : given.outside(word, `0 to ${most}`);
}

function isWithin(text: string, least: number, most: number): boolean {
  const value = text.startsWith('-') ? Number.NaN : Number(text.replace('+', ''));
  return value >= least && value <= most;
}
