// `npm run check`: types, format and lint, dead code, fast tests; side by side, under 15 seconds.
import { run } from './run.ts';

const outcomes = await Promise.all([
  run('types', ['tsc', '-p', '.'], { quiet: true }),
  run('format and lint', ['biome', 'check', '--error-on-warnings', '.'], { quiet: true }),
  run('dead code', ['knip'], { quiet: true }),
  run('fast tests', ['vitest', 'run', '--project', 'fast', '--reporter', 'dot'], { quiet: true }),
]);
for (const { name, ok, ms, output } of outcomes) {
  if (!ok) process.stdout.write(`\n${output}\n`);
  console.log(`${ok ? 'ok    ' : 'FAILED'} ${name} (${(ms / 1000).toFixed(1)} s)`);
}
process.exitCode = outcomes.every(({ ok }) => ok) ? 0 : 1;
