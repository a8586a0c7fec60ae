// SIGUSR1: gathers what both processes know and writes the state files.
import type { LoggedEvent } from '../console/people.ts';
import { stateDocument } from '../console/state.ts';
import { writeStateFiles } from '../console/state-files.ts';
import type { SyncDocument } from '../console/sync-document.ts';
import { DirectorError } from '../core/errors.ts';
import type { Notice } from '../core/events.ts';
import { VERSION } from '../core/version.ts';
import type { HealthSnapshot } from '../health/view.ts';
import type { DataPlane } from '../ipvs/plane.ts';
import type { Loaded } from './load.ts';
import type { RunOptions, ToBalancer } from './messages.ts';

type Parts = {
  message: Extract<ToBalancer, { type: 'dump' }>;
  options: RunOptions;
  loaded: Loaded;
  plane: DataPlane;
  tableRepairs: number;
  health: HealthSnapshot;
  sync: SyncDocument;
  lastEvents: readonly LoggedEvent[];
};

/** The notice to log: where the files are, or why there are none. */
export async function writeState({
  message,
  options,
  loaded,
  plane,
  tableRepairs,
  health,
  sync,
  lastEvents,
}: Parts): Promise<Notice> {
  const { instances, startedAtMs } = message;
  const document = stateDocument({
    version: VERSION,
    directorPid: process.ppid,
    balancerPid: process.pid,
    startedAtMs,
    writtenAtMs: Date.now(),
    configFiles: options.files,
    engine: plane.engine,
    connections: await plane.countConnections(),
    tableRepairs,
    monotonicMs: message.monotonicMs,
    instances,
    table: await plane.readTable(),
    counters: await plane.readCounters(),
    health,
    syncDaemons: await plane.readSync(),
    sync,
    lastEvents: [...message.lastEvents, ...lastEvents].sort((a, b) => a.atMs - b.atMs),
  });
  const directory = loaded.configuration.director.runtimeDirectory.value;
  try {
    const files = await writeStateFiles(directory, document);
    return {
      event: 'state.written',
      message: `state written to ${files.json} and ${files.text}`,
      fields: files,
    };
  } catch (error) {
    const hint = error instanceof DirectorError ? error.hint : undefined;
    const reason = error instanceof Error ? error.message : String(error);
    return { event: 'state.failed', message: `state not written: ${reason}`, fields: { directory, hint } };
  }
}
