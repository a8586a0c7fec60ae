// Thousands of virtual servers with two real servers each, kernel IPVS in the lab's guest, ours and
// keepalived's in the same guest: from the start until the table has them all, one server more by SIGHUP, and
// what a stop leaves.
import { bootGuest } from '../lab/guest.ts';
import type { Program } from './link.ts';
import { type Row, row } from './row.ts';

const SERVICES = 5_000;
const MANY = 20_000;
const BOOT = { timeoutMs: 1_800_000, memoryMegabytes: 2048 };

/** What scale-guest.ts measures of one program. */
export type Scale = {
  startMs: number;
  startCpuMs: number;
  moreMs: number;
  moreCpuMs: number;
  stopMs: number;
  /** Servers in the table after the program's end. */
  left: number;
};
/** In the order in which they run. */
export type Round = { program: Program; services: number };

export async function run(): Promise<Row[]> {
  const rounds: Round[] = [
    { program: 'keepalived', services: SERVICES },
    { program: 'lvs-director', services: SERVICES },
    { program: 'lvs-director', services: MANY },
  ];
  const { exitCode, result, log, files } = await bootGuest({
    program: '../../bench/scale-guest.ts',
    args: [JSON.stringify(rounds)],
    ...BOOT,
  });
  if (exitCode !== 0 || result === undefined) {
    throw new Error(`exit code ${exitCode} in the guest\n${log}\n${JSON.stringify(files).slice(-4000)}`);
  }
  const [theirs, ours, many] = result as [Scale, Scale, Scale];
  const name = `${SERVICES} services × 2`;
  const ms = (what: string, figure: keyof Scale, bound: string) =>
    row({ name: `${name}: ${what}`, ours: ours[figure], theirs: theirs[figure], unit: 'ms', bound });
  return [
    ms('start to programmed', 'startMs', '≤ 4000, ratio ≤ 0.5'),
    ms('processor time of that', 'startCpuMs', '≤ 3200, ratio ≤ 0.5'),
    ms('one server more, from SIGHUP until it is in the table', 'moreMs', '≤ 500'),
    ms('processor time of that', 'moreCpuMs', ''),
    ms('planned stop', 'stopMs', ''),
    row({
      name: `${name}: servers that a stop leaves in the table`,
      ours: ours.left,
      theirs: theirs.left,
      unit: 'servers',
      bound: '0',
    }),
    row({
      name: `${MANY} services × 2: start to programmed (theirs: ours of ${SERVICES})`,
      ours: many.startMs,
      theirs: ours.startMs,
      unit: 'ms',
      bound: `ratio ≤ ${MANY / SERVICES}`,
    }),
  ];
}
