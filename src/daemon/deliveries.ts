// What somebody elsewhere is to be told: one after the other, each tried a few times, and never more waiting
// than a few. How it gets there is the caller's.
import { setTimeout as wait } from 'node:timers/promises';

const MOST_WAITING = 64;
/** Between the first try and the second, and so on. */
const AGAIN_MS = [500, 2_000, 8_000];

/** Gives undefined when it was taken, else why not. Ends soon after `signal` is aborted. */
export type Deliver<Item> = (item: Item, signal: AbortSignal) => Promise<string | undefined>;

export class Deliveries<Item> {
  readonly #deliver: Deliver<Item>;
  readonly #sayFailed: (why: string) => void;
  readonly #waiting: Item[] = [];
  readonly #closed = new AbortController();
  #busy = false;

  constructor(deliver: Deliver<Item>, sayFailed: (why: string) => void) {
    this.#deliver = deliver;
    this.#sayFailed = sayFailed;
  }

  get isIdle(): boolean {
    return !this.#busy;
  }

  add(item: Item): void {
    this.#waiting.push(item);
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
    for (let item = this.#waiting.shift(); item !== undefined; item = this.#waiting.shift())
      await this.#tryAll(item);
    this.#busy = false;
  }

  async #tryAll(item: Item): Promise<void> {
    const { signal } = this.#closed;
    for (const againMs of [...AGAIN_MS, undefined]) {
      const failure = await this.#deliver(item, signal);
      if (failure === undefined || signal.aborted) return;
      this.#sayFailed(againMs === undefined ? `${failure}: given up` : `${failure}: tried again`);
      if (againMs !== undefined) await wait(againMs, undefined, { signal }).catch(() => {});
    }
  }
}
