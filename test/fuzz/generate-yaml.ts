// Texts for the reader of the YAML form: noise, YAML's marks and the schema's words in any order, good files
// damaged, documents made from the schema, and what might make a reader run for ever.
import { convertConfiguration } from '../../src/config/convert.ts';
import { knownWords } from '../../src/config/schema/block.ts';
import { yamlLibrary } from '../../src/linux/yaml-library.ts';
import { CORPUS } from './corpus.ts';
import type { Draw } from './draw.ts';
import { damage, latin1, units, utf8 } from './generate.ts';
import type { Input } from './input.ts';
import { BLOCKS, KEYWORDS, VALUES } from './vocabulary.ts';

type Generator = (draw: Draw) => string;

/** What of the corpus can be said in YAML. */
const DOCUMENTS: readonly string[] = CORPUS.flatMap(
  (text) => convertConfiguration([{ name: 'x.conf', text }], 'yaml', { yaml: yamlLibrary }).text ?? [],
);
const MARKS: readonly string[] = [
  ...[
    ': ',
    ':\n',
    ':',
    '- ',
    '-\n',
    '? ',
    ', ',
    '[',
    ']',
    '{',
    '}',
    '|\n',
    '>-\n',
    '|2\n',
    '#',
    ' #',
    '"',
    "'",
  ],
  ...[
    '&a ',
    '*a',
    '*b',
    '&b ',
    '<<: *a\n',
    '!!str ',
    '!x ',
    '---\n',
    '...\n',
    '%YAML 1.2\n',
    '\\',
    '\\x00',
    '@',
    '`',
  ],
  ...[
    '\n',
    '\n',
    '\n',
    '\n  ',
    '\n  ',
    '\n    ',
    '\n\t',
    ' ',
    '\r\n',
    '\u0085',
    '\u2028',
    '\ufeff',
    '\ud800',
    '😀',
  ],
  ...['true', 'false', 'null', '~', 'yes', '0x1f', '1_000', '.inf', '2001-01-01', '__proto__', 'include: '],
];
const GENERATORS: readonly { weight: number; value: Generator }[] = [
  { weight: 60, value: latin1 },
  { weight: 60, value: utf8 },
  { weight: 60, value: units },
  { weight: 300, value: soup },
  { weight: 400, value: document },
  { weight: 600, value: (draw) => damage(draw, DOCUMENTS, token) },
  { weight: 1, value: nested },
  { weight: 0.5, value: bomb },
];

export function yamlText(draw: Draw): Input {
  const text = draw.weighted(GENERATORS)(draw);
  if (!draw.chance(0.05)) return { text, files: {} };
  const including = `include: [x.yaml, "*", y.yaml, ${draw.pick(['x', 'y.yaml', '1', '{}', '[]'])}]\n`;
  const inner = () => (draw.chance(0.5) ? including : '') + draw.weighted(GENERATORS)(draw);
  return { text: including + text, files: { 'x.yaml': inner(), 'y.yaml': inner(), x: soup(draw) } };
}

function token(draw: Draw): string {
  return draw.weighted([
    { weight: 5, value: () => draw.pick(MARKS) },
    { weight: 3, value: () => draw.pick(KEYWORDS) },
    { weight: 3, value: () => draw.pick(VALUES) },
    { weight: 0.2, value: () => units(draw).slice(0, 8) },
  ])();
}

function soup(draw: Draw): string {
  return draw.many(120, () => token(draw)).join(draw.pick(['', '', ' ']));
}

/** Keys where they belong, with values of every kind below them. */
function document(draw: Draw): string {
  const [top] = BLOCKS.keys();
  const anything = (depth: number): string =>
    draw.weighted([
      { weight: 6, value: () => draw.pick(VALUES) },
      { weight: 2, value: () => JSON.stringify(draw.many(3, () => draw.pick(VALUES)).join(' ')) },
      { weight: 2, value: () => `[${depth > 4 ? '' : draw.many(4, () => anything(depth + 1)).join(', ')}]` },
      {
        weight: 1,
        value: () => `{${depth > 4 ? '' : draw.many(3, () => `${token(draw)}: ${anything(depth + 1)}`)}}`,
      },
      { weight: 1, value: () => draw.pick(['', 'null', 'true', 'false', '*a', '&a x', '!!int 3']) },
    ])();
  const body = (block: typeof top, indent: string): string => {
    const words = BLOCKS.get(block!)!;
    const statement = () => {
      const word = words.length > 0 && draw.chance(0.95) ? draw.pick(words) : token(draw);
      const inner = knownWords(block!).get(word)?.block;
      if (inner === undefined || indent.length > 10 || draw.chance(0.1))
        return `${indent}${word}: ${anything(0)}\n`;
      const head = draw.chance(0.5) ? `${indent}  ${draw.pick(VALUES)}:\n` : '';
      return `${indent}${word}:\n${head}${body(inner, `${indent}${head === '' ? '  ' : '    '}`)}`;
    };
    return draw.many(8, statement).join('');
  };
  return body(top, '');
}

function nested(draw: Draw): string {
  const depth = draw.integer(5_000);
  const [open, close] = draw.pick([
    ['[', ']'],
    ['{a: ', '}'],
    ['- ', ''],
    ['? ', ''],
    ['[{x: ', '}]'],
  ] as const);
  const closing = Math.max(0, draw.pick([depth, 0, depth - 1, depth + 1]));
  return `${draw.pick(KEYWORDS)}: ${open.repeat(depth)}x${close.repeat(closing)}`;
}

/** Small texts that mean large ones: aliases of aliases, merges of merges, includes of includes. */
function bomb(draw: Draw): string {
  const levels = 2 + draw.integer(28);
  const width = 1 + draw.integer(9);
  const name = (i: number) => `a${i}`;
  const list = (i: number) => `${name(i)}: &${name(i)} [${`*${name(i - 1)}, `.repeat(width)}]\n`;
  const merge = (i: number) =>
    `${name(i)}: &${name(i)} {<<: [${`*${name(i - 1)}, `.repeat(width)}], k${i}: 1}\n`;
  const make = draw.pick([list, merge]);
  const lines = Array.from({ length: levels }, (_, i) => (i === 0 ? 'a0: &a0 {x: 1}\n' : make(i)));
  const last = name(levels - 1);
  return `${lines.join('')}${draw.pick(KEYWORDS)}: *${last}\nvrrp_instance: *${last}\n`;
}
