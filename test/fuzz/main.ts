// `npm run fuzz [-- COUNT]`: gives a million inputs (or COUNT) to each reader and sees what it does. What it
// prints for a failure replays it: `npm run fuzz -- --seed S --only I`.
import { parseArgs } from 'node:util';
import { Draw } from './draw.ts';
import type { Input } from './input.ts';
import { failureOf } from './limited.ts';
import { minimize } from './minimize.ts';
import { type Failed, LIMIT_MS, runAll } from './run.ts';
import { TARGETS } from './targets.ts';

const MINIMIZE_WITHIN_MS = 60_000;
const MOST_FAILURES = 5;
/** What is shown of an input that is still long. */
const LONGEST_SHOWN = 2_000;

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    seed: { type: 'string', default: String(Date.now() % 1_000_000_000) },
    only: { type: 'string' },
    workers: { type: 'string', default: '2' },
    target: { type: 'string', multiple: true, default: Object.keys(TARGETS) },
  },
});
const job = {
  seed: whole('--seed', values.seed),
  count: whole('COUNT', positionals[0] ?? '1000000'),
  workers: Math.max(1, whole('--workers', values.workers)),
  targets: values.target,
};
for (const name of job.targets) if (!(name in TARGETS)) fail(`no such target: ${name}`);

if (values.only === undefined) await all();
else one(whole('--only', values.only));

async function all(): Promise<void> {
  console.log(`${job.count} inputs for ${job.targets.join(', ')}, seed ${job.seed}, ${job.workers} threads`);
  const startedMs = performance.now();
  let saidMs = startedMs;
  const progress = (done: number) => {
    const nowMs = performance.now();
    if (nowMs - saidMs < 10_000) return;
    saidMs = nowMs;
    console.log(`${done} after ${Math.round((nowMs - startedMs) / 1000)} s`);
  };
  const { failures, slowest } = await runAll(job, { progress, mostFailures: MOST_FAILURES });
  for (const failure of failures) report(failure);
  for (const { index, ms } of slowest) console.log(`slowest: ${Math.round(ms)} ms, ${replay(index)}`);
  const seconds = Math.round((performance.now() - startedMs) / 1000);
  console.log(failures.length === 0 ? `clean after ${seconds} s` : `${failures.length} failures`);
  process.exitCode = failures.length === 0 ? 0 : 1;
}

/** Shows one input and what becomes of it, made as small as it goes. */
function one(index: number): void {
  const input = inputAt(index);
  const startedMs = performance.now();
  const failure = failureOf(() => targetAt(index).run(input), LIMIT_MS);
  console.log(`${show(input)}\n${Math.round(performance.now() - startedMs)} ms`);
  if (failure === undefined) return console.log('clean');
  report({ index, message: failure.message, minimizable: true });
  process.exitCode = 1;
}

function report({ index, message, minimizable }: Failed): void {
  console.log(`\nFAILED ${replay(index)}\n${message}`);
  const input = inputAt(index);
  const { run } = targetAt(index);
  const kind = minimizable ? failureOf(() => run(input), LIMIT_MS)?.kind : undefined;
  if (kind === undefined) return console.log(`not made smaller:\n${show(input)}`);
  const fails = (smaller: Input) => failureOf(() => run(smaller), LIMIT_MS)?.kind === kind;
  console.log(`made smaller:\n${show(minimize(input, fails, MINIMIZE_WITHIN_MS))}`);
}

function replay(index: number): string {
  const targets = job.targets.map((name) => ` --target ${name}`).join('');
  return `npm run fuzz -- --seed ${job.seed} --only ${index}${targets}`;
}

function targetAt(index: number) {
  return TARGETS[job.targets[index % job.targets.length]!]!;
}

function inputAt(index: number): Input {
  return targetAt(index).generate(new Draw(job.seed, index));
}

function show({ text, files }: Input): string {
  return [['text', text] as const, ...Object.entries(files)]
    .map(([name, content]) => {
      const shown = JSON.stringify(content.slice(0, LONGEST_SHOWN));
      return `${name}: ${shown}${content.length > LONGEST_SHOWN ? ` … ${content.length} characters` : ''}`;
    })
    .join('\n');
}

function whole(name: string, text: string): number {
  const value = Number(text);
  if (!Number.isSafeInteger(value) || value < 0) fail(`${name} is a whole number, not ${text}`);
  return value;
}

function fail(message: string): never {
  console.error(message);
  process.exit(2);
}
