// Instances that began or ceased to serve a moment ago: an engine goes on with what it had before.
import { setTimeout as wait } from 'node:timers/promises';

/**
 * The old master forwards what still arrives, and tells of what comes about by it, until the new master's
 * announcement has turned every switch, which its engine sends as soon as it is told; the new master listens
 * a little longer than that.
 */
const TURN_MS = { handedOver: 300, tookOver: 600 };

export class Turning {
  readonly #timers = new Map<string, NodeJS.Timeout>();
  readonly #settled: () => void;

  /** `settled`: one turns no more. */
  constructor(settled: () => void) {
    this.#settled = settled;
  }

  get instances(): ReadonlySet<string> {
    return new Set(this.#timers.keys());
  }

  begin(instance: string, tookOver: boolean): void {
    clearTimeout(this.#timers.get(instance));
    const settle = () => {
      this.#timers.delete(instance);
      this.#settled();
    };
    this.#timers.set(instance, setTimeout(settle, tookOver ? TURN_MS.tookOver : TURN_MS.handedOver));
  }

  /** At a stop: those that handed over have had their time. */
  async finish(): Promise<void> {
    if (this.#timers.size > 0) await wait(TURN_MS.handedOver);
    for (const timer of this.#timers.values()) clearTimeout(timer);
  }
}
