// The links between the directors of a simulated world: what is on its way, and how much of it is lost, late,
// doubled or cut off. The seed decides.
import type { Random } from '../../src/core/time.ts';
import type { Claimed } from '../../src/vrrp/claims.ts';
import type { Heard, Node } from './node.ts';

export type Delivery = { atMs: number; to: Node; heard: Heard } | { atMs: number; to: Node; claim: Claimed };
/** Chances are of 1, times in ms. Reordering comes of delays that are long. */
type Network = { loss: number; duplicates: number; delayMinMs: number; delayMaxMs: number };
const CALM: Network = { loss: 0, duplicates: 0, delayMinMs: 0.1, delayMaxMs: 0.3 };

export class Wires {
  readonly network: Network = { ...CALM };
  readonly #random: Random;
  readonly #cut = new Set<string>();
  readonly #deliveries: Delivery[] = [];
  /** When the last arrives that takes that path. */
  readonly #lastAtMs = new Map<string, number>();

  constructor(random: Random) {
    this.#random = random;
  }

  /** Nothing is lost, doubled, late or cut. */
  get isCalm(): boolean {
    const { loss, duplicates, delayMaxMs } = this.network;
    return loss === 0 && duplicates === 0 && delayMaxMs <= CALM.delayMaxMs && this.#cut.size === 0;
  }
  get next(): Delivery | undefined {
    return this.#deliveries[0];
  }
  get last(): Delivery | undefined {
    return this.#deliveries.at(-1);
  }
  take(): Delivery {
    return this.#deliveries.shift()!;
  }

  cut(from: Node, to: Node, device: string): void {
    this.#cut.add(pathOf(from, to, device));
  }
  heal(): void {
    this.#cut.clear();
    Object.assign(this.network, CALM);
  }

  carry(to: Node, heard: Heard, nowMs: number): void {
    const { loss, duplicates, delayMinMs, delayMaxMs } = this.network;
    const copies = this.#random() < duplicates ? 2 : 1;
    for (let copy = 0; copy < copies; copy++) {
      if (this.#random() < loss) continue;
      const path = pathOf(heard.sent.from, to, heard.device);
      if (this.#cut.has(path)) continue;
      const atMs = nowMs + delayMinMs + this.#random() * (delayMaxMs - delayMinMs);
      this.#later({ atMs: this.#inOrder(path, atMs), to, heard });
    }
  }
  /** One link keeps the order of what one sends; where packets are late they take several ways. */
  #inOrder(path: string, atMs: number): number {
    if (this.network.delayMaxMs > CALM.delayMaxMs) return atMs;
    const inOrderMs = Math.max(atMs, this.#lastAtMs.get(path) ?? 0);
    this.#lastAtMs.set(path, inOrderMs);
    return inOrderMs;
  }
  /** The answer of a kernel to the question of another. */
  answer(from: Node, to: Node, claim: Claimed, nowMs: number): void {
    const { loss, delayMinMs } = this.network;
    const { interface: device } = claim;
    if (this.#cut.has(pathOf(to, from, device)) || this.#cut.has(pathOf(from, to, device))) return;
    if (loss > 0 && this.#random() < loss) return;
    this.#later({ atMs: nowMs + 2 * delayMinMs, to, claim });
  }
  #later(delivery: Delivery): void {
    let at = this.#deliveries.length;
    while (at > 0 && this.#deliveries[at - 1]!.atMs > delivery.atMs) at--;
    this.#deliveries.splice(at, 0, delivery);
  }
}

function pathOf(from: Node, to: Node, device: string): string {
  return `${from.index} ${to.index} ${device}`;
}
