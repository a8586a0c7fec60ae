// Files with keys and certificates, from disk: what is in them and who could read them or put others in their
// place. What is a key is src/config/schema/auth-hmac.ts's business.
import { closeSync, constants, fstatSync, openSync, readSync, type Stats } from 'node:fs';
import type { KeyFile, ReadKeyFile } from '../config/rules/keys.ts';

const RIGHTS_OF_OTHERS = 0o077;
const WRITABLE_BY_OTHERS = 0o022;
const ROOT = 0;

export const readKeyFile: ReadKeyFile = (path, mostBytes) => {
  let fd: number;
  try {
    // Without O_NONBLOCK a pipe would be waited for.
    fd = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
  } catch (error) {
    return { ok: false, says: `cannot be read: ${(error as NodeJS.ErrnoException).code}` };
  }
  try {
    return readOpen(fd, mostBytes);
  } catch (error) {
    return { ok: false, says: `cannot be read: ${(error as NodeJS.ErrnoException).code}` };
  } finally {
    closeSync(fd);
  }
};

function readOpen(fd: number, mostBytes: number): KeyFile {
  const stats = fstatSync(fd);
  if (!stats.isFile()) return { ok: false, says: 'is not a file' };
  const bytes = Buffer.alloc(mostBytes + 1);
  const length = readSync(fd, bytes, 0, bytes.length, 0);
  if (length > mostBytes) return { ok: false, says: `is too large: more than ${mostBytes} bytes` };
  const [open, changeable] = [RIGHTS_OF_OTHERS, WRITABLE_BY_OTHERS].map((rights) => openTo(stats, rights));
  return {
    ok: true,
    // Not the whole of what was set aside: a balancer that starts anew is told it.
    bytes: Buffer.from(bytes.subarray(0, length)),
    ...(open === undefined ? {} : { open }),
    ...(changeable === undefined ? {} : { changeable }),
  };
}

function openTo({ mode, uid }: Stats, rights: number): string | undefined {
  if ((mode & rights) !== 0)
    return `others than its owner have rights to it (mode ${(mode & 0o777).toString(8)})`;
  if (uid !== ROOT && uid !== process.getuid?.()) return `it belongs to user ${uid}`;
  return undefined;
}
