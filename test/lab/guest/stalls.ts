// For how long the guest stood still, because its machine had something else to do: what is measured
// meanwhile says nothing about those who are measured. See stalls.pl.
import { spawn } from 'node:child_process';
import { openSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

const FILE = '/run/stalls';

/** From now on, of everything that happens in this guest. */
export function watchForStalls(): void {
  const program = join(import.meta.dirname, 'stalls.pl');
  spawn('chrt', ['-f', '99', 'perl', program], { stdio: ['ignore', openSync(FILE, 'w'), 'inherit'] }).unref();
}

/** Milliseconds of that time; both ends are CLOCK_MONOTONIC's. */
export function stalledMs(fromMs: number, toMs: number): number {
  let sum = 0;
  for (const line of readFileSync(FILE, 'utf8').trim().split('\n')) {
    const [from = 0, to = 0] = line.split(' ').map(Number);
    sum += Math.max(0, Math.min(to, toMs) - Math.max(from, fromMs));
  }
  return Math.round(sum);
}

/** As `fromMs` and `toMs` are given. */
export function monotonicMs(): number {
  return Number(process.hrtime.bigint() / 1_000_000n);
}
