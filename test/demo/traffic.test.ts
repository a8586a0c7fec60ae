// The demo's client parts against real HTTP servers on loopback: a session that was broken must
// never look whole.
import { createServer, type RequestListener, type Server } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import { afterEach, expect, test, vi } from 'vitest';
import { REQUEST_TIMEOUT_MS, RequestStream } from '../../src/cli/demo/requests.ts';
import { nowMs, Session, type Target } from '../../src/cli/demo/session.ts';

const servers: Server[] = [];
afterEach(() => {
  for (const server of servers.splice(0)) {
    server.closeAllConnections();
    server.close();
  }
});

async function serve(listener: RequestListener): Promise<Target & { server: Server }> {
  const server = createServer(listener);
  servers.push(server);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return { host: '127.0.0.1', port: (server.address() as AddressInfo).port, server };
}

/** What the demo's real servers do, with a name and a count that a test can falsify. */
function counting(answer: (count: number) => { server: string; count: number }): RequestListener {
  const seen = new WeakMap<Socket, number>();
  return (request, response) => {
    const count = (seen.get(request.socket) ?? 0) + 1;
    seen.set(request.socket, count);
    response.end(JSON.stringify(answer(count)));
  };
}

async function lossOf(session: Session): Promise<string | undefined> {
  await vi.waitFor(() => expect(session.lost).toBeDefined(), { timeout: 3_000 });
  return session.lost?.reason;
}

test('a session goes on answering on one connection', async () => {
  let connections = 0;
  const target = await serve(counting((count) => ({ server: 'rs1', count })));
  target.server.on('connection', () => connections++);
  const session = new Session(target);
  const openedMs = nowMs();
  await vi.waitFor(() => expect(session.confirmedAfter(openedMs + 500)).toBe(true), { timeout: 3_000 });
  expect(session).toMatchObject({ alive: true, server: 'rs1', lost: undefined });
  expect(connections).toBe(1);
  const { answersMs } = session.record({ fromMs: 0, toMs: openedMs });
  expect(answersMs.length).toBeGreaterThanOrEqual(3);
});

test('a session whose connection the server closes is lost, though a new one would be accepted', async () => {
  const target = await serve((_, response) => {
    response.setHeader('connection', 'close');
    response.end(JSON.stringify({ server: 'rs1', count: 1 }));
  });
  expect(await lossOf(new Session(target))).toBe('connection closed');
});

test('a session that is reset is lost', async () => {
  const target = await serve((request) => request.socket.resetAndDestroy());
  const session = new Session(target);
  expect(await lossOf(session)).toBe('ECONNRESET');
  expect(session.alive).toBe(false);
});

test('a session that another server answers, or out of order, is lost', async () => {
  const other = await serve(counting((count) => ({ server: `rs${count}`, count })));
  expect(await lossOf(new Session(other))).toBe('another server answered');
  const order = await serve(counting(() => ({ server: 'rs1', count: 1 })));
  expect(await lossOf(new Session(order))).toBe('out of order');
  const broken = await serve((_, response) => response.end('<html>'));
  expect(await lossOf(new Session(broken))).toBe('broken answer');
});

test('short requests use a connection each, are sent by the clock, and name who answered', async () => {
  let connections = 0;
  const target = await serve(counting((count) => ({ server: 'rs1', count })));
  target.server.on('connection', () => connections++);
  const stream = new RequestStream(target);
  stream.start();
  await vi.waitFor(() => expect(stream.total).toBeGreaterThanOrEqual(20), { timeout: 3_000 });
  expect(stream.failed).toBe(0);
  expect(stream.perServer.get('rs1')).toBe(stream.total);
  expect(connections).toBeGreaterThanOrEqual(stream.total);
});

test('short requests that nobody answers fail at the time limit, later ones are not held up', async () => {
  const target = await serve((request, response) => {
    if (!stalled) response.end(JSON.stringify({ server: 'rs1', count: 1 }));
    else request.resume();
  });
  let stalled = true;
  const stream = new RequestStream(target);
  stream.start();
  await vi.waitFor(() => expect(stream.failed).toBeGreaterThanOrEqual(5), { timeout: 3_000 });
  stalled = false;
  await vi.waitFor(() => expect(stream.perServer.get('rs1')).toBeGreaterThan(5), { timeout: 3_000 });
  const failed = stream.settled.filter((request) => request.server === undefined);
  expect(failed.every(({ failure }) => failure === 'timeout')).toBe(true);
  expect(failed.every(({ tookMs }) => tookMs >= REQUEST_TIMEOUT_MS - 1)).toBe(true);
  const starts = stream.inOrder().map(({ startedMs }) => startedMs);
  expect(starts).toEqual(starts.toSorted((one, other) => one - other));
});
