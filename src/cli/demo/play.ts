// The demo itself, inside its private namespaces: what happens when, what keys do, and what the exit
// code is. What the machines do is in stage.ts.
import { randomBytes } from 'node:crypto';
import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { Socket } from 'node:net';
import { dirname, relative } from 'node:path';
import type { DirectorName, Mode } from './layout.ts';
import { hideRun, PreparationError } from './network.ts';
import { isGood, report } from './report.ts';
import { listenForKeys, openScreen, type Screen } from './screen.ts';
import { Stage } from './stage.ts';

export type Orders = {
  once: boolean;
  mode: Mode;
  engine: 'auto' | 'kernel' | 'embedded';
  /** Has a.conf, b.conf and, optionally, director.conf (of both), a-director.conf, b-director.conf. */
  folder: string;
  logs?: string;
};
/** Our parent holds the other end of this pipe; when it closes we have to end. */
const LIFELINE_FD = 3;
const INTERRUPTED = 130;

const FIRST_SESSIONS = 40;
const LATER_SESSIONS = 10;
/**
 * Sync may take up to three seconds to tell the backup of a young session: do not blame it for the
 * first ones.
 */
const RIPEN_MS = 5_000;
const REST_MS = 4_000;
/** As in examples: director.conf. */
const DRILL_HOLD_SECONDS = 5;
const COMPLAINTS = 5;
/** Where the examples have the key of connection sync, in the /run that is the demo's own. */
const SYNC_KEY = '/run/credentials/lvs-director.service/sync.key';
const SYNC_KEY_BYTES = 32;

async function perform(stage: Stage): Promise<DirectorName> {
  await stage.start();
  stage.phase(`opening ${FIRST_SESSIONS} long-lived sessions and a stream of short requests`);
  stage.openSessions(FIRST_SESSIONS);
  await stage.pause(RIPEN_MS);
  await stage.drill(LATER_SESSIONS);
  await stage.pause(REST_MS);
  return stage.crash();
}

/** Does what keys ask, one thing at a time, until the stage is left. */
async function improvise(stage: Stage, keys: readonly string[]): Promise<void> {
  let done = keys.length;
  for (;;) {
    stage.phase('the pair is whole: press d for a drill, k to kill the master, q to leave');
    done = keys.length; // keys pressed while something was going on are not for now
    stage.openSessions(Math.max(0, FIRST_SESSIONS - stage.sessionsAlive));
    while (keys.length === done) await stage.pause(50);
    const key = keys.at(-1);
    if (key === 'd') await stage.drill(0);
    if (key === 'k') await stage.restart(await stage.crash());
  }
}

/**
 * What each director reads: its file, and our own settings from the folder or, for a chosen engine,
 * made here.
 */
function configurations(orders: Orders): Record<DirectorName, string[]> {
  const shared = `${orders.folder}/director.conf`;
  const made = '/run/lvs-demo-director.conf';
  let settings = existsSync(shared) ? [shared] : [];
  if (orders.engine !== 'auto') {
    const drill = `    drill {\n        hold ${DRILL_HOLD_SECONDS}\n    }\n`;
    writeFileSync(made, `director {\n    engine ${orders.engine}\n${drill}}\n`);
    settings = [made];
  }
  const filesOf = (letter: 'a' | 'b') => {
    const own = `${orders.folder}/${letter}-director.conf`;
    return [`${orders.folder}/${letter}.conf`, ...settings, ...(existsSync(own) ? [own] : [])];
  };
  return { dirA: filesOf('a'), dirB: filesOf('b') };
}

/** As the guide of the examples has it made. */
function makeKey(): void {
  mkdirSync(dirname(SYNC_KEY), { recursive: true });
  writeFileSync(SYNC_KEY, `hex:${randomBytes(SYNC_KEY_BYTES).toString('hex')}\n`, { mode: 0o600 });
}

/**
 * Somebody wants to leave, or something of ours did not work: anything else is a mistake and ends
 * with its stack.
 */
function leaveWith(reason: unknown, stage: Stage, screen: Screen, interactive: boolean): number {
  if (reason instanceof PreparationError) {
    // The live view cuts long texts off, and a rejected configuration is explained in many lines.
    const said = stage.picture.happenings.filter(({ grave }) => grave).slice(-COMPLAINTS);
    screen.print([...said.map(({ who, text }) => `${who}: ${text}`), `lvs-director demo: ${reason.message}`]);
    return 1;
  }
  if (!(reason instanceof Error) || reason.name !== 'AbortError') throw reason;
  return interactive && stage.picture.outcomes.length > 0 ? 0 : INTERRUPTED;
}

/** The exit code of the demo. */
export async function play(orders: Orders): Promise<number> {
  const interactive = !orders.once && process.stdin.isTTY && process.stdout.isTTY;
  const leaving = new AbortController();
  const leave = (): void => leaving.abort();
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, leave);
  new Socket({ fd: LIFELINE_FD }).on('close', leave).on('error', leave).resume();
  const keys: string[] = [];
  listenForKeys((key) => (key === 'q' ? leave() : keys.push(key)));
  if (orders.logs !== undefined) mkdirSync(orders.logs, { recursive: true });

  const screen = openScreen(interactive ? 'd drill   k kill the master   q quit' : 'q quit');
  const { mode, logs } = orders;
  await hideRun();
  makeKey();
  const stage = new Stage({
    mode,
    configurations: configurations(orders),
    ...(logs === undefined ? {} : { logs }),
    changed: (picture) => screen.show(picture),
    leave: leaving.signal,
  });
  let code = 0;
  try {
    const crashed = await perform(stage);
    if (interactive) {
      await stage.restart(crashed);
      await improvise(stage, keys);
    }
    code = isGood(stage.picture) ? 0 : 1;
    screen.close();
  } catch (reason) {
    screen.close();
    code = leaveWith(reason, stage, screen, interactive);
  }
  if (stage.picture.outcomes.length > 0)
    screen.print(report(stage.picture, relative(process.cwd(), orders.folder), screen.paint));
  if (logs !== undefined) writeFileSync(`${logs}/report.json`, JSON.stringify(stage.picture, null, 2));
  return code;
}
