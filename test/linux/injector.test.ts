// What the kernel's backup thread is told of, by real sockets: acknowledged when it got there, sent again
// when there was no room, and said when a packet filter lets nothing through.
import { execFileSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';

const PROGRAM = fileURLToPath(new URL('./injector-program.ts', import.meta.url));

test('all of it gets there, though there is little room, and not while a packet filter drops it', () => {
  const output = execFileSync('unshare', ['--net', process.execPath, PROGRAM], { encoding: 'utf8' });
  const seen = JSON.parse(output);
  expect(seen).toMatchObject({ heard: 301, taken: 301, early: [] });
  expect(seen.repeated).toBeGreaterThan(0);
  expect(seen.filtered).toEqual({ heard: false, taken: false });
  expect(seen.complaints).toEqual([
    'what is sent to it by lvs-sync does not arrive: does a packet filter drop it?',
  ]);
});
