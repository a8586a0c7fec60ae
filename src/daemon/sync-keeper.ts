// Keeps the stream to the peer's balancer: joins the state machine, the TLS connection and the engine.
// Decides nothing (see sync/stream.ts).
import { randomBytes } from 'node:crypto';
import { setTimeout as wait } from 'node:timers/promises';
import { isDeepStrictEqual } from 'node:util';
import { type SyncDocument, syncDocument } from '../console/sync-document.ts';
import type { Address } from '../core/address.ts';
import { DirectorError } from '../core/errors.ts';
import type { Notice } from '../core/events.ts';
import type { Coverage } from '../director/handover.ts';
import { expiryNotice, type SyncStreamPlan } from '../director/sync-stream.ts';
import type { SyncDaemon } from '../ipvs/model.ts';
import type { ConnectionExchange, DataPlane } from '../ipvs/plane.ts';
import { keepFreedMemory } from '../linux/malloc.ts';
import type { SyncLink } from '../linux/sync/link.ts';
import type { HeldFrame, OrdersFrame } from '../sync/orders.ts';
import { remembered } from '../sync/remembered.ts';
import { Shadow } from '../sync/shadow.ts';
import type { SyncStatus } from '../sync/status.ts';
import { Stream, type StreamEffect, type StreamEvent } from '../sync/stream.ts';
import { VirtualAddresses } from '../sync/virtual-addresses.ts';
import type { ToDirector } from './messages.ts';

const BOOT_ID_BYTES = 16;
const TIMER_LEAST_MS = 1;
/** A planned stop waits so long for the peer. */
const DRAIN_MS = 500;
const DRAIN_PAUSE_MS = 10;
const DAY_MS = 86_400_000;

type Edges = {
  say: (notice: Notice) => void;
  fail: (error: Error) => void;
  tell: (message: ToDirector) => void;
  /** There is a peer, which hears what it is told from now on; and it tells of orders. */
  greeted: () => void;
  heed: (frame: OrdersFrame | HeldFrame) => void;
};

export class SyncKeeper {
  readonly #plane: DataPlane;
  readonly #edges: Edges;
  #plan: SyncStreamPlan | undefined;
  #stream: Stream | undefined;
  #shadow: Shadow | undefined;
  #link: SyncLink | undefined;
  #timer: NodeJS.Timeout | undefined;
  #deadlineMs = 0;
  /** What came into the engine in this turn. */
  #done: { connection: number; upTo: number } | undefined;
  #expiry: NodeJS.Timeout | undefined;
  #serves = VirtualAddresses.these([]);
  #knows: boolean | undefined;
  #rebindings = 0;

  constructor(plane: DataPlane, edges: Edges) {
    this.#plane = plane;
    this.#edges = edges;
  }

  /**
   * The sync threads that there have to be; undefined: no stream runs, and the engine's own sync by multicast
   * is all there is.
   */
  get daemons(): readonly SyncDaemon[] | undefined {
    return this.isRunning ? this.#plane.connections?.daemons : undefined;
  }
  get isRunning(): boolean {
    return this.#stream !== undefined;
  }

  async configure(plan: SyncStreamPlan | undefined): Promise<void> {
    const before = this.#plan;
    this.#plan = plan;
    const { connections } = this.#plane;
    if (plan === undefined || connections === undefined) {
      await this.stop();
      return this.#tell(true);
    }
    this.#watchExpiry();
    // Of the proof only the kind.
    const fixed = ({ proof: { by }, leastPercent: _, ...place }: SyncStreamPlan) => ({ by, ...place });
    if (this.#stream !== undefined && before && isDeepStrictEqual(fixed(before), fixed(plan)))
      return this.#link!.rekey(plan.proof);
    await this.#link?.stop();
    if (this.#stream === undefined && !(await this.#begin(connections))) return this.#tell(true);
    // Most configurations have no stream, and node:tls is loaded by none of them.
    const { SyncLink } = await import('../linux/sync/link.ts');
    this.#link = new SyncLink(plan, {
      onConnected: (connection) => this.#step({ type: 'connected', connection }),
      onReceived: (connection, bytes) => this.#step({ type: 'received', connection, bytes }),
      onClosed: (connection) => this.#step({ type: 'closed', connection }),
      say: this.#edges.say,
    });
  }

  /** Says when a certificate is over soon: now, and each day. */
  #watchExpiry(): void {
    clearInterval(this.#expiry);
    const plan = this.#plan;
    if (plan === undefined || plan.proof.by === 'psk') return;
    const look = () => {
      const notice = expiryNotice(plan, Date.now());
      if (notice !== undefined) this.#edges.say(notice);
    };
    look();
    this.#expiry = setInterval(look, DAY_MS);
    this.#expiry.unref();
  }

  /** False: the engine's connections cannot be reached on this machine, which is said. */
  async #begin(connections: ConnectionExchange): Promise<boolean> {
    const { capacity } = connections;
    keepFreedMemory();
    this.#shadow = new Shadow({ capacity, seed: randomBytes(4).readInt32LE(0) });
    this.#stream = newStream(this.#plane.engine, capacity, this.#shadow);
    this.#serve(this.#serves);
    try {
      await connections.tell({
        told: (datagram) => this.#step({ type: 'learned', datagram }),
        found: (datagram) => this.#step({ type: 'found', datagram }),
        say: this.#edges.say,
        fail: this.#edges.fail,
      });
      return true;
    } catch (error) {
      if (!(error instanceof DirectorError)) throw error;
      const message = `no sync: the engine's connections cannot be reached: ${error.message}`;
      this.#edges.say({ event: 'sync.impossible', message, fields: { hint: error.hint } });
      this.#sleep();
      this.#stream = undefined;
      this.#shadow = undefined;
      return false;
    }
  }

  /**
   * Services or servers were added: what the engine was told of before is told again, because the kernel
   * looks for the server of a connection only then.
   */
  async rebind(): Promise<void> {
    const { connections } = this.#plane;
    const turn = ++this.#rebindings;
    if (connections?.mend === undefined || this.#shadow === undefined) return;
    await connections.mend();
    for (const datagram of remembered(this.#shadow)) {
      await connections.adopt(datagram);
      // A later turn begins anew, with everything.
      if (turn !== this.#rebindings) return;
    }
  }

  /**
   * The engine gets other virtual addresses by `change`; what it tells on the way to fewer of them still
   * counts.
   */
  async serveAfter(addresses: VirtualAddresses, change: () => Promise<void>): Promise<void> {
    this.#serve(this.#serves.or(addresses));
    await change();
    this.#serve(addresses);
  }

  #serve(addresses: VirtualAddresses): void {
    this.#serves = addresses;
    this.#plane.connections?.push(!addresses.isEmpty);
    this.#step({ type: 'serve', addresses });
  }

  /** Waits so long for the peer to acknowledge all; undefined where nothing is told to it. */
  async flushed(limitMs: number): Promise<Coverage | undefined> {
    const endMs = performance.now() + limitMs;
    if (this.#stream !== undefined) await this.#plane.connections?.flush();
    while (this.#isOwing && performance.now() < endMs) await wait(DRAIN_PAUSE_MS);
    const status = this.#status();
    if (status === undefined) return undefined;
    const { peer, connections, covered } = status;
    return { isConnected: peer !== undefined, connections, covered };
  }

  /** For a rehearsal: with sync, whether all that the peer forwards is known here. */
  readiness(): { knowsPeer?: boolean } {
    return this.#stream === undefined ? {} : { knowsPeer: this.#stream.knowsPeer };
  }

  /** The peer hears what it is told. */
  get isConnected(): boolean {
    return this.#stream !== undefined && this.#stream.state !== 'alone';
  }
  get peer(): Address | undefined {
    return this.#plan?.peer.address;
  }
  tell(frame: OrdersFrame | HeldFrame): void {
    this.#step({ type: 'tell', frame });
  }

  document(): SyncDocument {
    return syncDocument(this.#status(), this.#plan?.peer);
  }

  #status(): SyncStatus | undefined {
    return this.#stream?.status(performance.now());
  }

  /** Waits a moment until the peer has acknowledged all. */
  async stop(): Promise<void> {
    clearInterval(this.#expiry);
    if (this.#stream === undefined) return;
    await this.flushed(DRAIN_MS);
    this.#step({ type: 'stop' });
    this.#sleep();
    this.#stream = undefined;
    this.#shadow = undefined;
    await this.#link?.stop();
    this.#link = undefined;
    await this.#plane.connections?.tell(undefined);
  }

  get #isOwing(): boolean {
    return (
      this.#stream !== undefined &&
      this.#stream.state !== 'alone' &&
      this.#stream.lagMs(performance.now()) !== 0
    );
  }

  #step(event: StreamEvent): void {
    const stream = this.#stream;
    if (stream === undefined) return;
    // One look at the clock: with a full copy there are thousands of steps a second.
    const nowMs = performance.now();
    for (const effect of stream.step(event, nowMs)) this.#perform(effect);
    this.#tell(stream.knowsPeer);
    this.#wakeAt(stream.nextDeadlineMs, nowMs);
  }

  #wakeAt(deadlineMs: number, nowMs: number): void {
    if (this.#timer !== undefined && deadlineMs === this.#deadlineMs) return;
    clearTimeout(this.#timer);
    this.#deadlineMs = deadlineMs;
    this.#timer = setTimeout(
      () => {
        this.#timer = undefined;
        this.#step({ type: 'wake' });
      },
      Math.max(TIMER_LEAST_MS, deadlineMs - nowMs),
    );
  }

  #sleep(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
  }

  /** The engine finishes many at a time: one step for all of them, which says it of the last. */
  #injected(connection: number, upTo: number): void {
    const isFirst = this.#done === undefined;
    this.#done = { connection, upTo };
    if (!isFirst) return;
    queueMicrotask(() => {
      const done = this.#done!;
      this.#done = undefined;
      this.#step({ type: 'injected', ...done });
    });
  }

  /** `known`: also where there is no way to learn of connections. */
  #tell(known: boolean): void {
    if (known === this.#knows) return;
    this.#knows = known;
    this.#edges.tell({ type: 'connections', known });
  }

  #perform(effect: StreamEffect): void {
    switch (effect.do) {
      case 'send':
        return this.#link?.send(effect.connection, effect.bytes);
      case 'close':
        return this.#link?.close(effect.connection);
      case 'say':
        return this.#edges.say(effect.notice);
      case 'greeted':
        return this.#edges.greeted();
      case 'heed':
        return this.#edges.heed(effect.frame);
      case 'inject': {
        const { connection, upTo, datagram } = effect;
        const done = () => this.#injected(connection, upTo);
        this.#plane.connections!.adopt(datagram).then(done, (error: Error) => {
          // Whoever stops does not wait for the engine.
          if (this.#stream !== undefined) this.#edges.fail(error);
        });
        return;
      }
    }
  }
}

function newStream(engine: DataPlane['engine'], capacity: number, shadow: Shadow): Stream {
  const bootId = randomBytes(BOOT_ID_BYTES).toString('hex');
  return new Stream({ hello: { bootId, epoch: 1, engine, capacity }, shadow });
}
