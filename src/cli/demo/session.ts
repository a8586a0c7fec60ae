// One long-lived HTTP session of the demo's client: a numbered request on the same TCP connection
// every period. It never reconnects, so a session that a failover broke stays lost and says why.
import { connect, type Socket } from 'node:net';
import { type Answer, readAnswer, requestText } from './answer.ts';
import type { SessionRecord, Window } from './measure.ts';

export const SESSION_PERIOD_MS = 250;
/** A session that hangs is lost, even if TCP would go on trying for minutes. */
const SILENCE_MS = 10_000;
/** Four minutes: longer than any window that is measured. */
const ANSWERS_KEPT = 1_000;

export type Target = { host: string; port: number };

export const nowMs = (): number => performance.now();

export class Session {
  server: string | undefined;
  lost: { atMs: number; reason: string } | undefined;
  #answersMs: number[] = [];
  #firstAnswerMs: number | undefined;
  #confirmedMs = 0;
  #sent = 0;
  #sentMs = 0;
  /** What has come since the last request. */
  #text = '';
  #silence: NodeJS.Timeout | undefined;
  readonly #host: string;
  readonly #socket: Socket;

  constructor(target: Target) {
    this.#host = target.host;
    this.#socket = connect({ ...target, noDelay: true });
    this.#socket.setEncoding('latin1');
    this.#socket.on('data', (text: string) => this.#read(text));
    this.#socket.on('error', (error: NodeJS.ErrnoException) => this.#lose(error.code ?? error.message));
    this.#socket.on('close', () => this.#lose('connection closed'));
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
    clearTimeout(this.#silence);
    this.#socket.destroy();
  }

  #ask(): void {
    if (this.lost !== undefined) return;
    this.#sent++;
    this.#sentMs = nowMs();
    this.#text = '';
    this.#silence = setTimeout(() => this.#lose('silent'), SILENCE_MS);
    this.#socket.write(requestText(this.#host, `/session/${this.#sent}`, true));
  }

  #read(text: string): void {
    this.#text += text;
    const answer = readAnswer(this.#text);
    if (answer === 'incomplete') return;
    clearTimeout(this.#silence);
    if (answer === 'broken') this.#lose('broken answer');
    else this.#take(answer);
  }

  #take(answer: Answer): void {
    this.server ??= answer.server;
    if (answer.server !== this.server) return this.#lose('another server answered');
    if (answer.count !== this.#sent) return this.#lose('out of order');
    this.#firstAnswerMs ??= nowMs();
    this.#answersMs.push(nowMs());
    if (this.#answersMs.length > 2 * ANSWERS_KEPT) this.#answersMs = this.#answersMs.slice(-ANSWERS_KEPT);
    this.#confirmedMs = this.#sentMs;
    setTimeout(() => this.#ask(), Math.max(0, this.#sentMs + SESSION_PERIOD_MS - nowMs()));
  }
}
