// The same file through keepalived and through us: does it leave the same IPVS table? Runs in the guest;
// arguments are the first seed, how many, and how many virtual servers each. Prints one JSON line {files:
// [{seed, lines, missing, superfluous, said}]}, of our lines beside keepalived's.
import assert from 'node:assert/strict';
import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Configuration } from '../../../src/config/model.ts';
import { readConfiguration } from '../../../src/config/read.ts';
import { desiredTable, type Verdicts } from '../../../src/director/health.ts';
import { planPools } from '../../../src/director/services.ts';
import { planTargets } from '../../../src/director/targets.ts';
import { configurePool, EMPTY_POOL } from '../../../src/health/pool.ts';
import { reconcile } from '../../../src/ipvs/reconcile.ts';
import { openKernelPlane } from '../../../src/linux/kernel-plane.ts';
import { CLONE, unshare } from '../../../src/linux/libc.ts';
import { serviceFile } from './service-files.ts';

const [first = 1, count = 1, services = 20] = process.argv.slice(2).map(Number);
unshare(CLONE.NEWNET);
// Without a local address the kernel takes no address of either family for unicast.
for (const words of ['link set lo up', 'addr add 10.9.9.9/32 dev lo', 'addr add 2001:db8:9::9/128 dev lo'])
  execFileSync('ip', words.split(' '));
const plane = await openKernelPlane();
assert(plane, 'this kernel has no IPVS');

const saved = (): string[] =>
  execFileSync('ipvsadm', ['-Sn'], { encoding: 'utf8', maxBuffer: 2 ** 26 })
    .split('\n')
    .map((line) => line.trim())
    .filter(Boolean)
    .toSorted();

/** mulberry32: the same numbers for the same seed. */
function randomOf(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** Its table, once it has been the same for a while. */
async function byKeepalived(path: string): Promise<string[]> {
  const args = ['-n', '-l', '-C', '-f', path, '-p', '/run/ka.pid', '-c', '/run/kac.pid'];
  const daemon = spawn('keepalived', args, { stdio: 'ignore' });
  let [before, table]: [string, string[]] = ['', []];
  for (let same = 0; same < 3; ) {
    assert(daemon.exitCode === null, `keepalived ended with ${daemon.exitCode}`);
    await sleep(300);
    table = saved();
    same = table.length > 0 && table.join() === before ? same + 1 : 0;
    before = table.join();
  }
  daemon.kill('SIGTERM');
  await once(daemon, 'exit');
  execFileSync('ipvsadm', ['-C']);
  return table;
}

function verdictsAtStart(configuration: Configuration): Verdicts {
  const down = new Map<string, Set<string>>();
  const lost = new Set<string>();
  const [, effects] = configurePool(EMPTY_POOL, planTargets(configuration), Math.random);
  for (const effect of effects) {
    if (effect.do === 'service' && !effect.up) lost.add(effect.service);
    if (effect.do !== 'server') continue;
    const servers = down.get(effect.service) ?? new Set<string>();
    down.set(effect.service, servers.add(effect.server));
  }
  return { down, lost };
}

async function byUs(text: string): Promise<[string[], string[]]> {
  const { configuration } = readConfiguration([{ name: 'referee.conf', text }]);
  const wanted = desiredTable(planPools(configuration), verdictsAtStart(configuration));
  const failures = await plane!.apply(reconcile(wanted, await plane!.readTable(), new Set()));
  const actual = await plane!.readTable();
  const left = reconcile(wanted, actual, new Set(wanted.keys()));
  const said = [
    ...failures.map(({ command, reason }) => `${command.do} ${reason}`),
    ...left.map((command) => `${command.do} is still to be done`),
  ];
  const table = saved();
  execFileSync('ipvsadm', ['-C']);
  return [table, said];
}

const files = [];
for (let seed = first; seed < first + count; seed++) {
  const text = serviceFile(randomOf(seed), services);
  const path = `${process.env.LAB_OUT}/${seed}.conf`;
  writeFileSync(path, text);
  const theirs = await byKeepalived(path);
  const [ours, said] = await byUs(text);
  files.push({
    seed,
    lines: theirs.length,
    missing: theirs.filter((line) => !ours.includes(line)),
    superfluous: ours.filter((line) => !theirs.includes(line)),
    said,
  });
}
await plane.close();
console.log(JSON.stringify({ files }));
process.exit(files.every((one) => one.missing.length + one.superfluous.length === 0) ? 0 : 1);
