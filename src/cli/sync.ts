// `lvs-director sync`: how many of the connections the peer knows, and how far full copies have come, of the
// director that runs here. `--wait` follows it until each of the two knows what the other knows.
import { setTimeout as pause } from 'node:timers/promises';
import { askOne } from '../console/control-client.ts';
import { renderJson } from '../console/plain.ts';
import { SYNC, type SyncDocument } from '../console/sync-document.ts';
import { renderSync, syncLines } from '../console/sync-text.ts';
import { DirectorError } from '../core/errors.ts';
import { controlPath, RUNTIME_DIRECTORY } from '../core/runtime-files.ts';

/** `wait`: so many seconds at most. */
export type SyncFlags = { json: boolean; control?: string; wait?: number };
type ExitCode = 0 | 1 | 2;
type Write = (text: string) => void;

const LOOK_EACH_MS = 500;

/** 0 each knows what the other knows, 1 not so, 2 nobody can tell. */
export async function sync(flags: SyncFlags, write: Write, complain: Write): Promise<ExitCode> {
  const path = flags.control ?? controlPath(RUNTIME_DIRECTORY);
  const endMs = performance.now() + 1000 * (flags.wait ?? 0);
  try {
    for (;;) {
      const document = (await askOne(path, SYNC)) as SyncDocument;
      const { state } = document;
      if (state === 'complete' || state === 'off' || performance.now() >= endMs) {
        write(flags.json ? renderJson(document) : renderSync(document));
        return state === 'complete' ? 0 : 1;
      }
      if (!flags.json) write(`${syncLines(document).join('\n')}\n\n`);
      await pause(LOOK_EACH_MS);
    }
  } catch (error) {
    if (!(error instanceof DirectorError)) throw error;
    complain(`error: ${error.message}\n  = ${error.hint}\n`);
    return 2;
  }
}
