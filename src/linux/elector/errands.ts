// Changes over netlink that nobody waits for, such as the renewal of a lease. The kernel makes them one at a
// time for the whole machine (its RTNL lock), and who holds the lock may have no processor: beside busy
// processors and namespaces of others that came and went a renewal took up to 27 ms, in which no advert was
// sent. So the elector has the director's main thread make them, one batch at a time; what that does not come
// to before the next batch, the elector makes itself. Nothing is undone while it may still be made:
// {@link Errands.finish}.
import type { Request } from '../../netlink/message.ts';
import { NETLINK_ROUTE } from '../../netlink/route.ts';
import { SystemCallError } from '../libc.ts';
import { NetlinkSocket, type Result } from '../netlink-socket.ts';

export type Errand = { type: 'errand'; ticket: number; requests: readonly Request[] };
export type ErrandDone = { type: 'errandDone'; ticket: number; results: Result[] };
/** One word that both threads see: which batch it is, times four, and how far it is. */
export type ErrandWord = Int32Array;

const STEP = { free: 0, asked: 1, running: 2 } as const;
/** The word has to stay positive. */
const TICKETS = 2 ** 28;
/** More than the kernel's answer is waited for. */
const LONGEST_MS = 15_000;

type Part = { requests: readonly Request[]; then: (results: Result[]) => void };

export function errandWord(): ErrandWord {
  return new Int32Array(new SharedArrayBuffer(4));
}
function wordOf(ticket: number, step: keyof typeof STEP): number {
  return ticket * 4 + STEP[step];
}

/** The elector's side. */
export class Errands {
  readonly #word: ErrandWord;
  readonly #requests: NetlinkSocket;
  readonly #post: (errand: Errand) => void;
  #queue: Part[] = [];
  #out: Part[] | undefined;
  #ticket = 0;

  constructor(word: ErrandWord, requests: NetlinkSocket, post: (errand: Errand) => void) {
    this.#word = word;
    this.#requests = requests;
    this.#post = post;
  }

  /** `then` may come at any later moment, or never: what is asked for again and again is not missed once. */
  add(requests: readonly Request[], then: (results: Result[]) => void): void {
    if (requests.length > 0) this.#queue.push({ requests, then });
  }

  /** Has done what was added since the last time. */
  flush(): void {
    if (this.#queue.length === 0) return;
    this.#takeBack();
    const parts = this.#queue;
    this.#queue = [];
    // Still running: whatever holds it up would hold up these as well.
    if (this.#out !== undefined) return;
    this.#ticket = (this.#ticket + 1) % TICKETS;
    this.#out = parts;
    Atomics.store(this.#word, 0, wordOf(this.#ticket, 'asked'));
    const requests = parts.flatMap((part) => part.requests);
    this.#post({ type: 'errand', ticket: this.#ticket, requests });
  }

  noteDone({ ticket, results }: ErrandDone): void {
    if (ticket !== this.#ticket || this.#out === undefined) return;
    const parts = this.#out;
    this.#out = undefined;
    const rest = [...results];
    for (const { requests, then } of parts) then(rest.splice(0, requests.length));
  }

  /** Returns when nothing that was added can be made any more: to be called before it is undone. */
  finish(): void {
    const parts = this.#queue;
    this.#queue = [];
    this.#takeBack();
    this.#make(parts);
    if (this.#out !== undefined) Atomics.wait(this.#word, 0, wordOf(this.#ticket, 'running'), LONGEST_MS);
  }

  /** What the main thread has not begun is made here. */
  #takeBack(): void {
    const [asked, free] = [wordOf(this.#ticket, 'asked'), wordOf(this.#ticket, 'free')];
    if (this.#out === undefined || Atomics.compareExchange(this.#word, 0, asked, free) !== asked) return;
    const parts = this.#out;
    this.#out = undefined;
    this.#make(parts);
  }
  #make(parts: readonly Part[]): void {
    for (const { requests, then } of parts) then(this.#requests.requestMany(requests));
  }
}

/** The main thread's side. */
export class ErrandRunner {
  readonly #word: ErrandWord;
  #socket: NetlinkSocket | undefined;

  constructor(word: ErrandWord) {
    this.#word = word;
  }

  /** Undefined: the elector has made it itself in the meantime. */
  run({ ticket, requests }: Errand): ErrandDone | undefined {
    const [asked, running] = [wordOf(ticket, 'asked'), wordOf(ticket, 'running')];
    if (Atomics.compareExchange(this.#word, 0, asked, running) !== asked) return undefined;
    try {
      return { type: 'errandDone', ticket, results: this.#make(requests) };
    } finally {
      Atomics.store(this.#word, 0, wordOf(ticket, 'free'));
      Atomics.notify(this.#word, 0);
    }
  }

  close(): void {
    this.#socket?.close();
    this.#socket = undefined;
  }

  #make(requests: readonly Request[]): Result[] {
    try {
      this.#socket ??= new NetlinkSocket(NETLINK_ROUTE);
      // What comes from another thread is a plain Uint8Array.
      return this.#socket.requestMany(
        requests.map((request) => ({ ...request, payload: Buffer.from(request.payload) })),
      );
    } catch (error) {
      if (!(error instanceof SystemCallError)) throw error;
      return requests.map(() => ({ ok: false, errno: error.errno }));
    }
  }
}
