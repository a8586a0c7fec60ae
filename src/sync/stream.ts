// The stream between two balancers as a state machine: events in, effects out; it owns the shadow table and
// no socket, clock or engine.
//
// Theory of operation. Each side tells the other of what is in its shadow table: hello, then `subscribe` with
// the last version it has of the other's table. The other sends what changed since, oldest change first, then
// a mark; from then on, changes as they happen. A full copy is the same walk from version 0. Whoever has an
// entry in its engine acknowledges its version; no more than a window goes unacknowledged, and what cannot be
// sent yet waits in the table, where a connection that changes again takes no more room. Anything wrong (a
// frame out of order, a sum that differs, silence) ends the connection; the next one makes it good. A life of
// the peer's table (its boot id and epoch) that is over is never resumed.
import type { Notice } from '../core/events.ts';
import { type Connection, HEARTBEAT_MS, newConnection, PROGRESS_MS } from './connection.ts';
import { encodeFrame, type Frame, type GoodbyeReason, type Hello, STREAM_VERSION } from './frame.ts';
import { Incoming } from './incoming.ts';
import type { HeldFrame, OrdersFrame } from './orders.ts';
import type { Shadow } from './shadow.ts';
import { copiesOf, progressText, type SyncState, type SyncStatus } from './status.ts';
import { VirtualAddresses } from './virtual-addresses.ts';
import { walkDatagram } from './wire.ts';

export type StreamEvent =
  /** A connection that has proved to know the key. An older one is given up for it. */
  | { type: 'connected'; connection: number }
  | { type: 'received'; connection: number; bytes: Buffer }
  | { type: 'closed'; connection: number }
  /** Our own engine tells of connections: a datagram of version 1. */
  | { type: 'learned'; datagram: Buffer }
  /** The same, of connections that were found in its table: what is known of them already counts more. */
  | { type: 'found'; datagram: Buffer }
  /** The effect `inject` of this version is done, and all before it. */
  | { type: 'injected'; connection: number; upTo: number }
  /** The virtual addresses that this node owns now. */
  | { type: 'serve'; addresses: VirtualAddresses }
  /** To the peer, if there is one. */
  | { type: 'tell'; frame: OrdersFrame | HeldFrame }
  | { type: 'wake' }
  | { type: 'stop' };
export type StreamEffect =
  | { do: 'send'; connection: number; bytes: Buffer }
  | { do: 'close'; connection: number }
  /** Into the engine, in order. */
  | { do: 'inject'; connection: number; upTo: number; datagram: Buffer }
  /** From now on the peer hears what it is told. */
  | { do: 'greeted' }
  | { do: 'heed'; frame: OrdersFrame | HeldFrame }
  | { do: 'say'; notice: Notice };

/** Six heartbeats. A peer that stands still for longer is heard again on a new connection. */
const SILENT_MS = 3000;
const HELLO_MS = 3000;
const SWEEP_MS = 1000;
/**
 * Two tables of the same connections count so differently, for so long, only if one has lost some. What
 * ends is ended at each at another moment: when it is swept, and sooner where it was told less often that it
 * lives.
 */
const APART = { least: 64, part: 1 / 16, beats: 10 };
/** A count that stays apart for a reason of its own must not keep two nodes busy. */
const COUNTS_EVERY_MS = 60_000;
/** After any other end the next connection brings a full copy. */
const KEEPS_PAST: ReadonlySet<string> = new Set(['closed', 'silent', 'replaced', 'stopping']);

/** A life of the peer's table and how much of it is in our engine. */
type Past = { bootId: string; epoch: number; upTo: number };

export class Stream {
  readonly #hello: Hello;
  readonly #shadow: Shadow;
  #connection: Connection | undefined;
  #past: Past | undefined;
  #serves = VirtualAddresses.these([]);
  #effects: StreamEffect[] = [];
  #nowMs = 0;
  #sweepMs = 0;
  #countsMs = Number.NEGATIVE_INFINITY;
  #full = 0;
  /** Reasons why datagrams of our own engine were dropped, said once each. */
  readonly #dropped = new Set<string>();
  #isStopped = false;

  constructor({ hello, shadow }: { hello: Hello; shadow: Shadow }) {
    this.#hello = hello;
    this.#shadow = shadow;
  }

  /** When it wants to be woken. */
  get nextDeadlineMs(): number {
    const connection = this.#connection;
    if (connection === undefined) return this.#sweepMs;
    const beat = connection.peer === undefined ? connection.sinceMs + HELLO_MS : connection.beatMs;
    return Math.min(this.#sweepMs, beat, connection.heardMs + SILENT_MS);
  }

  step(event: StreamEvent, nowMs: number): StreamEffect[] {
    this.#nowMs = nowMs;
    this.#effects = [];
    if (!this.#isStopped) this.#take(event);
    return this.#effects;
  }

  status(nowMs: number): SyncStatus {
    const connection = this.#connection;
    const outgoing = connection?.outgoing;
    return {
      state: this.state,
      peer: connection?.peer?.hello,
      connections: this.#shadow.count,
      covered: Math.max(0, this.#shadow.covered - (outgoing?.refused ?? 0)),
      refusedByPeer: outgoing?.refused ?? 0,
      refusedHere: connection?.peer?.incoming.refused ?? 0,
      full: this.#full,
      lagMs: this.lagMs(nowMs),
      services: this.#shadow.services(),
      copies: copiesOf(connection, this.#shadow.count),
    };
  }

  /** Age of the oldest change that the peer has not acknowledged; undefined without a full copy. */
  lagMs(nowMs: number): number | undefined {
    if (!this.#connection?.outgoing.isComplete) return undefined;
    const since = this.#shadow.order.unackedSinceMs;
    return since === undefined ? 0 : nowMs - since;
  }

  get state(): SyncState {
    const connection = this.#connection;
    if (connection?.peer === undefined) return 'alone';
    return connection.outgoing.isComplete && connection.peer.incoming.isComplete ? 'complete' : 'resyncing';
  }

  /** All that the peer told, and everything from before this connection, is in our engine. */
  get knowsPeer(): boolean {
    return this.#connection?.peer?.incoming.isComplete ?? false;
  }

  #take(event: StreamEvent): void {
    switch (event.type) {
      case 'connected':
        return this.#connected(event.connection);
      case 'received':
        return this.#received(event.connection, event.bytes);
      case 'closed':
        if (event.connection === this.#connection?.id) this.#lost('closed');
        return;
      case 'learned':
      case 'found':
        return this.#learned(event);
      case 'injected':
        return this.#injected(event.connection, event.upTo);
      case 'serve':
        if (this.#serves.isEmpty !== event.addresses.isEmpty) this.#shadow.turn();
        this.#serves = event.addresses;
        return;
      case 'tell':
        if (this.#connection?.peer !== undefined) this.#send(event.frame);
        return;
      case 'wake':
        return this.#wake();
      case 'stop':
        this.#end('stopping');
        this.#isStopped = true;
        return;
    }
  }

  #connected(id: number): void {
    this.#end('replaced');
    this.#connection = newConnection(id, this.#shadow, this.#nowMs);
    this.#send({
      type: 'hello',
      lowest: STREAM_VERSION,
      highest: STREAM_VERSION,
      clock: this.#shadow.clock,
      ...this.#hello,
    });
  }

  #received(id: number, bytes: Buffer): void {
    const connection = this.#connection;
    if (connection?.id !== id) return;
    connection.heardMs = this.#nowMs;
    const fault = connection.reader.read(bytes, (frame) => {
      this.#hear(connection, frame);
      return this.#connection === connection;
    });
    if (fault !== undefined) this.#end(fault);
    this.#pump();
  }

  #hear(connection: Connection, frame: Frame): void {
    const { peer, outgoing } = connection;
    if (frame.type === 'goodbye') return this.#lost(frame.reason);
    if (frame.type === 'hello')
      return peer === undefined ? this.#greet(connection, frame) : this.#end('greeted-twice');
    if (peer === undefined) return this.#end('not-greeted');
    const { incoming } = peer;
    switch (frame.type) {
      case 'subscribe':
        if (frame.from === 0 && !this.#serves.isEmpty) this.#shadow.overtake(peer.clock);
        return this.#judge(outgoing.subscribe(frame.from));
      case 'entries':
        return this.#entries(connection, incoming, frame);
      case 'mark':
        this.#judge(incoming.mark(frame));
        return this.#acknowledge(connection);
      case 'ack':
        return this.#judge(outgoing.acknowledge(frame.upTo, frame.refused));
      case 'heartbeat':
        return this.#compare(connection, frame.connections);
      case 'orders':
      case 'held':
        return void this.#effects.push({ do: 'heed', frame });
    }
  }

  #greet(connection: Connection, frame: Frame & { type: 'hello' }): void {
    const { bootId, epoch, engine, capacity, clock } = frame;
    this.#shadow.hear(clock);
    const past = this.#past;
    const from = past?.bootId === bootId && past.epoch === epoch ? past.upTo : 0;
    connection.peer = {
      hello: { bootId, epoch, engine, capacity },
      clock,
      incoming: new Incoming(this.#shadow, from),
      connections: undefined,
    };
    connection.ackedUpTo = from;
    this.#send({ type: 'subscribe', from });
    this.#effects.push({ do: 'greeted' });
    this.#beat();
    const how = from > 0 ? 'goes on where it ended' : 'a full copy each way';
    this.#say('sync.peer', `connected to the peer's balancer (${engine} engine): ${how}`, { engine, from });
  }

  #entries(connection: Connection, incoming: Incoming, frame: Frame & { type: 'entries' }): void {
    const taken = incoming.take(frame, this.#nowMs);
    if (!taken.ok) return this.#end(taken.fault);
    const { inject: datagram } = taken;
    if (datagram === undefined) return this.#acknowledge(connection);
    this.#effects.push({ do: 'inject', connection: connection.id, upTo: frame.upTo, datagram });
  }

  #injected(id: number, upTo: number): void {
    const connection = this.#connection;
    if (connection?.id !== id || connection.peer === undefined) return;
    connection.peer.incoming.done(upTo);
    this.#acknowledge(connection);
  }

  #acknowledge(connection: Connection): void {
    if (this.#connection !== connection || connection.peer === undefined) return;
    const { hello, incoming } = connection.peer;
    const upTo = incoming.injected;
    if (upTo > connection.ackedUpTo) this.#send({ type: 'ack', upTo, refused: incoming.refused });
    connection.ackedUpTo = upTo;
    // Where something was refused each connection brings a full copy: going on, the peer would count it as
    // known here.
    const isWhole = incoming.refused === 0;
    this.#past = isWhole ? { bootId: hello.bootId, epoch: hello.epoch, upTo } : undefined;
    if (!incoming.isComplete || connection.said.in) return;
    connection.said.in = true;
    this.#sayComplete(connection, 'in', incoming.entries, 'this node knows what the peer knows');
  }

  #learned({ type, datagram }: StreamEvent & { datagram: Buffer }): void {
    const drop = walkDatagram(datagram, {
      entry: (at, size) => {
        if (type === 'found' && this.#shadow.knows(datagram, at, size)) return;
        const serves = this.#serves.has(datagram, at);
        if (this.#shadow.learn(datagram, at, size, serves, this.#nowMs) === 'full') this.#full++;
      },
      skip: (reason) => this.#drop(reason),
    });
    if (drop !== undefined) this.#drop(drop);
    this.#pump();
  }

  #drop(reason: string): void {
    if (this.#dropped.has(reason)) return;
    this.#dropped.add(reason);
    this.#say('sync.dropped', `what our own engine tells was dropped: ${reason}`, { reason });
  }

  #pump(): void {
    const connection = this.#connection;
    if (connection === undefined) return;
    const { outgoing } = connection;
    for (const frame of outgoing.pump()) this.#send(frame);
    if (!outgoing.isComplete || connection.said.out) return;
    connection.said.out = true;
    this.#sayComplete(connection, 'out', outgoing.entries, 'the peer knows what this node knows');
  }

  #wake(): void {
    if (this.#nowMs >= this.#sweepMs) {
      this.#shadow.sweep(this.#nowMs);
      this.#sweepMs = this.#nowMs + SWEEP_MS;
    }
    const connection = this.#connection;
    if (connection === undefined) return;
    const isMute = connection.peer === undefined && this.#nowMs >= connection.sinceMs + HELLO_MS;
    if (isMute || this.#nowMs >= connection.heardMs + SILENT_MS) return this.#end('silent');
    if (this.#nowMs >= connection.beatMs) this.#beat();
  }

  /** Also compares sums: what was sent before has been heard before. */
  #beat(): void {
    const connection = this.#connection;
    if (connection?.peer === undefined) return;
    connection.beatMs = this.#nowMs + HEARTBEAT_MS;
    const { outgoing } = connection;
    const { count, order } = this.#shadow;
    if (!outgoing.isComplete || order.unsent === 0) connection.claimed = count;
    this.#send({ type: 'heartbeat', connections: connection.claimed });
    if (outgoing.isSubscribed) this.#send(outgoing.mark());
    if (this.state === 'complete' || this.#nowMs < connection.progressMs) return;
    connection.progressMs = this.#nowMs + PROGRESS_MS;
    this.#sayProgress();
  }

  /** Only who has fewer can miss something. */
  #compare(connection: Connection, theirs: number): void {
    connection.peer!.connections = theirs;
    const mine = this.#shadow.count;
    const { outgoing, peer } = connection;
    const isQuiet = this.state === 'complete' && this.#shadow.order.unackedSinceMs === undefined;
    const isRefused = outgoing.refused > 0 || peer!.incoming.refused > 0;
    const isApart = theirs - mine > Math.max(APART.least, theirs * APART.part);
    connection.apart = isQuiet && !isRefused && isApart ? connection.apart + 1 : 0;
    if (connection.apart < APART.beats || this.#nowMs < this.#countsMs + COUNTS_EVERY_MS) return;
    this.#countsMs = this.#nowMs;
    this.#end('counts');
  }

  #judge(fault: GoodbyeReason | undefined): void {
    if (fault !== undefined) this.#end(fault);
  }

  #end(reason: GoodbyeReason): void {
    if (this.#connection === undefined) return;
    this.#send({ type: 'goodbye', reason });
    this.#lost(reason);
  }

  #lost(reason: string): void {
    const connection = this.#connection;
    if (connection === undefined) return;
    this.#connection = undefined;
    this.#shadow.order.release();
    this.#effects.push({ do: 'close', connection: connection.id });
    if (!KEEPS_PAST.has(reason)) this.#past = undefined;
    if (connection.peer !== undefined)
      this.#say('sync.lost', `the connection to the peer's balancer is lost: ${reason}`, { reason });
  }

  #send(frame: Frame): void {
    const { id } = this.#connection!;
    this.#effects.push({ do: 'send', connection: id, bytes: encodeFrame(frame) });
  }

  #sayComplete(connection: Connection, direction: 'in' | 'out', entries: number, what: string): void {
    const ms = Math.round(this.#nowMs - connection.sinceMs);
    const fields = { direction, entries, connections: this.#shadow.count, ms };
    this.#say('sync.complete', `${what}: ${entries} entries in ${ms} ms`, fields);
  }

  #sayProgress(): void {
    const copies = copiesOf(this.#connection, this.#shadow.count);
    this.#say('sync.progress', `full copies: ${progressText(copies)}`, copies);
  }

  #say(event: Notice['event'], message: string, fields: Notice['fields'] & object): void {
    this.#effects.push({ do: 'say', notice: { event, message, fields } });
  }
}
