// Gives datagrams to the kernel's backup thread so that none is lost and each is known to be in its table.
// Pure: decides what is sent when; who sends, and looks at the thread's queue, is an edge.
//
// The thread answers nothing. But its socket shows how much waits in it and how often it had no room, and a
// socket of ours beside it hears all that gets there: what was sent is in the table when all of it has
// arrived, nothing waits and nothing was dropped. If something was, all of it is sent again, because a
// connection that is told twice is told once, and less at a time from then on.
//
// Before that sockets see nothing of it: a kernel that is busy lets what was sent wait on its own way in.

/**
 * The thread's socket as it is now. `life`: another one means another socket. `arrived`: datagrams that have
 * come so far, a count of its own.
 */
export type Queue = { life: string; waitingBytes: number; drops: number; arrived: number };
export type Item = { id: number; datagram: Uint8Array };

/** Bytes of datagrams that are on their way at once; memory for a packet is about twice that. */
const WINDOW = { first: 64 * 1024, least: 16 * 1024, most: 4 * 1024 * 1024 };
/** Looks in a row at which nothing more has arrived, milliseconds apart: what is missing then is lost. */
const PATIENCE = 300;

export class Intake {
  #window = WINDOW.first;
  #ceiling = WINDOW.most;
  #waiting: Item[] = [];
  #onWay: Item[] = [];
  /** As it was before what is on its way was sent; undefined: it has to be looked at first. */
  #before: Queue | undefined;
  /** What `arrived` has to be before what was sent can be judged; undefined: not looked at yet. */
  #expected: number | undefined;
  #arrived = 0;
  #quietLooks = 0;
  /** Datagrams that were sent again. */
  repeated = 0;
  /** How often in a row something did not arrive. */
  lostInRow = 0;

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
    if (this.#isMissing(queue)) {
      if (this.#quietLooks < PATIENCE) return [];
      this.#expected = queue.arrived;
      this.lostInRow++;
      return this.#less(queue);
    }
    if (queue.drops !== this.#before.drops) return this.#less(queue);
    if (queue.waitingBytes > 0) return [];
    const taken = this.#onWay.map(({ id }) => id);
    if (taken.length > 0) this.lostInRow = 0;
    if (taken.length > 0 && this.#waiting.length > 0)
      this.#window = Math.min(this.#ceiling, this.#window * 2);
    this.#onWay = [];
    return taken;
  }

  /** Also of what was sent before a thread ended: it may arrive at the next one. */
  #isMissing({ arrived }: Queue): boolean {
    this.#quietLooks = arrived === this.#arrived ? this.#quietLooks + 1 : 0;
    this.#arrived = arrived;
    return arrived < this.#expected!;
  }

  #less(queue: Queue): number[] {
    this.#window = Math.max(WINDOW.least, this.#window / 2);
    this.#ceiling = this.#window;
    return this.#again(queue);
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
    this.#expected! += this.#onWay.length;
    this.#quietLooks = 0;
    return this.#onWay;
  }

  /** Of what {@link next} gave only so many could be sent. */
  refused(sent: number): void {
    this.#expected! -= this.#onWay.length - sent;
    this.#again(this.#before);
  }

  /** Whatever waits in it is sent once more: that is taken twice, and harms nobody. */
  #again(queue: Queue | undefined): number[] {
    this.repeated += this.#onWay.length;
    this.#waiting = [...this.#onWay, ...this.#waiting];
    this.#onWay = [];
    this.#before = queue;
    if (queue !== undefined) this.#expected ??= queue.arrived;
    return [];
  }
}
