// A timer wheel over small integers (connection numbers): one slot a second, lists threaded through typed
// arrays. Arming, disarming and expiring are O(1); nothing is allocated after construction.
//
// Packets push a connection's end of life forward thousands of times, so the wheel is lazy: an entry stays
// where it was put, and when its slot comes up its owner says whether it is really over (see
// ConnectionTable).

const SLOTS = 1024;
/** Entries that end later than this are looked at again before they do. */
const HORIZON = SLOTS - 1;
const NONE = 0;

/**
 * Where the tick is kept in whose slot an entry hangs, 0 = not armed: at `at` of its `stride` words, so that
 * it may lie beside what else is looked at for each packet.
 */
export type Due = { words: Int32Array; stride: number; at: number };

export class TimerWheel {
  readonly #heads = new Int32Array(SLOTS);
  readonly #next: Int32Array;
  readonly #previous: Int32Array;
  readonly #due: Due;
  /** Every slot before this tick is empty. */
  #tick = 1;

  /** Entries are 1 to `capacity`. */
  constructor(capacity: number, due: Due) {
    this.#next = new Int32Array(capacity + 1);
    this.#previous = new Int32Array(capacity + 1);
    this.#due = due;
  }

  /** When `entry` will be looked at. */
  dueTick(entry: number): number {
    const { words, stride, at } = this.#due;
    return words[entry * stride + at]!;
  }
  #setDueTick(entry: number, tick: number): void {
    const { words, stride, at } = this.#due;
    words[entry * stride + at] = tick;
  }

  arm(entry: number, tick: number): void {
    if (this.dueTick(entry) !== 0) this.disarm(entry);
    const due = Math.min(Math.max(tick, this.#tick), this.#tick + HORIZON);
    const slot = due % SLOTS;
    const head = this.#heads[slot]!;
    this.#next[entry] = head;
    this.#previous[entry] = NONE;
    if (head !== NONE) this.#previous[head] = entry;
    this.#heads[slot] = entry;
    this.#setDueTick(entry, due);
  }

  disarm(entry: number): void {
    const due = this.dueTick(entry);
    if (due === 0) return;
    const next = this.#next[entry]!;
    const previous = this.#previous[entry]!;
    if (previous === NONE) this.#heads[due % SLOTS] = next;
    else this.#next[previous] = next;
    if (next !== NONE) this.#previous[next] = previous;
    this.#setDueTick(entry, 0);
  }

  /**
   * Gives every entry that is due at `tick` to `visit`, disarmed; it may be armed again. At most `budget` of
   * them, so that a crowd does not hold up packets: false when some are left for the next call.
   */
  advance(tick: number, budget: number, visit: (entry: number) => void): boolean {
    // A clock that jumped by more than a turn has every slot due once.
    if (tick - this.#tick > HORIZON) this.#tick = tick - HORIZON;
    let left = budget;
    while (this.#tick <= tick) {
      const slot = this.#tick % SLOTS;
      for (let entry = this.#heads[slot]!; entry !== NONE; entry = this.#heads[slot]!) {
        if (left-- === 0) return false;
        this.disarm(entry);
        visit(entry);
      }
      this.#tick++;
    }
    return true;
  }
}
