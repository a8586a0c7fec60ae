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
  const of = measure('4');
  const six = measure('6');
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
    row({
      name: 'the same over IPv6, from 65,536 clients: resident memory',
      ours: six.residentMb,
      unit: 'MB',
      bound: '≤ 400',
    }),
    row({
      name: 'an IPv6 packet’s address and connection among 1,000,000 (theirs: among 1,000)',
      ours: six.findNs,
      theirs: six.findFewNs,
      unit: 'ns',
    }),
    row({ name: '1,000,000 connections end in one second: longest step', ours: of.longestEndMs, unit: 'ms' }),
  ];
}

function measure(family: '4' | '6'): Measured {
  const output = execFileSync(process.execPath, [PROGRAM, family], { encoding: 'utf8' });
  const measured = JSON.parse(output) as Measured;
  if (measured.left > 0) throw new Error(`${measured.left} connections did not end`);
  return measured;
}
