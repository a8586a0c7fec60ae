// Real servers leave the master's table and come back while sessions and requests go on: by command, by the
// file, through the death of the balancer and of the master; and somebody empties the table.
import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { DIRECTORS, type DirectorName, PORT, type ServerName, serverAddress, VIP } from './addresses.ts';
import { runtimeDirectory } from './director.ts';
import { startPair, UNHURRIED_MS } from './pair.ts';
import { Phases } from './phases.ts';
import { destinations, establishedTo, ipvsadm, ipvsadmSave, owns, until } from './witness.ts';

const LVS_DIRECTOR = join(import.meta.dirname, '../../../bin/lvs-director');
const LIMIT_MS = 60_000;
const SLOW_START_SECONDS = 4;
const ownSettings = (node: DirectorName) => `director {
    runtime_directory ${runtimeDirectory(node)}
    servers {
        slow_start ${SLOW_START_SECONDS}
    }
}
`;
const addressOf = (server: ServerName) => serverAddress(server, 'nat');
const weightOf = (node: DirectorName, server: ServerName) =>
  destinations(node).get(`${addressOf(server)}:${PORT}`);

const pair = await startPair({
  mode: 'nat',
  advertSeconds: 0.5,
  scheduler: 'wrr',
  requestTimeoutMs: UNHURRIED_MS,
  appendix: ownSettings,
  programs: { dirA: 'lvs-director', dirB: 'lvs-director' },
  activeSessions: 60,
  idleSessions: 12,
});
const { dirA, dirB, traffic } = pair;
const phases = new Phases();

await phases.run('drain', async () => {
  const command = order('dirA', 'drain', 'rs1', '--json');
  const quiet = await untilQuiet('dirA', 'rs1');
  await traffic.hangUp('rs1');
  const goneMs = await untilGone('dirA', 'rs1');
  const ended = await dirA.untilLogged('drain.ended', LIMIT_MS);
  const { exitCode, output } = await command;
  const steps = output.split('\n').flatMap((line) => (line === '' ? [] : [JSON.parse(line).step as string]));
  await traffic.mark();
  return { quiet, goneMs, ended, exitCode, steps, ...(await pair.observe(1000)) };
});

await phases.run('slowStart', async () => {
  await traffic.mark();
  const command = order('dirA', 'ready', 'rs1');
  const shares: number[] = [];
  await until('rs1 has grown', LIMIT_MS, () => {
    const [grows, grown] = [weightOf('dirA', 'rs1') ?? 0, weightOf('dirA', 'rs2')!];
    if (shares.at(-1) !== grows / grown) shares.push(grows / grown);
    return dirA.logged('slowstart.ended').length > 0;
  });
  const { requests } = await traffic.report();
  await command;
  await untilPlain('dirA');
  return { shares, requests, begun: dirA.logged('slowstart.begun') };
});

await phases.run('balancerKilled', async () => {
  await order('dirA', 'drain', 'rs2', '--no-wait');
  const quiet = await untilQuiet('dirA', 'rs2');
  const children = dirA.processes().filter((pid) => pid !== dirA.pid);
  await traffic.mark();
  for (const pid of children) process.kill(pid, 'SIGKILL');
  const weights = new Set<number | undefined>();
  const look = () => weights.add(weightOf('dirA', 'rs2'));
  await until('a new balancer adopts the table', LIMIT_MS, () => {
    look();
    return dirA.logged('ipvs.adopted').some(({ pid }) => !children.includes(Number(pid)));
  });
  for (let n = 0; n < 20; n++, await sleep(100)) look();
  const seen = await pair.observe(500);
  // The new one listens a little later.
  await dirA.untilLogged('control.listening', LIMIT_MS, 2);
  const { exitCode } = await order('dirA', 'ready', 'rs2');
  await until('rs2 has grown', LIMIT_MS, () => dirA.logged('slowstart.ended').length > 1);
  await untilPlain('dirA');
  return { quiet, weights: [...weights], exitCode, ...seen };
});

await phases.run('removed', async () => {
  await traffic.open('late', 'active', 30);
  pair.configure({ servers: ['rs2', 'rs3'] });
  for (const director of [dirA, dirB]) director.signal('SIGHUP');
  const quiet = await untilQuiet('dirA', 'rs1');
  await traffic.hangUp('rs1');
  await untilGone('dirA', 'rs1');
  return { quiet, begun: dirA.logged('drain.begun').at(-1), ended: dirA.logged('drain.ended').at(-1) };
});

await phases.run('failover', async () => {
  for (const node of DIRECTORS) await order(node, 'drain', 'rs2', '--no-wait');
  for (const node of DIRECTORS)
    await until(`rs2 quiet on ${node}`, LIMIT_MS, () => weightOf(node, 'rs2') === 0);
  await traffic.mark();
  dirA.signal('SIGTERM');
  await until('VIP on dirB alone', LIMIT_MS, () => owns('dirB') && !owns('dirA'));
  const moved = await pair.observe(1500);
  const quiet = await untilQuiet('dirB', 'rs2');
  await traffic.hangUp('rs2');
  await untilGone('dirB', 'rs2');
  return { moved, quiet, ended: dirB.logged('drain.ended').at(-1) };
});

await phases.run('drift', async () => {
  const before = ipvsadmSave('dirB');
  await traffic.mark();
  ipvsadm('dirB', '-C');
  const repairedMs = await until('the table is back', LIMIT_MS, () => destinations('dirB').size === 1);
  const { repairs } = await dirB.untilLogged('ipvs.repaired', LIMIT_MS);
  return { before, after: ipvsadmSave('dirB'), repairedMs, repairs, ...(await pair.observe(1500)) };
});

phases.finish();

/** Of the only service there is. */
function order(node: DirectorName, word: 'drain' | 'ready', server: ServerName, ...flags: string[]) {
  const control = ['--control', `${runtimeDirectory(node)}/control.sock`];
  const args = [word, `${VIP}:${PORT}`, addressOf(server), ...flags, ...control];
  const child = spawn(LVS_DIRECTOR, args, { stdio: ['ignore', 'pipe', 'inherit'] });
  let output = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => (output += text));
  return new Promise<{ exitCode: number | null; output: string }>((resolve, reject) => {
    child.on('error', reject).on('close', (exitCode) => resolve({ exitCode, output }));
  });
}

/** From when it gets no new connections: what its own and everybody's sessions see of that. */
async function untilQuiet(node: DirectorName, server: ServerName) {
  await until(`${server} quiet on ${node}`, LIMIT_MS, () => weightOf(node, server) === 0);
  await sleep(200); // those that were on their way to it
  await traffic.mark();
  const seen = await pair.observe(1500);
  return { ...seen, weight: weightOf(node, server), established: establishedTo(node, addressOf(server)) };
}

/** While one grows the weights of all are multiplied; what is logged is in the table a moment later. */
function untilPlain(node: DirectorName): Promise<number> {
  const isPlain = () => [...destinations(node).values()].every((weight) => weight === 1);
  return until(`the file’s weights on ${node}`, LIMIT_MS, isPlain);
}

function untilGone(node: DirectorName, server: ServerName): Promise<number> {
  return until(`${server} gone from ${node}`, LIMIT_MS, () => weightOf(node, server) === undefined);
}
