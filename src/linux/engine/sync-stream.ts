// The embedded engine's counterpart of the kernel's sync threads. As master it tells of every change within
// milliseconds, of the whole table once a minute (so that idle connections are known too), and at once when a
// backup asks. As backup it asks until it has been told everything, and takes in what it hears. Time is told
// to it.

import { address } from '../../core/address.ts';
import type { Notice } from '../../core/events.ts';
import type { Sessions } from '../../ipvs/embedded/sessions.ts';
import { adoptConnection } from '../../ipvs/embedded/synced.ts';
import type { SyncDaemon } from '../../ipvs/model.ts';
import type { SyncEntry } from '../../sync/entry.ts';
import { decodeDatagram, decodeSignal, encodeSignal, SYNC_GROUP, SYNC_PORT } from '../../sync/wire.ts';
import { SyncSocket } from './sync-socket.ts';
import { Telling } from './telling.ts';

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
  readonly #telling: Telling;
  #answeredAtMs = Number.NEGATIVE_INFINITY;

  /** Whatever this node knows, its peer shall know: it may have missed some of it from the master before. */
  constructor(daemon: SyncDaemon, { sessions, counters }: Surroundings, nowMs: number) {
    this.daemon = daemon;
    this.socket = new SyncSocket(placeOf(daemon));
    const send = (datagram: Buffer, entries: number) => {
      counters.entriesSent = (counters.entriesSent ?? 0) + entries;
      if (this.socket.send(datagram) < 0) count(counters, 'datagramsFailed');
    };
    const onWhole = (wholeMs: number) => {
      this.#answeredAtMs = wholeMs;
      this.socket.send(encodeSignal('done', daemon.id));
    };
    const maxlen = Math.min(daemon.maxlen ?? DEFAULT_MAXLEN, MAXLEN_LIMIT);
    this.#telling = new Telling({ sessions, syncId: daemon.id, maxlen, turn: 'all', send, onWhole }, nowMs);
  }

  /** Sends what is due; answers when it has to be called again. */
  run(nowMs: number): number {
    return this.#telling.run(nowMs);
  }

  /** Sends every change now. */
  flush(): void {
    this.#telling.flush();
  }

  receive(nowMs: number): void {
    for (let left = DATAGRAMS_MAX; left > 0; left--) {
      const datagram = this.socket.receive();
      if (!datagram) return;
      const signal = decodeSignal(datagram);
      if (signal?.signal !== 'ask' || (this.daemon.id !== 0 && signal.syncId !== this.daemon.id)) continue;
      if (nowMs - this.#answeredAtMs < ANSWER_EVERY_MS || this.#telling.isTellingWhole) continue;
      this.#telling.tellWhole(nowMs);
    }
  }

  close(): void {
    this.flush();
    this.socket.close();
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
    adoptEntries(result.message.entries, sessions, counters);
  }
}

/** Takes in what a peer told, and counts what became of it. */
export function adoptEntries(
  entries: readonly SyncEntry[],
  sessions: Sessions,
  counters: StreamCounters,
): void {
  for (const entry of entries) count(counters, adoptConnection(sessions, entry));
}

function count(counters: StreamCounters, name: string): void {
  counters[name] = (counters[name] ?? 0) + 1;
}
