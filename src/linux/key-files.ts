// Files with keys of adverts, from disk: what is in them and who could read them or put others in their
// place. What is a key is src/config/schema/auth-hmac.ts's business.
import { closeSync, constants, fstatSync, openSync, readSync, type Stats } from 'node:fs';
import type { KeyFile, ReadKeyFile } from '../config/rules/keys.ts';

/** `hex:`, 64 bytes in digits, and line ends. */
const LARGEST = 140;
const READABLE_BY_OTHERS = 0o077;
const ROOT = 0;

export const readKeyFile: ReadKeyFile = (path) => {
  let fd: number;
  try {
    // Without O_NONBLOCK a pipe would be waited for.
    fd = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
  } catch (error) {
    return { ok: false, says: `cannot be read: ${(error as NodeJS.ErrnoException).code}` };
  }
  try {
    return readOpen(fd);
  } catch (error) {
    return { ok: false, says: `cannot be read: ${(error as NodeJS.ErrnoException).code}` };
  } finally {
    closeSync(fd);
  }
};

function readOpen(fd: number): KeyFile {
  const stats = fstatSync(fd);
  if (!stats.isFile()) return { ok: false, says: 'is not a file' };
  const bytes = Buffer.alloc(LARGEST + 1);
  const length = readSync(fd, bytes, 0, bytes.length, 0);
  if (length > LARGEST) return { ok: false, says: `is too large for a key: more than ${LARGEST} bytes` };
  const open = openTo(stats);
  return { ok: true, bytes: bytes.subarray(0, length), ...(open === undefined ? {} : { open }) };
}

function openTo({ mode, uid }: Stats): string | undefined {
  if ((mode & READABLE_BY_OTHERS) !== 0)
    return `others than its owner have rights to it (mode ${(mode & 0o777).toString(8)})`;
  if (uid !== ROOT && uid !== process.getuid?.()) return `it belongs to user ${uid}`;
  return undefined;
}
