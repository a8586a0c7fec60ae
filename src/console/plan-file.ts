// plan.json in the runtime directory: what a running director has in force, for `diff`. Its directory is
// guarded as that of the state files is.
import { readFileSync } from 'node:fs';
import { readFile, unlink } from 'node:fs/promises';
import { join } from 'node:path';
import { decodePlan, encodePlan, type PlanDocument } from '../director/plan-document.ts';
import { writeRuntimeFile } from './state-files.ts';

export function planPath(directory: string): string {
  return join(directory, 'plan.json');
}

export async function writePlan(directory: string, document: PlanDocument): Promise<void> {
  await writeRuntimeFile(planPath(directory), encodePlan(document));
}

/** Only the one of this director: another one's may have taken its place, if they share a directory. */
export async function removePlan(directory: string, directorPid: number): Promise<void> {
  const path = planPath(directory);
  try {
    const text = await readFile(path, 'utf8');
    if (decodePlan(text)?.directorPid === directorPid) await unlink(path);
  } catch {} // it is not there any more, or never was
}

export type FoundPlan = { ok: true; document: PlanDocument } | { ok: false; reason: string };

export function readPlan(directory: string): FoundPlan {
  let text: string;
  try {
    text = readFileSync(planPath(directory), 'utf8');
  } catch (error) {
    return { ok: false, reason: (error as NodeJS.ErrnoException).code ?? String(error) };
  }
  const document = decodePlan(text);
  if (document === undefined) return { ok: false, reason: 'it is of another version of lvs-director' };
  if (!isAlive(document.directorPid))
    return { ok: false, reason: `the director that wrote it (pid ${document.directorPid}) is gone` };
  return { ok: true, document };
}

/** Signal 0 is sent to nobody. Not to be allowed to send it says that there is somebody. */
function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}
