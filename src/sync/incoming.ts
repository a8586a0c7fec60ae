// What one connection hears of the peer's table: entries into the shadow table and on into the engine, the
// sum over all of them compared with the peer's, acknowledged once they are in the engine.
import { type EntrySource, SyncBatch } from './encode.ts';
import type { Frame, StreamFault } from './frame.ts';
import { SUM_LIMIT } from './outgoing.ts';
import type { Shadow } from './shadow.ts';
import { CLOCK_MAX } from './stamp.ts';
import { walkDatagram } from './wire.ts';

/** `inject`: the datagram that goes into the engine; undefined when nothing of it does. */
type Taken = { ok: true; inject: Buffer | undefined } | { ok: false; fault: StreamFault };
/** Of entries in a datagram: two arrays of numbers, not an array for each of millions. */
type Places = { starts: number[]; sizes: number[] };

export class Incoming {
  readonly #shadow: Shadow;
  /** What the peer has told up to, and what of it is in the engine. */
  #told: number;
  #injected: number;
  /** Of what is on its way into the engine: where each datagram leads to. */
  #onWay: number[] = [];
  #entries = 0;
  #digest = 0;
  #refused = 0;
  /** The version with which a full copy was complete. */
  #completeAt: number | undefined;

  /** `from`: what an earlier connection brought into the engine. */
  constructor(shadow: Shadow, from: number) {
    this.#shadow = shadow;
    this.#told = from;
    this.#injected = from;
  }

  /** Where another connection may go on. */
  get injected(): number {
    return this.#injected;
  }
  /** A full copy of the peer's table is in the engine. */
  get isComplete(): boolean {
    return this.#completeAt !== undefined && this.#injected >= this.#completeAt;
  }
  get entries(): number {
    return this.#entries;
  }
  get refused(): number {
    return this.#refused;
  }
  take({ upTo, stamps, datagram }: Frame & { type: 'entries' }, nowMs: number): Taken {
    if (upTo <= this.#told) return { ok: false, fault: 'order' };
    const usable: Places = { starts: [], sizes: [] };
    let entries = 0;
    const drop = walkDatagram(datagram, {
      entry: (at, size) => {
        const stamp = stamps[entries++] ?? Number.NaN;
        this.#add(this.#shadow.digestOf(datagram, at, size));
        if (!(stamp <= CLOCK_MAX)) this.#refused++;
        else if (this.#adopt(datagram, at, size, stamp, nowMs)) {
          usable.starts.push(at);
          usable.sizes.push(size);
        }
      },
      skip: (_, at, size) => {
        entries++;
        this.#refused++;
        this.#add(this.#shadow.digestOf(datagram, at, size));
      },
    });
    if (drop !== undefined || entries !== stamps.length) return { ok: false, fault: 'datagram' };
    this.#told = upTo;
    const { length } = usable.starts;
    if (length > 0) this.#onWay.push(upTo);
    this.#settle();
    return { ok: true, inject: length === entries ? datagram : chosen(datagram, usable) };
  }

  /** Everything before it has come, or this answers why the connection cannot be trusted. */
  mark({ upTo, entries, digest, complete }: Frame & { type: 'mark' }): StreamFault | 'digest' | undefined {
    if (upTo < this.#told) return 'order';
    if (entries !== this.#entries || digest !== this.#digest) return 'digest';
    this.#told = upTo;
    if (complete) this.#completeAt ??= upTo;
    this.#settle();
    return undefined;
  }

  /** The engine has what was given to it up to that version. */
  done(upTo: number): void {
    while (this.#onWay.length > 0 && this.#onWay[0]! <= upTo) this.#injected = this.#onWay.shift()!;
    this.#settle();
  }

  /** Has the engine to be told? */
  #adopt(datagram: Buffer, at: number, size: number, stamp: number, nowMs: number): boolean {
    const learned = this.#shadow.adopt(datagram, at, size, stamp, nowMs);
    if (learned === 'full') this.#refused++;
    return learned === 'added' || learned === 'changed' || learned === 'refreshed';
  }
  #add(digest: number): void {
    this.#entries++;
    this.#digest = (this.#digest + digest) % SUM_LIMIT;
  }
  /** What needed nothing of the engine is done when all before it is. */
  #settle(): void {
    if (this.#onWay.length === 0) this.#injected = this.#told;
  }
}

function chosen(datagram: Buffer, { starts, sizes }: Places): Buffer | undefined {
  const source: EntrySource = {
    entrySize: (index) => sizes[index]!,
    readEntry(index, into, to) {
      const at = starts[index]!;
      into.set(datagram.subarray(at, at + sizes[index]!), to);
    },
  };
  const batch = new SyncBatch({ syncId: 0, maxlen: datagram.length });
  for (const index of starts.keys()) batch.addFrom(source, index);
  return batch.take();
}
