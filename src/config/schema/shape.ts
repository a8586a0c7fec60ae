// Argument shapes: how the words after a keyword are written, read and printed. Composite shapes are made of
// these; what belongs to which keyword is in the block files beside this one.
import { type Address, type Family, familyOf, type Prefix, parseAddress } from '../../core/address.ts';
import type { Located } from '../../core/diagnostic.ts';
import type { Arguments } from '../arguments.ts';
import { nearest } from '../nearest.ts';
import { joinSpans, type Word } from '../tree.ts';
import type { Keyword } from './block.ts';

/** A JSON Schema, or a part of one; json.ts makes the whole. */
export type Json = Readonly<Record<string, unknown>>;
export type Shape<T> = {
  /** For people: `1 to 255`, `IPADDR [PORT]`. Empty = takes nothing. */
  syntax: string;
  /** Of its value in YAML where that is one word; without this it is any. */
  json?: Json;
  /** A text in YAML stands for several words, as on a line; without this it is one word, blanks and all. */
  line?: true;
  /** What the words before any named option are called where YAML has them as a mapping. */
  parts?: readonly string[];
  /** What they take, where that is known, and how many of them have to be there. */
  partShapes?: Readonly<Record<string, Shape<unknown>>>;
  needed?: number;
  /** It takes several of these. */
  each?: Shape<unknown>;
  /** A password or key: what is written is never shown. Its `read` must not repeat it either. */
  isSecret?: true;
  /** A program to run: its `command` part is one. */
  isScript?: true;
  /** It names one of these blocks of the top level; the first is what people are told. */
  refersTo?: readonly string[];
  /** The keyword may stand alone. */
  isBareAllowed?: true;
  /** Undefined when the words are wrong; then it has been reported. */
  read(words: Arguments): T | undefined;
  print?(value: T): string;
  /** The value in the unit in which it is written, where the model has another. */
  plain?(value: T): unknown;
  /** Words that it reads: something to start from. */
  example?: string;
  /** Named options that may follow: for documentation and completion. */
  options?: Readonly<Record<string, Keyword>>;
};
/** What a shape reads. */
export type ValueOf<S> = S extends Shape<infer T> ? T : never;

/** keepalived's limit for most counters, C's INT_MAX and UINT_MAX. */
export const INT_MAX = 2_147_483_647;
export const UINT_MAX = 4_294_967_295;
/** <linux/if.h> IFNAMSIZ is 16 with the terminating zero. */
const LONGEST_INTERFACE = 15;

/** The word alone says it, or opens a block. */
export const nothing: Shape<true> = {
  syntax: '',
  json: { type: 'boolean' },
  example: '',
  read: () => true,
};

const BOOLEANS: Readonly<Record<string, boolean>> = {
  on: true,
  true: true,
  yes: true,
  off: false,
  false: false,
  no: false,
};

/** A keyword that may be followed by a BOOL; alone it means yes. */
export const toggle: Shape<boolean> = {
  syntax: '[on|off|true|false|yes|no]',
  json: { type: 'boolean' },
  example: 'on',
  read(words) {
    const word = words.optional();
    if (word === undefined) return true;
    const value = Object.hasOwn(BOOLEANS, word.text) ? BOOLEANS[word.text] : undefined;
    if (value === undefined) words.wrong(word, `takes on or off, not "${word.text}"`);
    return value;
  },
  print: (value) => (value ? 'on' : 'off'),
};

export function integer(min: number, max: number): Shape<number> {
  const open = max === INT_MAX || max === UINT_MAX;
  const syntax = open ? `NUMBER, at least ${min}` : `${min} to ${max}`;
  return {
    syntax,
    json: { type: 'integer', minimum: min, ...(open ? {} : { maximum: max }) },
    example: String(Math.max(min, Math.min(max, 1))),
    read(words) {
      const word = words.take('a number');
      if (word === undefined) return undefined;
      if (!/^[+-]?\d+$/.test(word.text)) return words.wrong(word, `takes a whole number, not "${word.text}"`);
      const value = Number(word.text);
      if (value < min || value > max) return words.outside(word, syntax);
      return value;
    },
    print: String,
  };
}

/** A number with up to three decimals, as it stands. */
export function decimal(min: number, max: number): Shape<number> {
  const syntax = `${min} to ${max}`;
  return {
    syntax,
    json: { type: 'number', minimum: min, maximum: max },
    read(words) {
      const word = words.take('a number');
      if (word === undefined) return undefined;
      if (!/^\d+(\.\d{0,3})?$/.test(word.text))
        return words.wrong(word, `takes a number with at most three decimals, not "${word.text}"`);
      const value = Number(word.text);
      return value < min || value > max ? words.outside(word, syntax) : value;
    },
    print: String,
  };
}

/** Seconds in the text (fractions to the microsecond unless `whole`), milliseconds in the model. */
export function seconds(min: number, max = Number.POSITIVE_INFINITY, whole = false): Shape<number> {
  const range = Number.isFinite(max) ? `${min} to ${max}` : `at least ${min}`;
  return {
    syntax: `SECONDS, ${range}${whole ? ', whole' : ''}`,
    json: {
      type: whole ? 'integer' : 'number',
      minimum: min,
      ...(Number.isFinite(max) ? { maximum: max } : {}),
    },
    example: String(Math.max(min, Math.min(max, 1))),
    read(words) {
      const word = words.take('a number of seconds');
      if (word === undefined) return undefined;
      const form = whole ? /^\d+$/ : /^(\d+(\.\d{0,6})?|\.\d{1,6})$/;
      if (!form.test(word.text)) return words.wrong(word, wrongSeconds(word.text, whole));
      const value = Number(word.text);
      if (value < min || value > max) return words.outside(word, `${range} seconds`);
      return Math.round(value * 1_000_000) / 1000;
    },
    print: (value) => `${value / 1000} s`,
    plain: (value) => value / 1000,
  };
}

function wrongSeconds(text: string, whole: boolean): string {
  if (/^\d*\.\d{7,}$/.test(text)) return 'takes seconds with at most six decimals';
  return `takes ${whole ? 'whole ' : ''}seconds without a unit, not "${text}"`;
}

/** `anyCase`: keepalived compares this one without regard to case; the value is as listed here. */
export function oneOf<const V extends string>(values: readonly V[], anyCase = false): Shape<V> {
  return {
    syntax: values.join('|'),
    json: choice(values, anyCase),
    example: values[0]!,
    read(words) {
      const word = words.take(`one of ${values.join(', ')}`);
      if (word === undefined) return undefined;
      const fold = (text: string) => (anyCase ? text.toLowerCase() : text);
      const found = values.find((value) => fold(value) === fold(word.text));
      if (found !== undefined) return found;
      const close = nearest(word.text, values);
      const hint = close === undefined ? undefined : `did you mean \`${close}\`?`;
      return words.wrong(word, `takes ${listed(values)}, not "${word.text}"`, hint);
    },
    print: String,
  };
}

/** In YAML a plain `2` or `1.1` is a number. */
function choice(values: readonly string[], anyCase: boolean): Json {
  const plain = values.flatMap((value) => {
    if (/^\d+$/.test(value)) return [Number(value)];
    return /^\d+\.\d+$/.test(value) ? [Number(value), value] : [value];
  });
  if (!anyCase) return { enum: [...new Set(plain)] };
  const letter = (one: string) => `[${one.toUpperCase()}${one.toLowerCase()}]`;
  const forms = values.map((value) => value.replace(/[a-z]/gi, letter));
  return { anyOf: [{ enum: plain }, { type: 'string', pattern: `^(${forms.join('|')})$` }] };
}

function listed(values: readonly string[]): string {
  if (values.length === 1) return values[0]!;
  return values.length === 2 ? values.join(' or ') : `one of ${values.join(', ')}`;
}

/** Any one word, or quoted text. */
export const text: Shape<string> = {
  syntax: 'TEXT',
  json: { type: ['string', 'number', 'boolean'] },
  read: (words) => words.take('a text')?.text,
  print: String,
};

export const secret: Shape<string> = { ...text, isSecret: true };

/** Any name that other statements refer to. */
export const name: Shape<string> = { ...text, syntax: 'NAME', example: 'name' };

/** The name of a block of the top level: one of `refersTo`. */
export function nameOf(...refersTo: readonly string[]): Shape<string> {
  return { ...name, refersTo };
}

export const interfaceName: Shape<string> = {
  syntax: 'INTERFACE',
  json: { type: 'string', minLength: 1, maxLength: LONGEST_INTERFACE },
  example: 'eth0',
  read(words) {
    const word = words.take('an interface name');
    if (word === undefined) return undefined;
    if (word.text.length > LONGEST_INTERFACE || word.text === '') {
      const shown = word.text === '' ? 'an empty name' : `"${word.text}" has ${word.text.length} letters`;
      return words.outside(word, '1 to 15 letters', `${shown}; Linux allows ${LONGEST_INTERFACE}`);
    }
    if (/[/:\s]/.test(word.text) || word.text === '.' || word.text === '..')
      return words.wrong(word, `takes an interface name, not "${word.text}"`);
    return word.text;
  },
  print: String,
};

export function address(family?: Family): Shape<Address> {
  const kind = family === undefined ? 'IP address' : `IPv${family} address`;
  return {
    syntax: family === undefined ? 'IPADDR' : `IPV${family}-ADDR`,
    json: family === undefined ? { type: 'string' } : { type: 'string', format: `ipv${family}` },
    example: family === 6 ? '2001:db8::1' : '10.0.0.1',
    read(words) {
      const word = words.take(`an ${kind}`);
      if (word === undefined) return undefined;
      return readAddress(words, word, word.text, family);
    },
    print: String,
  };
}

export function multicast(family?: Family): Shape<Address> {
  const plain = address(family);
  return {
    syntax: `${plain.syntax} (multicast)`,
    json: plain.json!,
    example: family === 6 ? 'ff02::12' : '224.0.0.18',
    read(words) {
      const word = words.peek();
      const value = plain.read(words);
      if (value === undefined || word === undefined) return undefined;
      const first = Number(value.split('.')[0]);
      const is = familyOf(value) === 6 ? value.startsWith('ff') : first >= 224 && first <= 239;
      return is ? value : words.wrong(word, `takes a multicast address, and ${value} is none`);
    },
    print: String,
  };
}

/** `IPADDR[/LENGTH]`; without a length it is one address. */
export const prefix: Shape<Prefix> = {
  syntax: 'IPADDR[/LENGTH]',
  json: { type: 'string' },
  example: '10.0.0.1/24',
  read(words) {
    const word = words.take('an IP address');
    if (word === undefined) return undefined;
    const slash = word.text.indexOf('/');
    const value = readAddress(words, word, slash === -1 ? word.text : word.text.slice(0, slash));
    if (value === undefined) return undefined;
    const most = familyOf(value) === 6 ? 128 : 32;
    if (slash === -1) return { address: value, length: most };
    const length = word.text.slice(slash + 1);
    if (!/^\d+$/.test(length))
      return words.wrong(word, `has "${length}" for a prefix length`, 'as in 10.0.0.1/24');
    if (Number(length) > most)
      return words.complain('CFG_RANGE', word.at, `the prefix length of ${value} must be 0 to ${most}`);
    return { address: value, length: Number(length) };
  },
  print: (value) => `${value.address}/${value.length}`,
};

function readAddress(words: Arguments, word: Word, given: string, family?: Family): Address | undefined {
  const value = parseAddress(given);
  if (value === undefined) {
    const hint = /[a-z]/i.test(given) && !given.includes(':') ? 'names are not looked up' : undefined;
    return words.wrong(word, `takes an IP address, not "${given}"`, hint);
  }
  if (family !== undefined && familyOf(value) !== family)
    return words.wrong(word, `takes an IPv${family} address, and ${given} is IPv${familyOf(value)}`);
  return value;
}

/** Alone it means `bare`, which YAML has as `true`. */
export function orBare<T, B = T>(shape: Shape<T>, bare: B): Shape<T | B> {
  const { print: _, plain: __, ...rest } = shape;
  return {
    ...rest,
    syntax: `[${shape.syntax}]`,
    isBareAllowed: true,
    read: (words) => (words.peek() === undefined ? bare : shape.read(words)),
  };
}

/** One or more of a kind until the line ends; `most` at most. */
export function many<T>(shape: Shape<T>, most = Number.POSITIVE_INFINITY): Shape<T[]> {
  return {
    syntax: `${shape.syntax} …`,
    line: true,
    each: shape,
    ...(shape.example === undefined ? {} : { example: shape.example }),
    read(words) {
      const values: T[] = [];
      do {
        const value = shape.read(words);
        if (value === undefined) return undefined;
        values.push(value);
      } while (words.peek() !== undefined && values.length < most);
      return values;
    },
  };
}

/** The part of a shape that says what stands before its options. */
export function inParts(
  shapes: Readonly<Record<string, Shape<unknown>>>,
  needed: number,
): Required<Pick<Shape<unknown>, 'parts' | 'partShapes' | 'needed'>> {
  return { parts: Object.keys(shapes), partShapes: shapes, needed };
}

/** The value together with the words it was read from. */
export function located<T>(shape: Shape<T>): Shape<Located<T>> {
  const { print: _, plain: __, ...rest } = shape;
  return {
    ...rest,
    read(words) {
      const first = words.peek();
      const value = shape.read(words);
      if (value === undefined || first === undefined) return undefined;
      return { value, at: joinSpans(first.at, words.lastTaken.at) };
    },
  };
}
