// Every way in which a pair can speak VRRP, side by side in one pair: dirA runs lvs-director, dirB Debian's
// keepalived, and each way is there twice, once with either of them as the better one. Both are cut off,
// healed, and stopped in turn; told is who holds what, since when, and what the client's neighbours are.
import { spawnSync } from 'node:child_process';
import { setTimeout as sleep } from 'node:timers/promises';
import type { DirectorName } from './addresses.ts';
import { Director } from './director.ts';
import { instances, renderInterop, type Spoken, vipOf } from './interop-configuration.ts';
import { inside } from './namespace.ts';
import { assertInGuest, buildNetwork, replug, silence } from './network.ts';
import { Phases } from './phases.ts';
import { owns, until } from './witness.ts';

const START_LIMIT_MS = 60_000;
const LIMIT_MS = 15_000;
/** What is on its way to the client gets there. */
const SETTLE_MS = 300;
const UNDISTURBED_MS = 3000;

type Owner = DirectorName | 'both' | 'none';
const directors = { dirA: new Director('dirA', 'lvs-director'), dirB: new Director('dirB', 'keepalived') };
const { dirA, dirB } = directors;

assertInGuest();
buildNetwork('dr');
for (const director of [dirA, dirB]) {
  director.configure(renderInterop(director.node));
  director.start();
}
const phases = new Phases();

await phases.run('start', async () => {
  const ms = await until('everybody in the role that the priorities give', START_LIMIT_MS, isSettled);
  return { ms, ...(await neighbours()) };
});
await phases.run('undisturbed', async () => {
  const before = [dirA.timesMaster(), dirB.timesMaster()];
  const odd: string[] = [];
  for (const end = performance.now() + UNDISTURBED_MS; performance.now() < end; await sleep(20))
    for (const own of instances) if (ownerOf(own) !== own.better) odd.push(`${own.name}: ${ownerOf(own)}`);
  return { odd, before, after: [dirA.timesMaster(), dirB.timesMaster()] };
});
for (const [cut, other] of [
  ['dirB', 'dirA'],
  ['dirA', 'dirB'],
] as const) {
  await phases.run(`${cut} cut off`, async () => {
    silence(cut, 'dr');
    const takenMs = await taken(other);
    await sleep(SETTLE_MS);
    return { takenMs, ...known() };
  });
  await phases.run(`${cut} healed`, async () => {
    replug(cut, 'dr');
    const ms = await until('everybody in their role again', LIMIT_MS, isSettled);
    await sleep(SETTLE_MS);
    return { ms, ...known() };
  });
}
await phases.run('dirB stopped', async () => {
  dirB.signal('SIGTERM');
  const takenMs = await taken('dirA');
  await dirB.exit(LIMIT_MS);
  await sleep(SETTLE_MS);
  return { takenMs, left: instances.filter((own) => holds('dirB', own)).map(({ name }) => name), ...known() };
});
await phases.run('dirB back', async () => {
  dirB.start();
  const ms = await until('everybody in their role again', START_LIMIT_MS, isSettled);
  await sleep(SETTLE_MS);
  return { ms, ...known() };
});
await phases.run('dirA stopped', async () => {
  dirA.signal('SIGTERM');
  const takenMs = await taken('dirB');
  const exit = await dirA.exit(LIMIT_MS);
  await sleep(SETTLE_MS);
  const left = instances.filter((own) => holds('dirA', own)).map(({ name }) => name);
  return { takenMs, exit, left, ...known() };
});
phases.finish();

function isSettled(): boolean {
  return instances.every((own) => ownerOf(own) === own.better);
}

function ownerOf(own: Spoken): Owner {
  const [a, b] = [holds('dirA', own), holds('dirB', own)];
  if (a && b) return 'both';
  return a ? 'dirA' : b ? 'dirB' : 'none';
}

function holds(node: DirectorName, own: Spoken): boolean {
  return owns(node, vipOf(own));
}

/** By instance, how long it took until `node` held it; of those that it held already nothing. */
async function taken(node: DirectorName): Promise<Record<string, number>> {
  const startedAt = performance.now();
  const wanted = instances.filter(({ better }) => better !== node);
  const ms: Record<string, number> = {};
  await until(`${node} with everything`, LIMIT_MS, () => {
    for (const own of wanted)
      if (ms[own.name] === undefined && holds(node, own))
        ms[own.name] = Math.round(performance.now() - startedAt);
    return wanted.every(({ name }) => ms[name] !== undefined);
  });
  return ms;
}

/** Asks for every address, and tells what the client then knows. */
async function neighbours(): Promise<{ macs: Record<string, string>; answered: string[] }> {
  const answered = instances.filter((own) => {
    const ask = ['-n', '-c', '1', '-W', '1', vipOf(own)];
    return inside('client', () => spawnSync('ping', ask)).status === 0;
  });
  return { answered: answered.map(({ name }) => name), ...known() };
}

/** What the client knows without asking, by instance. */
function known(): { macs: Record<string, string> } {
  const text = inside('client', () => spawnSync('ip', ['-j', 'neigh', 'show'], { encoding: 'utf8' })).stdout;
  const entries: { dst: string; lladdr?: string }[] = JSON.parse(text);
  const byAddress = new Map(entries.map(({ dst, lladdr }) => [dst, lladdr ?? 'none']));
  return {
    macs: Object.fromEntries(instances.map((own) => [own.name, byAddress.get(vipOf(own)) ?? 'none'])),
  };
}
