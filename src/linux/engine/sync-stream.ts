// The embedded engine's counterpart of the kernel's sync threads. As master it tells of every change within
// milliseconds, of the whole table once a minute (so that idle connections are known too), and at once when a
// backup asks. As backup it asks until it has been told everything, and takes in what it hears. Time is told
// to it.

import { address } from '../../core/address.ts';
import type { Notice } from '../../core/events.ts';
import type { Sessions } from '../../ipvs/embedded/sessions.ts';
import { adoptConnection, describeConnection, isWorthTelling } from '../../ipvs/embedded/synced.ts';
import type { SyncDaemon } from '../../ipvs/model.ts';
import { SyncBatch } from '../../sync/encode.ts';
import { decodeDatagram, decodeSignal, encodeSignal, SYNC_GROUP, SYNC_PORT } from '../../sync/wire.ts';
import { SyncSocket } from './sync-socket.ts';

/** A change waits for company, but no longer than this. */
const FLUSH_MS = 10;
const FLUSH_CHANGES = 32;
/** The whole table in so many parts, one each second. */
const TURN_PARTS = 60;
const PART_MS = 1000;
/** The whole table at once: so many entries, then a pause for the peer to take them in. */
const BURST_ENTRIES = 320;
const BURST_PAUSE_MS = 1;
const ASK_AFTER_MS = [0, 1000, 3000, 7000, 15_000];
/** Two masters that hear each other must not keep each other busy. */
const ANSWER_EVERY_MS = 1000;
const DATAGRAMS_MAX = 256;
const DEFAULT_MAXLEN = 1472;
const MAXLEN_LIMIT = 9188;
const DEFAULT_TTL = 1;

export type StreamCounters = Record<string, number>;
type Surroundings = { sessions: Sessions; counters: StreamCounters; notify: (notice: Notice) => void };

function placeOf(daemon: SyncDaemon) {
  return {
    interface: daemon.interface,
    group: daemon.group ?? address(SYNC_GROUP),
    port: daemon.port ?? SYNC_PORT,
    ttl: daemon.ttl ?? DEFAULT_TTL,
  };
}

export class SyncMaster {
  readonly daemon: SyncDaemon;
  readonly socket: SyncSocket;
  readonly #with: Surroundings;
  readonly #batch: SyncBatch;
  #changedAtMs: number | undefined;
  #partAtMs: number;
  #partNext = 1;
  /** The next connection of a full answer; 0 = none is being given. */
  #answerNext = 0;
  #answerAtMs = 0;
  #answeredAtMs = Number.NEGATIVE_INFINITY;

  constructor(daemon: SyncDaemon, surroundings: Surroundings, nowMs: number) {
    this.daemon = daemon;
    this.#with = surroundings;
    this.socket = new SyncSocket(placeOf(daemon));
    const maxlen = Math.min(daemon.maxlen ?? DEFAULT_MAXLEN, MAXLEN_LIMIT);
    this.#batch = new SyncBatch({ syncId: daemon.id, maxlen });
    this.#partAtMs = nowMs + PART_MS;
    // Whatever this node knows, its peer shall know: it may have missed some of it from the master before.
    this.#answerNext = 1;
    this.#answerAtMs = nowMs;
  }

  /** Sends what is due; answers when it has to be called again. */
  run(nowMs: number): number {
    const { changes } = this.#with.sessions;
    if (changes.count > 0) this.#changedAtMs ??= nowMs;
    if (
      this.#changedAtMs !== undefined &&
      (changes.count >= FLUSH_CHANGES || nowMs - this.#changedAtMs >= FLUSH_MS)
    ) {
      this.flush();
    }
    if (this.#answerNext !== 0 && nowMs >= this.#answerAtMs) this.#continueAnswer(nowMs);
    if (nowMs >= this.#partAtMs) {
      this.#partAtMs = nowMs + PART_MS;
      const last = this.#with.sessions.connections.last;
      if (this.#partNext > last) this.#partNext = 1;
      this.#partNext = this.#tell(this.#partNext, Math.ceil(last / TURN_PARTS));
      this.#send();
    }
    return Math.min(
      this.#partAtMs,
      this.#changedAtMs === undefined ? Number.POSITIVE_INFINITY : this.#changedAtMs + FLUSH_MS,
      this.#answerNext === 0 ? Number.POSITIVE_INFINITY : this.#answerAtMs,
    );
  }

  /** Sends every change now. */
  flush(): void {
    const { sessions } = this.#with;
    this.#changedAtMs = undefined;
    for (let at = sessions.changes.take(); at !== 0; at = sessions.changes.take()) this.#add(at);
    this.#send();
  }

  receive(nowMs: number): void {
    for (let left = DATAGRAMS_MAX; left > 0; left--) {
      const datagram = this.socket.receive();
      if (!datagram) return;
      const signal = decodeSignal(datagram);
      if (signal?.signal !== 'ask' || (this.daemon.id !== 0 && signal.syncId !== this.daemon.id)) continue;
      if (nowMs - this.#answeredAtMs < ANSWER_EVERY_MS || this.#answerNext !== 0) continue;
      this.#answerNext = 1;
      this.#answerAtMs = nowMs;
    }
  }

  close(): void {
    this.flush();
    this.socket.close();
  }

  #continueAnswer(nowMs: number): void {
    this.#answerNext = this.#tell(this.#answerNext, BURST_ENTRIES);
    this.#send();
    this.#answerAtMs = nowMs + BURST_PAUSE_MS;
    if (this.#answerNext <= this.#with.sessions.connections.last) return;
    this.#answerNext = 0;
    this.#answeredAtMs = nowMs;
    this.socket.send(encodeSignal('done', this.daemon.id));
  }

  /** Looks at `count` connections from `first` on and tells of those worth it; answers the next one. */
  #tell(first: number, count: number): number {
    const { sessions } = this.#with;
    const end = Math.min(first + count, sessions.connections.last + 1);
    for (let at = first; at < end; at++) if (isWorthTelling(sessions, at)) this.#add(at);
    return Math.max(end, first);
  }

  #add(at: number): void {
    const entry = describeConnection(this.#with.sessions, at);
    this.#with.counters.entriesSent = (this.#with.counters.entriesSent ?? 0) + 1;
    if (this.#batch.add(entry)) return;
    this.#send();
    this.#batch.add(entry);
  }

  #send(): void {
    const datagram = this.#batch.take();
    if (datagram && this.socket.send(datagram) < 0) count(this.#with.counters, 'datagramsFailed');
  }
}

export class SyncBackup {
  readonly daemon: SyncDaemon;
  readonly socket: SyncSocket;
  readonly #with: Surroundings;
  readonly #startedMs: number;
  #asked = 0;
  #isComplete = false;

  constructor(daemon: SyncDaemon, surroundings: Surroundings, nowMs: number) {
    this.daemon = daemon;
    this.#with = surroundings;
    this.#startedMs = nowMs;
    this.socket = new SyncSocket(placeOf(daemon));
  }

  run(nowMs: number): number {
    if (this.#isComplete) return Number.POSITIVE_INFINITY;
    const due = ASK_AFTER_MS[this.#asked];
    if (due === undefined) return Number.POSITIVE_INFINITY;
    if (nowMs < this.#startedMs + due) return this.#startedMs + due;
    this.#asked++;
    this.socket.send(encodeSignal('ask', this.daemon.id));
    return this.#startedMs + (ASK_AFTER_MS[this.#asked] ?? Number.POSITIVE_INFINITY);
  }

  receive(): void {
    for (let left = DATAGRAMS_MAX; left > 0; left--) {
      const datagram = this.socket.receive();
      if (!datagram) return;
      const signal = decodeSignal(datagram);
      if (signal) {
        if (signal.signal === 'done' && this.#isMine(signal.syncId)) this.#complete();
      } else this.#take(datagram);
    }
  }

  close(): void {
    this.socket.close();
  }

  /** syncid 0 hears everybody, as in the kernel. */
  #isMine(syncId: number): boolean {
    return this.daemon.id === 0 || syncId === this.daemon.id;
  }

  #complete(): void {
    if (this.#isComplete) return;
    this.#isComplete = true;
    this.#with.notify({
      event: 'sync.stream',
      message: `the backup knows the master's whole table`,
      fields: { role: 'backup', syncId: this.daemon.id, connections: this.#with.sessions.connections.count },
    });
  }

  #take(datagram: Buffer): void {
    const { counters, sessions, notify } = this.#with;
    const result = decodeDatagram(datagram);
    const drop = result.ok ? result.message.cut : result.drop;
    if (drop !== undefined) {
      count(counters, `dropped ${drop}`);
      // The first of its kind is worth a line, the rest are counted.
      if (counters[`dropped ${drop}`] === 1) {
        notify({
          event: 'sync.dropped',
          message: `sync datagram dropped: ${drop}`,
          fields: { reason: drop },
        });
      }
    }
    if (!result.ok || !this.#isMine(result.message.syncId)) return;
    for (const reason of result.message.skipped) count(counters, `skipped ${reason}`);
    for (const entry of result.message.entries) {
      count(counters, entry.family === 4 ? adoptConnection(sessions, entry) : 'ipv6');
    }
  }
}

function count(counters: StreamCounters, name: string): void {
  counters[name] = (counters[name] ?? 0) + 1;
}
