// Orders between two directors: joins the weights of this one and the stream to the other one. Decides
// nothing (see director/weights/pair.ts).
import type { PeerAnswer } from '../console/servers-document.ts';
import type { Telling } from '../director/weights/pair.ts';
import { idOf } from '../director/weights/program.ts';
import {
  type HeldFrame,
  isTellable,
  ORDERS_PER_FRAME,
  type OrderName,
  type OrdersFrame,
} from '../sync/orders.ts';
import type { ServiceKeeper } from './service-keeper.ts';
import type { SyncKeeper } from './sync-keeper.ts';

/** How long who gave an order waits for the peer's word about it. */
const ANSWER_MS = 1_000;
/** Frames that are merged and wait to be answered; of more the first ones are not. */
const OWED_MAX = 1_024;
const UINT32 = 2 ** 32;

export class PairOrders {
  readonly #services: ServiceKeeper;
  readonly #sync: SyncKeeper;
  readonly #fail: (error: Error) => void;
  /** Of the frames that were told, and of those that the peer has. */
  #serial = 0;
  #held = 0;
  /** Servers of ours that are not in the peer's file. */
  readonly #unknown = new Set<string>();
  readonly #waiting = new Set<() => void>();
  readonly #owed: Omit<HeldFrame, 'type'>[] = [];
  #isAnswering = false;
  #isStopped = false;

  constructor(services: ServiceKeeper, sync: SyncKeeper, fail: (error: Error) => void) {
    this.#services = services;
    this.#sync = sync;
    this.#fail = fail;
  }

  greeted(): void {
    this.#services.weights.step({ type: 'greeted' });
  }

  heed(frame: OrdersFrame | HeldFrame): void {
    if (this.#isStopped) return;
    if (frame.type === 'held') return this.#isHeld(frame);
    const { serial, clock, orders } = frame;
    const unknown = this.#services.heed({ clock, orders, from: this.#sync.peer ?? '' });
    if (this.#owed.push({ serial, unknown }) > OWED_MAX) this.#owed.shift();
    if (!this.#isAnswering) this.#answerAll().catch(this.#fail);
  }

  /** Always a frame, also of nothing: the peer waits for the clock. */
  tell({ clock, orders }: Telling): void {
    for (let at = 0; at === 0 || at < orders.length; at += ORDERS_PER_FRAME) {
      const part = orders.slice(at, at + ORDERS_PER_FRAME);
      for (const { pool, server } of part) this.#unknown.delete(idOf(pool, server));
      this.#serial = (this.#serial + 1) % UINT32;
      this.#sync.tell({ type: 'orders', serial: this.#serial, clock, orders: part });
    }
  }

  /** Whether the peer has what was ordered a moment ago; undefined: there is no peer. */
  async answer(names: readonly OrderName[]): Promise<PeerAnswer | undefined> {
    const { peer } = this.#sync;
    if (peer === undefined) return undefined;
    const endMs = performance.now() + ANSWER_MS;
    while (this.#sync.isConnected && !this.#isTold && performance.now() < endMs)
      await this.#news(endMs - performance.now());
    if (!this.#sync.isConnected) return { address: peer, state: 'away', unknown: [] };
    if (!this.#isTold) return { address: peer, state: 'silent', unknown: [] };
    const unknown = names.filter(
      (name) => !isTellable(name) || this.#unknown.has(idOf(name.pool, name.server)),
    );
    return {
      address: peer,
      state: 'held',
      unknown: unknown.map(({ pool, server }) => ({ service: pool, server })),
    };
  }

  stop(): void {
    this.#isStopped = true;
  }

  get #isTold(): boolean {
    return this.#services.weights.isMet && this.#held === this.#serial;
  }

  /** All that came while the table was at it goes into it at once. */
  async #answerAll(): Promise<void> {
    this.#isAnswering = true;
    while (this.#owed.length > 0 && !this.#isStopped) {
      const owed = this.#owed.splice(0);
      await this.#services.applyHeeded();
      for (const each of owed) this.#sync.tell({ type: 'held', ...each });
    }
    this.#isAnswering = false;
  }

  /** Of what we have not told it may say what it likes. */
  #isHeld({ serial, unknown }: HeldFrame): void {
    const names = unknown.filter(({ pool, server }) => this.#services.pools.get(pool)?.servers.has(server));
    for (const { pool, server } of names) this.#unknown.add(idOf(pool, server));
    this.#services.weights.step({ type: 'absent', names: unknown });
    this.#held = serial;
    for (const wake of this.#waiting) wake();
  }

  async #news(withinMs: number): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    const timer = setTimeout(resolve, withinMs);
    this.#waiting.add(resolve);
    await promise;
    clearTimeout(timer);
    this.#waiting.delete(resolve);
  }
}
