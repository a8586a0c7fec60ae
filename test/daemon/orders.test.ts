// drain, maint, weight and ready against a running director, by its own commands: two whole programs. What it
// forwards with is its own engine.
import { execFileSync, spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { setTimeout as wait } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { makeNamespace, TestDirector } from './director.ts';

const BIN = fileURLToPath(new URL('../../bin/lvs-director', import.meta.url));
let directory: string;
let namespace: { name: string; remove: () => void };
let director: TestDirector;
const started: TestDirector[] = [];

const configuration = (servers: readonly number[], words = '') => `director {
    engine embedded
    runtime_directory ${directory}
    servers {
        ${words}
    }
}
virtual_server 10.77.0.50 80 {
    lb_algo wrr
    lb_kind NAT
    protocol TCP
${servers.map((host) => `    real_server 10.77.0.${host} 8080 {\n        weight 2\n    }\n`).join('')}}
virtual_server fwmark 7 {
    lb_algo rr
    lb_kind NAT
    real_server 10.77.0.21 0 {
    }
}
`;
beforeEach(() => {
  directory = mkdtempSync(`${tmpdir()}/orders-`);
  namespace = makeNamespace(`lvsd-orders-${process.pid}`);
});
afterEach(async () => {
  for (const each of started.splice(0)) await each.remove();
  namespace.remove();
  rmSync(directory, { recursive: true });
});

async function start(text: string): Promise<void> {
  director = new TestDirector(namespace.name, text);
  started.push(director);
  await director.line({ event: 'control.listening' }, { limitMs: 40_000 });
}

function say(...words: string[]) {
  const args = [...words, '--control', `${directory}/control.sock`];
  return spawnSync(BIN, args, { encoding: 'utf8' });
}

async function until(holds: () => boolean): Promise<void> {
  const deadline = performance.now() + 10_000;
  while (!holds()) {
    if (performance.now() > deadline) throw new Error(director.describe());
    await wait(20);
  }
}

/** Of the first service: server → weight. */
function table(): string[] {
  const args = ['ipvs', '-Sn', '--control', `${directory}/control.sock`];
  const lines = execFileSync(BIN, args, { encoding: 'utf8' }).split('\n');
  return lines.flatMap(
    (line) => /-a -t \S+ -r 10\.77\.0\.(\d+:8080) -m -w (\d+)/.exec(line)?.slice(1).join(' ') ?? [],
  );
}

test('orders are carried out, told, and hold over a reload and both restarts', {
  timeout: 180_000,
}, async () => {
  await start(configuration([21, 22, 23]));
  const drained = say('drain', '10.77.0.50:80', '10.77.0.21');
  expect(drained.stdout.split('\n')).toEqual([
    expect.stringMatching(/^drain 10\.77\.0\.21:8080 of TCP 10\.77\.0\.50:80: weight 2 → 0; /),
    expect.stringMatching(/: drained, out, drained in [\d.]+ s, no connection was cut$/),
    '',
  ]);
  expect(drained.status).toBe(0);
  expect(say('maint', 'tcp 10.77.0.50:80', '10.77.0.22:8080').stdout).toContain('maint, out');
  expect(say('weight', 'TCP 10.77.0.50:80', '10.77.0.23', '450%').stdout).toContain('up, weight 9');
  const ordered = ['23:8080 9'];
  expect(table()).toEqual(ordered);
  expect(say('weight').stdout.split('\n')).toEqual([
    'SERVICE            SERVER           STATE    WEIGHT',
    expect.stringMatching(
      /^TCP 10\.77\.0\.50:80 {2}10\.77\.0\.21:8080 {2}drained {2}2 \(out\) {2}drained in /,
    ),
    'TCP 10.77.0.50:80  10.77.0.22:8080  maint    2 (out)',
    'TCP 10.77.0.50:80  10.77.0.23:8080  up       9 (2)',
    'FWM 7              10.77.0.21:0     up       1',
    '',
  ]);

  const from = director.lines.length;
  director.write(configuration([21, 22, 23], 'slow_start 1'));
  director.signal('SIGHUP');
  await until(() => readFileSync(`${directory}/plan.json`, 'utf8').includes('"slowStartMs":1000'));
  expect(table()).toEqual(ordered);
  process.kill(director.balancerPid, 'SIGKILL');
  await director.line({ event: 'control.listening' }, { from, limitMs: 40_000 });
  expect(table()).toEqual(ordered);
  director.signal('SIGTERM');
  expect(await director.ended).toBe(0);
  await start(configuration([21, 22, 23], 'slow_start 1'));
  expect(table()).toEqual(ordered);

  say('ready', '10.77.0.50:80', ...[21, 22, 23].map((host) => `10.77.0.${host}`));
  await director.line({ event: 'slowstart.ended', server: '10.77.0.22:8080' });
  expect(table()).toEqual(['21:8080 2', '22:8080 2', '23:8080 2']);
  expect(existsSync(`${directory}/weights.json`)).toBe(false);
});

test('a server that leaves the file is gone at once when it has no connection', async () => {
  await start(configuration([21, 22]));
  director.write(configuration([22]));
  director.signal('SIGHUP');
  await director.line({ event: 'drain.ended', server: '10.77.0.21:8080', cut: 0 });
  expect(table()).toEqual(['22:8080 2']);
});

test('what is wrong with an order is said, and nothing is done', async () => {
  await start(configuration([21, 22]));
  for (const [words, says] of WRONG) {
    const { status, stderr, stdout } = say(...words);
    expect({ status, stderr, stdout }).toEqual({
      status: 2,
      stderr: expect.stringMatching(says),
      stdout: '',
    });
  }
  expect(existsSync(`${directory}/weights.json`)).toBe(false);
});
const WRONG: readonly (readonly [readonly string[], RegExp])[] = [
  [
    ['drain', '10.0.0.1:80', '10.77.0.21'],
    /there is no service 10\.0\.0\.1:80: there are TCP 10\.77\.0\.50:80/,
  ],
  [['drain', '7', '10.77.0.9'], /there is no server 10\.77\.0\.9 in FWM 7: there are 10\.77\.0\.21:0/],
  [
    ['weight', '7', '10.77.0.21', 'much'],
    /a weight is 0 to 65535, or a share of the file's as 50%, not "much"/,
  ],
  [['drain', '7', '10.77.0.21', '--deadline', 'soon'], /a deadline is a number of seconds, not "soon"/],
];

test('a record that cannot be read is told of, and is none', async () => {
  writeFileSync(`${directory}/weights.json`, 'nonsense');
  await start(configuration([21, 22]));
  await director.line({ event: 'weights.failed' });
  expect(table()).toEqual(['21:8080 2', '22:8080 2']);
  expect(say('maint', '10.77.0.50:80', '10.77.0.21').status).toBe(0);
  expect(JSON.parse(readFileSync(`${directory}/weights.json`, 'utf8')).programs).toHaveLength(1);
});
