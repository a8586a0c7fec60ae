// `npm test`: everything, in the order in which a failure is cheapest to learn of. Ends with the line `N
// passed, N failed`.
import { readFileSync, rmSync } from 'node:fs';
import { type Outcome, root, run } from './run.ts';

type Test = { status: string; fullName: string; failureMessages?: string[] };
type Report = {
  numPassedTests: number;
  numFailedTests: number;
  numPendingTests: number;
  success: boolean;
  testResults: { name: string; status: string; message: string; assertionResults: Test[] }[];
};
const counts = { passed: 0, failed: 0 };
/** Named again in the end: what a log is cut to is its end. */
const failed: string[] = [];

for (const project of ['fast', 'system', 'lab']) {
  const file = `${root}.cache/test-${project}.json`;
  rmSync(file, { force: true });
  console.log(`\n== ${project} tests`);
  const reporters = ['--reporter', 'default', '--reporter', 'json', '--outputFile.json', file];
  const outcome = await run(project, ['vitest', 'run', '--project', project, ...reporters], { quiet: false });
  count(outcome, readReport(file));
}
for (const outcome of await Promise.all([
  run('types', ['tsc', '-p', '.'], { quiet: true }),
  run('format and lint', ['biome', 'check', '.'], { quiet: true }),
  run('dead code', ['knip'], { quiet: true }),
])) {
  counts[outcome.ok ? 'passed' : 'failed']++;
  if (outcome.ok) continue;
  console.log(`\n== ${outcome.name}\n${outcome.output}`);
  failed.push(outcome.name);
}
console.log(['', ...failed.map((name) => `FAILED ${name}`)].join('\n'));
console.log(`\n${counts.passed} passed, ${counts.failed} failed`);
process.exitCode = counts.failed === 0 ? 0 : 1;

function readReport(file: string): Report | undefined {
  try {
    return JSON.parse(readFileSync(file, 'utf8'));
  } catch {
    return undefined;
  }
}

/**
 * A skipped test counts as failed, and so does a run that failed without a failed test (a crash, a bad
 * import).
 */
function count({ ok }: Outcome, report: Report | undefined): void {
  const broken = (report?.numFailedTests ?? 0) + (report?.numPendingTests ?? 0);
  counts.passed += report?.numPassedTests ?? 0;
  counts.failed += broken === 0 && !(ok && report?.success === true) ? 1 : broken;
  for (const file of report?.testResults ?? []) failed.push(...failuresOf(file));
}

/** A file that failed before its tests has none. */
function failuresOf({ name, status, message, assertionResults }: Report['testResults'][number]): string[] {
  const file = name.replace(root, '');
  const tests = assertionResults.filter((test) => test.status !== 'passed');
  if (tests.length === 0) return status === 'passed' ? [] : [`${file}: ${gist(message)}`];
  return tests.map((test) => `${file} > ${test.fullName}: ${gist(test.failureMessages?.[0])}`);
}

/** What was wrong: after a message of the test's own it is not in the first line. */
function gist(text = 'did not run'): string {
  const lines = text.split('\n');
  const judged = lines.find((line) => / to (deeply )?(equal|be|match|contain|have)\b/.test(line));
  return [...new Set([lines[0]!, ...(judged === undefined ? [] : [judged])])].join(' … ');
}
