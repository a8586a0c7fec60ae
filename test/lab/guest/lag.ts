// How long a new session is unknown to the peer: from its first answer until it is in the other kernel's
// table. dirA is master, nobody else speaks.
//   lag.ts program=lvs-director|keepalived n=SESSIONS
import { setTimeout as sleep } from 'node:timers/promises';
import type { Program } from './director.ts';
import { parseArguments, startPair } from './pair.ts';
import { makeSyncKey, syncBlock } from './sync-block.ts';
import { connections, until } from './witness.ts';

/** By session; null: not before the limit. */
export type LagResult = { lagMs: (number | null)[] };

const LIMIT_MS = 10_000;
const { program = 'lvs-director', n = '30' } = parseArguments();
const isOurs = program === 'lvs-director';
makeSyncKey();

const pair = await startPair(
  {
    mode: 'nat',
    advertSeconds: 0.5,
    programs: { dirA: program as Program, dirB: program as Program },
    activeSessions: 0,
    idleSessions: 0,
    ...(isOurs ? { appendix: (node) => syncBlock(node) } : {}),
  },
  false,
);
if (isOurs) await pair.dirA.untilLogged('sync.complete', LIMIT_MS);
const lagMs: LagResult['lagMs'] = [];
for (let session = 1; session <= Number(n); session++) {
  // Not in step with anything that sync does at intervals.
  await sleep(100 + 300 * Math.random());
  await pair.traffic.open(`${session}`, 'idle', 1);
  const known = until(
    'the session on dirB',
    LIMIT_MS,
    () => (connections('dirB').ESTABLISHED ?? 0) >= session,
  );
  lagMs.push(await known.catch(() => null));
}
console.log(JSON.stringify({ lagMs } satisfies LagResult));
process.exit(0);
