// What the schema says, block by block, as data: the reference in Markdown and the manual page print it.
import { type Block, type Keyword, knownWords, STANDINGS } from '../src/config/schema/block.ts';
import { EXAMPLES, type Example } from '../src/config/schema/examples.ts';
import { toggle } from '../src/config/schema/shape.ts';
import { TOP } from '../src/config/schema/top.ts';
import { places } from '../src/config/schema/walk.ts';

export type Row = {
  word: string;
  takes: string;
  default: string;
  is: string;
  /** Of a word that is not acted upon: what becomes of it. */
  notYet?: string;
  /** The path of the section about its block. */
  section?: string;
};
/** Options of a keyword, or of each line of a list. What another has already shown is not shown again. */
type Shown = { word: string; path: string };
export type Options = {
  word: string;
  eachLine?: string;
  sameAs?: Shown;
  /** Undefined when the keyword itself is acted upon. */
  notYet?: string;
  rows: Row[];
};
export type Section = {
  /** Words that open the block, from the top: `virtual_server real_server`. */
  path: string;
  used: Row[];
  others: Row[];
  options: Options[];
  /** Words of {@link Reference.shared} that it takes, too. */
  shared: string[];
  example?: Example;
};
export type Reference = { sections: Section[]; shared: Row[] };

/** Words that are the same in so many blocks are described once. */
const SHARED_BY = 4;

export function reference(): Reference {
  const paths = new Map<Block, string>([[TOP, '']]);
  for (const { word, path, keyword } of places(TOP)) {
    const { block } = keyword;
    if (block !== undefined && block.entry === undefined && !paths.has(block))
      paths.set(block, [...path, word].join(' '));
  }
  const shared = sharedRows([...paths.keys()]);
  const shown = new Map<string, Shown>();
  const sections = [...paths].map(([block, path]) => section(block, path, { paths, shared, shown }));
  return { sections, shared: [...shared.values()] };
}

type Context = {
  paths: ReadonlyMap<Block, string>;
  shared: ReadonlyMap<string, Row>;
  shown: Map<string, Shown>;
};

function section(block: Block, path: string, { paths, shared, shown }: Context): Section {
  const words = [...knownWords(block)];
  const rows = words.map(([word, keyword]) => rowOf(word, keyword, paths));
  const isShared = (row: Row) => shared.has(keyOf(row));
  const example = EXAMPLES.find((one) => one.path === path);
  return {
    path,
    used: rows.filter(({ notYet }) => notYet === undefined),
    others: rows.filter((row) => row.notYet !== undefined && !isShared(row)),
    options: words.flatMap(([word, keyword]) => optionsOf({ word, path }, keyword, shown)),
    shared: rows.filter(isShared).map(({ word }) => word),
    ...(example === undefined ? {} : { example }),
  };
}

function rowOf(word: string, keyword: Keyword, paths?: Context['paths']): Row {
  const { takes, block, doc, standing, because } = keyword;
  const path = block === undefined ? undefined : paths?.get(block);
  const inside = block?.entry === undefined ? '…' : `${syntaxOf(block.entry).replace(/ …$/, '')} …`;
  return {
    word,
    takes: `${syntaxOf(takes)}${block === undefined ? '' : ` { ${inside} }`}`.trim(),
    default: defaultOf(keyword),
    is: because === undefined ? doc : `${doc}; ${because}`,
    ...(standing === undefined ? {} : { notYet: STANDINGS[standing].short }),
    ...(path === undefined ? {} : { section: path }),
  };
}

/** What is normal for a word that is not acted upon is what we do without it. */
function defaultOf({ takes, normal, default: value = normal }: Keyword): string {
  return value === undefined ? '' : (takes.print?.(value) ?? String(value));
}

function optionsOf(place: Shown, { takes, block, standing }: Keyword, shown: Context['shown']): Options[] {
  const shape = block?.entry ?? takes;
  if (shape.options === undefined) return [];
  const head = {
    word: place.word,
    ...(block?.entry === undefined ? {} : { eachLine: syntaxOf(shape) }),
    ...(standing === undefined ? {} : { notYet: STANDINGS[standing].short }),
  };
  // What is left out is left out with its options.
  const inherited = standing === undefined ? {} : { standing };
  const rows = Object.entries(shape.options).map(([name, option]) =>
    rowOf(name, { ...inherited, ...option }),
  );
  const key = JSON.stringify(rows.map(({ word, takes, is }) => [word, takes, is]));
  const sameAs = shown.get(key);
  if (sameAs !== undefined) return [{ ...head, sameAs, rows: [] }];
  shown.set(key, place);
  return [{ ...head, rows }];
}

/** The six words of a switch are explained once. */
function syntaxOf({ syntax }: { syntax: string }): string {
  return syntax.replace(toggle.syntax, '[BOOL]');
}

function sharedRows(blocks: readonly Block[]): Context['shared'] {
  const counts = new Map<string, number>();
  const rows = blocks.flatMap((block) =>
    [...knownWords(block)].map(([word, keyword]) => rowOf(word, keyword)),
  );
  for (const row of rows) counts.set(keyOf(row), (counts.get(keyOf(row)) ?? 0) + 1);
  return new Map(
    rows.map((row) => [keyOf(row), row] as const).filter(([key]) => counts.get(key)! >= SHARED_BY),
  );
}

function keyOf({ word, takes, is, notYet }: Row): string {
  return [word, takes, is, notYet].join('\0');
}
