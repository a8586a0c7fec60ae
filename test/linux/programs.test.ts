// Programs that are run for the operator: arguments, users, time limits, what they inherit and what is left
// of them. With real ones; needs root for the users.
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { afterAll, expect, test } from 'vitest';
import { define } from '../../src/linux/libc.ts';
import { accountOf } from '../../src/linux/scripts/accounts.ts';
import { Programs } from '../../src/linux/scripts/programs.ts';

const directory = mkdtempSync(join(tmpdir(), 'lvs-director-programs-'));
afterAll(() => rmSync(directory, { recursive: true, force: true }));

const root = accountOf('root', undefined)!;
/** As if our own parent had left it open. */
const leftOpen = define<(fd: number) => number>('dup', 'int', ['int'])(0);
const programs = new Programs(8);
const shell = (text: string, more = {}) =>
  programs.run({ argv: ['/bin/sh', '-c', text], account: root, ...more });

function alive(pid: number): boolean {
  try {
    return !/^\d+ \(.*\) Z/.test(readFileSync(`/proc/${pid}/stat`, 'utf8'));
  } catch {
    return false;
  }
}

test('arguments arrive as they are: no shell reads them', async () => {
  const argv = ['/usr/bin/printf', '[%s]', '$HOME', '*', '; id', ''];
  expect(await programs.run({ argv, account: root })).toMatchObject({
    how: 'exited',
    status: 0,
    output: '[$HOME][*][; id][]',
  });
});

test('status, signal, and a program that is not there', async () => {
  expect(await shell('exit 3')).toMatchObject({ how: 'exited', status: 3 });
  expect(await shell('kill -9 $$')).toMatchObject({ how: 'killed', signal: 'SIGKILL' });
  expect(await programs.run({ argv: ['/nonexistent'], account: root })).toMatchObject({
    how: 'failed',
    reason: 'ENOENT',
  });
});

test('as another user it has that user’s group, no other groups and no capabilities', async () => {
  const account = accountOf('nobody', undefined)!;
  const argv = ['/bin/grep', '-E', '^(Uid|Gid|Groups|CapEff|CapPrm):', '/proc/self/status'];
  const { output, ...end } = await programs.run({ argv, account });
  expect(end).toMatchObject({ how: 'exited', status: 0 });
  expect(output.split('\n').map((line) => line.trim())).toEqual([
    'Uid:\t65534\t65534\t65534\t65534',
    'Gid:\t65534\t65534\t65534\t65534',
    'Groups:',
    'CapPrm:\t0000000000000000',
    'CapEff:\t0000000000000000',
  ]);
});

test('it leads a session of its own, is scheduled as usual, and inherits nothing that is open', async () => {
  const { output } = await shell(
    'cut -d" " -f5,6,41 /proc/$$/stat; echo $$; ls /proc/$$/fd; env | grep -c ^NODE_ || true',
  );
  const [stat = '', pid, ...rest] = output.split('\n');
  expect(stat.split(' ')).toEqual([pid, pid, '0']);
  expect(leftOpen).toBeGreaterThan(2);
  expect(rest).toEqual(['0', '1', '2', '0']);
});

test('when its time is up the whole group goes, also those that do not want to', async () => {
  const file = join(directory, 'pids');
  const text = `trap '' TERM; (trap '' TERM; exec sleep 60) & echo $! $$ > ${file}; sleep 60; sleep 60`;
  const outcome = await shell(text, { timeoutMs: 100 });
  expect(outcome).toMatchObject({ how: 'timedOut' });
  expect(outcome.ms).toBeGreaterThan(2_000);
  const pids = readFileSync(file, 'utf8').trim().split(' ').map(Number);
  await wait(50);
  expect(pids.map(alive)).toEqual([false, false]);
});

test('what they wrote is there however busy we are when they end', async () => {
  const busy = setInterval(() => {
    const until = performance.now() + 6;
    while (performance.now() < until);
  }, 1);
  const outcomes = await Promise.all(Array.from({ length: 200 }, (_, n) => shell(`echo ${n}`)));
  clearInterval(busy);
  expect(outcomes.map(({ output }) => output)).toEqual(Array.from({ length: 200 }, (_, n) => `${n}`));
});

test('a flood of output neither blocks it nor is kept', async () => {
  const outcome = await shell('head -c 3000000 /dev/zero | tr "\\0" x; echo done');
  expect(outcome).toMatchObject({ how: 'exited', status: 0 });
  expect(outcome.output.length).toBeLessThanOrEqual(4_096);
});

test('a daemon that it leaves behind lives on and can write', async () => {
  const file = join(directory, 'daemon');
  const started = performance.now();
  await shell(`(sleep 0.3; echo hello; echo alive > ${file}) & exit 0`);
  expect(performance.now() - started).toBeLessThan(250);
  await wait(600);
  expect(readFileSync(file, 'utf8')).toBe('alive\n');
});

test('no more at once than said; the others wait', async () => {
  const few = new Programs(2);
  const started = performance.now();
  const argv = ['/bin/sleep', '0.2'];
  await Promise.all([1, 2, 3, 4].map(() => few.run({ argv, account: root })));
  expect(performance.now() - started).toBeGreaterThan(400);
});

test('stop waits for what ends, makes the rest end, and then starts nothing', async () => {
  const own = new Programs(1);
  const run = (text: string) => own.run({ argv: ['/bin/sh', '-c', text], account: root });
  const runs = [run('exit 7'), run('sleep 60'), run('exit 1')];
  await own.stop(200);
  const outcomes = await Promise.all(runs);
  expect(outcomes[0]).toMatchObject({ how: 'exited', status: 7 });
  expect(outcomes[1]).toMatchObject({ how: 'killed', signal: 'SIGTERM' });
  expect([outcomes[2], await run('exit 1')]).toMatchObject([{ reason: 'stopping' }, { reason: 'stopping' }]);
});
