// A rebooted backup is told a large table, in the lab, by the kernel's own sync threads on both sides: from
// the connection of the two balancers until all of it is in the other kernel. keepalived tells a backup that
// comes back of nothing.
import type { BulkResult } from '../lab/guest/bulk.ts';
import { bootGuest } from '../lab/guest.ts';
import { type Row, row } from './row.ts';

/** What sync.settings advises: options ip_vs conn_tab_bits=17. */
const GUEST = { connectionTableBits: 17, memoryMegabytes: 3072, timeoutMs: 900_000 };
const SIZES = [
  { connections: 100_000, seconds: 3 },
  { connections: 1_000_000, seconds: 20 },
];

export async function run(): Promise<Row[]> {
  const rows: Row[] = [];
  for (const { connections, seconds } of SIZES) {
    const args = [`n=${connections}`];
    const { exitCode, result, log } = await bootGuest({ program: 'bulk.ts', args, ...GUEST });
    if (exitCode !== 0) throw new Error(`${args}: exit code ${exitCode}\n${log}`);
    const { ms, arrived, residentMb, ...told } = result as BulkResult;
    const name = `${connections.toLocaleString('en')} connections of the kernel to a rebooted backup`;
    const memory = Math.max(residentMb.dirA, residentMb.dirB);
    rows.push(
      row({ name, ours: ms, unit: 'ms', bound: `≤ ${1000 * seconds}` }),
      row({ name: 'the same, not in its kernel', ours: told.connections - arrived, unit: '', bound: '0' }),
      row({ name: 'the same, larger balancer, resident', ours: memory, unit: 'MB', bound: '≤ 300' }),
    );
  }
  return rows;
}
