// The timers of many virtual routers as points in time. Each router's are a Map; an agenda that all of them
// share knows who is due next. With 255 routers an advert puts a timer off 2,550 times a second at 100 ms:
// that must not cost a look at everybody else's.
import type { Timer } from './router.ts';

/** `place`: in the heap; negative while none of its timers runs. */
type Entry = { owner: string; rank: number; atMs: number; place: number };
const NOWHERE = -1;

/** A binary heap of owners by their earliest deadline; between equal ones, whoever came first. */
export class Agenda {
  readonly #heap: Entry[] = [];
  #ranks = 0;

  /** Infinity while no timer runs. */
  get nextMs(): number {
    return this.#heap[0]?.atMs ?? Number.POSITIVE_INFINITY;
  }
  /** Whose deadline that is. */
  get next(): string | undefined {
    return this.#heap[0]?.owner;
  }

  entry(owner: string): Entry {
    return { owner, rank: this.#ranks++, atMs: Number.POSITIVE_INFINITY, place: NOWHERE };
  }

  /** Infinity: none of its timers runs any more. */
  move(entry: Entry, atMs: number): void {
    if (atMs === entry.atMs) return;
    entry.atMs = atMs;
    if (atMs === Number.POSITIVE_INFINITY) this.#remove(entry);
    else this.#settle(entry, entry.place === NOWHERE ? this.#heap.length : entry.place);
  }

  #remove(entry: Entry): void {
    const { place } = entry;
    const last = this.#heap.pop()!;
    if (last !== entry) this.#settle(last, place);
    entry.place = NOWHERE;
  }
  #settle(entry: Entry, place: number): void {
    this.#rise(entry, place);
    if (entry.place === place) this.#sink(entry, place);
  }
  #rise(entry: Entry, from: number): void {
    let place = from;
    while (place > 0) {
      const parent = (place - 1) >> 1;
      if (!isBefore(entry, this.#heap[parent]!)) break;
      this.#put(this.#heap[parent]!, place);
      place = parent;
    }
    this.#put(entry, place);
  }
  #sink(entry: Entry, from: number): void {
    let place = from;
    for (;;) {
      const left = 2 * place + 1;
      if (left >= this.#heap.length) break;
      const right = left + 1;
      const hasRight = right < this.#heap.length;
      const child = hasRight && isBefore(this.#heap[right]!, this.#heap[left]!) ? right : left;
      if (!isBefore(this.#heap[child]!, entry)) break;
      this.#put(this.#heap[child]!, place);
      place = child;
    }
    this.#put(entry, place);
  }
  #put(entry: Entry, place: number): void {
    this.#heap[place] = entry;
    entry.place = place;
  }
}

function isBefore(a: Entry, b: Entry): boolean {
  return a.atMs < b.atMs || (a.atMs === b.atMs && a.rank < b.rank);
}

/** When each of the owner's timers that run is due. */
export class Deadlines extends Map<Timer, number> {
  readonly #agenda: Agenda;
  readonly #entry: Entry;

  constructor(agenda: Agenda, owner: string) {
    super();
    this.#agenda = agenda;
    this.#entry = agenda.entry(owner);
  }

  override set(timer: Timer, atMs: number): this {
    super.set(timer, atMs);
    this.#follow();
    return this;
  }
  override delete(timer: Timer): boolean {
    const wasThere = super.delete(timer);
    if (wasThere) this.#follow();
    return wasThere;
  }
  override clear(): void {
    super.clear();
    this.#follow();
  }

  #follow(): void {
    let next = Number.POSITIVE_INFINITY;
    for (const atMs of this.values()) if (atMs < next) next = atMs;
    this.#agenda.move(this.#entry, next);
  }
}
