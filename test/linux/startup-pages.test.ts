// A process that gave its start-up pages back is smaller, and goes on as if nothing had happened.
import { execFileSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';

const PROGRAM = fileURLToPath(new URL('startup-pages-program.ts', import.meta.url));

test('start-up pages are given back, and what is still needed returns', () => {
  const said = JSON.parse(execFileSync(process.execPath, [PROGRAM], { encoding: 'utf8' }));
  expect(said.afterKb).toBeLessThan(said.beforeKb - 15_000);
  expect(said.digest).toBe('ba7816bf');
});
