// One long-lived HTTP session of the demo's client: a numbered request on the same TCP connection
// every period. It never reconnects, so a session that a failover broke stays lost and says why.
import { Agent, get, type IncomingMessage } from 'node:http';
import type { SessionRecord, Window } from './measure.ts';

export const SESSION_PERIOD_MS = 250;
/** A session that hangs is lost, even if TCP would go on trying for minutes. */
const SILENCE_MS = 10_000;
/** Four minutes: longer than any window that is measured. */
const ANSWERS_KEPT = 1_000;

export type Target = { host: string; port: number };
export type Answer = { server: string; count: number };

export const nowMs = (): number => performance.now();

/** What a real server answered; undefined when the answer was cut off or is none of ours. */
export function readAnswer(response: IncomingMessage, answered: (answer: Answer | undefined) => void): void {
  let text = '';
  response.setEncoding('utf8');
  response.on('data', (chunk: string) => {
    text += chunk;
  });
  response.on('end', () => {
    try {
      answered(JSON.parse(text) as Answer);
    } catch {
      answered(undefined);
    }
  });
  response.on('error', () => answered(undefined));
}

export class Session {
  server: string | undefined;
  lost: { atMs: number; reason: string } | undefined;
  #answersMs: number[] = [];
  #firstAnswerMs: number | undefined;
  #sent = 0;
  #confirmedMs = 0;
  #socket: unknown;
  readonly #agent = new Agent({ keepAlive: true, maxSockets: 1 });
  readonly #target: Target;

  constructor(target: Target) {
    this.#target = target;
    this.#ask();
  }

  get alive(): boolean {
    return this.lost === undefined && this.#firstAnswerMs !== undefined;
  }

  /** Did it answer a request that was sent after `ms`? */
  confirmedAfter(ms: number): boolean {
    return this.#confirmedMs > ms;
  }

  record(window: Window): SessionRecord {
    return {
      answersMs: this.#answersMs,
      confirmed: this.confirmedAfter(window.toMs),
      ...(this.#firstAnswerMs === undefined ? {} : { firstAnswerMs: this.#firstAnswerMs }),
      ...(this.lost === undefined ? {} : { lost: this.lost }),
    };
  }

  #lose(reason: string): void {
    this.lost ??= { atMs: nowMs(), reason };
    this.#agent.destroy();
  }

  #ask(): void {
    if (this.lost !== undefined) return;
    this.#sent++;
    const sentMs = nowMs();
    const silence = setTimeout(() => this.#lose('silent'), SILENCE_MS);
    const options = { ...this.#target, path: `/session/${this.#sent}`, agent: this.#agent };
    const request = get(options, (response) =>
      readAnswer(response, (answer) => {
        clearTimeout(silence);
        this.#take(answer, sentMs);
      }),
    );
    // Node's agent would open a new connection in place of a closed one without a word.
    request.on('socket', (socket) => {
      if (this.#socket !== undefined && this.#socket !== socket) this.#lose('connection closed');
      this.#socket = socket;
    });
    request.on('error', (error: NodeJS.ErrnoException) => {
      clearTimeout(silence);
      this.#lose(error.code ?? error.message);
    });
  }

  #take(answer: Answer | undefined, sentMs: number): void {
    if (answer === undefined) return this.#lose('broken answer');
    this.server ??= answer.server;
    if (answer.server !== this.server) return this.#lose('another server answered');
    if (answer.count !== this.#sent) return this.#lose('out of order');
    this.#firstAnswerMs ??= nowMs();
    this.#answersMs.push(nowMs());
    if (this.#answersMs.length > 2 * ANSWERS_KEPT) this.#answersMs = this.#answersMs.slice(-ANSWERS_KEPT);
    this.#confirmedMs = sentMs;
    setTimeout(() => this.#ask(), Math.max(0, sentMs + SESSION_PERIOD_MS - nowMs()));
  }
}
