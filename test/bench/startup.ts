// From starting the program to its first advert on the wire, ours and keepalived's in turn: a virtual router
// with priority 255, which advertises as soon as it can. The kernel of the peer says when the advert came.
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { Link, type Program, stop } from './link.ts';
import { median, type Row, row } from './row.ts';

const REPETITIONS = 7;
const HEARD_WITHIN_MS = 15_000;
/** An address owner: MASTER at once, whoever else is there. */
export const ROUTER = `global_defs {
    router_id bench
    vrrp_version 3
}
vrrp_instance VI_1 {
    state MASTER
    interface eth0
    virtual_router_id 51
    priority 255
    advert_int 1
    virtual_ipaddress {
        10.99.1.100/24 dev eth0
    }
}
`;

export async function run(): Promise<Row[]> {
  const link = new Link('startup');
  try {
    const file = join(link.directory, 'keepalived.conf');
    writeFileSync(file, ROUTER);
    await startToAdvertMs(link, 'lvs-director', file); // fills the compile cache
    const took: Record<Program, number[]> = { 'lvs-director': [], keepalived: [] };
    for (let i = 0; i < REPETITIONS; i++) {
      for (const program of ['lvs-director', 'keepalived'] as const) {
        took[program].push(await startToAdvertMs(link, program, file));
      }
    }
    const [ours, theirs] = [took['lvs-director'], took.keepalived];
    return [
      row({
        name: 'start to first advert, median',
        ours: median(ours),
        theirs: median(theirs),
        unit: 'ms',
        bound: '≤ 500',
      }),
      row({
        name: 'start to first advert, shortest',
        ours: Math.min(...ours),
        theirs: Math.min(...theirs),
        unit: 'ms',
      }),
    ];
  } finally {
    link.remove();
  }
}

async function startToAdvertMs(link: Link, program: Program, file: string): Promise<number> {
  const ear = link.spawn(link.peer, [process.execPath, join(import.meta.dirname, 'hear.ts'), 'eth0']);
  const heard = createInterface({ input: ear.stdout! })[Symbol.asyncIterator]();
  try {
    if ((await heard.next()).value !== 'listening') throw new Error('the listener ended');
    const startedMs = performance.timeOrigin + performance.now();
    const child = link.start(program, file);
    let said = '';
    for (const stream of [child.stdout!, child.stderr!]) stream.on('data', (text) => (said += text));
    child.on('exit', () => ear.kill());
    const late = setTimeout(() => ear.kill(), HEARD_WITHIN_MS);
    const first = await heard.next();
    clearTimeout(late);
    await stop(child);
    if (first.done) throw new Error(`${program} sent no advert:\n${said}`);
    return Number(first.value) - startedMs;
  } finally {
    await stop(ear);
  }
}
