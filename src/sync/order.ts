// The order in which slots of a table changed, and how far the peer is in it. Each slot is in it once, at its
// last change: what changes again before it is sent is sent once, as it is then, so however slow the peer is,
// nothing queues. A full copy, the changes since, and what is left after a lost connection are all the same
// walk, from another place. Counts what the peer has acknowledged, for each service.

export class ChangeOrder {
  /** Of the last change; each has the next number. */
  version = 0;
  /** Everything up to these versions has been sent to, and acknowledged by, the peer. */
  sent = 0;
  acked = 0;
  readonly #next: Int32Array;
  readonly #previous: Int32Array;
  readonly #version: Float64Array;
  readonly #changedMs: Float64Array;
  #oldest = 0;
  #newest = 0;
  /** The first slot after {@link sent}, and after {@link acked}; 0 = none. */
  #unsent = 0;
  #unacked = 0;
  /** Told of each slot that comes to be acknowledged, or ceases to be. */
  readonly #onAcked: (slot: number, by: 1 | -1) => void;

  constructor(capacity: number, onAcked: (slot: number, by: 1 | -1) => void) {
    this.#next = new Int32Array(capacity + 1);
    this.#previous = new Int32Array(capacity + 1);
    this.#version = new Float64Array(capacity + 1);
    this.#changedMs = new Float64Array(capacity + 1);
    this.#onAcked = onAcked;
  }

  /** The next slot to send; 0 = none. */
  get unsent(): number {
    return this.#unsent;
  }
  /** When the oldest change happened that the peer has not acknowledged. */
  get unackedSinceMs(): number | undefined {
    return this.#unacked === 0 ? undefined : this.#changedMs[this.#unacked];
  }
  changedMs(slot: number): number {
    return this.#changedMs[slot]!;
  }
  isSent(slot: number): boolean {
    return this.#version[slot]! <= this.sent;
  }
  isAcked(slot: number): boolean {
    return this.#version[slot]! <= this.acked;
  }

  /** `slot` changed: now it is the last. What is not sent yet keeps its place, and is sent as it is then. */
  change(slot: number, nowMs: number): void {
    if (!this.isSent(slot)) return;
    if (this.#version[slot] !== 0) this.remove(slot);
    this.#version[slot] = ++this.version;
    this.#changedMs[slot] = nowMs;
    this.#previous[slot] = this.#newest;
    this.#next[slot] = 0;
    if (this.#newest === 0) this.#oldest = slot;
    else this.#next[this.#newest] = slot;
    this.#newest = slot;
    if (this.#unsent === 0) this.#unsent = slot;
    if (this.#unacked === 0) this.#unacked = slot;
  }

  remove(slot: number): void {
    if (this.isAcked(slot)) this.#onAcked(slot, -1);
    const next = this.#next[slot]!;
    const previous = this.#previous[slot]!;
    if (slot === this.#unsent) this.#unsent = next;
    if (slot === this.#unacked) this.#unacked = next;
    if (previous === 0) this.#oldest = next;
    else this.#next[previous] = next;
    if (next === 0) this.#newest = previous;
    else this.#previous[next] = previous;
    this.#version[slot] = 0;
  }

  /** It is sent: {@link sent} is its version now. */
  take(): void {
    this.sent = this.#version[this.#unsent]!;
    this.#unsent = this.#next[this.#unsent]!;
  }

  /** The peer has everything up to `version`. */
  acknowledge(version: number): void {
    while (this.#unacked !== 0 && this.#version[this.#unacked]! <= version) {
      const slot = this.#unacked;
      this.#unacked = this.#next[slot]!;
      this.#onAcked(slot, 1);
    }
    this.acked = Math.max(this.acked, version);
  }

  /** Nobody acknowledges anything any more. What was sent stays so: what changes now is another version. */
  release(): void {
    for (let slot = this.#oldest; slot !== this.#unacked; slot = this.#next[slot]!) this.#onAcked(slot, -1);
    this.#unacked = this.#oldest;
    this.acked = 0;
  }

  /** The peer has what there is up to `version`, and nothing is on its way. */
  restart(version: number): void {
    this.release();
    this.acknowledge(version);
    this.sent = this.acked;
    this.#unsent = this.#unacked;
  }

  /** From the oldest change to the newest. */
  *walk(): Generator<number> {
    for (let slot = this.#oldest; slot !== 0; slot = this.#next[slot]!) yield slot;
  }
}
