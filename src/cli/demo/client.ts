// The demo's client: keeps long-lived sessions and a stream of short requests going through the VIP and
// says in JSON lines what it sees. Its orders are JSON lines on standard input. It knows nothing of
// directors.
import { createInterface } from 'node:readline';
import { type Measured, measure, outageMs, type Window } from './measure.ts';
import { REQUEST_PERIOD_MS, REQUEST_TIMEOUT_MS, RequestStream } from './requests.ts';
import { nowMs, SESSION_PERIOD_MS, Session, type Target } from './session.ts';

/** TCP tries again after at most this long when the outage was a second or less. */
const CONFIRM_TIMEOUT_MS = 3_000;
const STATISTICS_PERIOD_MS = 200;
/** As many as fit beside each other on a narrow terminal. */
const RECENT = 60;

export type Order = { do: 'open'; count: number } | { do: 'begin' } | { do: 'end' };
export type Statistics = {
  requests: number;
  failed: number;
  /** Longest outage since the last `begin`, the running one included. */
  outageMs: number;
  /** Every session that was ever asked for, lost ones and those without an answer yet included. */
  sessions: number;
  alive: number;
  servers: Record<string, { requests: number; sessions: number }>;
  /** The newest requests, oldest first: the milliseconds each took, or null for a failed one. */
  recent: (number | null)[];
};
export type ClientMessage =
  | { type: 'statistics'; statistics: Statistics }
  | { type: 'measured'; measured: Measured };

const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

class Client {
  readonly #target: Target;
  readonly #sessions: Session[] = [];
  readonly #requests: RequestStream;
  #beganMs = nowMs();

  constructor(target: Target) {
    this.#target = target;
    this.#requests = new RequestStream(target);
    this.#requests.start();
  }

  /** A few at a time: a burst of all of them at once would measure the machine, not the pair. */
  open(count: number): void {
    if (count === 0) return;
    this.#sessions.push(new Session(this.#target));
    setTimeout(() => this.open(count - 1), 10);
  }

  /** What is measured starts here: the sessions that are open now are the ones that can be lost. */
  begin(): void {
    this.#beganMs = nowMs();
  }

  /** Asks every session once more, because one that nobody talks to looks alive for ever. */
  async end(): Promise<Measured> {
    const window: Window = { fromMs: this.#beganMs, toMs: nowMs() };
    const deadlineMs = window.toMs + CONFIRM_TIMEOUT_MS;
    const waiting = (session: Session): boolean => session.alive && !session.confirmedAfter(window.toMs);
    while (this.#sessions.some(waiting) && nowMs() < deadlineMs) await pause(50);
    await pause(REQUEST_TIMEOUT_MS); // by then the requests of the window's last moments are settled
    const records = this.#sessions.map((session) => session.record(window));
    const periods = { requestMs: REQUEST_PERIOD_MS, sessionMs: SESSION_PERIOD_MS };
    return measure(this.#requests.inOrder(), records, window, periods);
  }

  statistics(): Statistics {
    const servers: Statistics['servers'] = {};
    for (const [name, requests] of this.#requests.perServer) servers[name] = { requests, sessions: 0 };
    const alive = this.#sessions.filter((session) => session.alive);
    for (const { server } of alive) {
      if (server === undefined) continue;
      servers[server] ??= { requests: 0, sessions: 0 };
      servers[server].sessions++;
    }
    const window = { fromMs: this.#beganMs, toMs: nowMs() };
    return {
      requests: this.#requests.total,
      failed: this.#requests.failed,
      outageMs: outageMs(this.#requests.inOrder(), window, REQUEST_PERIOD_MS),
      sessions: this.#sessions.length,
      alive: alive.length,
      servers,
      recent: this.#requests.settled
        .slice(-RECENT)
        .map((request) => (request.server === undefined ? null : request.tookMs)),
    };
  }
}

function say(message: ClientMessage): void {
  process.stdout.write(`${JSON.stringify(message)}\n`);
}

/** Until its standard input ends. */
export function runClient(target: Target): void {
  const client = new Client(target);
  setInterval(() => say({ type: 'statistics', statistics: client.statistics() }), STATISTICS_PERIOD_MS);
  const orders = createInterface({ input: process.stdin });
  orders.on('line', (line) => {
    const order = JSON.parse(line) as Order;
    switch (order.do) {
      case 'open':
        return client.open(order.count);
      case 'begin':
        return client.begin();
      case 'end':
        client.end().then((measured) => say({ type: 'measured', measured }));
    }
  });
  orders.on('close', () => process.exit(0));
}
