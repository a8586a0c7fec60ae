// What is known of a word, for `check --explain`: every place where it may stand, what it takes there, and
// what we do with it. What is the same in several places is said once.
import { CODES, type Code } from './codes.ts';
import { editDistance } from './nearest.ts';
import { type Block, type Keyword, knownWords, STANDINGS } from './schema/block.ts';
import { EXAMPLES } from './schema/examples.ts';
import type { Shape } from './schema/shape.ts';
import { INCLUDE, TOP } from './schema/top.ts';
import { places } from './schema/walk.ts';

type Option = { name: string; takes: string; is: string; notYet?: string };
export type Explanation = {
  kind: 'keyword' | 'block' | 'option';
  /** Blocks from the top, ` > ` between two; an option also has the keyword, or list, that takes it. */
  in: string[];
  /** Empty when the word stands alone. */
  takes: string;
  is: string;
  default?: unknown;
  advice?: string;
  /** `acted upon`, or what becomes of it and why. */
  standing: string;
  oldNameOf?: string;
  options?: Option[];
  /** Of a list block: what each line is. */
  entries?: { takes: string; options?: Option[] };
  /** Of a block: its words, those that are acted upon first. */
  words?: { actedUpon: string[]; others: string[] };
  example?: string;
};
export type Answer = {
  word: string;
  explanations: Explanation[];
  /** When the word is the code of a diagnostic. */
  code?: { severity: string; means: string };
  /** When nobody knows it. */
  nearest?: string[];
};

/** More suggestions than this are no help. */
const MOST_NEAREST = 8;

export function explain(word: string): Answer {
  const found = new Map<string, Explanation>();
  for (const [keyword, kind, path] of placesOf(word)) {
    const { in: _, ...same } = explainOne(word, keyword, kind, path);
    const key = JSON.stringify(same);
    const before = found.get(key);
    const where = path.length === 0 ? 'the top level' : path.join(' > ');
    if (before === undefined) found.set(key, { ...same, in: [where] });
    else before.in.push(where);
  }
  const explanations = [...found.values()];
  const code = Object.hasOwn(CODES, word) ? CODES[word as Code] : undefined;
  if (code !== undefined) return { word, explanations, code: { severity: code.severity, means: code.means } };
  return explanations.length > 0 ? { word, explanations } : { word, explanations, nearest: nearestTo(word) };
}

type Found = readonly [Keyword, Explanation['kind'], readonly string[]];

/** As a keyword first, then as an option of one, or of the lines of a list. */
function placesOf(word: string): Found[] {
  const keywords: Found[] = [];
  const options: Found[] = [];
  for (const place of places(TOP)) {
    const { keyword, path } = place;
    if (place.word === word)
      keywords.push([keyword, keyword.block === undefined ? 'keyword' : 'block', path]);
    const known = optionsOf(keyword);
    const option = Object.hasOwn(known, word) ? known[word] : undefined;
    // What is in a block that is left out is left out as well.
    const { standing = keyword.standing } = option ?? {};
    const inherited = standing === undefined ? {} : { standing };
    if (option !== undefined) options.push([{ ...option, ...inherited }, 'option', [...path, place.word]]);
  }
  if (word === INCLUDE.word) keywords.push([INCLUDE.keyword, 'keyword', ['every block']]);
  return [...keywords, ...options];
}

function optionsOf({ takes, block }: Keyword): Readonly<Record<string, Keyword>> {
  return { ...takes.options, ...block?.entry?.options };
}

function explainOne(
  word: string,
  keyword: Keyword,
  kind: Explanation['kind'],
  path: readonly string[],
): Explanation {
  const { takes, doc, advice, oldNameOf, block } = keyword;
  const { default: value = keyword.normal } = keyword;
  const example = exampleOf(word, keyword, path);
  return {
    kind,
    in: [],
    takes: takes.syntax,
    is: doc,
    ...(value === undefined ? {} : { default: takes.plain?.(value) ?? value }),
    ...(advice === undefined ? {} : { advice }),
    standing: standingOf(keyword),
    ...(oldNameOf === undefined ? {} : { oldNameOf }),
    ...named(takes),
    ...(block?.entry === undefined ? {} : { entries: { takes: block.entry.syntax, ...named(block.entry) } }),
    ...(block === undefined || block.entry !== undefined ? {} : { words: wordsOf(block) }),
    ...(example === undefined ? {} : { example }),
  };
}

function standingOf({ standing, because }: Keyword): string {
  if (standing === undefined) return 'acted upon';
  const { short, code } = STANDINGS[standing];
  const lead = standing === 'otherwise' ? '' : 'not acted upon yet: ';
  return `${lead}${short} (${code})${because === undefined ? '' : `; ${because}`}`;
}

function named({ options = {} }: Shape<unknown>): { options?: Option[] } {
  const all = Object.entries(options).map(([name, option]) => ({
    name,
    takes: option.takes.syntax,
    is: option.doc,
    ...(option.standing === undefined ? {} : { notYet: STANDINGS[option.standing].short }),
  }));
  return all.length === 0 ? {} : { options: all };
}

function wordsOf(block: Block): NonNullable<Explanation['words']> {
  const words = [...knownWords(block)];
  const pick = (acted: boolean) =>
    words.filter(([, { standing }]) => (standing === undefined) === acted).map(([word]) => word);
  return { actedUpon: pick(true), others: pick(false) };
}

/** A worked one of a block where there is one, else a line of the shape's. */
function exampleOf(word: string, { takes, block, default: value }: Keyword, path: readonly string[]) {
  const worked = EXAMPLES.find((one) => one.path === [...path, word].join(' '));
  if (worked !== undefined) return worked.conf;
  const given = value === undefined ? takes.example : String(takes.plain?.(value) ?? value);
  if (given === undefined) return undefined;
  const line = `${word} ${given}`.trim();
  if (block === undefined) return line;
  const inner = block.entry?.example;
  return block.entry !== undefined && inner === undefined ? undefined : `${line} {\n    ${inner ?? '…'}\n}`;
}

/** Words with this one in them, and those a few letters away: the nearest first. */
function nearestTo(word: string): string[] {
  const folded = word.toLowerCase();
  const all = new Set(
    places(TOP).flatMap(({ word: one, keyword }) => [one, ...Object.keys(optionsOf(keyword))]),
  );
  const limit = Math.max(1, Math.floor(word.length / 3));
  return [...all]
    .map((one) => {
      const other = one.toLowerCase();
      const distance = editDistance(folded, other);
      const isPart = folded.length > 2 && other.includes(folded);
      return { one, distance, isNear: isPart || distance <= limit };
    })
    .filter(({ isNear }) => isNear)
    .sort((a, b) => a.distance - b.distance || (a.one < b.one ? -1 : 1))
    .slice(0, MOST_NEAREST)
    .map(({ one }) => one);
}

export function renderAnswer({ word, explanations, code, nearest = [] }: Answer): string {
  if (code !== undefined) return `${word} (${code.severity}): ${code.means}\n`;
  if (explanations.length > 0) return explanations.map((one) => renderOne(word, one)).join('\n');
  const hint = nearest.length === 0 ? '' : `\n  = words like it: ${nearest.join(', ')}`;
  return `nobody knows "${word}"${hint}\n`;
}

const LABEL = 10;
const WIDTH = 100;

function renderOne(word: string, one: Explanation): string {
  const { options = [], entries, words } = one;
  const rows: [string, string][] = [
    ...one.in.map((where, i): [string, string] => [i === 0 ? 'in' : '', where]),
    ['is', one.is],
    ['takes', `${one.takes}${one.kind === 'block' ? ' { … }' : ''}`.trim() || 'nothing'],
    ...(one.default === undefined ? [] : [['default', String(one.default)] as [string, string]]),
    ...(one.advice === undefined ? [] : [['note', one.advice] as [string, string]]),
    ...(one.oldNameOf === undefined ? [] : [['old', `write ${one.oldNameOf}`] as [string, string]]),
    ['standing', one.standing],
  ];
  if (entries !== undefined) rows.push(['each line', entries.takes]);
  if (words !== undefined && words.actedUpon.length > 0) rows.push(['words', words.actedUpon.join(' ')]);
  if (words !== undefined && words.others.length > 0) rows.push(['not yet', words.others.join(' ')]);
  const all = [...options, ...(entries?.options ?? [])];
  const example = one.example?.split('\n').map((line) => `    ${line}`) ?? [];
  return [
    `${word} (${one.kind})`,
    ...rows.flatMap(([label, text]) => wrapped(label, text)),
    ...(all.length === 0 ? [] : ['  options', ...all.map(renderOption)]),
    ...(example.length === 0 ? [] : ['  example', ...example]),
    '',
  ].join('\n');
}

function renderOption({ name, takes, is, notYet }: Option): string {
  return `    ${`${name} ${takes}`.trim()}: ${is}${notYet === undefined ? '' : ` (not yet: ${notYet})`}`;
}

function wrapped(label: string, text: string): string[] {
  const lines: string[] = [];
  for (const word of text.split(' ')) {
    const last = lines.at(-1);
    if (last !== undefined && last.length + word.length < WIDTH - LABEL) lines.push(`${lines.pop()} ${word}`);
    else lines.push(word);
  }
  return lines.map((line, i) => `  ${(i === 0 ? label : '').padEnd(LABEL)} ${line}`);
}
