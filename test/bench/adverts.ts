// How evenly adverts are sent each 10 ms while every processor is busy: the largest of 1,000 intervals,
// as the peer's kernel stamps them. Ours and keepalived at the same time, with real-time priority and
// without.
import { type ChildProcess, spawn } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { cpus } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { Link, type Program, stop } from './link.ts';
import { percentile, type Row, row } from './row.ts';

const INTERVALS = 1_000;
/** The first ones are sent by code that runs for the first time: a start is not what is measured here. */
const SETTLING = 100;
const WITHIN_MS = 60_000;

export async function run(): Promise<Row[]> {
  const rows: Row[] = [];
  for (const priority of [20, 0]) {
    const load = cpus().map(() => spawn('sh', ['-c', 'while :; do :; done'], { stdio: 'ignore' }));
    try {
      const [ours, theirs] = await Promise.all([
        measure('lvs-director', priority),
        measure('keepalived', priority),
      ]);
      rows.push(...compare(ours, theirs, priority > 0));
    } finally {
      for (const child of load) child.kill('SIGKILL');
    }
  }
  return rows;
}

function compare(ours: readonly number[], theirs: readonly number[], realtime: boolean): Row[] {
  const name = `advert interval at 10 ms, all CPUs busy, ${realtime ? 'real-time' : 'no real-time'}`;
  const bound = realtime ? { bound: '≤ 15' } : {};
  const figures = { ours: Math.max(...ours), theirs: Math.max(...theirs) };
  const late = { ours: percentile(ours, 0.99), theirs: percentile(theirs, 0.99) };
  return [
    row({ name: `${name}: largest of ${INTERVALS}`, unit: 'ms', ...figures, ...bound }),
    row({ name: `${name}: 99 of 100 within`, unit: 'ms', ...late }),
  ];
}

async function measure(program: Program, priority: number): Promise<number[]> {
  const link = new Link(`adverts-${program.slice(0, 4)}`);
  const running: ChildProcess[] = [];
  try {
    const file = join(link.directory, 'keepalived.conf');
    writeFileSync(file, configuration(priority));
    const ear = link.spawn(link.peer, [process.execPath, join(import.meta.dirname, 'hear.ts'), 'eth0']);
    running.push(ear);
    const heard = createInterface({ input: ear.stdout! })[Symbol.asyncIterator]();
    if ((await heard.next()).value !== 'listening') throw new Error('the listener ended');
    const child = link.start(program, file);
    running.unshift(child);
    for (const stream of [child.stdout!, child.stderr!]) stream.resume();
    child.on('exit', () => ear.kill());
    return await intervals(program, heard, ear);
  } finally {
    for (const child of running) await stop(child);
    link.remove();
  }
}

async function intervals(
  program: Program,
  heard: AsyncIterator<string>,
  ear: ChildProcess,
): Promise<number[]> {
  const late = setTimeout(() => ear.kill(), WITHIN_MS);
  const stamps: number[] = [];
  while (stamps.length < SETTLING + INTERVALS + 1) {
    const line = await heard.next();
    if (line.done) throw new Error(`only ${stamps.length} adverts of ${program} in ${WITHIN_MS / 1e3} s`);
    stamps.push(Number(line.value));
  }
  clearTimeout(late);
  return stamps.slice(SETTLING + 1).map((stamp, i) => stamp - stamps[SETTLING + i]!);
}

function configuration(priority: number): string {
  return `global_defs {
    router_id bench
    vrrp_version 3
    ${priority > 0 ? `vrrp_rt_priority ${priority}` : ''}
}
vrrp_instance VI_1 {
    state MASTER
    interface eth0
    virtual_router_id 51
    priority 255
    advert_int 0.01
    virtual_ipaddress {
        10.99.1.100/24 dev eth0
    }
}
`;
}
