// Processes of the master die by SIGKILL, one kind after the other: the balancer child, the director
// process, all of them. The kernel goes on forwarding; what is asked is who notices, what is left behind,
// and whether a session was lost.
import { setTimeout as sleep } from 'node:timers/promises';
import { PORT, SERVERS, serverAddress } from './addresses.ts';
import { startPair } from './pair.ts';
import { Phases } from './phases.ts';
import { destinations, ipvsadmSave, ipvsSettings, owns, syncDaemons, until } from './witness.ts';

const LIMIT_MS = 30_000;
const words = (...lines: string[]) => ['director {', 'ipvs {', ...lines, '}', '}\n'].join('\n');
const settings = () => ipvsSettings('dirA', ['expire_nodest_conn', 'conn_reuse_mode', 'pmtu_disc']);

const pair = await startPair({
  mode: 'nat',
  advertSeconds: 0.5,
  servers: SERVERS.slice(0, 2),
  appendix: () => words('expire_nodest_conn', 'conn_reuse_mode 2'),
  programs: { dirA: 'lvs-director', dirB: 'lvs-director' },
  activeSessions: 60,
  idleSessions: 10,
});
const { dirA, traffic } = pair;
const phases = new Phases();

await phases.run('balancerKilled', async () => {
  const director = dirA.pid;
  const children = dirA.processes().filter((pid) => pid !== director);
  const [before, settingsBefore] = [ipvsadmSave('dirA'), settings()];
  await traffic.mark();
  for (const pid of children) process.kill(pid, 'SIGKILL');
  let emptiest = Number.POSITIVE_INFINITY;
  const adoption = () => dirA.logged('ipvs.adopted').find(({ pid }) => !children.includes(Number(pid)));
  const adopted = () => {
    emptiest = Math.min(emptiest, destinations('dirA').size);
    return adoption() !== undefined;
  };
  const adoptedMs = await until('a new balancer adopts the table', LIMIT_MS, adopted);
  const seen = await pair.observe(2500);
  const sameDirector = dirA.pid === director;
  const after = ipvsadmSave('dirA');
  const both = [settingsBefore, settings()];
  return {
    killed: children.length,
    adoptedMs,
    emptiest,
    before,
    after,
    settings: both,
    sameDirector,
    ...seen,
  };
});

await phases.run('reloadAfterwards', async () => {
  await traffic.mark();
  pair.configure({ servers: SERVERS, appendix: () => words('conn_reuse_mode 2', 'pmtu_disc off') });
  for (const director of [pair.dirA, pair.dirB]) director.signal('SIGHUP');
  const third = `${serverAddress('rs3', 'nat')}:${PORT}`;
  const inForceMs = await until('rs3 on dirA', LIMIT_MS, () => destinations('dirA').has(third));
  await pair.untilProgrammed('dirB', 3);
  return { inForceMs, settings: settings(), ...(await pair.observe(1500)) };
});

await phases.run('directorKilled', async () => {
  await traffic.mark();
  process.kill(dirA.pid, 'SIGKILL');
  const vipGoneMs = await until('VIP off dirA', LIMIT_MS, () => !owns('dirA'));
  const tableGoneMs =
    vipGoneMs + (await until('no servers on dirA', LIMIT_MS, () => destinations('dirA').size === 0));
  const nothingRuns = () => dirA.processes().length === 0;
  const allGoneMs = tableGoneMs + (await until('no processes on dirA', LIMIT_MS, nothingRuns));
  const left = {
    vip: owns('dirA'),
    table: ipvsadmSave('dirA'),
    sync: syncDaemons('dirA'),
    settings: settings(),
  };
  await until('VIP on dirB', LIMIT_MS, () => owns('dirB'));
  return { vipGoneMs, tableGoneMs, allGoneMs, left, ...(await pair.observe(1500)) };
});

await phases.run('allKilled', async () => {
  dirA.start();
  await until('VIP back on dirA', LIMIT_MS, () => owns('dirA') && !owns('dirB'));
  await pair.untilProgrammed('dirA', 3);
  await sleep(1500);
  await traffic.open('afterReturn', 'active', 40);
  await sleep(2500);
  await traffic.mark();
  dirA.killAll();
  const vipMovedMs = await until('VIP on dirB', LIMIT_MS, () => owns('dirB'));
  const vipGoneMs = vipMovedMs + (await until('VIP off dirA', LIMIT_MS, () => !owns('dirA')));
  return { vipMovedMs, vipGoneMs, ...(await pair.observe(1500)) };
});

phases.finish();
