// Looks at the programs a configuration wants to run: are they there, and who could change them? What that
// means is src/config/rules/scripts.ts's business.
import { realpathSync, type Stats, statSync } from 'node:fs';
import { delimiter, dirname, isAbsolute, join } from 'node:path';
import type { InspectScript } from '../config/rules/scripts.ts';

const EXECUTABLE = 0o111;
const WRITABLE_BY_GROUP = 0o020;
const WRITABLE_BY_OTHERS = 0o002;
const STICKY = 0o1000;
const ROOT = 0;

export const inspectScript: InspectScript = ({ program, user }) => {
  const path = isAbsolute(program) ? program : findInPath(program);
  const stats = path === undefined ? undefined : stat(path);
  if (path === undefined || stats === undefined) return { kind: 'unusable', says: 'does not exist' };
  if (!stats.isFile()) return { kind: 'unusable', says: 'is not a file' };
  if ((stats.mode & EXECUTABLE) === 0) return { kind: 'unusable', says: 'is not executable' };
  if (user !== undefined && user !== 'root') return undefined;
  const open = changeable(realpathSync(path));
  return open === undefined ? undefined : { kind: 'insecure', says: `would run as root, but ${open}` };
};

/** Whoever can write to a directory on the way can put another program in its place. */
function changeable(path: string): string | undefined {
  const stats = stat(path);
  if (stats === undefined) return `${path} cannot be looked at`;
  if (stats.uid !== ROOT) return `${path} does not belong to root`;
  // In a sticky directory nobody can replace what is another's.
  const isSticky = stats.isDirectory() && (stats.mode & STICKY) !== 0;
  if (isSticky) return changeable(dirname(path));
  if ((stats.mode & WRITABLE_BY_OTHERS) !== 0) return `everybody can write to ${path}`;
  if ((stats.mode & WRITABLE_BY_GROUP) !== 0 && stats.gid !== ROOT) return `a group can write to ${path}`;
  return path === '/' ? undefined : changeable(dirname(path));
}

function findInPath(program: string): string | undefined {
  const directories = (process.env.PATH ?? '').split(delimiter);
  return directories.map((directory) => join(directory, program)).find((path) => stat(path)?.isFile());
}

function stat(path: string): Stats | undefined {
  try {
    return statSync(path, { throwIfNoEntry: false });
  } catch {
    return undefined; // not ours to look at
  }
}
