// The files of the flight recorder in the runtime directory: flight-TIME.json and flight-TIME.pcapng. The
// newest are kept, the others removed. The directory is guarded as that of the state files is.
import { readdir, unlink } from 'node:fs/promises';
import { join } from 'node:path';
import { type Recording, renderRecording } from './recording.ts';
import { writeRuntimeFile } from './state-files.ts';

const OURS = /^(flight-\d{8}T\d{6}\.\d{3}Z)\.(json|pcapng)$/;

export type RecordingFiles = { json: string; pcapng: string };

/** `keep`: how many there may be, this one included. */
export async function writeRecording(
  directory: string,
  recording: Recording,
  keep: number,
): Promise<RecordingFiles> {
  const time = new Date(recording.wallMs).toISOString().replaceAll(/[-:]/g, '');
  const files = {
    json: join(directory, `flight-${time}.json`),
    pcapng: join(directory, `flight-${time}.pcapng`),
  };
  const { json, pcapng } = renderRecording(recording, `flight-${time}.pcapng`);
  // Before, so that there are never more than are allowed.
  await prune(directory, keep - 1);
  await writeRuntimeFile(files.pcapng, pcapng);
  await writeRuntimeFile(files.json, json);
  return files;
}

/** Names sort by time. */
async function prune(directory: string, keep: number): Promise<void> {
  const names = await readdir(directory).catch(() => []);
  const found = names.flatMap((name) => OURS.exec(name)?.[1] ?? []);
  const times = [...new Set(found)].sort().reverse();
  for (const time of times.slice(keep))
    for (const ending of ['json', 'pcapng'])
      await unlink(join(directory, `${time}.${ending}`)).catch(() => {});
}
