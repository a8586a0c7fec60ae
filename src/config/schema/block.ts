// How a block is described: the one table that parser, defaults, diagnostics and documentation are all driven
// by. The descriptions themselves are in the other files of this folder.
import { oncePer } from '../../core/once-per.ts';
import type { Code } from '../codes.ts';
import type { Shape } from './shape.ts';

/**
 * Of a word that keepalived acts upon and we do not (yet). `noEffect`: nothing is lost that anybody notices.
 * `unsupported`: something is left out. `unsafe`: running without it would do harm, so we do not run.
 * `otherwise`: there is nothing here for it to act upon, and what it is for is had by other means.
 */
export type Standing = 'noEffect' | 'unsupported' | 'unsafe' | 'otherwise';
export const STANDINGS = {
  noEffect: { code: 'CFG_NO_EFFECT', short: 'no effect', says: 'is known but not acted upon yet' },
  unsupported: {
    code: 'CFG_UNSUPPORTED',
    short: 'left out',
    says: 'is known but not supported yet: it is left out',
  },
  otherwise: {
    code: 'CFG_ELSEWHERE',
    short: 'by other means',
    says: 'has nothing to act upon here: what it is for is had by other means',
  },
  unsafe: {
    code: 'CFG_UNSAFE',
    short: 'refused',
    says: 'is known but not supported yet, and running without it would do harm',
  },
} as const satisfies Record<Standing, { code: Code; short: string; says: string }>;

/** What else is known of a keyword. */
export type More = {
  /** May stand more than once, and each counts. */
  many?: true;
  /** Given again it is left out; of other keywords the last one counts. */
  once?: true;
  standing?: Standing;
  /** The value with which a word that is not acted upon changes nothing: then there is nothing to say. */
  normal?: unknown;
  /** Why it is unsafe, or what to do instead; shown as the hint. */
  because?: string;
  /** Advice where the value is out of range. */
  advice?: string;
  /** The word is an old name, or a wrong one, of this one. */
  oldNameOf?: string;
};
export type Keyword<T = unknown> = More & {
  takes: Shape<T>;
  /** One line for people: documentation, `explain`, completion. */
  doc: string;
  default?: unknown;
  block?: Block;
};
/** A keyword that always has a value. */
export type Settled<T> = Keyword<T> & { default: T };

export type Keywords = Readonly<Record<string, Keyword>>;
export type Block<K extends Keywords = Keywords, E = unknown> = {
  /** As diagnostics name it: `vrrp_instance`. */
  name: string;
  keywords: K;
  /** A list block: each line is one entry of this shape, and there are no keywords. */
  entry?: Shape<E>;
  /** Words of keepalived's that nothing is done with yet: tables of table.ts. */
  others?: () => Keywords;
};

export function keyword<T>(takes: Shape<T>, doc: string, more: More & { default: NoInfer<T> }): Settled<T>;
export function keyword<T>(takes: Shape<T>, doc: string, more?: More): Keyword<T>;
export function keyword<T>(takes: Shape<T>, doc: string, more: More = {}): Keyword<T> {
  return { takes, doc, ...more };
}

/** A keyword that opens a block. */
export function opens<T, B extends Block>(
  takes: Shape<T>,
  doc: string,
  block: B,
  more: More = {},
): Keyword<T> & { block: B } {
  return { takes, doc, block, many: true, ...more };
}

export function list<E>(name: string, entry: Shape<E>): Block<Record<never, Keyword>, E> {
  return { name, keywords: {}, entry };
}

/** Every word a block knows: first those acted upon, then the others. No word is in both. */
export const knownWords = oncePer(
  (block: Block): ReadonlyMap<string, Keyword> =>
    new Map([...Object.entries(block.keywords), ...Object.entries(block.others?.() ?? {})]),
);

/** The common case, a word that is acted upon, does not touch the large tables. */
export function findWord(block: Block, word: string): Keyword | undefined {
  return Object.hasOwn(block.keywords, word) ? block.keywords[word] : knownWords(block).get(word);
}
