// weights.json in the runtime directory: what real servers are going through, for the next balancer. It stays
// when the director stops, as long as there is something to remember. Its directory is guarded as that of the
// state files is.
import { readFile, unlink } from 'node:fs/promises';
import { join } from 'node:path';
import { writeRuntimeFile } from './state-files.ts';

function weightsPath(directory: string): string {
  return join(directory, 'weights.json');
}

/** Undefined = nothing to remember. */
export async function readWeightsFile(directory: string): Promise<string | undefined> {
  try {
    return await readFile(weightsPath(directory), 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}

/** Undefined = nothing to remember. */
export async function writeWeightsFile(directory: string, text: string | undefined): Promise<void> {
  if (text !== undefined) return writeRuntimeFile(weightsPath(directory), text);
  await unlink(weightsPath(directory)).catch((error: NodeJS.ErrnoException) => {
    if (error.code !== 'ENOENT') throw error;
  });
}
