// Statements that keepalived 2.2.7 was asked about, one a row (golden/lines): what it takes without a word we
// take. Whether we also complain of all that it complains of is not held here yet.
import { expect, test } from 'vitest';
import { readConfiguration } from '../../src/config/read.ts';
import { type JudgedRow, judgedRows, wholeFile } from './rows.ts';

const TAKEN: readonly JudgedRow['verdict'][] = ['good', 'newer', 'machine'];
/** Errors on purpose, by statement. */
const STRICTER = new Map([
  ['lthreshold 100', 'without an uthreshold the kernel refuses the server (ip_vs_ctl.c)'],
  ['lthreshold 4294967295', 'the same'],
  // biome-ignore lint/suspicious/noTemplateCurlyInString: it is keepalived's.
  ['router_id ${_ENV HOME}', 'a reader without an environment has no value for it'],
]);

const rows = judgedRows().filter(({ verdict }) => TAKEN.includes(verdict));
const contexts = [...Map.groupBy(rows, ({ context }) => context)];

test('there are rows of every block', () => {
  expect(rows.length).toBeGreaterThan(1500);
  expect(contexts.length).toBeGreaterThan(40);
});

test.each(contexts)('%s', (_, inContext) => {
  const refused = inContext.flatMap((row) => {
    const { diagnostics } = readConfiguration([{ name: row.where, text: wholeFile(row) }]);
    // What is not acted upon yet is another matter: here it is about how the language is read.
    const errors = diagnostics.filter(({ severity }) => severity === 'error');
    if (errors.some(({ code }) => code === 'CFG_UNSAFE')) return [];
    const isRefused = errors.length > 0;
    if (isRefused === STRICTER.has(row.statement)) return [];
    return [`${row.where} ${row.statement}: ${errors.map(({ code, message }) => `${code} ${message}`)}`];
  });
  expect(refused).toEqual([]);
});
