// Two directors and the connection between their balancers, in simulated time: the real stream machine and
// shadow table on each side, an engine that takes its time, a wire that tears what it carries into pieces,
// stands still or breaks. The seed decides everything. Nothing here knows what should happen.
import { address } from '../../../src/core/address.ts';
import type { Random } from '../../../src/core/time.ts';
import { encodeDatagrams } from '../../../src/sync/encode.ts';
import type { SyncEntry } from '../../../src/sync/entry.ts';
import { Shadow } from '../../../src/sync/shadow.ts';
import { Stream, type StreamEffect, type StreamEvent } from '../../../src/sync/stream.ts';
import { VirtualAddresses } from '../../../src/sync/virtual-addresses.ts';
import { decodeDatagram } from '../../../src/sync/wire.ts';

export const VIP = address('10.0.0.50');
const VIP_NUMBER = 0x0a000032;
const NOBODYS = VirtualAddresses.these([]);
const OWNED = VirtualAddresses.these([VIP, address('fd00::50')]);
/** Type of a frame, after its length; of those that say how far the clock of who sends them is. */
const ENTRIES_FRAME = 3;
const TELLS_CLOCK = [1, ENTRIES_FRAME];
const EVENTS_AT_ONCE = 100_000;
/** How long who dials waits before it tries again. */
const REDIAL_MS = 200;

/**
 * What an engine has of a connection: its serial number, and who wrote it last. `found`: a balancer that came
 * later, where nobody served, cannot tell; what the peer says counts more, be it older.
 */
type Held = { serial: number; by: 'clients' | 'peer' | 'found'; atMs: number };
export type Node = {
  readonly name: 'a' | 'b';
  /** Undefined: without power. */
  stream: Stream | undefined;
  shadow: Shadow;
  bootId: string;
  engine: Map<string, Held>;
  serves: boolean;
  hasServed: boolean;
  /** Of the other one's clock, once it had served. */
  hasHeard: boolean;
  paused: boolean;
  /** What waits while it stands still. */
  inbox: StreamEvent[];
};
type Later = { atMs: number; act: () => void };
/** `lines`: what is on its way to each end, in order. */
type Wire = { id: number; ends: Set<Node>; lines: Map<Node, Later[]> };

export class World {
  readonly nodes: readonly [Node, Node];
  readonly trace: string[] = [];
  nowMs = 0;
  delayMaxMs = 5;
  /** Frames with entries that were sent. */
  entriesSent = 0;
  /** Called after each step of a node. */
  onStep: ((node: Node) => void) | undefined;
  readonly #random: Random;
  readonly #capacity: number;
  #wire: Wire | undefined;
  #isCut = false;
  #redialMs = 0;
  #later: Later[] = [];
  /**
   * At some time both served, or one took over that had never heard of the other's serving: which of two
   * versions is newer was for the stamps to say.
   */
  #wasSplit = false;
  #nextId = 1;
  #serial = 1000;

  constructor(random: Random, capacity: number) {
    this.#random = random;
    this.#capacity = capacity;
    this.nodes = [this.#newNode('a'), this.#newNode('b')];
  }

  get a(): Node {
    return this.nodes[0];
  }
  get b(): Node {
    return this.nodes[1];
  }
  other(node: Node): Node {
    return node === this.a ? this.b : this.a;
  }

  start(node: Node): void {
    if (node.stream) return;
    this.#say(node, 'starts');
    this.#boot(node);
  }
  /** Power off; the other side hears of it later, or never. */
  crash(node: Node): void {
    if (!node.stream) return;
    this.#say(node, 'crashes');
    this.#leave(node);
    Object.assign(node, { stream: undefined, engine: new Map(), serves: false, paused: false, inbox: [] });
  }
  /** Its balancer alone dies, and comes back; the engine goes on and tells all that it has. */
  restartBalancer(node: Node): void {
    if (!node.stream) return;
    this.#say(node, 'gets another balancer');
    this.#leave(node);
    Object.assign(node, { paused: false, inbox: [] });
    this.#boot(node);
    if (!node.serves) for (const held of node.engine.values()) held.by = 'found';
    this.#feed(node, { type: 'serve', addresses: node.serves ? OWNED : NOBODYS });
    for (const [key, { serial }] of node.engine) this.#learn(node, key, serial);
  }
  pause(node: Node): void {
    if (!node.stream || node.paused) return;
    this.#say(node, 'is paused');
    node.paused = true;
  }
  resume(node: Node): void {
    if (!node.paused) return;
    this.#say(node, 'runs again');
    node.paused = false;
    for (const event of node.inbox.splice(0)) this.#feed(node, event);
  }
  /** Nothing arrives any more until it is healed; nothing is lost either. */
  cut(isCut: boolean): void {
    this.trace.push(`${this.nowMs.toFixed(1)} the wire is ${isCut ? 'cut' : 'healed'}`);
    this.#isCut = isCut;
  }
  /** The connection breaks: what is on its way is lost, each side hears of it in its own time. */
  breakWire(): void {
    const wire = this.#wire;
    if (!wire) return;
    this.trace.push(`${this.nowMs.toFixed(1)} the connection breaks`);
    for (const node of wire.ends) {
      const notice = () => this.#deliver(node, { type: 'closed', connection: wire.id });
      this.#at(this.#random() * 500, notice);
    }
    this.#drop(wire);
  }
  serve(node: Node, serves: boolean): void {
    if (!node.stream || node.paused || node.serves === serves) return;
    this.#say(node, serves ? 'serves' : 'serves no more');
    const other = this.other(node);
    this.#wasSplit ||= serves && (other.serves || (other.hasServed && !node.hasHeard));
    node.serves = serves;
    node.hasServed ||= serves;
    this.#feed(node, { type: 'serve', addresses: serves ? OWNED : NOBODYS });
  }
  /** A client does something to connection `key` through this node. */
  traffic(node: Node, key: string): void {
    if (!node.stream || node.paused || !node.serves) return;
    const serial = ++this.#serial;
    node.engine.set(key, { serial, by: 'clients', atMs: this.nowMs });
    this.#learn(node, key, serial);
  }

  run(ms: number): void {
    const untilMs = this.nowMs + ms;
    for (let events = 0; ; events++) {
      if (events > EVENTS_AT_ONCE) throw new Error(`no end of events at ${this.nowMs}`);
      const [atMs, act] = this.#next();
      if (atMs > untilMs) break;
      this.nowMs = Math.max(this.nowMs, atMs);
      act();
    }
    this.nowMs = untilMs;
  }

  /** What happens next, and when. */
  #next(): [number, () => void] {
    let next: [number, () => void] = [Number.POSITIVE_INFINITY, () => undefined];
    const consider = (atMs: number, act: () => void) => {
      if (atMs < next[0]) next = [atMs, act];
    };
    if (this.#later[0]) consider(this.#later[0].atMs, () => this.#later.shift()!.act());
    for (const node of this.nodes)
      if (node.stream && !node.paused)
        consider(node.stream.nextDeadlineMs, () => this.#feed(node, { type: 'wake' }));
    if (this.#isCut) return next;
    if (!this.#wire) consider(this.#redialMs, () => this.#dial());
    for (const line of this.#wire?.lines.values() ?? [])
      if (line[0]) consider(line[0].atMs, () => line.shift()!.act());
    return next;
  }

  #newNode(name: Node['name']): Node {
    const shadow = new Shadow({ capacity: this.#capacity, seed: 0 });
    return {
      name,
      shadow,
      stream: undefined,
      bootId: '',
      engine: new Map(),
      serves: false,
      hasServed: false,
      hasHeard: false,
      paused: false,
      inbox: [],
    };
  }
  #boot(node: Node): void {
    node.shadow = new Shadow({ capacity: this.#capacity, seed: Math.floor(this.#random() * 2 ** 32) });
    node.bootId = (this.#nextId++).toString(16).padStart(32, '0');
    const hello = { bootId: node.bootId, epoch: 1, engine: 'embedded', capacity: this.#capacity } as const;
    node.stream = new Stream({ hello, shadow: node.shadow });
  }
  /** Its end of the connection is gone. */
  #leave(node: Node): void {
    const wire = this.#wire;
    if (!wire?.ends.has(node)) return;
    const other = this.other(node);
    if (this.#random() < 0.7)
      this.#at(this.#random() * 300, () => this.#deliver(other, { type: 'closed', connection: wire.id }));
    this.#drop(wire);
  }
  #drop(wire: Wire): void {
    wire.ends.clear();
    if (this.#wire === wire) this.#wire = undefined;
    this.#redialMs = this.nowMs + REDIAL_MS * (1 + this.#random());
  }

  /** a dials as long as it has no connection. */
  #dial(): void {
    this.#redialMs = this.nowMs + REDIAL_MS;
    if (this.nodes.some(({ stream, paused }) => !stream || paused)) return;
    const id = this.#nextId++;
    this.#wire = { id, ends: new Set(this.nodes), lines: new Map(this.nodes.map((node) => [node, []])) };
    for (const node of this.nodes) this.#feed(node, { type: 'connected', connection: id });
  }

  #learn(node: Node, key: string, serial: number): void {
    const [datagram] = encodeDatagrams({ syncId: 0, maxlen: 9188 }, [entryOf(key, serial)]);
    this.#feed(node, { type: 'learned', datagram: datagram! });
  }

  #deliver(node: Node, event: StreamEvent): void {
    if (node.paused) node.inbox.push(event);
    else this.#feed(node, event);
  }
  #feed(node: Node, event: StreamEvent): void {
    if (!node.stream) return;
    for (const effect of node.stream.step(event, this.nowMs)) this.#perform(node, effect);
    this.onStep?.(node);
  }
  #perform(node: Node, effect: StreamEffect): void {
    switch (effect.do) {
      case 'send':
        return this.#send(node, effect.connection, effect.bytes);
      case 'close':
        return this.#close(node, effect.connection);
      case 'inject':
        return this.#inject(node, effect);
      case 'say':
        return this.#say(node, effect.notice.message);
      // Orders have a simulation of their own: test/director/weights/pair.test.ts.
      case 'greeted':
      case 'heed':
        return;
    }
  }
  #send(node: Node, connection: number, bytes: Buffer): void {
    if (bytes[4] === ENTRIES_FRAME) this.entriesSent++;
    const to = this.other(node);
    for (let at = 0; at < bytes.length; ) {
      const rest = bytes.length - at;
      const length = this.#random() < 0.8 ? rest : Math.min(rest, 1 + Math.floor(this.#random() * 40));
      const piece = Buffer.from(bytes.subarray(at, at + length));
      at += length;
      const isTold = node.hasServed && TELLS_CLOCK.includes(bytes[4]!) && at === bytes.length;
      this.#carry(to, connection, () => {
        to.hasHeard ||= isTold;
        this.#deliver(to, { type: 'received', connection, bytes: piece });
      });
    }
  }
  #close(node: Node, connection: number): void {
    const wire = this.#wire;
    if (wire?.id !== connection) return;
    const other = this.other(node);
    wire.ends.delete(node);
    if (wire.ends.size === 0) return this.#drop(wire);
    this.#carry(other, connection, () => {
      this.#drop(wire);
      this.#deliver(other, { type: 'closed', connection });
    });
  }
  /** After all that is on its way already. */
  #carry(to: Node, connection: number, act: () => void): void {
    const wire = this.#wire;
    const line = wire?.lines.get(to);
    if (wire?.id !== connection || !line) return;
    const atMs = Math.max(line.at(-1)?.atMs ?? 0, this.nowMs + this.#random() * this.delayMaxMs);
    line.push({
      atMs,
      act: () => {
        if (wire.ends.has(to)) act();
      },
    });
  }
  #inject(node: Node, { connection, upTo, datagram }: StreamEffect & { do: 'inject' }): void {
    const { bootId } = node;
    const givenMs = this.nowMs;
    const decoded = decodeDatagram(datagram);
    if (!decoded.ok || decoded.message.cut !== undefined) throw new Error('a datagram that no engine takes');
    const { entries } = decoded.message;
    this.#at(1, () => {
      if (node.bootId !== bootId || !node.stream) return;
      for (const entry of entries) {
        const key = keyOf(entry);
        // What passed through it meanwhile is newer.
        const held = node.engine.get(key);
        if (held?.by === 'clients' && held.atMs >= givenMs) continue;
        const isDated = held !== undefined && held.by !== 'found' && !this.#wasSplit;
        if (isDated && node.serves && held.serial > entry.timeoutSeconds)
          throw new Error(`${node.name}: ${key}, as it was once, replaces what clients made of it`);
        node.engine.set(key, { serial: entry.timeoutSeconds, by: 'peer', atMs: givenMs });
      }
      this.#deliver(node, { type: 'injected', connection, upTo });
    });
  }

  #at(ms: number, act: () => void): void {
    const atMs = this.nowMs + ms;
    let at = this.#later.length;
    while (at > 0 && this.#later[at - 1]!.atMs > atMs) at--;
    this.#later.splice(at, 0, { atMs, act });
  }
  #say(node: Node, what: string): void {
    this.trace.push(`${this.nowMs.toFixed(1).padStart(9)} ${node.name}: ${what}`);
  }
}

/** Every third is of IPv6; the serial number is what differs from one state of a connection to the next. */
function entryOf(key: string, serial: number): SyncEntry {
  const number = Number(key);
  const common = {
    protocol: 6,
    flags: 0,
    state: 1,
    clientPort: number,
    virtualPort: number % 2 === 0 ? 80 : 443,
    serverPort: 8080,
    fwmark: 0,
    timeoutSeconds: serial,
  };
  if (number % 3 !== 0)
    return { ...common, family: 4, client: 0x0a000001, virtual: VIP_NUMBER, server: 0x0a010015 };
  const ipv6 = (last: number) => Uint8Array.from([0xfd, ...Array<number>(14).fill(0), last]);
  return { ...common, family: 6, client: ipv6(1), virtual: ipv6(0x50), server: ipv6(0x15) };
}

export function keyOf(entry: SyncEntry): string {
  return String(entry.clientPort);
}
