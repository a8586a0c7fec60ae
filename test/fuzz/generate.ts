// Texts for readers of keepalived's language: noise, its own words in any order, good files damaged, and what
// might make a reader run for ever. Sizes are such that a million take minutes; the large ones are rare.
// biome-ignore-all lint/suspicious/noTemplateCurlyInString: `${NAME}` is the language's own
import { knownWords } from '../../src/config/schema/block.ts';
import { CORPUS } from './corpus.ts';
import type { Draw } from './draw.ts';
import type { Input } from './input.ts';
import { BLOCKS, DEFINING, KEYWORDS, MARKS, VALUES } from './vocabulary.ts';

type Generator = (draw: Draw) => string;

const GENERATORS: readonly { weight: number; value: Generator }[] = [
  { weight: 120, value: latin1 },
  { weight: 120, value: utf8 },
  { weight: 60, value: units },
  { weight: 300, value: soup },
  { weight: 400, value: blocks },
  { weight: 700, value: damaged },
  { weight: 150, value: definitions },
  { weight: 2, value: nested },
  { weight: 2, value: longLine },
  { weight: 2, value: repeated },
  { weight: 0.5, value: bomb },
];
const FILE_NAMES = ['x', 'x1', 'y'];

export function keepalivedText(draw: Draw): Input {
  const text = draw.weighted(GENERATORS)(draw);
  if (!draw.chance(0.1)) return { text, files: {} };
  const including = () => lines(draw.many(6, () => `include ${draw.pick([...FILE_NAMES, '*', 'x*'])}`));
  const files = FILE_NAMES.map((name) => [
    name,
    `${including()}${draw.chance(0.5) ? damaged(draw) : soup(draw)}\n${including()}`,
  ]);
  return { text: `${including()}${text}\n${including()}`, files: Object.fromEntries(files) };
}

function bytes(draw: Draw): Buffer {
  return Buffer.from(draw.many(400, () => draw.integer(256)));
}

export function latin1(draw: Draw): string {
  return bytes(draw).toString('latin1');
}

export function utf8(draw: Draw): string {
  return bytes(draw).toString('utf8');
}

/** Also what no decoder makes: halves of surrogate pairs. */
export function units(draw: Draw): string {
  return String.fromCharCode(...draw.many(200, () => draw.integer(draw.pick([0x80, 0x3000, 0x10000]))));
}

function token(draw: Draw): string {
  return draw.weighted([
    { weight: 6, value: () => draw.pick(KEYWORDS) },
    { weight: 4, value: () => draw.pick(VALUES) },
    { weight: 4, value: () => draw.pick(MARKS) },
    { weight: 1, value: () => draw.pick(DEFINING) },
    { weight: 0.2, value: () => units(draw).slice(0, 8) },
  ])();
}

function soup(draw: Draw): string {
  const glue = draw.pick([' ', ' ', ' ', '\n', '']);
  return draw.many(150, () => token(draw)).join(glue);
}

/** Words where they belong, with arguments that may be right, and braces that mostly are. */
function blocks(draw: Draw): string {
  const blockNames = [...BLOCKS.keys()];
  const body = (block: (typeof blockNames)[number], depth: number): string => {
    const words = BLOCKS.get(block)!;
    const statement = () => {
      const word = words.length > 0 && draw.chance(0.95) ? draw.pick(words) : token(draw);
      const inner = knownWords(block).get(word)?.block;
      const head = [word, ...draw.many(4, () => draw.pick(VALUES))].join(' ');
      if (inner === undefined || depth > 5) return `${head}\n`;
      return `${head} {\n${body(inner, depth + 1)}${draw.chance(0.98) ? '}\n' : ''}`;
    };
    return draw.many(12, statement).join('');
  };
  return body(draw.chance(0.9) ? blockNames[0]! : draw.pick(blockNames), 0);
}

function damaged(draw: Draw): string {
  return damage(draw, CORPUS, token);
}

/** A good file with some of it removed, doubled, moved, replaced, or grown together with another one. */
export function damage(draw: Draw, files: readonly string[], token: (draw: Draw) => string): string {
  let text = draw.pick(files);
  for (let times = 1 + draw.integer(4); times > 0; times--) {
    const [a = 0, b = 0, c = 0] = [0, 1, 2].map(() => draw.integer(text.length + 1)).sort((p, q) => p - q);
    const short = Math.min(b, a + draw.integer(40));
    text = draw.pick([
      () => text.slice(0, a) + text.slice(short),
      () => text.slice(0, b) + text.slice(a),
      () => text.slice(0, a) + text.slice(b, c) + text.slice(a, b) + text.slice(c),
      () => `${text.slice(0, a)}${token(draw)}${text.slice(a)}`,
      () => `${text.slice(0, a)} ${token(draw)} ${text.slice(short)}`,
      () => text.slice(0, a) + String.fromCharCode(draw.integer(256)) + text.slice(a + 1),
      () => text.slice(0, a) + draw.pick(files).slice(draw.integer(1_000)),
    ])();
  }
  return text;
}

/** Definitions that use each other, and lines that use them. */
function definitions(draw: Draw): string {
  const part = () => draw.pick([...DEFINING, ...VALUES, '${A}', '${B}', '$C', '${C}', 'x', ' ']);
  const several = () => draw.many(5, part).join('');
  const line = () =>
    draw.pick([
      () => `$${draw.pick(['A', 'B', 'C'])}=${several()}`,
      () => `$${draw.pick(['A', 'B', 'C'])}=\\\n${several()}\\\n${several()}`,
      () => `~SEQ(${draw.pick(['A', 'B'])},${draw.integer(9)},${draw.integer(9)}) ${several()}`,
      () => several(),
      () => `${draw.pick(KEYWORDS)} ${several()}`,
    ])();
  return lines(draw.many(20, line));
}

function nested(draw: Draw): string {
  const heads = draw.many(4, () => `${draw.pick(KEYWORDS)} ${draw.pick(VALUES)}`);
  const depth = draw.integer(20_000);
  const opening = draw.pick([' {\n', '{ ', '{']);
  const text = Array.from({ length: depth }, (_, i) => `${heads[i % heads.length] ?? ''}${opening}`).join('');
  const closing = draw.pick(['}', '}\n', '} x {', '']);
  return text + closing.repeat(draw.pick([depth, Math.floor(depth / 2), depth + 3, 0]));
}

function longLine(draw: Draw): string {
  const piece = `${draw.many(6, () => token(draw)).join(draw.pick([' ', '']))} `.replaceAll('\n', ' ');
  return `${draw.pick(KEYWORDS)} ${piece.repeat(draw.integer(20_000))}\n${soup(draw)}`;
}

/** Thousands of the same, or nearly so. */
function repeated(draw: Draw): string {
  const text = draw.chance(0.5) ? blocks(draw) : damaged(draw);
  const [a = 0, b = 0] = [0, 1].map(() => draw.integer(text.length + 1)).sort((p, q) => p - q);
  const piece = draw.chance(0.5) ? text.slice(a, Math.min(b, a + 200)) : `${text.slice(0, 300)}\n`;
  const times = draw.integer(4_000);
  const numbered = draw.chance(0.5);
  return Array.from({ length: times }, (_, i) => (numbered ? piece.replace(/\d+/, String(i)) : piece)).join(
    '',
  );
}

/** Small texts that mean large ones. */
function bomb(draw: Draw): string {
  const rest = draw.pick(['weight ${A}', 'x${A}${B} {', '${A}', '}', draw.pick(KEYWORDS), soup(draw)]);
  const count = draw.pick([10, 1_000, 99_999, 100_000, 100_001]);
  const seq = (name: string) => `~SEQ(${name},1,${draw.pick([count, 100, 100_000])}) `;
  const names = Array.from({ length: 30 }, (_, i) => `N${i}`);
  return draw.pick([
    () => `${seq('A')}${rest}`,
    () => `${seq('A')}${seq('B')}${rest}`,
    () =>
      `${names.map((name, i) => `$${name}=${`\${N${i + 1}}`.repeat(1 + draw.integer(9))}\n`).join('')}\${N0}`,
    () => `$A=${'x'.repeat(draw.integer(20_000))}\n$B=${'${A} '.repeat(draw.integer(5_000))}\n${seq('C')}$B`,
    () => `$A=\\\n$A\\\n$A\\\n${rest}\n$A`,
    () => `$A=\\\n${seq('A')}x\\\n${rest}\n${seq('B')}$A`,
    () =>
      `~LST({${names.join(',').repeat(draw.integer(300))}},${'a,'.repeat(draw.integer(20_000))}b) ${rest}`,
    () => lines(Array.from({ length: draw.integer(3_000) }, () => `include ${draw.pick(FILE_NAMES)}`)),
  ])();
}

function lines(parts: readonly string[]): string {
  return parts.map((part) => `${part}\n`).join('');
}
