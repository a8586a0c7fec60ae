// What the embedded engine tells of its connections, to whomever: each change within milliseconds, the whole
// table when it is asked for, and once a minute what has not ended meanwhile. Time is told to it; where the
// datagrams go is the business of who made it.
import type { Sessions } from '../../ipvs/embedded/sessions.ts';
import { describeConnection, isTellable, isWorthTelling } from '../../ipvs/embedded/synced.ts';
import { SyncBatch } from '../../sync/encode.ts';

/** A change waits for company, but no longer than this. */
const FLUSH_MS = 10;
const FLUSH_CHANGES = 32;
/** The whole table in so many parts, one each second. */
const TURN_PARTS = 60;
const PART_MS = 1000;
/** The whole table at once: so many entries, then a pause for whoever takes them in. */
const BURST_ENTRIES = 320;
const BURST_PAUSE_MS = 1;

type Settings = {
  sessions: Sessions;
  syncId: number;
  maxlen: number;
  /** Once a minute: all there is (some may have been lost), or only what has seen a packet since. */
  turn: 'all' | 'moved';
  /** The datagram is valid until it returns. */
  send: (datagram: Buffer, entries: number) => void;
  /** The whole table has been told. */
  onWhole: (nowMs: number) => void;
};

export class Telling {
  readonly #settings: Settings;
  readonly #batch: SyncBatch;
  #changedAtMs: number | undefined;
  #partAtMs: number;
  #partNext = 1;
  /** The next connection of the whole table; 0 = it is not being told. */
  #wholeNext = 1;
  #wholeAtMs: number;

  /** It begins with the whole table. */
  constructor(settings: Settings, nowMs: number) {
    this.#settings = settings;
    this.#batch = new SyncBatch({ syncId: settings.syncId, maxlen: settings.maxlen });
    this.#partAtMs = nowMs + PART_MS;
    this.#wholeAtMs = nowMs;
  }

  get isTellingWhole(): boolean {
    return this.#wholeNext !== 0;
  }
  tellWhole(nowMs: number): void {
    this.#wholeNext = 1;
    this.#wholeAtMs = nowMs;
  }

  /** Sends what is due; answers when it has to be called again. */
  run(nowMs: number): number {
    const { changes } = this.#settings.sessions;
    if (changes.count > 0) this.#changedAtMs ??= nowMs;
    if (
      this.#changedAtMs !== undefined &&
      (changes.count >= FLUSH_CHANGES || nowMs - this.#changedAtMs >= FLUSH_MS)
    ) {
      this.flush();
    }
    if (this.#wholeNext !== 0 && nowMs >= this.#wholeAtMs) this.#continueWhole(nowMs);
    if (nowMs >= this.#partAtMs) this.#tellPart(nowMs);
    return Math.min(
      this.#partAtMs,
      this.#changedAtMs === undefined ? Number.POSITIVE_INFINITY : this.#changedAtMs + FLUSH_MS,
      this.#wholeNext === 0 ? Number.POSITIVE_INFINITY : this.#wholeAtMs,
    );
  }

  /** Sends every change now. */
  flush(): void {
    const { changes } = this.#settings.sessions;
    this.#changedAtMs = undefined;
    for (let at = changes.take(); at !== 0; at = changes.take()) {
      if (isTellable(this.#settings.sessions, at)) this.#add(at);
    }
    this.#send();
  }

  #continueWhole(nowMs: number): void {
    this.#wholeNext = this.#tell(this.#wholeNext, BURST_ENTRIES, 'all');
    this.#send();
    this.#wholeAtMs = nowMs + BURST_PAUSE_MS;
    if (this.#wholeNext <= this.#settings.sessions.connections.last) return;
    this.#wholeNext = 0;
    this.#settings.onWhole(nowMs);
  }

  #tellPart(nowMs: number): void {
    this.#partAtMs = nowMs + PART_MS;
    const { last } = this.#settings.sessions.connections;
    if (this.#partNext > last) this.#partNext = 1;
    this.#partNext = this.#tell(this.#partNext, Math.ceil(last / TURN_PARTS), this.#settings.turn);
    this.#send();
  }

  /** Looks at `count` connections from `first` on and tells of those worth it; answers the next one. */
  #tell(first: number, count: number, which: 'all' | 'moved'): number {
    const { sessions } = this.#settings;
    const { connections } = sessions;
    const end = Math.min(first + count, connections.last + 1);
    for (let at = first; at < end; at++) {
      if (!isWorthTelling(sessions, at)) continue;
      const idleSeconds = connections.timeoutSeconds(at) - connections.secondsLeft(at);
      if (which === 'all' || idleSeconds <= TURN_PARTS) this.#add(at);
    }
    return Math.max(end, first);
  }

  #add(at: number): void {
    const entry = describeConnection(this.#settings.sessions, at);
    if (this.#batch.add(entry)) return;
    this.#send();
    this.#batch.add(entry);
  }

  #send(): void {
    const { count } = this.#batch;
    const datagram = this.#batch.take();
    if (datagram) this.#settings.send(datagram, count);
  }
}
