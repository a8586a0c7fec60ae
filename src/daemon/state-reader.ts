// What both processes know, gathered: into one document for SIGUSR1 and for metrics, into a notice for a
// rehearsal.
import type { LoggedEvent } from '../console/people.ts';
import { type StateDocument, stateDocument } from '../console/state.ts';
import { writeStateFiles } from '../console/state-files.ts';
import { DirectorError } from '../core/errors.ts';
import type { Notice } from '../core/events.ts';
import { VERSION } from '../core/version.ts';
import { rehearsalNotice } from '../director/drill.ts';
import type { Plan } from '../director/plan-document.ts';
import type { DataPlane } from '../ipvs/plane.ts';
import type { DirectorFacts, RunOptions } from './messages.ts';
import type { ServiceKeeper } from './service-keeper.ts';
import type { SyncKeeper } from './sync-keeper.ts';
import type { TableKeeper } from './table-keeper.ts';

type Parts = {
  options: RunOptions;
  plane: DataPlane;
  keeper: TableKeeper;
  services: ServiceKeeper;
  sync: SyncKeeper;
};

export class StateReader {
  readonly #parts: Parts;

  constructor(parts: Parts) {
    this.#parts = parts;
  }

  /** `lastEvents`: of both processes, in any order. */
  async read(facts: DirectorFacts, lastEvents: readonly LoggedEvent[]): Promise<StateDocument> {
    const { options, plane, keeper, services, sync } = this.#parts;
    return stateDocument({
      version: VERSION,
      directorPid: process.ppid,
      balancerPid: process.pid,
      startedAtMs: facts.startedAtMs,
      writtenAtMs: Date.now(),
      configFiles: options.files,
      engine: plane.engine,
      connections: await plane.countConnections(),
      tableRepairs: keeper.repairs,
      monotonicMs: facts.monotonicMs,
      instances: facts.instances,
      ...(await plane.readCounted()),
      health: services.health(),
      syncDaemons: await plane.readSync(),
      sync: sync.document(),
      lastEvents: lastEvents.toSorted((a, b) => a.atMs - b.atMs),
    });
  }

  /** The notice to log: would this director be ready to serve? */
  async rehearse(pools: Plan['pools'], { instances, monotonicMs }: DirectorFacts): Promise<Notice> {
    const { plane, services, sync } = this.#parts;
    const servers = [...pools.values()].reduce((sum, pool) => sum + pool.servers.size, 0);
    return rehearsalNotice({
      services: pools.size,
      servers,
      serversUp: servers - services.serversDown,
      connections: await plane.countConnections(),
      ...sync.readiness(),
      instances: instances.map(({ name, state, priority, lastMaster }) => ({
        name,
        state,
        priority,
        masterSilentMs: lastMaster === undefined ? undefined : Math.round(monotonicMs - lastMaster.atMs),
      })),
    });
  }
}

/** The notice to log: where the files are, or why there are none. */
export async function writeState(directory: string, document: StateDocument): Promise<Notice> {
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
