// Patterns of `include` find what glob(3) would, and none keeps the reader busy.
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { resolveInclude } from '../../src/linux/config-files.ts';
import { globFiles } from '../../src/linux/glob.ts';

let directory: string;
beforeAll(() => {
  directory = mkdtempSync(join(tmpdir(), 'lvs-director-glob-'));
  mkdirSync(join(directory, 'sub'));
  for (const name of [
    'a.conf',
    'b.conf',
    'c10.conf',
    '.hidden.conf',
    '[x].conf',
    'sub/d.conf',
    'a'.repeat(60),
  ])
    writeFileSync(join(directory, name), '');
});
afterAll(() => rmSync(directory, { recursive: true, force: true }));

const found = (pattern: string) =>
  globFiles(`${directory}/${pattern}`).map((name) => name.slice(directory.length + 1));

test.each([
  ['*.conf', ['[x].conf', 'a.conf', 'b.conf', 'c10.conf']],
  ['?.conf', ['a.conf', 'b.conf']],
  ['[ab].conf', ['a.conf', 'b.conf']],
  ['[!a].conf', ['b.conf']],
  ['[^a-a]*.conf', ['[x].conf', 'b.conf', 'c10.conf']],
  ['[a-c]*[0-9].conf', ['c10.conf']],
  ['{b,a}.conf', ['a.conf', 'b.conf']],
  ['{a,{b,c10}}.conf', ['a.conf', 'b.conf', 'c10.conf']],
  ['{a.conf', ['{a.conf']],
  ['[[]x].conf', ['[x].conf']],
  ['\\[x].conf', ['[x].conf']],
  ['.h*', ['.hidden.conf']],
  ['*/*.conf', ['sub/d.conf']],
  ['s*/../sub/*.conf', ['sub/../sub/d.conf']],
  ['none.conf', ['none.conf']],
  ['none*.conf', []],
  ['', ['']],
])('%s', (pattern, names) => {
  expect(found(pattern)).toEqual(names);
});

test.each([
  'x'.repeat(100_000),
  '['.repeat(4_000),
  `${'+('.repeat(1_000)}${')'.repeat(1_000)}`,
  `${'*a'.repeat(40)}z`,
  `${'?*'.repeat(30)}z`,
  '{1..10000000}',
  `${'{a,b}'.repeat(12)}${'{c}'.repeat(500)}`,
  '{'.repeat(1_000) + '}'.repeat(1_000),
])('pattern %# that once did not comes to an end', (pattern) => {
  expect(() => globFiles(`${directory}/${pattern}`)).not.toThrow(RangeError);
});

test('what is too much is said to be', () => {
  expect(() => globFiles('{a,b}'.repeat(20))).toThrow('too much');
  expect(() => globFiles(`/${'*/'.repeat(20)}`)).toThrow('too much');
});

test('a device is no file to include', () => {
  expect(resolveInclude('/dev/zero', 'x')).toEqual([]);
  expect(resolveInclude(`${directory}/{a,b}.conf`, 'x')).toHaveLength(2);
});
