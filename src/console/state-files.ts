// Puts files into the runtime directory: the state where SIGUSR1 promises it, state.json and state.txt, and
// what plan-file.ts has. A reader always finds a whole file, and nobody else can make a director write
// somewhere else.
import { randomUUID } from 'node:crypto';
import { constants } from 'node:fs';
import { lstat, mkdir, open, rename, unlink } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { DirectorError } from '../core/errors.ts';
import { renderStateJson, type StateDocument } from './state.ts';
import { renderStateText } from './state-text.ts';

const DIRECTORY_MODE = 0o750;
const FILE_MODE = 0o600;
const WRITABLE_BY_OTHERS = 0o022;

export type StateFiles = { json: string; text: string };

/** The paths written. */
export async function writeStateFiles(directory: string, document: StateDocument): Promise<StateFiles> {
  const files = { json: join(directory, 'state.json'), text: join(directory, 'state.txt') };
  await writeRuntimeFile(files.json, renderStateJson(document));
  await writeRuntimeFile(files.text, renderStateText(document));
  return files;
}

/**
 * `path` is in the runtime directory. Makes that; refuses one that is not ours alone (DirectorError
 * RUNTIME_DIRECTORY).
 */
export async function writeRuntimeFile(path: string, text: string | Buffer): Promise<void> {
  await makeRuntimeDirectory(dirname(path));
  await replaceFile(path, text);
}

/** Refuses one that is not ours alone (DirectorError RUNTIME_DIRECTORY). */
export async function makeRuntimeDirectory(directory: string): Promise<void> {
  await makeDirectory(directory);
  await assertOurs(directory);
}

/** From the top: `recursive` of node:fs never ends where the kernel answers ENOENT, as in /proc. */
async function makeDirectory(directory: string): Promise<void> {
  const parent = dirname(directory);
  if (parent !== directory) await makeDirectory(parent);
  await mkdir(directory, { mode: DIRECTORY_MODE }).catch((error: NodeJS.ErrnoException) => {
    if (error.code !== 'EEXIST') throw error;
  });
}

/**
 * In a directory that others may write to, a name of ours could be a link of theirs by the time we use it.
 */
async function assertOurs(directory: string): Promise<void> {
  const stats = await lstat(directory);
  const ours = stats.uid === process.geteuid!() && (stats.mode & WRITABLE_BY_OTHERS) === 0;
  if (stats.isDirectory() && ours) return;
  throw new DirectorError(
    'RUNTIME_DIRECTORY',
    `${directory} is not a directory that only uid ${process.geteuid!()} can write to`,
  );
}

/** Readers see the old file or the new one. rename replaces a symbolic link, it does not follow it. */
async function replaceFile(path: string, text: string | Buffer): Promise<void> {
  const temporary = `${path}.${randomUUID()}`;
  const { O_WRONLY, O_CREAT, O_EXCL, O_NOFOLLOW } = constants;
  const file = await open(temporary, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW, FILE_MODE);
  try {
    await file.writeFile(text).finally(() => file.close());
    await rename(temporary, path);
  } catch (error) {
    await unlink(temporary).catch(() => {});
    throw error;
  }
}
