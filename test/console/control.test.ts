// The control socket with real sockets: questions, refusals, what may be in its way, and who may ask.
import { once } from 'node:events';
import { chmodSync, mkdtempSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { connect, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { text } from 'node:stream/consumers';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { askMany, askOne, command } from '../../src/console/control-client.ts';
import { ControlServer, type Resources } from '../../src/console/control-server.ts';

let directory: string;
let path: string;
const open: ControlServer[] = [];

beforeEach(() => {
  directory = mkdtempSync(`${tmpdir()}/control-`);
  path = `${directory}/run/control.sock`;
});
afterEach(async () => {
  for (const server of open.splice(0)) await server.close();
  rmSync(directory, { recursive: true });
});

async function serve(resources: Resources = {}): Promise<ControlServer> {
  const server = await ControlServer.open(path, resources);
  open.push(server);
  return server;
}

describe('questions', () => {
  test('one value; counters that no double holds are text, secrets are not told', async () => {
    await serve({ '/v1': async () => ({ one: { small: 7n, big: 2n ** 60n, password: 'x' } }) });
    expect(await askOne(path, '/v1')).toEqual({ small: 7, big: '1152921504606846976', password: '(secret)' });
  });

  test('many values, more than a socket holds at once', async () => {
    const many = async function* () {
      for (let i = 0; i < 100_000; i++) yield { i };
    };
    await serve({ '/many': async () => ({ many: many() }) });
    let sum = 0;
    for await (const each of askMany(path, '/many')) sum += (each as { i: number }).i;
    expect(sum).toBe(4_999_950_000);
  });

  test.each([
    ['of what nobody knows', '/v2', /nothing is known of it; ask for \/v1/],
    ['of what every object has', '/constructor', /nothing is known of it/],
    ['of what fails', '/v1', /the engine is closed/],
  ])('%s', async (_, resource, says) => {
    const failing = async () => {
      throw new Error('the engine is closed');
    };
    await serve({ '/v1': failing });
    await expect(askOne(path, resource)).rejects.toThrow(says);
  });

  test('other methods are refused', async () => {
    await serve({ '/v1': async () => ({ one: 1 }) });
    const socket = connect({ path });
    socket.end('PUT /v1 HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n');
    expect(await text(socket)).toMatch(/^HTTP\/1\.1 405 /);
  });

  test('a command is answered line by line, as they come, or told what is wrong with it', async () => {
    let go = () => {};
    const second = new Promise<void>((resolve) => (go = resolve));
    const told = async function* (given: unknown) {
      yield { given };
      await second;
      yield { done: true };
    };
    const actions = {
      '/do': async (given: unknown) => {
        if (given === 'nonsense') throw new Error('that makes no sense');
        return { live: told(given) };
      },
    };
    open.push(await ControlServer.open(path, {}, actions));
    const lines = command(path, '/do', { a: 1 });
    expect((await lines.next()).value).toEqual({ given: { a: 1 } });
    go();
    expect((await lines.next()).value).toEqual({ done: true });
    expect((await lines.next()).done).toBe(true);
    await expect(command(path, '/do', 'nonsense').next()).rejects.toThrow('that makes no sense');
    await expect(command(path, '/do', 'x'.repeat(70_000)).next()).rejects.toThrow('too long');
  });

  test('who asks for too much at once is hung up on', async () => {
    await serve({ '/v1': async () => ({ one: 1 }) });
    const socket = connect({ path });
    socket.write(`GET /v1 HTTP/1.1\r\nHost: x\r\nX: ${'x'.repeat(10_000)}\r\n\r\n`);
    expect(await text(socket)).toMatch(/^HTTP\/1\.1 431 /);
    expect(await askOne(path, '/v1')).toBe(1);
  });
});

describe('its place', () => {
  test('only the own user may connect, and it is gone in the end', async () => {
    const server = await serve();
    expect(statSync(path).mode & 0o777).toBe(0o600);
    expect(statSync(`${directory}/run`).mode & 0o777).toBe(0o750);
    open.length = 0;
    await server.close();
    expect(() => statSync(path)).toThrow(/ENOENT/);
  });

  test('a socket that a dead program left gives way', async () => {
    const before = createServer().listen({ path: `${directory}/old` });
    await once(before, 'listening');
    path = `${directory}/old`;
    // What close() would remove stays when a program dies.
    renameSync(path, `${path}.kept`);
    before.close();
    await once(before, 'close');
    renameSync(`${path}.kept`, path);
    chmodSync(directory, 0o700);
    await serve({ '/v1': async () => ({ one: 'mine' }) });
    expect(await askOne(path, '/v1')).toBe('mine');
  });

  test('a living one does not', async () => {
    await serve({ '/v1': async () => ({ one: 'first' }) });
    await expect(ControlServer.open(path, {})).rejects.toMatchObject({ code: 'CONTROL_IN_USE' });
    expect(await askOne(path, '/v1')).toBe('first');
  });

  test('what is no socket stays', async () => {
    path = `${directory}/file`;
    writeFileSync(path, 'x');
    await expect(ControlServer.open(path, {})).rejects.toThrow();
    expect(statSync(path).isFile()).toBe(true);
  });

  test('a directory that others may write to is refused', async () => {
    chmodSync(directory, 0o777);
    path = `${directory}/control.sock`;
    await expect(ControlServer.open(path, {})).rejects.toMatchObject({ code: 'RUNTIME_DIRECTORY' });
  });

  test('nobody there: who asks is told what to do', async () => {
    await expect(askOne(path, '/v1')).rejects.toMatchObject({ code: 'CONTROL_SILENT' });
  });
});
