// What goes wrong around a pair with connection sync, one phase after the other, with the same sessions open
// all the time and the kernel's IPVS on both sides. At the end the master hands over, and each session has to
// go on from what its peer was told.
import { execFileSync } from 'node:child_process';
import { mkdirSync, rmSync, statfsSync, writeFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { SYNC_GROUP, SYNC_PORT } from '../../../src/sync/wire.ts';
import { addressOf, DIRECTORS, PORT, serverAddress } from './addresses.ts';
import { runtimeDirectory } from './director.ts';
import { flood } from './flood.ts';
import { inside } from './namespace.ts';
import { startPair } from './pair.ts';
import { Phases } from './phases.ts';
import { makeSyncKey, syncBlock } from './sync-block.ts';
import { destinations, owns, until } from './witness.ts';

const LIMIT_MS = 30_000;
/** The stream ends a connection on which nothing was heard for 3 s. */
const SILENCE_MS = 5000;
const DAY_SECONDS = 86_400;
const OPENED = 20;
/** An entry waits in the kernel for no longer. */
const KERNEL_TELLS_MS = 3000;
/** More than the balancer's receive buffer holds, to where the kernel's master thread speaks to. */
const JAM = {
  to: SYNC_GROUP,
  port: SYNC_PORT,
  mac: '01:00:5e:00:00:51',
  count: 120_000,
  perSecond: 1_000_000,
};

makeSyncKey();
// A disk of their own, with room for what a director leaves there.
for (const node of DIRECTORS) {
  mkdirSync(runtimeDirectory(node), { recursive: true });
  run('mount', '-t', 'tmpfs', '-o', 'size=1m,mode=0755', 'none', runtimeDirectory(node));
}
const pair = await startPair({
  mode: 'nat',
  advertSeconds: 0.5,
  servers: ['rs1', 'rs2'],
  appendix: (node) => syncBlock(node),
  programs: { dirA: 'lvs-director', dirB: 'lvs-director' },
  activeSessions: OPENED,
  idleSessions: OPENED,
});
const { dirA, dirB, traffic } = pair;
await dirA.untilLogged('sync.complete', LIMIT_MS);
const phases = new Phases();

await phases.run('clock', async () => {
  const before = news();
  await traffic.mark();
  setClock(+DAY_SECONDS);
  await traffic.open('dayLater', 'active', OPENED);
  await sleep(SILENCE_MS);
  setClock(-2 * DAY_SECONDS);
  await traffic.open('dayBefore', 'active', OPENED);
  await sleep(SILENCE_MS);
  setClock(+DAY_SECONDS);
  return { ...since(before), ...(await pair.observe(1500)) };
});

await phases.run('disk', async () => {
  const before = news();
  await traffic.mark();
  for (const node of DIRECTORS) fill(runtimeDirectory(node));
  const free = DIRECTORS.map((node) => statfsSync(runtimeDirectory(node)).bfree);
  pair.configure({ servers: ['rs1', 'rs2', 'rs3'] });
  for (const director of [dirA, dirB]) director.signal('SIGHUP');
  const third = `${serverAddress('rs3', 'nat')}:${PORT}`;
  for (const node of DIRECTORS) await until(`rs3 on ${node}`, LIMIT_MS, () => destinations(node).has(third));
  dirA.signal('SIGUSR1');
  const { msg } = await dirA.untilLogged('state.failed', LIMIT_MS);
  const seen = await pair.observe(1500);
  for (const node of DIRECTORS) rmSync(`${runtimeDirectory(node)}/filler`);
  dirA.signal('SIGUSR1');
  await dirA.untilLogged('state.written', LIMIT_MS);
  return { free, msg, plan: dirA.logged('plan.failed').length, ...since(before), ...seen };
});

await phases.run('halfOpen', async () => {
  const before = news();
  await traffic.mark();
  // What dirB says no longer leaves it: to dirA the connection looks open.
  const route = ['route', 'add', 'blackhole', `${addressOf('dirA', 'eth0')}/32`];
  inside('dirB', () => run('ip', ...route));
  await traffic.open('unheard', 'active', OPENED);
  await until('dirA gives it up', LIMIT_MS, () => dirA.logged('sync.lost').length > before.dirA.lost);
  await until('dirB gives it up', LIMIT_MS, () => dirB.logged('sync.lost').length > before.dirB.lost);
  const reasons = [dirA, dirB].map((director) => director.logged('sync.lost').at(-1)!.reason);
  inside('dirB', () => run('ip', ...route.with(1, 'delete')));
  const peers = dirA.logged('sync.peer').length;
  await until('they talk again', LIMIT_MS, () => dirA.logged('sync.peer').length > peers);
  await sleep(1000);
  return { reasons, ...since(before), ...(await pair.observe(1500)) };
});

await phases.run('missed', async () => {
  const before = news();
  await traffic.mark();
  const [balancer] = dirA.processes().filter((pid) => pid !== dirA.pid);
  process.kill(balancer!, 'SIGSTOP');
  // What the kernel says of the sessions finds no room behind this.
  await flood({ by: { node: 'dirA', device: 'lvs-sync' }, ...JAM });
  await traffic.open('missed', 'idle', OPENED);
  await sleep(KERNEL_TELLS_MS);
  process.kill(balancer!, 'SIGCONT');
  const { datagrams } = await dirA.untilLogged('sync.missed', LIMIT_MS);
  await sleep(2000);
  return { datagrams, ...since(before), ...(await pair.observe(1500)) };
});

await phases.run('handover', async () => {
  await traffic.mark();
  dirA.signal('SIGTERM');
  await until('VIP on dirB alone', LIMIT_MS, () => owns('dirB') && !owns('dirA'));
  const exit = await dirA.exit(LIMIT_MS);
  return { exit, ...(await pair.observe(2500)) };
});

phases.finish();

type News = Record<'dirA' | 'dirB', { lost: number; states: number }>;
function news(): News {
  const of = (director: typeof dirA) => ({
    lost: director.logged('sync.lost').length,
    states: director.logged('vrrp.state').length,
  });
  return { dirA: of(dirA), dirB: of(dirB) };
}
/** Connections of the two balancers that were lost, and changes of state, since then. */
function since(before: News): { lost: number; states: number } {
  const now = news();
  const grown = (what: 'lost' | 'states') =>
    DIRECTORS.reduce((sum, node) => sum + now[node][what] - before[node][what], 0);
  return { lost: grown('lost'), states: grown('states') };
}

function setClock(bySeconds: number): void {
  run('date', '-s', `@${Math.round(Date.now() / 1000) + bySeconds}`);
}

/** Until not a block is left. */
function fill(directory: string): void {
  const chunk = Buffer.alloc(4096);
  try {
    for (;;) writeFileSync(`${directory}/filler`, chunk, { flag: 'a' });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOSPC') throw error;
  }
}

function run(command: string, ...args: string[]): void {
  execFileSync(command, args, { stdio: ['ignore', 'ignore', 'inherit'] });
}
