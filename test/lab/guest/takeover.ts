// One takeover, measured: dirA is master and goes; do the sessions go on through dirB, and how long is
// nobody answered?
//   takeover.ts how=power|stop|kill9|linkdown|reboot-backup mode=nat|dr|tun advert=0.1
//               dirA=lvs-director dirB=keepalived
import { setTimeout as sleep } from 'node:timers/promises';
import { addressOf, type DirectorName, type Mode } from './addresses.ts';
import { PRIORITY } from './configuration.ts';
import type { Program } from './director.ts';
import type { Report } from './measure.ts';
import { rebootNode, silence, unplugFront } from './network.ts';
import { type Pair, parseArguments, startPair } from './pair.ts';
import { type Handover, handover, Wire } from './wire.ts';
import { connections, owns, until } from './witness.ts';

/**
 * power: processes dead and cables silent. kill9: only the processes. linkdown: the front cable.
 * reboot-backup: dirB comes back with an empty kernel and has five seconds to learn before dirA loses
 * power.
 */
export type How = 'power' | 'stop' | 'kill9' | 'linkdown' | 'reboot-backup';
export type TakeoverResult = Report & {
  how: How;
  startToMasterMs: number;
  /** Before the fault: any makes the run meaningless. */
  falseTakeovers: number;
  ownersBefore: Record<DirectorName, boolean>;
  connectionsBefore: Record<DirectorName, Record<string, number>>;
  vipMovedMs: number;
  handover: Handover;
  /** dirA after a planned stop. */
  exit?: number | string;
};

const TAKEOVER_LIMIT_MS = 15_000;
const EXIT_LIMIT_MS = 10_000;

const { how = 'power', mode = 'nat', advert = '0.1', dirA = 'lvs-director', dirB = dirA } = parseArguments();
const pair = await startPair({
  mode: mode as Mode,
  advertSeconds: Number(advert),
  programs: { dirA: dirA as Program, dirB: dirB as Program },
  activeSessions: 150,
  idleSessions: 30,
});
if (how === 'reboot-backup') await rebootBackup(pair);
const before = {
  falseTakeovers: pair.falseTakeovers(),
  ownersBefore: { dirA: owns('dirA'), dirB: owns('dirB') },
  connectionsBefore: { dirA: connections('dirA'), dirB: connections('dirB') },
};
const wire = new Wire();
await wire.hearsMaster();
await pair.traffic.mark();
breakMaster(how as How, pair);
const vipMovedMs = await until('VIP on dirB', TAKEOVER_LIMIT_MS, () => owns('dirB'));
const seen = await pair.observe(3000 + 3 * Number(advert) * 1000);
const exit = how === 'stop' ? await pair.dirA.exit(EXIT_LIMIT_MS) : undefined;
const result: TakeoverResult = {
  how: how as How,
  startToMasterMs: pair.startToMasterMs,
  ...before,
  vipMovedMs,
  handover: handover(wire.stop(), addressOf('dirB', 'eth0'), waitMs()),
  ...seen,
  ...(exit === undefined ? {} : { exit }),
};
console.log(JSON.stringify(result));
process.exit(0);

/** RFC 9568 §6.1: Skew_Time after a resignation, Active_Down_Interval after silence. */
function waitMs(): number {
  const advertMs = Number(advert) * 1000;
  const skewMs = ((256 - PRIORITY.dirB) / 256) * advertMs;
  return how === 'stop' ? skewMs : 3 * advertMs + skewMs;
}

function breakMaster(how: How, { dirA, mode }: Pair): void {
  switch (how) {
    case 'stop':
      return dirA.signal('SIGTERM');
    case 'linkdown':
      return unplugFront('dirA');
    case 'kill9':
      return dirA.killAll();
    case 'power':
    case 'reboot-backup':
      silence('dirA', mode);
      return dirA.killAll();
  }
}

async function rebootBackup(pair: Pair): Promise<void> {
  rebootNode('dirB', pair.mode);
  pair.dirB.start();
  await pair.untilProgrammed('dirB', 3);
  await sleep(5000);
}
