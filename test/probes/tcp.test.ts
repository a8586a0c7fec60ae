// One probe against real sockets: on loopback, and in a network namespace where packets disappear.
import { execFile } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync } from 'node:fs';
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterEach, expect, test } from 'vitest';
import { type Address, address } from '../../src/core/address.ts';
import { probeTcp } from '../../src/probes/tcp.ts';

const LOOPBACK = address('127.0.0.1');
const servers: Server[] = [];
afterEach(() => Promise.all(servers.splice(0).map((server) => new Promise((done) => server.close(done)))));

async function listen(onSocket: (socket: Socket) => void, host: Address = LOOPBACK): Promise<number> {
  const server = createServer(onSocket);
  servers.push(server);
  // Two thousand callers overflow the usual backlog, and what the kernel forgets lingers for a minute.
  server.listen({ port: 0, host, backlog: 4_096 });
  await once(server, 'listening');
  return (server.address() as AddressInfo).port;
}
function probe(
  port: number,
  over: { address?: Address; bindAddress?: Address; connectTimeoutMs?: number } = {},
) {
  return probeTcp(
    { address: LOOPBACK, port, connectTimeoutMs: 2_000, ...over },
    new AbortController().signal,
  );
}
const openDescriptors = () => readdirSync('/proc/self/fd').length;

test('a server that listens is well, over IPv4 and IPv6', async () => {
  const four = await probe(await listen((socket) => socket.end()));
  expect(four).toEqual({ ok: true, ms: expect.any(Number) });
  expect(four.ms).toBeLessThan(1_000);
  const six = address('::1');
  expect(await probe(await listen((socket) => socket.end(), six), { address: six })).toMatchObject({
    ok: true,
  });
});

test('a port without a listener is refused', async () => {
  const port = await listen(() => {});
  await new Promise((done) => servers.pop()!.close(done));
  expect(await probe(port)).toMatchObject({
    ok: false,
    reason: 'refused',
    detail: expect.stringContaining('ECONNREFUSED'),
  });
});

test('a server that greets sees an orderly end, not a reset', async () => {
  const ends: string[] = [];
  const port = await listen((socket) => {
    socket.on('end', () => ends.push('end')).on('error', (error) => ends.push(error.message));
    socket.write('220 mail.example ESMTP\r\n'.repeat(100));
  });
  expect(await probe(port)).toMatchObject({ ok: true });
  expect(ends).toEqual(['end']);
});

test('a server that never closes its side is let go soon', async () => {
  const sockets: Socket[] = [];
  const server = createServer({ allowHalfOpen: true }, (socket) => sockets.push(socket));
  servers.push(server);
  server.listen(0, LOOPBACK);
  await once(server, 'listening');
  const started = performance.now();
  expect(await probe((server.address() as AddressInfo).port)).toMatchObject({ ok: true });
  expect(performance.now() - started).toBeLessThan(2_000);
  for (const socket of sockets) socket.destroy();
});

test('comes from the address it is bound to', async () => {
  let from: string | undefined;
  const port = await listen((socket) => {
    from = socket.remoteAddress;
    socket.end();
  });
  expect(await probe(port, { bindAddress: address('127.0.0.77') })).toMatchObject({ ok: true });
  expect(from).toBe('127.0.0.77');
});

test('an answer that came while this process was busy is not a timeout', async () => {
  const port = await listen((socket) => socket.end());
  const answer = probe(port, { connectTimeoutMs: 50 });
  const until = performance.now() + 200;
  while (performance.now() < until);
  expect(await answer).toMatchObject({ ok: true });
});

test('can be taken back, before and after it began', async () => {
  const port = await listen((socket) => socket.end());
  const settings = { address: LOOPBACK, port, connectTimeoutMs: 2_000 };
  const cancelled = { ok: false, reason: 'cancelled' };
  expect(await probeTcp(settings, AbortSignal.abort())).toMatchObject(cancelled);
  const controller = new AbortController();
  const answer = probeTcp(settings, controller.signal);
  controller.abort();
  expect(await answer).toMatchObject(cancelled);
});

test('two thousand at once all have their answer, and leave neither socket nor timer', async () => {
  // A socket that is not read never sees the other side's end, and stays.
  const port = await listen((socket) => socket.resume().end());
  await probe(port);
  const before = openDescriptors();
  const results = await Promise.all(
    Array.from({ length: 2_000 }, () => probe(port, { connectTimeoutMs: 20_000 })),
  );
  expect(results.filter(({ ok }) => !ok)).toEqual([]);
  await expect.poll(openDescriptors, { timeout: 5_000 }).toBeLessThanOrEqual(before);
  expect(process.getActiveResourcesInfo()).not.toContain('TCPSocketWrap');
});

test('what the network does is told apart by stable words', async () => {
  const unprivileged = process.getuid?.() === 0 ? [] : ['--user', '--map-root-user'];
  const program = fileURLToPath(new URL('isolated.ts', import.meta.url));
  const { stdout } = await promisify(execFile)('unshare', [
    ...unprivileged,
    '--net',
    process.execPath,
    program,
  ]);
  const lines = stdout
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line));
  const reasons = Object.fromEntries(lines.map(({ name, result }) => [name, result.reason]));
  expect(reasons).toEqual({
    blackhole: 'timeout',
    noRoute: 'unreachable',
    unreachable: 'unreachable',
    prohibited: 'denied',
    noNeighbour: 'unreachable',
    foreignSource: 'address-unavailable',
  });
  const blackhole = lines.find(({ name }) => name === 'blackhole').result;
  expect(blackhole.ms).toBeGreaterThan(299);
  expect(blackhole.ms).toBeLessThan(1_500);
});
