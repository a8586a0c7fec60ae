// Memory of all processes five seconds after the start, one virtual router and one virtual service: with the
// kernel's IPVS in the lab's guest, ours beside keepalived's; and with the embedded engine on this machine.
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { bootGuest } from '../lab/guest.ts';
import { type Footprint, footprint } from './footprint.ts';
import { Link, type Program, stop } from './link.ts';
import { type Row, row } from './row.ts';
import { ROUTER } from './startup.ts';

export const SETTLED_AFTER_MS = 5_000;
/** The router of startup.ts, and one service. */
export const CONFIGURATION = `${ROUTER}virtual_server 10.99.1.100 80 {
    delay_loop 1
    lb_algo rr
    lb_kind NAT
    protocol TCP
    real_server 10.99.1.2 80 {
        weight 1
    }
}
`;

export async function run(): Promise<Row[]> {
  const ours = await inGuest('lvs-director');
  const theirs = await inGuest('keepalived');
  const embedded = await onHost();
  const bound = '≤ 130';
  return [
    row({ name: 'resident memory, kernel IPVS', ours: ours.rssMb, theirs: theirs.rssMb, unit: 'MB', bound }),
    row({ name: 'same, shared pages by their share', ours: ours.pssMb, theirs: theirs.pssMb, unit: 'MB' }),
    row({ name: 'resident memory, embedded engine', ours: embedded.rssMb, unit: 'MB', bound }),
    row({ name: 'same, shared pages by their share', ours: embedded.pssMb, unit: 'MB' }),
  ];
}

async function inGuest(program: Program): Promise<Footprint> {
  const { exitCode, result, log, files } = await bootGuest({
    program: '../../bench/memory-guest.ts',
    args: [program],
  });
  if (exitCode === 0 && result !== undefined) return result as Footprint;
  throw new Error(`${program} in the guest: exit code ${exitCode}\n${log}\n${JSON.stringify(files)}`);
}

async function onHost(): Promise<Footprint> {
  const link = new Link('memory');
  try {
    const file = join(link.directory, 'keepalived.conf');
    writeFileSync(file, CONFIGURATION);
    const child = link.start('lvs-director', file);
    child.stdout!.resume();
    child.stderr!.resume();
    await sleep(SETTLED_AFTER_MS);
    const result = footprint(child.pid!);
    await stop(child);
    return result;
  } finally {
    link.remove();
  }
}
