// The client, a worker thread in the client's namespace: long-lived echo sessions and a steady stream of
// short requests through the VIP. Only records what it sees; measure.ts judges.
import { connect, type Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { parentPort, workerData } from 'node:worker_threads';
import { PORT, type ServerName } from './addresses.ts';
import { type RequestLog, report, type SessionLog, type Traffic } from './measure.ts';
import { enter } from './namespace.ts';

export type ClientSettings = Traffic & { requestTimeoutMs: number; vip: string };
export type ClientCommand = { id: number } & (
  | { do: 'open'; group: string; kind: SessionLog['kind']; sessions: number }
  | { do: 'hangUp'; server: ServerName }
  | { do: 'request' }
  | { do: 'mark' }
  | { do: 'wake' }
  | { do: 'report' }
);

/** Between two of many sessions, so that the packets of thousands do not meet in one queue. */
const STAGGER_MS = 2;

/** After each mark: a person who looks for the cause needs when it began. */
const FAILURES_TOLD = 5;

const settings = workerData as ClientSettings;
const sessions: { log: SessionLog; socket: Socket; parked: boolean }[] = [];
const requests: RequestLog[] = [];
let markedAt = performance.now();
/** Since the mark. */
let failures = 0;

enter('client');
parentPort!.on('message', async (command: ClientCommand) => {
  parentPort!.postMessage({ id: command.id, answer: await perform(command) });
});
parentPort!.postMessage({ id: 0 });

async function perform(command: ClientCommand): Promise<unknown> {
  switch (command.do) {
    case 'open':
      return openSessions(command.group, command.kind, command.sessions);
    case 'hangUp':
      for (const { log, socket } of sessions) if (log.server === command.server) socket.resetAndDestroy();
      return;
    case 'request':
      return keepRequesting();
    case 'mark':
      markedAt = performance.now();
      failures = 0;
      return;
    case 'wake':
      return wakeIdle();
    case 'report': {
      const window = { from: markedAt, to: performance.now() };
      return report(
        sessions.map(({ log }) => log),
        requests,
        window,
        settings,
      );
    }
  }
}

/** The reasons of those that failed. */
async function openSessions(group: string, kind: SessionLog['kind'], wanted: number): Promise<string[]> {
  const opened = Array.from({ length: wanted }, async (_, i) => {
    await new Promise((resolve) => setTimeout(resolve, STAGGER_MS * i));
    const log: SessionLog = { group, kind, sent: 0, received: 0, sentAt: 0, echoes: [] };
    return (await openSession(log)) ? [] : [log.death!.reason];
  });
  return (await Promise.all(opened)).flat();
}

/** Resolves with the first echo or the end of the connection. */
function openSession(log: SessionLog): Promise<boolean> {
  const socket = connect({ host: settings.vip, port: PORT, noDelay: true });
  const session = { log, socket, parked: false };
  sessions.push(session);
  let pending = '';
  socket.setEncoding('latin1');
  socket.on('connect', () => say(session));
  return new Promise((resolve) => {
    const die = (reason: string) => {
      log.death ??= { at: performance.now(), reason };
      resolve(false);
    };
    socket.on('error', (error: NodeJS.ErrnoException) => die(error.code ?? error.message));
    socket.on('close', () => die('closed by peer'));
    socket.on('data', (text: string) => {
      const complete = (pending + text).split('\n');
      pending = complete.pop()!;
      for (const line of complete) {
        if (!hearEcho(log, line)) {
          socket.destroy();
          return die(`wrong echo: ${line}`);
        }
        resolve(true);
        session.parked = log.kind === 'idle';
        if (!session.parked) setTimeout(() => say(session), settings.everyMs);
      }
    });
  });
}

/**
 * One line from each, and silent again: sessions by the thousand that go on speaking are a load that this
 * guest does not bear, and then nobody's echo is in time. Resolves when the last has spoken.
 */
async function wakeIdle(): Promise<void> {
  const parked = sessions.filter((session) => session.parked);
  for (const session of parked) {
    say(session);
    await sleep(STAGGER_MS);
  }
}

function say(session: (typeof sessions)[number]): void {
  const { log, socket } = session;
  if (log.death !== undefined) return;
  session.parked = false;
  log.sent++;
  log.sentAt = performance.now();
  socket.write(`S ${log.sent}\n`);
}

/** In order, complete, from the server that answered first: else another server took the connection over. */
function hearEcho(log: SessionLog, line: string): boolean {
  const [, number, server, lines] = line.split(' ');
  log.server ??= server!;
  if (Number(number) !== log.sent || Number(lines) !== log.sent || server !== log.server) return false;
  log.received = log.sent;
  log.echoes.push(performance.now());
  return true;
}

function keepRequesting(): void {
  const startedAt = performance.now();
  let started = 0;
  const tick = () => {
    request();
    started++;
    const due = startedAt + started * settings.requestEveryMs;
    setTimeout(tick, Math.max(0, due - performance.now()));
  };
  tick();
}

function request(): void {
  const log: RequestLog = { startedAt: performance.now(), failure: 'timeout' };
  requests.push(log);
  const socket = connect({ host: settings.vip, port: PORT });
  const end = () => {
    clearTimeout(limit);
    if (log.tookMs === undefined) {
      log.tookMs = performance.now() - log.startedAt;
      if (log.failure !== undefined) tellOfFailure(log, log.tookMs, log.failure);
    }
    socket.destroy();
  };
  const limit = setTimeout(end, settings.requestTimeoutMs);
  socket.setEncoding('latin1');
  socket.on('connect', () => socket.write('Q\n'));
  socket.on('data', (text: string) => {
    if (log.tookMs !== undefined) return;
    log.server = text.trim().split(' ')[1]!;
    delete log.failure;
    socket.resetAndDestroy(); // leaves no TIME_WAIT: thousands of them would use up the ports
    end();
  });
  socket.on('error', (error: NodeJS.ErrnoException) => {
    if (log.tookMs === undefined && log.failure !== undefined) log.failure = error.code ?? error.message;
    end();
  });
  socket.on('close', end);
}

/** With the time that the directors' logs have. */
function tellOfFailure({ startedAt }: RequestLog, tookMs: number, failure: string): void {
  failures++;
  if (failures > FAILURES_TOLD) return;
  const began = Math.round(Date.now() - (performance.now() - startedAt));
  console.error(`request at ${began}: ${failure} after ${Math.round(tookMs)} ms`);
}
