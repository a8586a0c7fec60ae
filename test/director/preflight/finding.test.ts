// docs/realserver.md says of each finding what it is about, in the words of the code.
import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { FINDINGS, worstOf } from '../../../src/director/preflight/finding.ts';

test('docs/realserver.md has every finding, and no other', () => {
  const text = readFileSync(new URL('../../../docs/realserver.md', import.meta.url), 'utf8');
  const rows = [...text.matchAll(/^\| ((?:RS|DIR)_\w+) \| (.*) \|$/gm)].map(([, code, means]) => [
    code,
    means,
  ]);
  expect(rows).toEqual(Object.entries(FINDINGS));
});

test('the worst of several', () => {
  const of = (...levels: ('ok' | 'warning' | 'wrong')[]) => worstOf(levels.map((level) => ({ level })));
  expect([of(), of('ok', 'warning'), of('warning', 'wrong', 'ok')]).toEqual(['ok', 'warning', 'wrong']);
});
