// Watches the files and processes that instances track, and tells of what it finds. Lives in the balancer
// process: the elector's thread is to wait for no disk.
import type { Notice } from '../core/events.ts';
import { type Quorum, stepQuorum } from '../director/quorum.ts';
import type { FileTarget, ProcessTarget, TrackerTargets } from '../director/trackers.ts';
import { initialize, WatchedFile } from '../linux/trackers/files.ts';
import { countProcesses } from '../linux/trackers/processes.ts';
import type { TrackerId, Verdict } from '../vrrp/settings.ts';

const COUNT_EACH_MS = 500;

type Edges = {
  tell: (tracker: TrackerId, verdict: Verdict) => void;
  say: (notice: Notice) => void;
};

export class TrackerKeeper {
  readonly #edges: Edges;
  readonly #files = new Map<string, { target: string; watched: WatchedFile }>();
  readonly #quorums = new Map<string, Quorum>();
  #resumes: boolean;
  #processes: readonly ProcessTarget[] = [];
  #timer: NodeJS.Timeout | undefined;

  /** `resumes`: another process watched before; what stands in files is not to be written again. */
  constructor(edges: Edges, resumes = false) {
    this.#edges = edges;
    this.#resumes = resumes;
  }

  /** Has told the first verdict of everything new when it returns. What did not change goes on. */
  configure({ files, processes }: Pick<TrackerTargets, 'files' | 'processes'>): void {
    this.#watchFiles(files);
    this.#resumes = false;
    const kept = new Map(this.#processes.map((target) => [target.name, JSON.stringify(target)]));
    this.#processes = processes;
    for (const name of [...this.#quorums.keys()]) {
      const target = processes.find((each) => each.name === name);
      if (JSON.stringify(target) !== kept.get(name)) this.#quorums.delete(name);
    }
    clearInterval(this.#timer);
    if (processes.length === 0) return;
    this.#count();
    this.#timer = setInterval(() => this.#count(), COUNT_EACH_MS);
  }

  stop(): void {
    this.configure({ files: [], processes: [] });
  }

  #watchFiles(files: readonly FileTarget[]): void {
    const wanted = new Map(files.map((target) => [target.name, JSON.stringify(target)]));
    for (const [name, { target, watched }] of this.#files) {
      if (wanted.get(name) === target) continue;
      watched.close();
      this.#files.delete(name);
    }
    for (const target of files) {
      if (this.#files.has(target.name)) continue;
      const failure = this.#resumes ? undefined : initialize(target);
      if (failure !== undefined) this.#sayFailure(target, failure);
      const watched = new WatchedFile(target, (value) => this.#found('file', target.name, value, `${value}`));
      this.#files.set(target.name, { target: wanted.get(target.name)!, watched });
    }
  }

  #count(): void {
    const counts = countProcesses(this.#processes);
    for (const [i, target] of this.#processes.entries()) {
      const { name } = target;
      const before = this.#quorums.get(name);
      const quorum = stepQuorum(before, counts[i]!, target, performance.now());
      this.#quorums.set(name, quorum);
      if (quorum.verdict === before?.verdict) continue;
      this.#found('process', name, quorum.verdict, `${quorum.verdict} (${counts[i]} running)`);
    }
  }

  #found(kind: TrackerId['kind'], name: string, verdict: Verdict, what: string): void {
    this.#edges.say({
      event: 'tracker.changed',
      message: `tracked ${kind} ${name}: ${what}`,
      fields: { kind, name, verdict },
    });
    this.#edges.tell({ kind, name }, verdict);
  }

  #sayFailure({ name, path }: FileTarget, why: string): void {
    const message = `tracked file ${name}: ${path} could not be initialised: ${why}`;
    this.#edges.say({ event: 'tracker.failed', message, fields: { kind: 'file', name, path } });
  }
}
