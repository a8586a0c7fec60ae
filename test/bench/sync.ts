// The stream between two balancers, each a process of its own, over TLS on this machine: a full copy of a
// million connections to a peer that knows none, from the connection on. The engines are left out: what
// theirs costs is `connections` and `forward`.
import { type ChildProcess, fork } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { footprint } from './footprint.ts';
import { type Row, row } from './row.ts';

const PROGRAM = new URL('./sync-program.ts', import.meta.url);
const CONNECTIONS = 1_000_000;
const ADDRESSES = ['127.0.0.21', '127.0.0.22'] as const;
const PORT = 18_849;
const LIMIT_MS = 120_000;

/** What one of them is told at its start. */
export type Part = { own: string; peer: string; port: number; key: string; connections: number };
/** What it says: that all of its own are known to it, or that it knows all of its peer's. */
export type Said = { does: 'begin' } | { does: 'know'; entries: number; ms: number };

export async function run(): Promise<Row[]> {
  const key = randomBytes(32).toString('hex');
  const [own, peer] = ADDRESSES;
  const teller = begin({ own, peer, port: PORT, key, connections: CONNECTIONS });
  let hearer: ChildProcess | undefined;
  try {
    await said(teller, 'begin');
    hearer = begin({ own: peer, peer: own, port: PORT, key, connections: 0 });
    const { entries, ms } = await said(hearer, 'know');
    if (entries < CONNECTIONS) throw new Error(`${entries} of ${CONNECTIONS} came`);
    const memory = Math.max(...[teller, hearer].map(({ pid }) => footprint(pid!).rssMb));
    const name = `${CONNECTIONS.toLocaleString('en')} connections to a peer that knows none`;
    return [
      row({ name: `sync of our own: ${name}, no engine`, ours: ms, unit: 'ms', bound: '≤ 2000' }),
      row({ name: 'the same, entries', ours: (1000 * entries) / ms, unit: '/s', bound: '≥ 500,000' }),
      row({ name: 'the same, resident memory of the larger side', ours: memory, unit: 'MB', bound: '≤ 300' }),
    ];
  } finally {
    for (const child of [teller, hearer]) child?.kill('SIGKILL');
  }
}

function begin(part: Part): ChildProcess {
  return fork(PROGRAM, [JSON.stringify(part)], { execArgv: process.execArgv });
}

function said<Does extends Said['does']>(child: ChildProcess, does: Does): Promise<Said & { does: Does }> {
  return new Promise((resolve, reject) => {
    const limit = setTimeout(() => reject(new Error(`no word of ${does}`)), LIMIT_MS);
    child.on('exit', (code) => reject(new Error(`ended with exit code ${code}`)));
    child.on('message', (message: Said) => {
      if (message.does !== does) return;
      clearTimeout(limit);
      resolve(message as Said & { does: Does });
    });
  });
}
