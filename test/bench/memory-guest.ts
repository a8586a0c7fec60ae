// Run in the lab's guest, which has IPVS: starts a program with one virtual router and one virtual service,
// and five seconds after the service is in the kernel prints the memory of its processes as a line of JSON.
// `memory-guest.ts lvs-director|keepalived`
import { execFileSync, spawn } from 'node:child_process';
import { mkdirSync, openSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { footprint } from './footprint.ts';
import { directorCommand, type Program, stop } from './link.ts';
import { CONFIGURATION, SETTLED_AFTER_MS } from './memory.ts';

/** 10.99.1.2:80 as /proc/net/ip_vs writes it. */
const SERVER_IN_TABLE = '0A630102:0050';
const PROGRAMMED_WITHIN_MS = 60_000;

const program = process.argv[2] as Program;
const directory = '/run/bench';
mkdirSync(directory, { recursive: true });
const file = join(directory, 'keepalived.conf');
writeFileSync(file, CONFIGURATION);
for (const words of [
  'link set lo up',
  'link add eth0 type veth peer name eth9',
  'link set eth0 up',
  'link set eth9 up',
  'address add 10.99.1.1/24 dev eth0',
]) {
  execFileSync('ip', words.split(' '), { stdio: 'inherit' });
}
const [command, ...args] = directorCommand(program, file, directory);
const log = openSync(join(process.env.LAB_OUT!, `${program}.log`), 'a');
const child = spawn(command!, args, { stdio: ['ignore', log, log] });
const startedMs = performance.now();
while (!readFileSync('/proc/net/ip_vs', 'utf8').includes(SERVER_IN_TABLE)) {
  if (performance.now() - startedMs > PROGRAMMED_WITHIN_MS) throw new Error(`${program} programs no service`);
  await sleep(100);
}
await sleep(SETTLED_AFTER_MS);
const result = footprint(child.pid!);
await stop(child);
console.log(JSON.stringify(result));
