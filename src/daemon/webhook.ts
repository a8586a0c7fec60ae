// Posts what happens to a URL, as JSON: one after the other, tried a few times, and never more waiting than a
// few. Says of the URL only where it leads: the rest of it is often a secret.
import { hostname } from 'node:os';
import { setTimeout as wait } from 'node:timers/promises';
import type { Notice } from '../core/events.ts';
import type { Happening, PlannedWebhook } from '../director/notify.ts';

const MOST_WAITING = 64;
/** Between the first try and the second, and so on. */
const AGAIN_MS = [500, 2_000, 8_000];

export class Webhook {
  readonly plan: PlannedWebhook;
  readonly #say: (notice: Notice) => void;
  readonly #waiting: string[] = [];
  readonly #closed = new AbortController();
  #busy = false;

  constructor(plan: PlannedWebhook, say: (notice: Notice) => void) {
    this.plan = plan;
    this.#say = say;
  }

  get isIdle(): boolean {
    return !this.#busy;
  }

  post({ kind, name, word, priority }: Happening): void {
    const time = new Date().toISOString();
    this.#waiting.push(JSON.stringify({ time, host: hostname(), kind, name, state: word, priority }));
    if (this.#waiting.length > MOST_WAITING) {
      this.#waiting.shift();
      this.#sayFailed('too many events wait: the oldest is left out');
    }
    if (!this.#busy) void this.#work();
  }

  /** What has not been taken by then is lost. */
  close(): void {
    this.#closed.abort();
    this.#waiting.length = 0;
  }

  async #work(): Promise<void> {
    this.#busy = true;
    for (let body = this.#waiting.shift(); body !== undefined; body = this.#waiting.shift())
      await this.#deliver(body);
    this.#busy = false;
  }

  async #deliver(body: string): Promise<void> {
    const { signal } = this.#closed;
    for (const againMs of [...AGAIN_MS, undefined]) {
      const failure = await this.#try(body);
      if (failure === undefined || signal.aborted) return;
      this.#sayFailed(againMs === undefined ? `${failure}: given up` : `${failure}: tried again`);
      if (againMs !== undefined) await wait(againMs, undefined, { signal }).catch(() => {});
    }
  }

  /** Undefined = it was taken. */
  async #try(body: string): Promise<string | undefined> {
    const { url, timeoutMs } = this.plan;
    try {
      const answer = await fetch(url, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body,
        redirect: 'manual',
        signal: AbortSignal.any([this.#closed.signal, AbortSignal.timeout(timeoutMs)]),
      });
      await answer.body?.cancel();
      return answer.ok ? undefined : `it answered ${answer.status}`;
    } catch (error) {
      const cause = error instanceof Error && error.cause instanceof Error ? error.cause : error;
      return (cause as NodeJS.ErrnoException).code?.toString() ?? String(cause);
    }
  }

  #sayFailed(why: string): void {
    const { host } = new URL(this.plan.url);
    const message = `webhook at ${host}: ${why}`;
    this.#say({ event: 'webhook.failed', message, fields: { host, why } });
  }
}
