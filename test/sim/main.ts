// `npm run sim [-- COUNT [FIRST]]`: so many worlds on every core, a million unless told otherwise; those that
// fail are named at once, and the first few made smaller and printed in the end. SEED=n runs one, FAULTS=0,2
// only those of its faults. `npm run sim -- mutations` makes known mistakes and looks whether they are seen;
// `npm run sim -- sync [COUNT [FIRST]]` is of two balancers and the stream between them (test/sync/sim).
import { availableParallelism } from 'node:os';
import { isMainThread, parentPort, Worker, workerData } from 'node:worker_threads';
import { SYNC_MUTATIONS } from '../sync/sim/mutations.ts';
import * as syncSim from '../sync/sim/run.ts';
import { KINDS, type Worst } from './judge.ts';
import { MUTATIONS, proveMutations } from './mutations.ts';
import { attempt, describeFailure, type Failure, runSeed } from './scenario.ts';

const COUNT = 1_000_000;
const PRINTED = 5;
const ROUND = 1000;

type Part = { first: number; end: number; step: number };
type Tally = { worlds: number; faults: number; elections: number; worst: Worst; failed: number[] };

function replay(seed: number, faults: string | undefined): boolean {
  const failure = faults === undefined ? runSeed(seed) : attempt(seed, faults.split(',').map(Number)).failure;
  console.log(failure === undefined ? `seed ${seed} keeps every promise` : describeFailure(failure));
  return failure === undefined;
}

function nothing(): Tally {
  const worst = { ownerless: 0, dual: 0, stale: 0, unheard: 0 };
  return { worlds: 0, faults: 0, elections: 0, worst, failed: [] };
}
function add(to: Tally, more: Tally): void {
  to.worlds += more.worlds;
  to.faults += more.faults;
  to.elections += more.elections;
  to.failed.push(...more.failed);
  for (const kind of Object.keys(KINDS) as (keyof Worst)[])
    to.worst[kind] = Math.max(to.worst[kind], more.worst[kind]);
}

function work({ first, end, step }: Part): void {
  let tally = nothing();
  const tell = () => {
    parentPort!.postMessage(tally);
    tally = nothing();
  };
  for (let seed = first; seed < end; seed += step) {
    const { failure, faults, elections, worst } = attempt(seed, undefined);
    add(tally, { worlds: 1, faults, elections, worst, failed: failure === undefined ? [] : [seed] });
    if (tally.worlds === ROUND) tell();
  }
  tell();
}

async function all(first: number, count: number): Promise<boolean> {
  const startMs = performance.now();
  const total = nothing();
  const step = Math.min(availableParallelism(), Number(process.env.CORES ?? Number.POSITIVE_INFINITY));
  const workers = Array.from({ length: step }, (_, index) => {
    const part: Part = { first: first + index, end: first + count, step };
    const worker = new Worker(new URL(import.meta.url), { workerData: part });
    worker.on('message', (tally: Tally) => {
      add(total, tally);
      for (const seed of tally.failed) console.log(`seed ${seed} fails`);
      if (total.worlds % (50 * ROUND) < ROUND)
        console.log(`${total.worlds} of ${count}, ${total.failed.length} failed, ${seconds(startMs)} s`);
    });
    return new Promise<void>((resolve, reject) => {
      worker.once('error', reject);
      worker.once('exit', () => resolve());
    });
  });
  await Promise.all(workers);
  total.failed.sort((a, b) => a - b);
  for (const seed of total.failed.slice(0, PRINTED)) console.log(describeFailure(runSeed(seed) as Failure));
  console.log(summary(total, seconds(startMs)));
  return total.failed.length === 0;
}

function summary({ worlds, faults, elections, worst, failed }: Tally, elapsed: string): string {
  const longest = (Object.keys(KINDS) as (keyof Worst)[])
    .map((kind) => `${KINDS[kind]} ${worst[kind].toFixed(0)} ms`)
    .join(', ');
  return [
    `${worlds} worlds, ${faults} faults, ${elections} elections in ${elapsed} s`,
    `the longest after the last fault: ${longest}`,
    `${failed.length} failed ${failed.slice(0, 50).join(' ')}`,
  ].join('\n');
}

/** Most are found within a few hundred seeds. */
async function mutations(): Promise<boolean> {
  const seen = [
    await proveMutations(MUTATIONS, { scenario: 'test/sim/scenario.ts', seeds: 10_000 }),
    await proveMutations(SYNC_MUTATIONS, { scenario: 'test/sync/sim/scenario.ts', seeds: 1000 }),
  ];
  return seen.every(Boolean);
}

async function held(seed: string | undefined, faults: string | undefined, words: string[]): Promise<boolean> {
  if (words[0] === 'mutations') return mutations();
  if (words[0] === 'sync') return syncSim.held(seed, faults, words.slice(1));
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
