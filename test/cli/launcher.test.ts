// bin/lvs-director runs what was made of the sources only as long as it is made of these sources.
import { spawnSync } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { afterAll, beforeEach, expect, test } from 'vitest';

const ROOT = join(import.meta.dirname, '../..');
const root = mkdtempSync(join(tmpdir(), 'lvs-director-launcher-'));
const source = join(root, 'src/cli/main.ts');

/** The kernel's clock for files ticks every few milliseconds. */
const TICK_MS = 20;

/** As tools/setup.sh leaves it. */
beforeEach(async () => {
  rmSync(root, { recursive: true });
  for (const directory of ['bin', 'src/cli', 'src/core', '.cache/bundle/cli-main'])
    mkdirSync(join(root, directory), { recursive: true });
  cpSync(join(ROOT, 'bin/lvs-director'), join(root, 'bin/lvs-director'));
  symlinkSync(join(ROOT, 'node_modules'), join(root, 'node_modules'));
  writeFileSync(join(root, 'package.json'), '{}');
  writeFileSync(source, "console.log('sources');");
  writeFileSync(join(root, 'src/core/other.ts'), '');
  writeFileSync(join(root, '.cache/bundle/made'), '');
  writeFileSync(join(root, '.cache/bundle/cli-main/main.js'), "console.log('bundle');");
  await wait(TICK_MS);
});
afterAll(() => rmSync(root, { recursive: true }));

function runs(): string {
  return spawnSync(join(root, 'bin/lvs-director'), { encoding: 'utf8' }).stdout.trim();
}

test('the bundle while nothing has changed', () => {
  expect(runs()).toBe('bundle');
});

test('the sources where there is no bundle', () => {
  rmSync(join(root, '.cache'), { recursive: true });
  expect(runs()).toBe('sources');
});

test('the sources when one of them is another, also by its date older than the bundle', () => {
  writeFileSync(join(root, 'src/core/other.ts'), '');
  expect(runs()).toBe('sources');
  utimesSync(join(root, 'src/core/other.ts'), 0, 0);
  expect(runs()).toBe('sources');
});

test('the sources when one has gone', () => {
  rmSync(join(root, 'src/core/other.ts'));
  expect(runs()).toBe('sources');
});

test('the sources when the packages may be others', () => {
  writeFileSync(join(root, 'package.json'), '{}');
  expect(runs()).toBe('sources');
});
