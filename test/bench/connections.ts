// A million connections in the embedded engine's table, in a process of its own: what they take in memory,
// how long one is looked for among them and among a thousand, what their end costs.
import { execFileSync } from 'node:child_process';
import { type Row, row } from './row.ts';

const PROGRAM = new URL('./connections-program.ts', import.meta.url).pathname;

/** What the program prints. */
export type Measured = {
  residentMb: number;
  addNs: number;
  findNs: number;
  findFewNs: number;
  /** The longest that one second's expiries held up everything else. */
  longestEndMs: number;
  left: number;
};

export async function run(): Promise<Row[]> {
  const of = JSON.parse(execFileSync(process.execPath, [PROGRAM], { encoding: 'utf8' })) as Measured;
  if (of.left > 0) throw new Error(`${of.left} connections did not end`);
  return [
    row({
      name: '1,000,000 connections, embedded engine: resident memory of the process',
      ours: of.residentMb,
      unit: 'MB',
      bound: '≤ 400',
    }),
    row({ name: 'one more connection, scheduled and counted', ours: of.addNs, unit: 'ns' }),
    row({
      name: 'a packet’s connection among 1,000,000 (theirs: among 1,000)',
      ours: of.findNs,
      theirs: of.findFewNs,
      unit: 'ns',
    }),
    row({ name: '1,000,000 connections end in one second: longest step', ours: of.longestEndMs, unit: 'ms' }),
  ];
}
