// What one connection tells the peer: entries in the order of their change, no more on its way than a window,
// and how much of it has been acknowledged.
import { DATAGRAM_MAX, SyncBatch } from './encode.ts';
import type { Frame, StreamFault } from './frame.ts';
import type { Shadow } from './shadow.ts';

/** Frames that are sent and not acknowledged: about 600 KB. What is more waits in the table. */
const WINDOW = 64;
/** Sums are of 48 bits. */
export const SUM_LIMIT = 2 ** 48;

export class Outgoing {
  readonly #shadow: Shadow;
  readonly #batch = new SyncBatch({ syncId: 0, maxlen: DATAGRAM_MAX });
  /** The last version of each frame on its way. */
  #onWay: number[] = [];
  #isSubscribed = false;
  #entries = 0;
  #digest = 0;
  /** Everything there was when the peer subscribed has been sent up to this version. */
  #completeAt: number | undefined;
  /** Entries that the peer could not take. */
  refused = 0;

  constructor(shadow: Shadow) {
    this.#shadow = shadow;
  }

  get isSubscribed(): boolean {
    return this.#isSubscribed;
  }
  /** The peer has acknowledged a full copy. */
  get isComplete(): boolean {
    return this.#completeAt !== undefined && this.#shadow.order.acked >= this.#completeAt;
  }
  get entries(): number {
    return this.#entries;
  }

  subscribe(from: number): StreamFault | undefined {
    if (this.#isSubscribed) return 'subscribed-twice';
    if (from > this.#shadow.order.version) return 'unknown-past';
    this.#isSubscribed = true;
    if (from === 0) this.#shadow.forgetPeer();
    else this.#shadow.order.restart(from);
    return undefined;
  }

  /** What may be sent now. */
  pump(): Frame[] {
    if (!this.#isSubscribed) return [];
    const frames: Frame[] = [];
    while (this.#onWay.length < WINDOW) {
      const frame = this.#fill();
      if (frame === undefined) break;
      frames.push(frame);
    }
    const { order } = this.#shadow;
    // What was passed over is what the peer told of itself.
    if (this.#onWay.length === 0) order.acknowledge(order.sent);
    if (this.#completeAt === undefined && order.unsent === 0) {
      this.#completeAt = order.sent;
      frames.push(this.mark());
    }
    return frames;
  }

  mark(): Frame {
    const complete = this.#completeAt !== undefined;
    const upTo = this.#shadow.order.sent;
    return { type: 'mark', upTo, entries: this.#entries, digest: this.#digest, complete };
  }

  acknowledge(upTo: number, refused: number): StreamFault | undefined {
    const { order } = this.#shadow;
    if (!this.#isSubscribed || upTo > order.sent) return 'ack';
    while (this.#onWay.length > 0 && this.#onWay[0]! <= upTo) this.#onWay.shift();
    this.refused = refused;
    order.acknowledge(this.#onWay.length === 0 ? order.sent : upTo);
    return undefined;
  }

  #fill(): Frame | undefined {
    const stamps: number[] = [];
    for (let slot = this.#shadow.nextUnsent(); slot !== 0; slot = this.#shadow.nextUnsent()) {
      if (!this.#batch.addFrom(this.#shadow, slot)) break;
      stamps.push(this.#shadow.stamp(slot));
      this.#entries++;
      this.#digest = (this.#digest + this.#shadow.digest(slot)) % SUM_LIMIT;
      this.#shadow.order.take();
    }
    const datagram = this.#batch.take();
    if (datagram === undefined) return undefined;
    const upTo = this.#shadow.order.sent;
    this.#onWay.push(upTo);
    return { type: 'entries', upTo, stamps, datagram: Buffer.from(datagram) };
  }
}
