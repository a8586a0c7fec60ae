// Any text ends in diagnostics: never an exception, never a hang, every place inside its text, every message
// rendered.
// biome-ignore-all lint/suspicious/noTemplateCurlyInString: `${NAME}` is the language's own
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { readConfiguration } from '../../src/config/read.ts';
import { recordDiagnostics, renderDiagnostics } from '../../src/config/render.ts';
import { knownWords } from '../../src/config/schema/block.ts';
import { TOP } from '../../src/config/schema/top.ts';
import type { Span } from '../../src/core/diagnostic.ts';
import { pairConfiguration, pairConfigurations } from './pairs.ts';

const RUNS = Number(process.env.FUZZ_RUNS ?? 200);

function survives(text: string, compat = false): void {
  const { configuration, diagnostics, sources } = readConfiguration([{ name: 'x', text }], { compat });
  const inside = ({ source, start, end }: Span) =>
    source >= 0 &&
    source < sources.length &&
    start >= 0 &&
    start <= end &&
    end <= sources[source]!.text.length;
  expect(diagnostics.filter(({ at }) => !inside(at))).toEqual([]);
  expect(places(configuration).filter((at) => !inside(at))).toEqual([]);
  expect(renderDiagnostics(sources, diagnostics).split(' [CFG_').length - 1).toBeGreaterThanOrEqual(
    diagnostics.length,
  );
  expect(recordDiagnostics(sources, diagnostics)).toHaveLength(diagnostics.length);
}

function places(value: unknown): Span[] {
  if (Array.isArray(value)) return value.flatMap(places);
  if (typeof value !== 'object' || value === null) return [];
  const own = 'at' in value ? [value.at as Span] : [];
  return [...own, ...Object.entries(value).flatMap(([name, inner]) => (name === 'at' ? [] : places(inner)))];
}

const vocabulary = [
  ...new Set(
    [...knownWords(TOP)].flatMap(([word, { block }]) => [word, ...(block ? knownWords(block).keys() : [])]),
  ),
];
const token = fc.oneof(
  { weight: 6, arbitrary: fc.constantFrom(...vocabulary) },
  { weight: 3, arbitrary: fc.constantFrom('{', '}', '\n', '\n', '\n') },
  {
    weight: 3,
    arbitrary: fc.constantFrom(
      '1',
      '0',
      '-1',
      '300',
      '0.5',
      '10.0.0.1',
      '10.0.0.1/24',
      'fd00::1/64',
      'eth0',
      'V',
      'on',
      'dev',
      'MASTER',
      'TCP',
      '80',
      'id',
      '"',
      "'",
      '!',
      '#',
      '\\',
      '$A=1',
      '$A=\\',
      '$A',
      '${A}',
      '@x',
      '@^x',
      '~SEQ(A,1,3)',
      '~LST(A,x,y)',
      'include x',
      '\u00a0',
      '\r',
      '\t',
    ),
  },
  { weight: 1, arbitrary: fc.string({ maxLength: 8, unit: 'binary' }) },
);

describe('survives', () => {
  test('any string', () => {
    fc.assert(fc.property(fc.string({ unit: 'binary', maxLength: 400 }), fc.boolean(), survives), {
      numRuns: RUNS,
    });
  });

  test('any bytes, read as Latin-1', () => {
    const bytes = fc.uint8Array({ maxLength: 400 }).map((array) => Buffer.from(array).toString('latin1'));
    fc.assert(fc.property(bytes, fc.boolean(), survives), { numRuns: RUNS });
  });

  test('any sequence of the language’s own words', () => {
    const text = fc.array(token, { maxLength: 120 }).map((tokens) => tokens.join(' '));
    fc.assert(fc.property(text, fc.boolean(), survives), { numRuns: RUNS });
  });

  test('a good file with something removed, doubled or put in', () => {
    const files = pairConfigurations().map((file) => file.text);
    const change = fc.record({
      file: fc.constantFrom(...files),
      at: fc.double({ min: 0, max: 1, noNaN: true }),
      remove: fc.nat({ max: 40 }),
      insert: fc.oneof(fc.constant(''), token),
    });
    const text = change.map(({ file, at, remove, insert }) => {
      const start = Math.floor(at * file.length);
      return `${file.slice(0, start)}${insert}${file.slice(start + remove)}`;
    });
    fc.assert(fc.property(text, fc.boolean(), survives), { numRuns: RUNS });
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

test('a large file of garbage takes no longer than a large file', () => {
  // A suggestion for each of them would take minutes.
  const unknown = Array.from({ length: 20_000 }, (_, i) => `word${i} x`).join('\n');
  const { diagnostics } = readConfiguration([{ name: 'x', text: unknown }]);
  expect(diagnostics).toHaveLength(20_000);
});
