// A director comes back and knows nothing: does it learn every session before it is needed? dirA is master.
//   resync.ts how=reboot-backup|failback|failback-reboot mode=nat|dr|tun family=4|6
//             program=lvs-director|keepalived n=SESSIONS idle=SESSIONS
// `n` of each kind; `idle`: other than `n` of those that say nothing.
import { setTimeout as sleep } from 'node:timers/promises';
import type { DirectorName, Family, Mode } from './addresses.ts';
import type { Program } from './director.ts';
import type { Report } from './measure.ts';
import { rebootNode, silence } from './network.ts';
import { type Pair, parseArguments, startPair } from './pair.ts';
import { makeSyncKey, syncBlock } from './sync-block.ts';
import { connections, until } from './witness.ts';

/**
 * reboot-backup: dirB comes back with an empty kernel, then dirA loses power. failback: dirA is stopped,
 * sessions are opened through dirB, dirA is started and takes over again. failback-reboot: the same, and dirA
 * comes back with an empty kernel.
 */
export type Return = 'reboot-backup' | 'failback' | 'failback-reboot';
export type ResyncResult = Report & {
  how: Return;
  /** On both directors, just before the takeover that is to be survived. */
  connectionsBefore: Record<DirectorName, Record<string, number>>;
  /** From the start of the director that comes back to its word that it knows all; absent of keepalived. */
  knowsAfterMs?: number;
};

const LIMIT_MS = 30_000;
/** keepalived says nothing of what it knows: as long as its sync threads may keep an entry, twice. */
const KEEPALIVED_MS = 6000;

const words = parseArguments();
const { how = 'reboot-backup', mode = 'nat', program = 'lvs-director', n = '40' } = words;
const family = Number(words.family ?? 4) as Family;
const idle = Number(words.idle ?? n);
const isOurs = program === 'lvs-director';
makeSyncKey();

const pair = await startPair({
  mode: mode as Mode,
  family,
  advertSeconds: 0.5,
  requestEveryMs: 250,
  programs: { dirA: program as Program, dirB: program as Program },
  activeSessions: Number(n),
  idleSessions: idle,
  ...(isOurs ? { appendix: (node: DirectorName) => syncBlock(node, family) } : {}),
});
const result = how === 'reboot-backup' ? await rebootBackup(pair) : await failBack(pair);
console.log(JSON.stringify({ how, ...result }));
process.exit(0);

async function rebootBackup({ traffic, dirA, mode }: Pair) {
  rebootNode('dirB', mode);
  const learned = await startAgain('dirB');
  const connectionsBefore = known();
  await traffic.mark();
  silence('dirA', mode);
  dirA.killAll();
  await until('VIP on dirB', LIMIT_MS, () => pair.owns('dirB'));
  return { connectionsBefore, ...learned, ...(await seen(pair)) };
}

async function failBack({ traffic, dirA, mode }: Pair) {
  const isReboot = how === 'failback-reboot';
  if (isReboot) {
    silence('dirA', mode);
    dirA.killAll();
  } else dirA.signal('SIGTERM');
  await until('VIP on dirB', LIMIT_MS, () => pair.owns('dirB'));
  if (isReboot) rebootNode('dirA', mode);
  else await dirA.exit(LIMIT_MS);
  await traffic.open('laterActive', 'active', Number(n));
  await traffic.open('laterIdle', 'idle', idle);
  await sleep(KEEPALIVED_MS / 2);
  await traffic.mark();
  const learned = await startAgain('dirA');
  const connectionsBefore = known();
  await until('VIP on dirA alone', LIMIT_MS, () => pair.owns('dirA') && !pair.owns('dirB'));
  return { connectionsBefore, ...learned, ...(await seen(pair)) };
}

/** Idle sessions that wake all at once are a load of their own: new connections are judged before that. */
async function seen(pair: Pair): Promise<Report> {
  await sleep(1500);
  const { requests } = await pair.traffic.report();
  return { ...(await pair.observe(3000)), requests };
}

async function startAgain(node: DirectorName): Promise<{ knowsAfterMs?: number }> {
  const director = pair[node];
  const before = isOurs ? director.logged('sync.complete').length : 0;
  const startedAt = performance.now();
  director.start();
  await pair.untilProgrammed(node, 3);
  if (!isOurs) {
    await sleep(KEEPALIVED_MS);
    return {};
  }
  const knows = () =>
    director
      .logged('sync.complete')
      .slice(before)
      .some((line) => line.direction === 'in');
  await until(`${node} knows all`, LIMIT_MS, knows);
  return { knowsAfterMs: Math.round(performance.now() - startedAt) };
}

function known(): ResyncResult['connectionsBefore'] {
  return { dirA: connections('dirA'), dirB: connections('dirB') };
}
