// `npm run sim [-- COUNT [FIRST]]`: so many worlds on every core, a million unless told otherwise; the first
// failures are made smaller and printed. SEED=n runs one, FAULTS=0,2,… only those of its faults. `npm run sim
// -- mutations` makes known mistakes and looks whether they are seen.
import { availableParallelism } from 'node:os';
import { isMainThread, parentPort, Worker, workerData } from 'node:worker_threads';
import { proveMutations } from './mutations.ts';
import { attempt, describeFailure, type Failure, runSeed } from './scenario.ts';

const COUNT = 1_000_000;
const PRINTED = 5;
const ROUND = 1000;

type Part = { first: number; end: number; step: number };
type Progress = { done: number; failed: readonly number[] };

function replay(seed: number, faults: string | undefined): boolean {
  const failure = faults === undefined ? runSeed(seed) : attempt(seed, faults.split(',').map(Number));
  console.log(failure === undefined ? `seed ${seed} keeps every promise` : describeFailure(failure));
  return failure === undefined;
}

function work({ first, end, step }: Part): void {
  let failed: number[] = [];
  let done = 0;
  const tell = () => {
    parentPort!.postMessage({ done, failed } satisfies Progress);
    failed = [];
    done = 0;
  };
  for (let seed = first; seed < end; seed += step) {
    if (attempt(seed, undefined) !== undefined) failed.push(seed);
    if (++done === ROUND) tell();
  }
  tell();
}

async function all(first: number, count: number): Promise<boolean> {
  const startMs = performance.now();
  const failed: number[] = [];
  let done = 0;
  const step = availableParallelism();
  const workers = Array.from({ length: step }, (_, index) => {
    const part: Part = { first: first + index, end: first + count, step };
    const worker = new Worker(new URL(import.meta.url), { workerData: part });
    worker.on('message', (progress: Progress) => {
      done += progress.done;
      failed.push(...progress.failed);
      if (done % (50 * ROUND) < ROUND)
        console.log(`${done} of ${count}, ${failed.length} failed, ${seconds(startMs)} s`);
    });
    return new Promise<void>((resolve, reject) => {
      worker.once('error', reject);
      worker.once('exit', () => resolve());
    });
  });
  await Promise.all(workers);
  failed.sort((a, b) => a - b);
  for (const seed of failed.slice(0, PRINTED)) console.log(describeFailure(runSeed(seed) as Failure));
  console.log(
    `${done} worlds in ${seconds(startMs)} s: ${failed.length} failed ${failed.slice(0, 50).join(' ')}`,
  );
  return failed.length === 0;
}

async function held(seed: string | undefined, faults: string | undefined, words: string[]): Promise<boolean> {
  if (words[0] === 'mutations') return proveMutations();
  const [count = COUNT, first = 1] = words.map(Number);
  return seed === undefined ? all(first, count) : replay(Number(seed), faults);
}

function seconds(startMs: number): string {
  return ((performance.now() - startMs) / 1000).toFixed(0);
}

if (isMainThread) {
  const { SEED, FAULTS } = process.env;
  process.exitCode = (await held(SEED, FAULTS, process.argv.slice(2))) ? 0 : 1;
} else work(workerData as Part);
