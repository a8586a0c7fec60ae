// What is printed is read as the same statements, in both forms, and any text as YAML ends in diagnostics.
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Comments } from '../../src/config/comments.ts';
import { convertConfiguration } from '../../src/config/convert.ts';
import { printKeepalived } from '../../src/config/print.ts';
import { readConfiguration } from '../../src/config/read.ts';
import { recordDiagnostics, renderDiagnostics } from '../../src/config/render.ts';
import { type Block, findWord, type Keyword, knownWords } from '../../src/config/schema/block.ts';
import { TOP } from '../../src/config/schema/top.ts';
import type { Statement, Word } from '../../src/config/tree.ts';
import { printYaml } from '../../src/config/yaml/print.ts';
import type { Span } from '../../src/core/diagnostic.ts';
import { yamlLibrary as yaml } from '../../src/linux/yaml-library.ts';
import { damaged } from './damaged.ts';
import { pairConfigurations } from './pairs.ts';

const RUNS = Number(process.env.FUZZ_RUNS ?? 200);
const AT: Span = { source: 0, start: 0, end: 0 };
const NO_COMMENTS: Comments = { of: new Map(), ends: new Map(), last: [] };

/** What keepalived's form can say in one word: no line end, no bare quote, no backslash at the end. */
const word = fc
  .oneof(
    { weight: 3, arbitrary: fc.string({ unit: 'binary', maxLength: 6 }) },
    {
      weight: 5,
      arbitrary: fc.constantFrom(
        ...['1', '022', '1.0', '-1', '1e3', '0x10', '.5', '1:20', '2026-11-26', 'true', 'false', 'null', '~'],
        ...[
          '',
          ' ',
          'a b',
          'a: b',
          'a #b',
          '#',
          '!',
          '{',
          '}',
          '[x]',
          'x,y',
          '- x',
          '-',
          '--',
          "it's",
          '%',
          '@x',
        ],
        ...[
          '$A',
          'A=$A',
          '~SEQ(A,1,3)',
          '~LST(A,b)',
          'include',
          '<<',
          '*x',
          '&x',
          '|',
          '>',
          '?',
          ':',
          '::1',
          'é',
        ],
        ...[
          '\\"',
          'a\\b',
          '\\#',
          '\\\\',
          '\u00a0',
          '\ufeff',
          '\u200b',
          '\u2028',
          '\t',
          '\r',
          '\u0000',
          '\u0085',
        ],
      ),
    },
  )
  .filter((text) => !text.includes('\n') && !/["\\]/.test(text.replace(/\\./gs, '')))
  .map((text): Word => ({ text, quoted: false, at: AT }));
const words = (minLength: number) => fc.array(word, { minLength, maxLength: 3 });

function statementOf([name, { block }]: [string, Keyword], depth: number): fc.Arbitrary<Statement> {
  const keyword: Word = { text: name, quoted: false, at: AT };
  return words(0).chain((others) => {
    const head: Statement = { words: [keyword, ...others] };
    if (block === undefined) return fc.constant(head);
    return statementsOf(block, depth - 1).map((statements) => ({ ...head, body: { open: AT, statements } }));
  });
}

function statementsOf(block: Block, depth: number): fc.Arbitrary<Statement[]> {
  if (depth === 0) return fc.constant([]);
  if (block.entry !== undefined)
    return fc.array(
      words(1).map((all): Statement => ({ words: all as [Word, ...Word[]] })),
      { maxLength: 3 },
    );
  const one = fc.constantFrom(...knownWords(block)).chain((keyword) => statementOf(keyword, depth));
  return fc.array(one, { maxLength: 4 });
}

type Plain = { words: string[]; body?: Plain[] };

/** Statements of one keyword together, as YAML has them, and yes and no in one way of writing. */
function plain(statements: readonly Statement[], block: Block): Plain[] {
  const all = statements.map((statement): [string, Plain] => {
    const texts = statement.words.map(({ text }) => text);
    const keyword = block.entry === undefined ? findWord(block, texts[0]!) : undefined;
    if (keyword?.takes.json?.type === 'boolean' && keyword.block === undefined && keyword.takes.syntax !== '')
      texts.splice(1, texts.length, ...(texts.length === 1 ? ['true'] : texts.slice(1)));
    if (statement.body === undefined) return [texts[0]!, { words: texts }];
    const key = keyword?.takes.syntax === '' ? texts.join('\u0000') : texts[0]!;
    return [key, { words: texts, body: plain(statement.body.statements, keyword?.block ?? TOP) }];
  });
  if (block.entry !== undefined) return all.map(([, one]) => one);
  return [...Map.groupBy(all, ([key]) => key).values()].flat().map(([, one]) => one);
}

function reread(name: string, text: string): Plain[] {
  return plain(readConfiguration([{ name, text }], { yaml, keep: true }).statements, TOP);
}

describe('statements', () => {
  const trees = statementsOf(TOP, 4);

  test("printed in keepalived's form are read as they are", () => {
    fc.assert(
      fc.property(trees, (tree) => {
        expect(reread('x.conf', printKeepalived(tree, NO_COMMENTS))).toEqual(plain(tree, TOP));
      }),
      { numRuns: RUNS },
    );
  });

  test('printed as YAML are read as they are', () => {
    fc.assert(
      fc.property(trees, (tree) => {
        expect(reread('x.yaml', printYaml(tree, TOP, NO_COMMENTS))).toEqual(plain(tree, TOP));
      }),
      { numRuns: RUNS },
    );
  });
});

function survives(text: string): void {
  const { diagnostics, sources } = readConfiguration([{ name: 'x.yaml', text }], { yaml });
  const outside = diagnostics.filter(({ at }) => at.start < 0 || at.start > at.end || at.end > text.length);
  expect(outside).toEqual([]);
  renderDiagnostics(sources, diagnostics);
  expect(recordDiagnostics(sources, diagnostics)).toHaveLength(diagnostics.length);
  convertConfiguration([{ name: 'x.yaml', text }], 'keepalived', { yaml });
}

describe('survives as YAML', () => {
  const token = fc.oneof(
    fc.constantFrom(...knownWords(TOP).keys(), 'priority', 'virtual_ipaddress', 'include', '10.0.0.1 80'),
    fc.constantFrom(
      '\n',
      '\n  ',
      '\n    ',
      ': ',
      ':',
      '- ',
      ', ',
      '[',
      ']',
      '{',
      '}',
      '#',
      ' # x\n',
      "'",
      '"',
    ),
    fc.constantFrom(
      '&a ',
      '*a',
      '<<: ',
      '|\n',
      '>-\n',
      '---\n',
      '...\n',
      '? ',
      '! ',
      '%YAML 1.1\n',
      '\t',
      '~',
      '5',
    ),
    fc.string({ unit: 'binary', maxLength: 4 }),
  );

  test('any string', () => {
    fc.assert(fc.property(fc.string({ unit: 'binary', maxLength: 300 }), survives), { numRuns: RUNS });
  });

  test('any sequence of what YAML and the language are made of', () => {
    const text = fc.array(token, { maxLength: 80 }).map((tokens) => tokens.join(''));
    fc.assert(fc.property(text, survives), { numRuns: RUNS });
  });

  test('a good file with something removed, doubled or put in', () => {
    const files = pairConfigurations().map(
      ({ text }) => convertConfiguration([{ name: 'x.conf', text }], 'yaml', { yaml }).text ?? text,
    );
    fc.assert(fc.property(damaged(files, token), survives), { numRuns: RUNS });
  });

  test.each(['[', '{', '- ', '? ', '{a: ', '&a [', '"'])('%s without end', (text) => {
    survives(text.repeat(3000));
  });
});
