// Gives datagrams to the kernel's backup thread so that none is lost and each is known to be in its table.
// Pure: decides what is sent when; who sends, and looks at the thread's queue, is an edge.
//
// The thread answers nothing. But its socket shows how much waits in it and how often it had no room: what
// was sent is in the table when nothing waits and nothing was dropped. If something was, all of it is sent
// again, because a connection that is told twice is told once, and less at a time from then on.

/** The thread's socket as it is now. `life`: another one means another socket. */
export type Queue = { life: string; waitingBytes: number; drops: number };
export type Item = { id: number; datagram: Uint8Array };

/** Bytes of datagrams that are on their way at once; memory for a packet is about twice that. */
const WINDOW = { first: 64 * 1024, least: 16 * 1024, most: 4 * 1024 * 1024 };

export class Intake {
  #window = WINDOW.first;
  #waiting: Item[] = [];
  #onWay: Item[] = [];
  /** As it was before what is on its way was sent; undefined: it has to be looked at first. */
  #before: Queue | undefined;
  /** Datagrams that were sent again. */
  repeated = 0;

  offer(item: Item): void {
    this.#waiting.push(item);
  }

  /** Has anybody to look at the thread's queue? */
  get isBusy(): boolean {
    return this.#waiting.length > 0 || this.#onWay.length > 0;
  }

  /** What the queue is now; undefined: there is no thread. Answers which items are in the table. */
  look(queue: Queue | undefined): number[] {
    if (queue === undefined || queue.life !== this.#before?.life) return this.#again(queue);
    if (queue.drops !== this.#before.drops) {
      this.#window = Math.max(WINDOW.least, this.#window / 2);
      return this.#again(queue);
    }
    if (queue.waitingBytes > 0) return [];
    const taken = this.#onWay.map(({ id }) => id);
    if (taken.length > 0 && this.#waiting.length > 0) this.#window = Math.min(WINDOW.most, this.#window * 2);
    this.#onWay = [];
    return taken;
  }

  /** What is sent now. */
  next(): readonly Item[] {
    if (this.#onWay.length > 0 || this.#before === undefined) return [];
    let bytes = 0;
    let count = 0;
    for (const { datagram } of this.#waiting) {
      bytes += datagram.length;
      if (count > 0 && bytes > this.#window) break;
      count++;
    }
    this.#onWay = this.#waiting.splice(0, count);
    return this.#onWay;
  }

  /** What {@link next} gave could not be sent. */
  refused(): void {
    this.#again(this.#before);
  }

  /** Whatever waits in it is sent once more: that is taken twice, and harms nobody. */
  #again(queue: Queue | undefined): number[] {
    this.repeated += this.#onWay.length;
    this.#waiting = [...this.#onWay, ...this.#waiting];
    this.#onWay = [];
    this.#before = queue;
    return [];
  }
}
