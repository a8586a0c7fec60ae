// A day in the life of a pair: what an operator does to it and what happens to its real servers, one phase
// after the other with the same sessions open all the time. dirA is master until the phase that stops it.
//   operations.ts [program=keepalived]: what keepalived can do of it, to prove the phases themselves
import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { DIRECTORS, type DirectorName, PORT, SERVERS, serverAddress } from './addresses.ts';
import { renderConfiguration } from './configuration.ts';
import { type Program, runtimeDirectory } from './director.ts';
import { parseArguments, startPair } from './pair.ts';
import { Phases } from './phases.ts';
import { destinations, ipvsadm, ipvsadmSave, ipvsSettings, owns, syncDaemons, until } from './witness.ts';

const HOLD_SECONDS = 2;
const LIMIT_MS = 30_000;
const ownSettings = (node: DirectorName) =>
  [
    'director {',
    `runtime_directory ${runtimeDirectory(node)}`,
    `drill {\nhold ${HOLD_SECONDS}\n}`,
    'ipvs {\nexpire_quiescent_template\nsloppy_tcp\nschedule_icmp off\n}',
    '}\n',
  ].join('\n');
const program = (parseArguments().program ?? 'lvs-director') as Program;
const firstTwo = SERVERS.slice(0, 2);
const broken = renderConfiguration('dirA', { mode: 'nat', advertSeconds: 0.2 }).replace(
  'lb_algo',
  'lb_algorithm',
);

const pair = await startPair({
  mode: 'nat',
  advertSeconds: 0.5,
  servers: firstTwo,
  appendix: ownSettings,
  programs: { dirA: program, dirB: program },
  activeSessions: 60,
  idleSessions: 10,
});
const { dirA, dirB, traffic } = pair;
const phases = new Phases();

await phases.run('table', async () => ({
  table: { dirA: ipvsadmSave('dirA'), dirB: ipvsadmSave('dirB') },
  sync: sync(),
  settings: settings(),
}));

await phases.run('foreign', async () => {
  for (const node of DIRECTORS) {
    ipvsadm(node, '-A', '-t', '192.0.2.1:99', '-s', 'wlc');
    ipvsadm(node, '-a', '-t', '192.0.2.1:99', '-r', '192.0.2.2:99', '-g', '-w', '3');
  }
  return {};
});

await phases.run('reload', async () => {
  await traffic.mark();
  pair.configure({ servers: SERVERS });
  dirA.signal('SIGHUP');
  dirB.signal('SIGHUP');
  const third = `${serverAddress('rs3', 'nat')}:${PORT}`;
  const inForceMs = await until('rs3 on dirA', LIMIT_MS, () => destinations('dirA').has(third));
  await until('rs3 on dirB', LIMIT_MS, () => destinations('dirB').has(third));
  return { inForceMs, ...(await pair.observe(1500)), table: ipvsadmSave('dirA') };
});

await phases.run('brokenReload', async () => {
  const before = ipvsadmSave('dirA');
  await traffic.mark();
  dirA.configure(broken);
  dirA.signal('SIGHUP');
  const { text } = await dirA.untilLogged('config.rejected', LIMIT_MS);
  const seen = await pair.observe(1500);
  pair.configure({ servers: SERVERS });
  return { ...seen, text, before, after: ipvsadmSave('dirA'), stillMaster: owns('dirA') };
});

await phases.run('refusedStart', async () => {
  const file = '/run/broken.conf';
  writeFileSync(file, broken);
  const command = dirA.command().map((word) => (word === dirA.configurationFile ? file : word));
  const withoutPidFile = command.slice(0, command.indexOf('-p'));
  const started = ['netns', 'exec', 'client', ...withoutPidFile];
  const limit = { timeout: LIMIT_MS, killSignal: 'SIGKILL' } as const;
  const { status, stdout, stderr } = spawnSync('ip', started, { encoding: 'utf8', ...limit });
  return { status, output: (stdout + stderr).slice(0, 3000) };
});

await phases.run('serverDeath', async () => {
  const first = `${serverAddress('rs1', 'nat')}:${PORT}`;
  const everywhere = (present: boolean) =>
    DIRECTORS.every((node) => destinations(node).has(first) === present);
  await traffic.stopServer('rs1');
  const removedMs = await until('rs1 out of both tables', LIMIT_MS, () => everywhere(false));
  await sleep(200); // requests of the last moments before the removal may still fail
  await traffic.mark();
  const without = await pair.observe(700);
  await traffic.startServer('rs1');
  const returnedMs = await until('rs1 back in both tables', LIMIT_MS, () => everywhere(true));
  await sleep(200);
  await traffic.mark();
  const withIt = await pair.observe(700);
  const logged = { down: dirA.logged('server.down').length, up: dirA.logged('server.up').length };
  return { removedMs, returnedMs, without, withIt, logged };
});

await phases.run('state', async () => {
  dirA.signal('SIGUSR1');
  const line = await dirA.untilLogged('state.written', LIMIT_MS);
  const directory = runtimeDirectory('dirA');
  const names = existsSync(directory) ? readdirSync(directory) : [];
  const files = names.filter((name) => statSync(join(directory, name)).isFile());
  return { line, files: Object.fromEntries(files.map((n) => [n, readFileSync(join(directory, n), 'utf8')])) };
});

await phases.run('rehearsal', async () => {
  dirB.signal('SIGUSR2');
  return { report: await dirB.untilLogged('drill.report', LIMIT_MS), stillMaster: owns('dirA') };
});

await phases.run('drill', async () => {
  await traffic.mark();
  dirA.signal('SIGUSR2');
  const awayMs = await until('VIP on dirB alone', LIMIT_MS, () => owns('dirB') && !owns('dirA'));
  const returnedMs = await until('VIP back on dirA alone', LIMIT_MS, () => owns('dirA') && !owns('dirB'));
  const report = await dirA.untilLogged('drill.report', LIMIT_MS);
  return { awayMs, returnedMs, report, ...(await pair.observe(1500)) };
});

await phases.run('leave', async () => {
  const first = `${serverAddress('rs1', 'nat')}:${PORT}`;
  await traffic.mark();
  dirA.configure(`global_defs {\nrouter_id dirA\n}\n${ownSettings('dirA')}`);
  dirA.signal('SIGHUP');
  const movedMs = await until('VIP on dirB alone', LIMIT_MS, () => owns('dirB') && !owns('dirA'));
  const emptyMs = await until('no server on dirA', LIMIT_MS, () => !destinations('dirA').has(first));
  const away = await pair.observe(1500);
  const table = ipvsadmSave('dirA');
  pair.configure({ servers: SERVERS });
  dirA.signal('SIGHUP');
  await until('VIP back on dirA alone', LIMIT_MS, () => owns('dirA') && !owns('dirB'));
  return { movedMs, emptyMs, table, ...away };
});

await phases.run('stop', async () => {
  await traffic.mark();
  dirA.signal('SIGTERM');
  const vipMovedMs = await until('VIP on dirB', LIMIT_MS, () => owns('dirB'));
  const exit = await dirA.exit(LIMIT_MS);
  const left = {
    vip: owns('dirA'),
    table: ipvsadmSave('dirA'),
    sync: sync().dirA,
    processes: dirA.processes(),
    settings: settings(),
  };
  return { vipMovedMs, exit, left, ...(await pair.observe(1500)), syncB: sync().dirB };
});

await phases.run('stopLast', async () => {
  dirB.signal('SIGTERM');
  const exit = await dirB.exit(LIMIT_MS);
  await sleep(100);
  return { exit, vip: owns('dirB'), table: ipvsadmSave('dirB'), sync: sync().dirB };
});

phases.finish();

function settings() {
  return ipvsSettings('dirA', ['expire_quiescent_template', 'sloppy_tcp', 'schedule_icmp']);
}
function sync(): Record<'dirA' | 'dirB', string[]> {
  return { dirA: syncDaemons('dirA'), dirB: syncDaemons('dirB') };
}
