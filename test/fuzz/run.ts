// Shares inputs out to threads and watches them: what throws, what never comes back, what needs too much
// memory. Any of these is a failure of one input, after which the rest goes on.
import { Worker } from 'node:worker_threads';
import type { Share, Told } from './worker.ts';

/** Longer than this is a hang. The longest input means 1,200,000 lines, and is read four times. */
export const LIMIT_MS = 30_000;
const MOST_MEMORY_MB = 512;
const LOOK_EACH_MS = 500;

export type Job = { seed: number; count: number; workers: number; targets: readonly string[] };
export type Failed = { index: number; message: string; minimizable: boolean };
export type Outcome = { failures: Failed[]; slowest: { index: number; ms: number }[] };
export type Watch = { progress(done: number): void; mostFailures: number };

export async function runAll(job: Job, { progress, mostFailures }: Watch): Promise<Outcome> {
  const outcome: Outcome = { failures: [], slowest: [] };
  const threads = Array.from({ length: job.workers }, (_, first) => new Thread(job, first, outcome));
  const look = setInterval(() => {
    progress(threads.reduce((sum, thread) => sum + thread.done, 0));
    for (const thread of threads) thread.look(outcome.failures.length >= mostFailures);
  }, LOOK_EACH_MS);
  await Promise.all(threads.map((thread) => thread.ended));
  clearInterval(look);
  return outcome;
}

class Thread {
  readonly ended: Promise<void>;
  readonly #job: Job;
  readonly #first: number;
  readonly #outcome: Outcome;
  readonly #current = new Int32Array(new SharedArrayBuffer(4));
  #worker: Worker | undefined;
  #seen = -1;
  #sinceMs = 0;
  #end: () => void = () => {};

  constructor(job: Job, first: number, outcome: Outcome) {
    this.#job = job;
    this.#first = first;
    this.#outcome = outcome;
    this.ended = new Promise((resolve) => {
      this.#end = resolve;
    });
    this.#start(first);
  }

  get done(): number {
    return Math.floor((Atomics.load(this.#current, 0) - this.#first) / this.#job.workers);
  }

  /** Called now and then: ends an input that takes too long, or all when there is no point in going on. */
  look(stop: boolean): void {
    const index = Atomics.load(this.#current, 0);
    if (index !== this.#seen) {
      this.#seen = index;
      this.#sinceMs = performance.now();
    }
    if (stop) this.#stop();
    else if (performance.now() - this.#sinceMs > LIMIT_MS) this.#over(`takes more than ${LIMIT_MS} ms`, true);
  }

  #start(first: number): void {
    const { seed, targets, count, workers } = this.#job;
    if (first >= count) return this.#end();
    Atomics.store(this.#current, 0, first);
    const share: Share = { seed, targets, first, step: workers, end: count, current: this.#current };
    this.#worker = new Worker(new URL('./worker.ts', import.meta.url), {
      workerData: share,
      resourceLimits: { maxOldGenerationSizeMb: MOST_MEMORY_MB },
    });
    this.#worker.on('message', (told: Told) => this.#hear(told));
    this.#worker.on('error', (error) => this.#over(String(error), false));
  }

  #hear(told: Told): void {
    if (told.type === 'failed')
      this.#outcome.failures.push({ index: told.index, message: told.message, minimizable: true });
    else {
      this.#outcome.slowest.push({ index: told.slowest, ms: told.slowestMs });
      this.#end();
    }
  }

  /** This input will not end well: the next one, in a new thread. */
  #over(message: string, minimizable: boolean): void {
    const index = Atomics.load(this.#current, 0);
    this.#outcome.failures.push({ index, message, minimizable });
    void this.#worker?.terminate();
    this.#worker?.removeAllListeners();
    this.#start(index + this.#job.workers);
  }

  #stop(): void {
    void this.#worker?.terminate();
    this.#end();
  }
}
