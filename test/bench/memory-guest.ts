// Run in the lab's guest, which has IPVS: one virtual router and one virtual service for five seconds, then
// the memory of the program's processes as a line of JSON. `memory-guest.ts lvs-director|keepalived`
import { execFileSync, spawn } from 'node:child_process';
import { mkdirSync, openSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { footprint } from './footprint.ts';
import { directorCommand, type Program, stop } from './link.ts';
import { CONFIGURATION, SETTLED_AFTER_MS } from './memory.ts';

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
await sleep(SETTLED_AFTER_MS);
const table = execFileSync('ipvsadm', ['-Ln'], { encoding: 'utf8' });
const result = footprint(child.pid!);
await stop(child);
console.log(JSON.stringify({ footprint: result, table }));
