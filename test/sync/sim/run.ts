// `npm run sim -- sync [COUNT [FIRST]]`: so many worlds of two connected balancers; the first failures are
// made smaller and printed. SEED=n runs one, FAULTS=0,2,… only those of its faults.
import { attempt, describeFailure, runSeed } from './scenario.ts';

const COUNT = 10_000;
const PRINTED = 5;

export function held(
  seed: string | undefined,
  faults: string | undefined,
  words: readonly string[],
): boolean {
  if (seed !== undefined) return replay(Number(seed), faults);
  const [count = COUNT, first = 1] = words.map(Number);
  const failed: number[] = [];
  for (let each = first; each < first + count; each++) {
    if (attempt(each).failure === undefined) continue;
    failed.push(each);
    if (failed.length <= PRINTED) console.log(describeFailure(runSeed(each)!));
  }
  console.log(`${count} worlds, ${failed.length} failed ${failed.slice(0, 50).join(' ')}`);
  return failed.length === 0;
}

function replay(seed: number, faults: string | undefined): boolean {
  const failure = faults === undefined ? runSeed(seed) : attempt(seed, faults.split(',').map(Number)).failure;
  console.log(failure === undefined ? `seed ${seed} keeps every promise` : describeFailure(failure));
  return failure === undefined;
}
