// Run in the lab's guest, which has IPVS: starts the programs in turn with thousands of virtual services,
// measures each, and prints that as a line of JSON. `scale-guest.ts ROUNDS`, as scale.ts has them.
import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, openSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { processorSeconds } from './footprint.ts';
import { directorCommand } from './link.ts';
import type { Round, Scale } from './scale.ts';
import { manyServices, REAL_SERVERS } from './services.ts';

const WITHIN_MS = 400_000;
/** Reading the table takes the guest 20 ms, of its one processor. */
const LOOK_EVERY_MS = 100;
const SETTLED_AFTER_MS = 3_000;
/** Both announce their addresses again five seconds after they came. */
const ANNOUNCED_AFTER_MS = 12_000;

const directory = '/run/bench';
const file = join(directory, 'keepalived.conf');
mkdirSync(directory, { recursive: true });
const ip = (words: string) => execFileSync('ip', words.split(' '), { stdio: 'inherit' });
ip('link add eth0 type veth peer name eth9');
for (const device of ['lo', 'eth0', 'eth9']) ip(`link set ${device} up`);
ip('address add 10.99.1.1/24 dev eth0');

const measured: Scale[] = [];
for (const [index, round] of (JSON.parse(process.argv[2]!) as Round[]).entries()) {
  measured.push(await measure(round, `${index}-${round.program}-${round.services}`));
  execFileSync('ipvsadm', ['-C']);
  await sleep(SETTLED_AFTER_MS);
}
console.log(JSON.stringify(measured));

async function measure({ program, services }: Round, name: string): Promise<Scale> {
  const configure = (more: number) => writeFileSync(file, manyServices(services, { isChecked: false, more }));
  configure(0);
  const log = openSync(join(process.env.LAB_OUT!, `${name}.log`), 'a');
  const [command, ...args] = directorCommand(program, file, directory);
  const startedMs = performance.now();
  const child = spawn(command!, args, { stdio: ['ignore', log, log] });
  const pid = child.pid!;
  await until(child, services * REAL_SERVERS);
  const startMs = performance.now() - startedMs;
  const startCpuMs = processorSeconds(pid) * 1000;
  while (addresses() < services) await sleep(LOOK_EVERY_MS);
  await sleep(ANNOUNCED_AFTER_MS);
  configure(1);
  const before = processorSeconds(pid);
  const changedMs = performance.now();
  child.kill('SIGHUP');
  await until(child, services * REAL_SERVERS + 1);
  const moreMs = performance.now() - changedMs;
  await sleep(SETTLED_AFTER_MS);
  const moreCpuMs = (processorSeconds(pid) - before) * 1000;
  const stoppedMs = performance.now();
  child.kill('SIGTERM');
  await once(child, 'exit');
  const stopMs = performance.now() - stoppedMs;
  return { startMs, startCpuMs, moreMs, moreCpuMs, stopMs, left: serversInTable() };
}

async function until(child: ChildProcess, servers: number): Promise<void> {
  const startedMs = performance.now();
  while (serversInTable() !== servers) {
    if (child.exitCode !== null) throw new Error(`it ended with exit code ${child.exitCode}`);
    if (performance.now() - startedMs > WITHIN_MS) throw new Error(`there are ${serversInTable()} servers`);
    await sleep(LOOK_EVERY_MS);
  }
}

function addresses(): number {
  const shown = execFileSync('ip', ['-brief', 'address', 'show', 'dev', 'eth0'], { maxBuffer: 2 ** 24 });
  return shown.toString().split(' 10.100.').length - 1;
}

/** Lines of the head begin so, too, but with a name. */
function serversInTable(): number {
  return readFileSync('/proc/net/ip_vs', 'latin1').split('\n  -> ').length - 2;
}
