// One thread of `npm run fuzz`: its share of the inputs, one after the other. Before each it writes down
// which one, so that somebody knows when it never comes back.
import { parentPort, workerData } from 'node:worker_threads';
import { Draw } from './draw.ts';
import { describeFailure } from './limited.ts';
import { TARGETS } from './targets.ts';

export type Share = {
  seed: number;
  targets: readonly string[];
  /** `first`, `first` + `step` and on, below `end`. */
  first: number;
  step: number;
  end: number;
  /** The index of the current input. */
  current: Int32Array<SharedArrayBuffer>;
};
export type Told =
  | { type: 'failed'; index: number; message: string }
  | { type: 'done'; slowestMs: number; slowest: number };

const { seed, targets, first, step, end, current } = workerData as Share;
let slowestMs = 0;
let slowest = first;
const tell = (told: Told) => parentPort!.postMessage(told);

for (let index = first; index < end; index += step) {
  Atomics.store(current, 0, index);
  const { generate, run } = TARGETS[targets[index % targets.length]!]!;
  const input = generate(new Draw(seed, index));
  const startedMs = performance.now();
  try {
    run(input);
  } catch (error) {
    tell({ type: 'failed', index, message: describeFailure(error).message });
  }
  const ms = performance.now() - startedMs;
  if (ms > slowestMs) {
    slowestMs = ms;
    slowest = index;
  }
}
tell({ type: 'done', slowestMs, slowest });
