// Health checks on real time and real sockets: servers on loopback that die and return.
import { once } from 'node:events';
import { readdirSync } from 'node:fs';
import { type AddressInfo, createServer, type Server } from 'node:net';
import { afterEach, expect, test } from 'vitest';
import { address } from '../../src/core/address.ts';
import type { HealthTarget } from '../../src/health/pool.ts';
import { type Health, startHealth } from '../../src/probes/runner.ts';

const LOOPBACK = address('127.0.0.1');
const SERVICE = 'TCP 10.0.0.50:80';
let health: Health | undefined;
const servers = new Set<Server>();
afterEach(async () => {
  await health?.stop();
  for (const server of servers) server.close();
  servers.clear();
});

async function listen(port = 0): Promise<[Server, number]> {
  const server = createServer((socket) => socket.end());
  servers.add(server);
  server.listen(port, LOOPBACK);
  await once(server, 'listening');
  return [server, (server.address() as AddressInfo).port];
}
async function shut(server: Server): Promise<void> {
  servers.delete(server);
  await new Promise((done) => server.close(done));
}

function target(port: number, over: Partial<HealthTarget['checks'][number]> = {}): HealthTarget {
  const times = { delayLoopMs: 60, connectTimeoutMs: 500, retry: 1, delayBeforeRetryMs: 30, warmupMs: 20 };
  return {
    service: SERVICE,
    server: `127.0.0.1:${port}`,
    inhibit: false,
    checks: [{ type: 'TCP_CHECK', address: LOOPBACK, port, alpha: false, ...times, ...over }],
  };
}

function watch() {
  const moves: string[] = [];
  const notices: string[] = [];
  health = startHealth({
    onServer: ({ server, up, reason }) => moves.push(`${server} ${up ? 'up' : 'down'}: ${reason}`),
    onService: () => {},
    onHappening: () => {},
    onNotice: ({ event }) => notices.push(event),
    random: Math.random,
    clock: () => performance.now(),
  });
  return { moves, notices, health };
}

test('a server that dies is taken out after its retry and put back when it returns', async () => {
  const { moves, notices, health } = watch();
  const [server, port] = await listen();
  health.configure([target(port)]);
  await expect.poll(() => notices).toEqual(['check.passed']);
  await shut(server);
  await expect.poll(() => moves).toEqual([`127.0.0.1:${port} down: refused`]);
  expect(health.snapshot().servers[0]).toMatchObject({
    up: false,
    checks: [{ up: false, tested: true, last: { result: { ok: false, reason: 'refused' } } }],
  });
  expect(notices).toEqual(['check.passed', 'check.failed', 'check.failed', 'server.down', 'service.down']);
  await listen(port);
  await expect.poll(() => moves.at(-1)).toBe(`127.0.0.1:${port} up: connected`);
});

test('a reload keeps the verdict and goes on probing; what left the file is left alone', async () => {
  const { moves, notices, health } = watch();
  let accepted = 0;
  const [server, port] = await listen();
  const [other, otherPort] = await listen();
  other.on('connection', () => accepted++);
  await shut(server);
  health.configure([target(port), target(otherPort)]);
  await expect.poll(() => moves).toEqual([`127.0.0.1:${port} down: refused`]);
  health.configure([target(port, { delayLoopMs: 40 })]);
  const before = accepted;
  await listen(port);
  await expect.poll(() => moves.at(-1)).toBe(`127.0.0.1:${port} up: connected`);
  expect(moves).toHaveLength(2);
  expect(accepted).toBeLessThanOrEqual(before + 1);
  // The only good server left with the reload.
  expect(notices.filter((event) => event === 'service.down')).toHaveLength(1);
});

test('probes wait for their turn rather than open thousands of sockets', async () => {
  const { health } = watch();
  const [, port] = await listen();
  const many = Array.from({ length: 3_000 }, (_, i) => ({
    ...target(port, { warmupMs: 0, delayLoopMs: 60_000, connectTimeoutMs: 30_000 }),
    server: `10.1.0.1:${i}`,
  }));
  health.configure(many);
  await expect.poll(() => health.snapshot().probes.waiting).toBeGreaterThan(0);
  expect(health.snapshot().probes.underWay).toBeLessThanOrEqual(2_048);
  const tested = () => health.snapshot().servers.filter(({ checks }) => checks[0]!.tested).length;
  await expect.poll(tested, { timeout: 20_000 }).toBe(3_000);
  expect(health.snapshot().probes).toMatchObject({ underWay: 0, waiting: 0 });
  expect(health.snapshot().probes.longestWaitMs).toBeGreaterThan(0);
});

test('stop leaves no socket and no timer, and nothing is said afterwards', async () => {
  const { moves, notices, health } = watch();
  const [server, port] = await listen();
  const before = readdirSync('/proc/self/fd').length;
  health.configure(Array.from({ length: 50 }, (_, i) => ({ ...target(port), server: `10.1.0.1:${i}` })));
  await expect.poll(() => notices.length).toBeGreaterThan(10);
  await health.stop();
  await shut(server);
  const said = moves.length + notices.length;
  await new Promise((done) => setTimeout(done, 200));
  expect(moves.length + notices.length).toBe(said);
  expect(readdirSync('/proc/self/fd').length).toBeLessThanOrEqual(before);
  expect(health.snapshot().servers).toEqual([]);
});
