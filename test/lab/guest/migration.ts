// docs/migration.md, step by step: a pair of keepalived's becomes a pair of ours, one director at a time,
// and then gets connection sync of our own. The same sessions are open all the time. dirA is master. In the
// end a balancer dies, and what the pair had changed in the kernel is put back all the same.
import { readFileSync } from 'node:fs';
import type { DirectorName } from './addresses.ts';
import { Director } from './director.ts';
import { inside } from './namespace.ts';
import { startPair } from './pair.ts';
import { Phases } from './phases.ts';
import { makeSyncKey, syncBlock } from './sync-block.ts';
import { ipvsadm, owns, syncDaemons, until } from './witness.ts';

const LIMIT_MS = 60_000;
const SERVERS = 3;
/** TCP repeats a lost SYN after one second. What came after that is no lost connection, but a slow one. */
const REQUEST_LIMIT_MS = 2500;

const pair = await startPair({
  mode: 'nat',
  advertSeconds: 0.5,
  requestEveryMs: 50,
  requestTimeoutMs: REQUEST_LIMIT_MS,
  programs: { dirA: 'keepalived', dirB: 'keepalived' },
  activeSessions: 40,
  idleSessions: 20,
});
const { traffic } = pair;
const ours = { dirA: new Director('dirA', 'lvs-director'), dirB: new Director('dirB', 'lvs-director') };
const phases = new Phases();

await phases.run('backup', async () => {
  await traffic.mark();
  pair.dirB.signal('SIGTERM');
  await pair.dirB.exit(LIMIT_MS);
  await start('dirB');
  await until('the sync backup on dirB', LIMIT_MS, () => syncs('dirB', 'backup'));
  return await pair.observe(1500);
});

await phases.run('master', async () => {
  await traffic.mark();
  pair.dirA.signal('SIGTERM');
  await until('VIP on dirB', LIMIT_MS, () => owns('dirB'));
  await pair.dirA.exit(LIMIT_MS);
  return await pair.observe(1500);
});

await phases.run('return', async () => {
  await traffic.mark();
  await start('dirA');
  await until('VIP on dirA alone', LIMIT_MS, () => owns('dirA') && !owns('dirB'));
  await until('the sync backup on dirB', LIMIT_MS, () => syncs('dirB', 'backup'));
  return await pair.observe(1500);
});

const found = settings();
await phases.run('stream', async () => {
  await traffic.mark();
  makeSyncKey();
  pair.configure({ appendix: (node) => syncBlock(node), global: ['lvs_timeouts tcp 777'] });
  for (const director of [ours.dirA, ours.dirB]) director.signal('SIGHUP');
  await until('dirB knows all', LIMIT_MS, () =>
    ours.dirB.logged('sync.complete').some(({ direction }) => direction === 'in'),
  );
  ours.dirA.signal('SIGUSR2');
  await until('VIP on dirB alone', LIMIT_MS, () => owns('dirB') && !owns('dirA'));
  return await pair.observe(1500);
});

await phases.run('killed', async () => {
  const { dirB } = ours;
  const before = settings();
  const complete = dirB.logged('sync.complete').length;
  for (const pid of dirB.processes().filter((pid) => pid !== dirB.pid)) process.kill(pid, 'SIGKILL');
  await dirB.untilLogged('sync.complete', LIMIT_MS, complete + 2);
  const again = settings();
  dirB.signal('SIGTERM');
  await dirB.exit(LIMIT_MS);
  return { found, before, again, after: settings() };
});

phases.finish();

/** Of the kernel of dirB: one that sync of our own needs otherwise, one that the file sets. */
function settings(): string[] {
  const threshold = inside('dirB', () => readFileSync('/proc/sys/net/ipv4/vs/sync_threshold', 'utf8'));
  return [threshold.trim(), ipvsadm('dirB', '-L', '--timeout').trim()];
}

async function start(node: DirectorName): Promise<void> {
  ours[node].start();
  await pair.untilProgrammed(node, SERVERS);
  await ours[node].untilLogged('vrrp.state', LIMIT_MS);
}

function syncs(node: DirectorName, role: 'master' | 'backup'): boolean {
  return syncDaemons(node).some((line) => line.startsWith(role));
}
