// Any text ends in diagnostics: never an exception, never a hang, every place inside its text, every message
// rendered.
// biome-ignore-all lint/suspicious/noTemplateCurlyInString: `${NAME}` is the language's own
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { readConfiguration } from '../../src/config/read.ts';
import { Draw } from '../fuzz/draw.ts';
import { survives } from '../fuzz/survives.ts';
import { TARGETS } from '../fuzz/targets.ts';
import { DEFINING, KEYWORDS, MARKS, VALUES } from '../fuzz/vocabulary.ts';
import { damaged } from './damaged.ts';
import { pairConfiguration, pairConfigurations } from './pairs.ts';

/** For the long run there is `npm run fuzz`. */
const RUNS = 200;
const FUZZED = 300;

const token = fc.oneof(
  { weight: 6, arbitrary: fc.constantFrom(...KEYWORDS) },
  { weight: 3, arbitrary: fc.constantFrom(...MARKS) },
  { weight: 3, arbitrary: fc.constantFrom(...VALUES, ...DEFINING) },
  { weight: 1, arbitrary: fc.string({ maxLength: 8, unit: 'binary' }) },
);
const readBoth = (text: string) => {
  for (const compat of [false, true]) survives(text, { compat });
};

describe('survives', () => {
  test('any string', () => {
    fc.assert(fc.property(fc.string({ unit: 'binary', maxLength: 400 }), readBoth), {
      numRuns: RUNS,
    });
  });

  test('any bytes, read as Latin-1', () => {
    const bytes = fc.uint8Array({ maxLength: 400 }).map((array) => Buffer.from(array).toString('latin1'));
    fc.assert(fc.property(bytes, readBoth), { numRuns: RUNS });
  });

  test('any sequence of the language’s own words', () => {
    const text = fc.array(token, { maxLength: 120 }).map((tokens) => tokens.join(' '));
    fc.assert(fc.property(text, readBoth), { numRuns: RUNS });
  });

  test('a good file with something removed, doubled or put in', () => {
    const files = pairConfigurations().map((file) => file.text);
    fc.assert(fc.property(damaged(files, token), readBoth), { numRuns: RUNS });
  });
});

test('one brace removed from a good file is one complaint about braces', () => {
  const file = pairConfiguration({ mode: 'nat' });
  const closing = [...file.matchAll(/^ *\}\n/gm)];
  for (const { index, 0: line } of closing) {
    const text = file.slice(0, index) + file.slice(index + line.length);
    const { diagnostics } = readConfiguration([{ name: 'x', text }]);
    expect(
      diagnostics.filter(({ code }) => code === 'CFG_BRACE'),
      text,
    ).toHaveLength(1);
    expect(
      diagnostics.filter(({ code }) => code === 'CFG_UNKNOWN'),
      text,
    ).toEqual([]);
  }
});

test.each(Object.entries(TARGETS))('the first inputs of `npm run fuzz` for %s', (_, { generate, run }) => {
  for (let index = 0; index < FUZZED; index++) {
    const input = generate(new Draw(1, index));
    expect(() => run(input), `npm run fuzz -- --seed 1 --only ${index}`).not.toThrow();
  }
});

describe('takes no longer than a large file', () => {
  test('of garbage', () => {
    // A suggestion for each of them would take minutes.
    const unknown = Array.from({ length: 20_000 }, (_, i) => `word${i} x`).join('\n');
    const { diagnostics } = readConfiguration([{ name: 'x', text: unknown }]);
    expect(diagnostics).toHaveLength(20_000);
  });

  test.each<[string, string]>([
    ['blocks in blocks', `${'a {\n'.repeat(50_000)}${'vrrp_instance V\n'.repeat(1_000)}`],
    ['blocks in blocks on one line', 'type{ compat x{ '.repeat(20_000)],
    ['closing braces without opening ones', '}'.repeat(30_000)],
    ['a keyword that is wrong each time', `vrrp_instance V {\n${'priority x\n'.repeat(40_000)}}\n`],
    ['blocks that are joined', 'global_defs {\nrouter_id a\n}\n'.repeat(40_000)],
    ['one line with a complaint at each place', 'a\u00a0'.repeat(20_000)],
    ['~LST with many names and many values', `~LST({${'a,'.repeat(50_000)}b},${'1,'.repeat(50_000)}2) x`],
    ['a value that is used often in one line', `$A=${'x'.repeat(16_000)}\n${'$A '.repeat(100_000)}`],
  ])('%s', (_, text) => {
    survives(text);
  });

  test('a repetition that is wrong in another way each time', () => {
    const { diagnostics } = readConfiguration([{ name: 'x', text: '~SEQ(A,1,40000) word${A}' }]);
    expect(diagnostics).toHaveLength(20);
  });
});
