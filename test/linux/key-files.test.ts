// Key files on a real disk: what is read, what is refused, and who else could read it.
import { execFileSync } from 'node:child_process';
import { chmodSync, chownSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { afterAll, expect, test } from 'vitest';
import { readKeyFile } from '../../src/linux/key-files.ts';

const directory = mkdtempSync(`${tmpdir()}/keys-`);
afterAll(() => rmSync(directory, { recursive: true }));
function file(text: string, mode = 0o600): string {
  const path = `${directory}/${Math.random()}`;
  writeFileSync(path, text);
  chmodSync(path, mode);
  return path;
}

test('a file for its owner alone', () => {
  expect(readKeyFile(file('hex:00'), 140)).toEqual({ ok: true, bytes: Buffer.from('hex:00') });
  expect(readKeyFile(file('hex:00', 0o400), 140)).toMatchObject({ ok: true });
});
test.each([0o640, 0o604, 0o620, 0o602])('mode %i: somebody else has rights to it', (mode) => {
  expect(readKeyFile(file('hex:00', mode), 140)).toMatchObject({
    ok: true,
    open: expect.stringContaining('mode 6'),
  });
});
test('a file of another user, who can change it', () => {
  const path = file('hex:00');
  chownSync(path, 65_534, 65_534);
  expect(readKeyFile(path, 140)).toMatchObject({ ok: true, open: 'it belongs to user 65534' });
});
test.each([
  ['nothing', () => `${directory}/none`, 'cannot be read: ENOENT'],
  ['a directory', () => directory, 'is not a file'],
  ['a device without end', () => '/dev/zero', 'is not a file'],
  ['too much', () => file('x'.repeat(141)), 'is too large: more than 140 bytes'],
  [
    'a pipe that nobody writes to',
    () => {
      execFileSync('mkfifo', [`${directory}/pipe`]);
      return `${directory}/pipe`;
    },
    'is not a file',
  ],
])('%s is no key', (_, path, says) => {
  expect(readKeyFile(path(), 140)).toEqual({ ok: false, says });
});
