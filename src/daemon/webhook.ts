// Posts what happens to a URL, as JSON. Says of the URL only where it leads: the rest of it is often a
// secret.
import { hostname } from 'node:os';
import type { Notice } from '../core/events.ts';
import type { Happening, PlannedWebhook } from '../director/notify.ts';
import { Deliveries } from './deliveries.ts';

export class Webhook {
  readonly plan: PlannedWebhook;
  readonly #say: (notice: Notice) => void;
  readonly #bodies = new Deliveries<string>(
    (body, signal) => this.#deliver(body, signal),
    (why) => this.#sayFailed(why),
  );

  constructor(plan: PlannedWebhook, say: (notice: Notice) => void) {
    this.plan = plan;
    this.#say = say;
  }

  get isIdle(): boolean {
    return this.#bodies.isIdle;
  }

  tell({ kind, name, word, priority }: Happening): void {
    const time = new Date().toISOString();
    this.#bodies.add(JSON.stringify({ time, host: hostname(), kind, name, state: word, priority }));
  }

  close(): void {
    this.#bodies.close();
  }

  async #deliver(body: string, signal: AbortSignal): Promise<string | undefined> {
    const { url, timeoutMs } = this.plan;
    try {
      const answer = await fetch(url, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body,
        redirect: 'manual',
        signal: AbortSignal.any([signal, AbortSignal.timeout(timeoutMs)]),
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
