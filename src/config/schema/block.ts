// How a block is described: the one table that parser, defaults, diagnostics and documentation are all driven
// by. The descriptions themselves are in the other files of this folder.
import type { Code } from '../codes.ts';
import { anything, type Shape } from './shape.ts';

/**
 * Of a word that keepalived acts upon and we do not (yet). `noEffect`: nothing is lost that anybody notices.
 * `unsupported`: something is left out. `unsafe`: running without it would do harm, so we do not run.
 */
export type Standing = 'noEffect' | 'unsupported' | 'unsafe';
export const STANDINGS = {
  noEffect: { code: 'CFG_NO_EFFECT', says: 'is known but not acted upon yet' },
  unsupported: { code: 'CFG_UNSUPPORTED', says: 'is known but not supported yet: it is left out' },
  unsafe: {
    code: 'CFG_UNSAFE',
    says: 'is known but not supported yet, and running without it would do harm',
  },
} as const satisfies Record<Standing, { code: Code; says: string }>;

/** What else is known of a keyword. */
export type More = {
  /** May stand more than once, and each counts. */
  many?: true;
  /** Given again it is left out; of other keywords the last one counts. */
  once?: true;
  standing?: Standing;
  /** Why it is unsafe, or what to do instead; shown as the hint. */
  because?: string;
  /** Advice where the value is out of range. */
  advice?: string;
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
  /** Words of keepalived's that nothing is done with yet, see {@link words}. */
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

/**
 * A compact table of words that have no effect here, one a line: `ignored track_script{} scripts to watch`.
 * The first word is the standing (`none`, `ignored` or `unsafe`); `{}` opens a block that is in `blocks`, or
 * else a list of anything. Parsed when first needed: most files need none of it.
 */
export function words(table: string, blocks: Readonly<Record<string, Block>> = {}): () => Keywords {
  let parsed: Keywords | undefined;
  return () => {
    parsed ??= Object.fromEntries(
      table
        .split('\n')
        .filter((line) => line.trim() !== '')
        .map((line) => parseWord(line.trim(), blocks)),
    );
    return parsed;
  };
}

/** A block of which nothing is done yet, but whose words are known. */
export function wordBlock(name: string, table: string, blocks: Readonly<Record<string, Block>> = {}): Block {
  return { name, keywords: {}, others: words(table, blocks) };
}

const WRITTEN: Readonly<Record<string, Standing>> = {
  none: 'noEffect',
  ignored: 'unsupported',
  unsafe: 'unsafe',
};
const LINE = /^(none|ignored|unsafe) +([^ {]+)(\{\})? +(\S.*)$/;

function parseWord(line: string, blocks: Readonly<Record<string, Block>>): [string, Keyword] {
  const match = LINE.exec(line);
  if (match === null) throw new TypeError(`not a line of the word table: ${line}`);
  const [, standing, word, braces, doc] = match as unknown as [string, string, string, string?, string?];
  const block = braces === undefined ? undefined : (blocks[word] ?? list(word, anything));
  return [
    word,
    {
      takes: anything,
      doc: doc!,
      many: true,
      standing: WRITTEN[standing]!,
      ...(block === undefined ? {} : { block }),
    },
  ];
}

const tables = new WeakMap<Block, ReadonlyMap<string, Keyword>>();

/** Every word a block knows: first those acted upon, then the others. No word is in both. */
export function knownWords(block: Block): ReadonlyMap<string, Keyword> {
  let table = tables.get(block);
  if (table === undefined) {
    table = new Map([...Object.entries(block.keywords), ...Object.entries(block.others?.() ?? {})]);
    tables.set(block, table);
  }
  return table;
}

/** The common case, a word that is acted upon, does not touch the large tables. */
export function findWord(block: Block, word: string): Keyword | undefined {
  return Object.hasOwn(block.keywords, word) ? block.keywords[word] : knownWords(block).get(word);
}
