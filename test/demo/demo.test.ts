// The demo as its users run it: whole, as root and as an ordinary user, to the end and interrupted.
// It must be able to fail, and must leave nothing behind whatever happens to it.
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { fileURLToPath } from 'node:url';
import { stripVTControlCharacters } from 'node:util';
import { afterAll, expect, test } from 'vitest';
import type { Picture } from '../../src/cli/demo/picture.ts';

const REPOSITORY = fileURLToPath(new URL('../..', import.meta.url));
const PROGRAM = `${REPOSITORY}/bin/lvs-director`;
/** Some 25 s on a machine that has nothing else to do. */
const ONCE_MS = 120_000;
const isRoot = process.geteuid?.() === 0;
const scratch = mkdtempSync(`${tmpdir()}/lvs-demo-`);
afterAll(() => rmSync(scratch, { recursive: true, force: true }));

type Run = { child: ChildProcess; output(): string; ended: Promise<number | null>; mark: string };

/**
 * Every process that descends from it carries the mark in its environment, wherever it has been
 * moved to.
 */
function start(command: string, words: readonly string[]): Run {
  const mark = `LVS_DEMO_TEST=${randomUUID()}`;
  const [name = '', value = ''] = mark.split('=');
  // A group of its own: what a terminal does with Ctrl-C is a signal to the whole group.
  const child = spawn(command, words, { detached: true, env: { ...process.env, [name]: value } });
  let output = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream?.setEncoding('utf8').on('data', (text: string) => {
      output += text;
    });
  }
  const ended = new Promise<number | null>((resolve) => child.on('close', resolve));
  return { child, output: () => output, ended, mark };
}

async function said(run: Run, words: string): Promise<void> {
  const deadlineMs = performance.now() + 20_000;
  while (!run.output().includes(words)) {
    if (performance.now() > deadlineMs || run.child.exitCode !== null) throw new Error(run.output());
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

function processesWith(mark: string): string[] {
  return readdirSync('/proc').filter((id) => {
    try {
      return /^\d+$/.test(id) && readFileSync(`/proc/${id}/environ`, 'latin1').includes(mark);
    } catch {
      return false; // ended, or not ours to look into
    }
  });
}

const interfaces = (): string[] => readdirSync('/sys/class/net').toSorted();
const before = interfaces();

function leavesNothing(run: Run): void {
  // The kernel takes namespaces apart after the last process is gone; processes themselves are gone
  // when we are told.
  expect(processesWith(run.mark)).toEqual([]);
  expect(interfaces()).toEqual(before);
}

function readReport(folder: string): Picture {
  return JSON.parse(readFileSync(`${folder}/report.json`, 'utf8')) as Picture;
}

function expectGood(picture: Picture): void {
  expect(picture.outcomes.map(({ name }) => name)).toEqual(['drill', 'crash']);
  const [drill, crash] = picture.outcomes;
  for (const { measured } of picture.outcomes) {
    expect(measured.survived).toBe(measured.sessions);
    expect(measured.requests).toBeGreaterThan(100);
    // A stream of requests every 20 ms cannot lose fewer of them than fit into the outage it reports.
    const lost = measured.failedRequests * 20;
    expect(measured.outageMs).toBeGreaterThanOrEqual(0);
    if (measured.outageMs > 100) expect(lost).toBeGreaterThan(0);
  }
  expect(drill?.measured.sessions).toBe(40);
  expect(crash?.measured.sessions).toBe(50);
  // Who was master before is no master after; the protocol needs three missed adverts of 100 ms to
  // see a crash.
  expect(crash?.from).toBe(drill?.to);
  expect(crash?.newMasterMs).toBeGreaterThan(200);
  expect(picture.directors[crash!.from].state).toBe('CRASHED');
  expect(picture.directors[crash!.to!]).toMatchObject({ state: 'MASTER' });
  for (const name of ['dirA', 'dirB'] as const) expect(picture.directors[name].adverts).toBeGreaterThan(10);
}

test('--once loses no session and says so by exit code 0', { timeout: ONCE_MS }, async () => {
  const logs = `${scratch}/root`;
  const run = start(PROGRAM, ['demo', '--once', '--keep-logs', logs]);
  expect(await run.ended, run.output()).toBe(0);
  expect(run.output()).toContain('No session was lost.');
  expectGood(readReport(logs));
  for (const name of ['A', 'B']) expect(readFileSync(`${logs}/${name}.log`, 'utf8')).toContain('vrrp.state');
  leavesNothing(run);
});

/**
 * The checkout may be in a folder that only root may enter: an ordinary user finds it mounted where
 * all may look.
 */
const AS_NOBODY = `
set -e
mount -t tmpfs -o mode=755 tmpfs /mnt
for part in bin src examples node_modules; do mkdir /mnt/$part; mount --bind "$0/$part" /mnt/$part; done
cp "$0/package.json" /mnt
mkdir -m 777 /mnt/logs
mount --bind "$1" /mnt/logs
set -- /mnt/bin/lvs-director demo --once --mode dr --keep-logs /mnt/logs/kept
exec setpriv --reuid 65534 --regid 65534 --clear-groups "$@"
`;

test('an ordinary user gets the same, with the pair for direct routing', { timeout: ONCE_MS }, async () => {
  const logs = mkdtempSync(`${scratch}/user-`);
  const run = isRoot
    ? start('unshare', ['--mount', 'sh', '-c', `chmod 777 "$1"; ${AS_NOBODY}`, REPOSITORY, logs])
    : start(PROGRAM, ['demo', '--once', '--mode', 'dr', '--keep-logs', `${logs}/kept`]);
  expect(await run.ended, run.output()).toBe(0);
  expectGood(readReport(`${logs}/kept`));
  leavesNothing(run);
});

test('with sync of our own it loses no session either, and the better director comes back', {
  timeout: ONCE_MS,
}, async () => {
  const logs = `${scratch}/sync`;
  const configs = `${REPOSITORY}/examples/sync`;
  const run = start(PROGRAM, ['demo', '--once', '--configs', configs, '--keep-logs', logs]);
  expect(await run.ended, run.output()).toBe(0);
  const { outcomes, directors } = readReport(logs);
  expect(outcomes.map(({ from, to }) => `${from} → ${to}`)).toEqual(['dirA → dirB', 'dirA → dirB']);
  expect(directors.dirB.syncs).toBe('stream');
  leavesNothing(run);
});

test('without connection sync it loses sessions and fails', { timeout: ONCE_MS }, async () => {
  const configs = `${scratch}/configs`;
  cpSync(`${REPOSITORY}/examples/nat`, configs, { recursive: true });
  for (const file of ['a.conf', 'b.conf']) {
    const text = readFileSync(`${configs}/${file}`, 'utf8');
    const without = text.replace(/^\s*lvs_sync_daemon .*$/m, '');
    expect(without).not.toBe(text);
    writeFileSync(`${configs}/${file}`, without);
  }
  const run = start(PROGRAM, ['demo', '--once', '--configs', configs, '--keep-logs', `${scratch}/unsynced`]);
  expect(await run.ended, run.output()).toBe(1);
  expect(run.output()).toContain('NOT good');
  const { outcomes } = readReport(`${scratch}/unsynced`);
  expect(outcomes.some(({ measured }) => measured.survived < measured.sessions)).toBe(true);
  leavesNothing(run);
});

test('Ctrl-C ends it at once and leaves nothing', async () => {
  const run = start(PROGRAM, ['demo', '--once']);
  await said(run, 'long-lived sessions');
  expect(processesWith(run.mark).length).toBeGreaterThan(5);
  const askedMs = performance.now();
  process.kill(-run.child.pid!, 'SIGINT');
  expect(await run.ended, run.output()).toBe(130);
  expect(performance.now() - askedMs).toBeLessThan(5_000);
  leavesNothing(run);
});

test('on a terminal it shows a live view, obeys keys, and gives the terminal back', async () => {
  const run = start('script', ['-qec', `stty rows 40 cols 100; ${PROGRAM} demo`, '/dev/null']);
  await said(run, 'k kill the master');
  await said(run, 'MASTER');
  run.child.stdin?.write('q');
  expect(await run.ended, run.output()).toBe(130);
  const shown = stripVTControlCharacters(run.output());
  expect(shown).toMatch(/[AB] 10\.0\.0\.1[12] +MASTER +1[05]0/);
  expect(run.output().split('\x1b[J').length).toBeGreaterThan(5); // it was drawn over itself
  expect(run.output().lastIndexOf('\x1b[?25h')).toBeGreaterThan(run.output().lastIndexOf('\x1b[?25l'));
  leavesNothing(run);
});

test('killed without warning it leaves nothing either', async () => {
  const run = start(PROGRAM, ['demo', '--once']);
  await said(run, 'long-lived sessions');
  process.kill(run.child.pid!, 'SIGKILL');
  const deadlineMs = performance.now() + 5_000;
  while (processesWith(run.mark).length > 0 && performance.now() < deadlineMs) {
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  leavesNothing(run);
});

test('a configuration that does not run is told, with the diagnostics, and fails', async () => {
  const configs = `${scratch}/broken`;
  cpSync(`${REPOSITORY}/examples/nat`, configs, { recursive: true });
  writeFileSync(`${configs}/a.conf`, 'vrrp_instance VI_1 {\n    priority 300\n}\n');
  const run = start(PROGRAM, ['demo', '--once', '--configs', configs]);
  expect(await run.ended).toBe(1);
  expect(run.output()).toMatch(/a\.conf:2:14/);
  expect(run.output()).toContain('director A ended');
  leavesNothing(run);
});

test.each([
  ['--mode', 'tun', 'nat, dr'],
  ['--engine', 'xdp', 'auto, kernel, embedded'],
])('%s %s does not exist', (option, value, choices) => {
  const { status, stderr } = spawnSync(PROGRAM, ['demo', '--once', option, value], { encoding: 'utf8' });
  expect(stderr).toContain(choices);
  expect(status).toBe(1);
});

test('a machine that allows no namespaces is told what to do', () => {
  const deny = 'echo 0 >/proc/sys/user/max_net_namespaces; exec "$@"';
  const words = ['--user', '--map-root-user', 'sh', '-c', deny, 'sh', PROGRAM, 'demo', '--once'];
  const { status, stderr } = spawnSync('unshare', words, { encoding: 'utf8' });
  expect(stderr).toContain('cannot make private namespaces');
  expect(status).toBe(4);
});
