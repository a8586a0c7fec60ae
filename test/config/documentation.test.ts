// docs/configuration.md is made from the schema; this keeps the two equal.
import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { renderReference } from '../../tools/configuration.ts';

const file = readFileSync(new URL('../../docs/configuration.md', import.meta.url), 'utf8');

test('docs/configuration.md is what the schema says: otherwise run `npm run fix`', () => {
  expect(file).toBe(renderReference());
});

test('it shows what people look for', () => {
  expect(file).toContain('| `priority` | `1 to 255` |  | the highest wins the election');
  expect(file).toContain('| `advert_int` | `SECONDS, 0.01 to 255` | `1 s` |');
  expect(file).toContain('| `label` | `TEXT` |  | alias name');
  expect(file).toContain('| `track_script` | `{ … }` | left out |');
  expect(file).toContain('| `CFG_UNKNOWN` | error | ignored |');
});
