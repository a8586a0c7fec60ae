// `npm run bench [-- NAME…]`: runs the named measurements (all without a name) one after the other, prints
// one table and keeps it as .cache/bench.json. A figure is never a test: nothing here fails for being slow.
import { mkdirSync, writeFileSync } from 'node:fs';
import { cpus, loadavg } from 'node:os';
import { join } from 'node:path';
import type { Row } from './row.ts';
import { renderTable } from './table.ts';

/** In the order of the table; the quick ones first. */
const MEASUREMENTS: Readonly<Record<string, () => Promise<{ run: () => Promise<Row[]> }>>> = {
  startup: () => import('./startup.ts'),
  config: () => import('./config.ts'),
  memory: () => import('./memory.ts'),
  adverts: () => import('./adverts.ts'),
  heal: () => import('./heal.ts'),
  crash: () => import('./crash.ts'),
  crowd: () => import('./crowd.ts'),
  steady: () => import('./steady.ts'),
  connections: () => import('./connections.ts'),
  sync: () => import('./sync.ts'),
  lag: () => import('./lag.ts'),
  bulk: () => import('./bulk.ts'),
  forward: () => import('./forward.ts'),
  scale: () => import('./scale.ts'),
  matrix: () => import('./matrix.ts'),
};
type Outcome = { name: string; seconds: number; rows: Row[]; error?: string };

const FILE = join(import.meta.dirname, '../../.cache/bench.json');

const named = process.argv.slice(2).filter((word) => !word.startsWith('-'));
const unknown = named.filter((name) => !(name in MEASUREMENTS));
if (unknown.length > 0) {
  console.error(
    `no such measurement: ${unknown.join(', ')}. There are: ${Object.keys(MEASUREMENTS).join(', ')}`,
  );
  process.exit(2);
}
const outcomes: Outcome[] = [];
for (const name of named.length > 0 ? named : Object.keys(MEASUREMENTS)) {
  process.stderr.write(`${name} ...`);
  const outcome = await measure(name);
  process.stderr.write(` ${outcome.seconds} s${outcome.error === undefined ? '' : ', failed'}\n`);
  outcomes.push(outcome);
}
const machine = {
  cpus: cpus().length,
  model: cpus()[0]?.model,
  load: loadavg().map((load) => Number(load.toFixed(2))),
};
mkdirSync(join(FILE, '..'), { recursive: true });
writeFileSync(FILE, `${JSON.stringify({ at: new Date().toISOString(), machine, outcomes }, undefined, 2)}\n`);

console.log(renderTable(outcomes.flatMap(({ rows }) => rows)));
console.log(
  `\n${machine.cpus} × ${machine.model}, load ${machine.load.join(' ')}; kept in .cache/bench.json`,
);
for (const { name, error } of outcomes) if (error !== undefined) console.error(`\n${name} failed: ${error}`);
process.exit(outcomes.some(({ error }) => error !== undefined) ? 1 : 0);

async function measure(name: string): Promise<Outcome> {
  const started = performance.now();
  const seconds = () => Math.round((performance.now() - started) / 100) / 10;
  try {
    const { run } = await MEASUREMENTS[name]!();
    const rows = await run();
    return { name, seconds: seconds(), rows };
  } catch (error) {
    return {
      name,
      seconds: seconds(),
      rows: [],
      error: error instanceof Error ? error.stack! : String(error),
    };
  }
}
