// The log as others read it: a child process writes to a file, a pipe, a socket, a reader that sleeps and one
// that is gone.
import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import { afterAll, describe, expect, test } from 'vitest';
import { renderForPeople } from '../../src/console/people.ts';
import { plainFields } from '../../src/console/plain.ts';

const SPEAK = fileURLToPath(new URL('speak.ts', import.meta.url));
/** Much more than a pipe and the lines that are held for it. */
const MANY = 12_000;
const directory = mkdtempSync(join(tmpdir(), 'lvs-director-log-'));
afterAll(() => rmSync(directory, { recursive: true }));

const node = JSON.stringify(process.execPath);
const shell = (script: string, input = '') => execFileSync('sh', ['-c', script], { input, encoding: 'utf8' });

describe('a line for programs', () => {
  test('has a stable form, and no secrets', () => {
    const file = join(directory, 'lines');
    shell(`${node} ${SPEAK} json 2 > ${file} 2>&1`);
    const [line, second] = readFileSync(file, 'utf8').split('\n');
    const event = JSON.parse(line!);
    expect(event).toEqual({
      level: 'info',
      time: expect.any(Number),
      name: 'lvs-director',
      process: 'director',
      pid: expect.any(Number),
      event: 'vrrp.state',
      instance: 'VI_1',
      from: 'BACKUP',
      to: 'MASTER',
      number: 0,
      priority: 150,
      authPass: '(secret)',
      msg: '(VI_1) Entering MASTER STATE',
    });
    expect(Math.abs(Date.now() - event.time)).toBeLessThan(60_000);
    expect(JSON.parse(second!).number).toBe(1);
  });

  test('can say whatever a field may hold', () => {
    const fields = plainFields({
      big: 2n ** 60n,
      small: 7n,
      map: new Map([['a', new Set([1])]]),
      error: new TypeError('no'),
      bytes: Buffer.from([1, 255]),
      missing: undefined,
      nested: { psk: 'x', 'Private-Key': 'y', endless: Infinity },
    });
    expect(fields).toEqual({
      big: '1152921504606846976',
      small: 7,
      map: { a: [1] },
      error: { name: 'TypeError', message: 'no' },
      bytes: '01ff',
      nested: { psk: '(secret)', 'Private-Key': '(secret)', endless: 'Infinity' },
    });
  });
});

describe('a line for people', () => {
  const atMs = new Date(2026, 10, 22, 23, 59, 1, 7).getTime();
  const notice = {
    event: 'server.down' as const,
    message: 'Removing service [10.1.0.21]:tcp:80 \x1b[31m',
    fields: { server: '[10.1.0.21]:tcp:80', reason: 'refused', tries: 2, text: 'a\nb' },
  };

  test('says what the message does not, and cannot move the cursor', () => {
    expect(renderForPeople({ atMs, notice }, false)).toBe(
      '23:59:01.007 warn  Removing service [10.1.0.21]:tcp:80 \\x1b[31m  server.down reason=refused tries=2',
    );
  });

  test('is coloured only when asked', () => {
    expect(renderForPeople({ atMs, notice }, true)).toContain('\x1b[33mRemoving');
    expect(shell(`${node} ${SPEAK} people 1 2>/dev/null | cat`)).not.toContain('\x1b');
  });
});

describe('a reader', () => {
  test('that keeps up gets every line, through a pipe', () => {
    const lines = shell(`${node} ${SPEAK} json 2000 2>/dev/null | cat`).trim().split('\n');
    expect(lines.map((line) => JSON.parse(line).number)).toEqual(Array.from({ length: 2_000 }, (_, i) => i));
  });

  test.each(['pipe', 'socket'])('that sleeps does not hold the director up (%s)', async (kind) => {
    const child =
      kind === 'socket'
        ? spawn(process.execPath, [SPEAK, 'json', String(MANY)])
        : spawn('sh', ['-c', `${node} ${SPEAK} json ${MANY} | (read line; echo awake >&2; sleep 3; cat)`]);
    const heard = text(child.stderr);
    // Nothing reads for three seconds what the director says: it must be through with its events before that.
    await new Promise((done) => setTimeout(done, 3_000));
    let lines = '';
    child.stdout.on('data', (chunk) => (lines += chunk));
    await expect.poll(() => lines, { timeout: 20_000 }).toContain('log.dropped');
    child.stdin.end();
    await once(child, 'close');
    const events = lines
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line));
    const dropped = events.filter(({ event }) => event === 'log.dropped');
    const said = events.length - dropped.length + dropped.reduce((sum, { lines }) => sum + lines, 0);
    expect(said).toBe(kind === 'socket' ? MANY : MANY - 1);
    expect(dropped.length).toBeGreaterThan(0);
    expect(Number((await heard).replace('awake', '').trim())).toBeLessThan(2_500);
  });

  test('that is gone does not end the director', () => {
    expect(shell(`(${node} ${SPEAK} json 3000 2>/dev/null; echo "code $?" >&2) 2>&1 >/dev/full`)).toBe(
      'code 0\n',
    );
    const gone = shell(`{ { ${node} ${SPEAK} json 3000 2>/dev/null; echo "code $?" >&3; } | true; } 3>&1`);
    expect(gone).toBe('code 0\n');
  });

  test('that shares its pipe with a shell leaves the pipe as it was', () => {
    const flags = shell(`{ ${node} ${SPEAK} json 1 2>/dev/null; cat /proc/self/fdinfo/1; } | grep flags`);
    expect(Number.parseInt(flags.replace('flags:', ''), 8) & 0o4000, 'O_NONBLOCK').toBe(0);
  });
});

test('a terminal is written to without colours when NO_COLOR asks for it', () => {
  const said = (environment: string) =>
    shell(`${environment} script -qec '${process.execPath} ${SPEAK} people 1' /dev/null`);
  expect(said('TERM=xterm NO_COLOR=')).toContain('\x1b[');
  expect(said('TERM=xterm NO_COLOR=1')).not.toContain('\x1b[');
});
