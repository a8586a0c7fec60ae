// Two directors and what they tell each other of orders, in simulated time: the real machine and the real
// bytes on each side, between them a connection that comes and goes. Nothing here knows what should happen;
// which order was given by somebody who knew of which other one is written down.
import { type Random, seededRandom } from '../../../src/core/time.ts';
import { type Entry, follow } from '../../../src/director/weights/book.ts';
import type { Command } from '../../../src/director/weights/machine.ts';
import { NO_PAIR, type Pair, type PairEvent, stepPair } from '../../../src/director/weights/pair.ts';
import { idOf, NO_LOAD } from '../../../src/director/weights/program.ts';
import { decodeWeights, encodeWeights } from '../../../src/director/weights/record.ts';
import { drained } from '../../../src/director/weights/table.ts';
import type { Pool } from '../../../src/ipvs/pool.ts';
import { encodeFrame, type Frame, FrameReader } from '../../../src/sync/frame.ts';
import type { HeldFrame, OrdersFrame } from '../../../src/sync/orders.ts';
import { CLOCK_MAX } from '../../../src/sync/stamp.ts';
import { keyOf, POOL, policies, pool, server } from './pools.ts';

export const HOSTS = [1, 2, 3, 4];
export const idOfHost = (host: number) => idOf(POOL, keyOf(host));
const ORDERS: readonly Command[] = [
  { order: { is: 'drain' } },
  { order: { is: 'drain' }, deadlineMs: Number.POSITIVE_INFINITY, expiresTemplates: true },
  { order: { is: 'maint' } },
  { order: { is: 'weight', weight: 0 } },
  { order: { is: 'weight', weight: 7 } },
  { order: { is: 'ready' } },
  { order: { is: 'ready' } },
];

export type Node = {
  readonly name: 'a' | 'b';
  /** Its clock is ahead by so much. */
  skewMs: number;
  pair: Pair;
  file: Pool;
  inbox: (OrdersFrame | HeldFrame)[];
};

export class World {
  readonly random: Random;
  readonly trace: string[] = [];
  readonly nodes: readonly [Node, Node];
  nowMs = 0;
  isConnected = false;
  serving: Node;
  /** Of each stamp the number of its order, and of each order which one whoever gave it knew. */
  readonly #numbers = new Map<string, number>();
  readonly #before = new Map<number, number>();
  #lives = 0;
  #orders = 0;

  constructor(seed: number) {
    this.random = seededRandom(seed);
    const node = (name: Node['name'], skewMs: number): Node => ({
      name,
      skewMs,
      pair: NO_PAIR,
      file: pool([]),
      inbox: [],
    });
    this.nodes = [node('a', 0), node('b', 100_000)];
    this.serving = this.nodes[0];
    for (const each of this.nodes) this.#begin(each);
    for (const each of this.nodes) this.reload(each);
  }

  pick<T>(items: readonly T[]): T {
    return items[Math.floor(this.random() * items.length)]!;
  }
  other(node: Node): Node {
    return node === this.nodes[0] ? this.nodes[1] : this.nodes[0];
  }
  entry(node: Node, host: number): Entry | undefined {
    return node.pair.book!.entries.get(idOfHost(host));
  }
  number(entry: Entry | undefined): number | undefined {
    return entry && this.#numbers.get(`${entry.stamp}/${entry.by}`);
  }
  /** Was the first one known to whoever gave the second one? */
  isBefore(one: number, other: number): boolean {
    let at = this.#before.get(other);
    while (at !== undefined && at !== one) at = this.#before.get(at);
    return at === one;
  }

  say(what: string): void {
    this.trace.push(`${this.nowMs} ${what}`);
  }

  step(node: Node, event: PairEvent) {
    const outcome = stepPair(node.pair, event, this.nowMs + node.skewMs);
    node.pair = outcome.pair;
    const { tell } = outcome;
    if (tell !== undefined) this.#send(node, { type: 'orders', serial: 0, ...tell });
    return outcome;
  }

  reload(node: Node, hosts = HOSTS.filter(() => this.random() < 0.7)): void {
    this.say(`${node.name} reloads: ${hosts}`);
    node.file = pool(hosts.map((host) => server(host)));
    this.#configure(node);
  }

  command(node: Node, host = this.pick(HOSTS), command = this.pick(ORDERS)): void {
    if (!node.file.servers.has(keyOf(host))) return;
    const known = this.number(this.entry(node, host));
    this.step(node, { type: 'commanded', pool: POOL, server: keyOf(host), command });
    const { stamp, by } = this.entry(node, host)!;
    const number = ++this.#orders;
    this.#numbers.set(`${stamp}/${by}`, number);
    if (known !== undefined) this.#before.set(number, known);
    this.say(`${node.name}: ${command.order.is} ${host} is order ${number}, ${stamp}/${by}, after ${known}`);
  }

  connect(): void {
    if (this.isConnected) return;
    this.say('connected');
    this.isConnected = true;
    for (const node of this.nodes) this.step(node, { type: 'greeted' });
  }
  /** What is on its way is lost. */
  cut(): void {
    if (this.isConnected) this.say('cut');
    this.isConnected = false;
    for (const node of this.nodes) node.inbox = [];
  }

  /** With its memory, or without. */
  restart(node: Node, keeps: boolean): void {
    this.say(`${node.name} restarts ${keeps ? 'and remembers' : 'and has forgotten everything'}`);
    this.cut();
    const wallMs = 1_000_000 + this.nowMs;
    const { weights, book } = node.pair;
    const text = encodeWeights(weights, { nowMs: this.nowMs + node.skewMs, wallMs }, book);
    node.skewMs = Math.floor(this.random() * 1_000_000);
    node.pair = NO_PAIR;
    if (keeps) {
      const restored = decodeWeights(text, this.nowMs + node.skewMs, wallMs)!;
      node.pair = { ...NO_PAIR, weights: restored.weights, book: restored.book! };
    }
    this.#begin(node);
    this.#configure(node);
  }

  deliver(node: Node): void {
    const frame = node.inbox.shift();
    if (frame === undefined) return;
    if (frame.type === 'held') return void this.step(node, { type: 'absent', names: frame.unknown });
    const { clock, orders } = frame;
    const before = node.pair.book!;
    if (!before.hasHeard)
      for (const [id, { stamp, by }] of follow(before, clock).entries)
        this.#numbers.set(`${stamp}/${by}`, this.number(before.entries.get(id)!)!);
    const { unknown } = this.step(node, { type: 'told', clock, orders, from: 'the peer' });
    this.#send(node, { type: 'held', serial: 0, unknown });
    this.say(`${node.name} hears ${orders.map(({ server: key, stamp, by }) => `${key} ${stamp}/${by}`)}`);
  }

  settle(): void {
    for (let left = 1000; this.nodes.some(({ inbox }) => inbox.length > 0); left--) {
      if (left === 0) throw new Error('they go on telling each other');
      for (const node of this.nodes) this.deliver(node);
    }
  }

  /** `active`: connections of each server that drains. */
  look(node: Node, active: number): void {
    const servers = drained(node.pair.weights).get(POOL) ?? [];
    const loads = new Map([[POOL, new Map(servers.map((key) => [key, { ...NO_LOAD, active }]))]]);
    this.step(node, { type: 'looked', loads, resting: new Set(node === this.serving ? [] : [POOL]) });
  }

  #begin(node: Node): void {
    this.step(node, { type: 'shared', by: ++this.#lives });
  }
  #configure({ name, file }: Node): void {
    const node = this.nodes.find((each) => each.name === name)!;
    this.step(node, { type: 'configured', pools: new Map([[POOL, file]]), policies: policies() });
  }

  /** As bytes. */
  #send(node: Node, frame: OrdersFrame | HeldFrame): void {
    if (!this.isConnected) return;
    const reader = new FrameReader();
    const heard: Frame[] = [];
    const greeting: Frame = { type: 'hello', lowest: 1, highest: 1, clock: CLOCK_MAX, ...HELLO };
    const bytes = Buffer.concat([greeting, frame].map(encodeFrame));
    const fault = reader.read(bytes, (each) => heard.push(each) > 0);
    if (fault !== undefined) throw new Error(`a frame that nobody understands: ${fault}`);
    this.other(node).inbox.push(heard[1] as OrdersFrame | HeldFrame);
  }
}
const HELLO = { bootId: '0'.repeat(32), epoch: 1, engine: 'kernel', capacity: 1 } as const;
