// Orders on a pair of directors with `sync { … }`: given on either one they hold on both, for a director that
// was away, too, until they are withdrawn; and the answer says what the other one has.
import { execFileSync, spawn, spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { EngineNet, VIP } from '../linux/engine-net.ts';
import { TestDirector } from './director.ts';
import { ADDRESS, type Name, pairFile, writeSyncKey } from './embedded-pair.ts';

const BIN = fileURLToPath(new URL('../../bin/lvs-director', import.meta.url));
const scratch = mkdtempSync(join(tmpdir(), 'lvs-pair-orders-'));
const KEY = join(scratch, 'sync.key');
writeSyncKey(KEY);

const LIMIT_MS = 240_000;
const PATIENCE = { limitMs: 60_000 };
const configuration = (name: Name, hosts: readonly number[]) =>
  pairFile(name, { directory: join(scratch, name), proof: `psk ${KEY}`, instance: 'nopreempt', hosts });

let net: EngineNet;
const directors: Partial<Record<Name, TestDirector>> = {};
beforeAll(async () => {
  net = new EngineNet('pairorders');
  await start('a');
  await directors.a!.line({ event: 'vrrp.state', to: 'MASTER' }, PATIENCE);
  await start('b', [21, 22, 23]);
  await directors.b!.line({ event: 'sync.peer' }, PATIENCE);
}, LIMIT_MS);
afterAll(async () => {
  await Promise.all(Object.values(directors).map((each) => each.remove()));
  net?.remove();
  rmSync(scratch, { recursive: true, force: true });
});

async function start(name: Name, hosts = [21, 22, 23, 24]): Promise<void> {
  directors[name] = new TestDirector(net.namespace(name), configuration(name, hosts));
  await directors[name].line({ event: 'control.listening' }, PATIENCE);
}
const control = (name: Name) => ['--control', `${scratch}/${name}/control.sock`];
function order(name: Name, word: string, host: number, ...words: string[]) {
  const args = [word, `${VIP}:80`, `10.77.1.${host}`, ...words, ...control(name)];
  const { status, stdout, stderr } = spawnSync(BIN, args, { encoding: 'utf8' });
  return { status, said: stdout + stderr };
}
/** Host → weight, of what is in the table. */
function table(name: Name): Record<string, number> {
  const lines = execFileSync(BIN, ['ipvs', '-Sn', ...control(name)], { encoding: 'utf8' }).split('\n');
  return Object.fromEntries(
    lines.flatMap((line) => {
      const [, host, weight] = /-r 10\.77\.1\.(\d+):8080 -m -w (\d+)/.exec(line) ?? [];
      return host === undefined ? [] : [[host, Number(weight)]];
    }),
  );
}
async function untilTable(name: Name, expected: Record<string, number>): Promise<void> {
  await expect.poll(() => table(name), { timeout: 20_000, interval: 200 }).toEqual(expected);
}

test('an order on the master holds on the backup, and one on the backup on the master', {
  timeout: LIMIT_MS,
}, async () => {
  const { a, b } = directors;
  const drained = order('a', 'drain', 21);
  expect(drained.said).toContain(`also on the peer ${ADDRESS.b}\n`);
  expect(drained.status).toBe(0);
  expect(await b!.line({ event: 'server.told' })).toMatchObject({
    server: '10.77.1.21:8080',
    order: 'drain',
    from: ADDRESS.a,
    isConfigured: true,
  });
  // Nothing was left on the master, which is what counts.
  await b!.line({ event: 'drain.ended', server: '10.77.1.21:8080' });
  await untilTable('b', { 22: 1, 23: 1 });
  await untilTable('a', { 22: 1, 23: 1, 24: 1 });

  expect(order('b', 'weight', 22, '7').said).toContain(`also on the peer ${ADDRESS.a}\n`);
  await a!.line({ event: 'server.told', order: 'weight', from: ADDRESS.b });
  await untilTable('a', { 22: 7, 23: 1, 24: 1 });

  // Given on the backup it ends with what the master has, long before its deadline.
  const onBackup = order('b', 'drain', 23, '--json');
  expect(onBackup.status).toBe(0);
  const steps = onBackup.said
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line));
  expect(steps.map(({ step }) => step).slice(0, 2)).toEqual(['plan', 'peer']);
  expect(steps[1].peer).toEqual({ address: ADDRESS.a, state: 'held', unknown: [] });
  await untilTable('a', { 22: 7, 24: 1 });
  await untilTable('b', { 22: 7 });

  const strange = order('a', 'maint', 24);
  expect(strange.status).toBe(0);
  expect(strange.said).toContain(
    `also on the peer ${ADDRESS.b}; it does not know: 10.77.1.24:8080 of TCP ${VIP}:80\n`,
  );
});

test('a director that forgot everything gets the orders; ready withdraws them on both', {
  timeout: LIMIT_MS,
}, async () => {
  await directors.b!.remove();
  rmSync(`${scratch}/b`, { recursive: true });
  const alone = order('a', 'ready', 23);
  expect(alone.status).toBe(0);
  expect(alone.said).toContain(`not yet on the peer ${ADDRESS.b}: it is not connected`);
  await start('b', [21, 22, 23, 24]);
  await untilTable('b', { 22: 7, 23: 1 });
  for (const host of [21, 22, 24]) expect(order('b', 'ready', host).said).toContain('also on the peer');
  for (const name of ['a', 'b'] as const) await untilTable(name, { 21: 1, 22: 1, 23: 1, 24: 1 });
});

test('who is killed remembers, and is told what was withdrawn meanwhile', { timeout: LIMIT_MS }, async () => {
  const b = directors.b!;
  const waiting = spawn(BIN, ['maint', `${VIP}:80`, '10.77.1.21', '10.77.1.22', ...control('b')]);
  expect(await new Promise((resolve) => waiting.on('close', resolve))).toBe(0);
  await untilTable('a', { 23: 1, 24: 1 });
  const pids = [b.pid, b.balancerPid];
  for (const pid of pids) process.kill(pid, 'SIGSTOP');
  for (const pid of pids) process.kill(pid, 'SIGKILL');
  await b.ended;
  order('a', 'ready', 21);
  await start('b');
  await untilTable('b', { 21: 1, 23: 1, 24: 1 });
  await untilTable('a', { 21: 1, 23: 1, 24: 1 });
});
