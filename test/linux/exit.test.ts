// A process that ends does not wait for a thread that never will, and says its last words.
import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';

const PROGRAM = fileURLToPath(new URL('./exit-program.ts', import.meta.url));
const ends = (...words: string[]) =>
  spawnSync(process.execPath, [PROGRAM, ...words], {
    encoding: 'utf8',
    timeout: 3_000,
    killSignal: 'SIGKILL',
  });

test('it ends with its code', () => {
  expect(ends('at-once')).toMatchObject({ status: 3, signal: null, stdout: 'last words' });
});

test('Node by itself waits: when it does so no more, src/linux/exit.ts can go', () => {
  expect(ends()).toMatchObject({ status: null, signal: 'SIGKILL', stdout: 'last words' });
});
