// Weight programs among everything else that happens: connections come by the weights and go, checks fail,
// files are reloaded, operators command, balancers are restarted, at random. The table is kept by reconcile,
// as in a director. What was promised is held against every connection.
import { expect, test } from 'vitest';
import { type Random, seededRandom } from '../../../src/core/time.ts';
import { desiredTable } from '../../../src/director/health.ts';
import {
  NO_WEIGHTS,
  stepWeights,
  type Weights,
  type WeightsEvent,
} from '../../../src/director/weights/machine.ts';
import type { Policies } from '../../../src/director/weights/policy.ts';
import { decodeWeights, encodeWeights } from '../../../src/director/weights/record.ts';
import { drained, nextChangeMs, weighPools } from '../../../src/director/weights/table.ts';
import type { ServerKey, Table } from '../../../src/ipvs/model.ts';
import type { Pool } from '../../../src/ipvs/pool.ts';
import { reconcile } from '../../../src/ipvs/reconcile.ts';
import { apply } from '../../ipvs/table-model.ts';
import { keyOf, POOL, policies, pool, server } from './pools.ts';

const HOSTS = [1, 2, 3, 4];
const DEADLINE_MS = 30_000;
const SLOW_START_MS = 10_000;

class World {
  readonly random: Random;
  readonly trace: string[] = [];
  weights: Weights = NO_WEIGHTS;
  nowMs = 0;
  /** The file, and what checks say. */
  file: Pool = pool([]);
  policies: Policies = policies();
  readonly down = new Set<ServerKey>();
  table: Table = new Map();
  readonly connections = new Map<ServerKey, number>();
  /** Servers that may lose connections in this step, and why. */
  excused = new Set<ServerKey>();

  constructor(seed: number) {
    this.random = seededRandom(seed);
    this.reload();
  }

  pick<T>(items: readonly T[]): T {
    return items[Math.floor(this.random() * items.length)]!;
  }

  step(event: WeightsEvent): void {
    const [weights, notices] = stepWeights(this.weights, event, this.nowMs);
    this.weights = weights;
    for (const { event: name, message, fields } of notices) {
      this.trace.push(`${this.nowMs} ${message}`);
      if (name === 'drain.ended' && Number(fields!.cut) > 0) this.excused.add(String(fields!.server));
    }
  }

  reload(): void {
    const hosts = HOSTS.filter(() => this.random() < 0.75);
    this.file = pool(hosts.map((host) => server(host, this.pick([1, 1, 3, 10]))));
    for (const key of this.down) if (!this.file.servers.has(key)) this.down.delete(key);
    this.policies = policies({
      slowStartMs: this.pick([0, SLOW_START_MS]),
      drainDeadlineMs: DEADLINE_MS,
    });
    this.trace.push(`${this.nowMs} reload ${[...this.file.servers.keys()]}`);
    this.step({ type: 'configured', pools: new Map([[POOL, this.file]]), policies: this.policies });
  }

  check(): void {
    const key = this.pick([...this.file.servers.keys(), keyOf(1)]);
    if (!this.file.servers.has(key)) return;
    const up = this.down.delete(key);
    if (!up) this.down.add(key).size && this.excused.add(key);
    this.trace.push(`${this.nowMs} ${key} is ${up ? 'up' : 'down'}`);
    this.step({ type: 'server', pool: POOL, server: key, up });
  }

  command(): void {
    const host = this.pick(HOSTS);
    if (!this.file.servers.has(keyOf(host))) return;
    const order = this.pick([
      { is: 'drain' },
      { is: 'maint' },
      { is: 'weight', weight: this.pick([0, 5]) },
      { is: 'ready' },
      { is: 'ready' },
    ] as const);
    this.trace.push(`${this.nowMs} ${order.is} ${host}`);
    if (order.is === 'maint') this.excused.add(keyOf(host));
    this.step({ type: 'commanded', pool: POOL, server: keyOf(host), command: { order } });
  }

  restart(): void {
    const wallMs = 1_000_000 + this.nowMs;
    const text = encodeWeights(this.weights, { nowMs: this.nowMs, wallMs });
    this.weights = decodeWeights(text, this.nowMs, wallMs)!.weights;
    this.trace.push(`${this.nowMs} restart`);
    this.step({ type: 'configured', pools: new Map([[POOL, this.file]]), policies: this.policies });
    for (const key of this.down) this.step({ type: 'server', pool: POOL, server: key, up: false });
  }

  /** The table as it has to be now. Nobody loses a connection without an excuse. */
  settle(): void {
    const pools = weighPools(new Map([[POOL, this.file]]), this.weights, this.nowMs);
    const wanted = desiredTable(pools, { down: new Map([[POOL, this.down]]), lost: new Set() });
    this.table = reconcile(wanted, this.table, new Set([POOL])).reduce(apply, this.table);
    for (const [key, count] of this.connections) {
      if (this.table.get(POOL)!.servers.has(key)) continue;
      this.connections.delete(key);
      if (!this.excused.has(key)) throw new Error(`${count} connections of ${key} were cut`);
    }
    this.excused = new Set();
  }

  look(): void {
    const servers = drained(this.weights).get(POOL) ?? [];
    const load = (key: ServerKey) => ({ active: this.connections.get(key) ?? 0, inactive: 0, persistent: 0 });
    const loads = new Map([[POOL, new Map(servers.map((key) => [key, load(key)]))]]);
    this.step({ type: 'looked', loads, resting: new Set() });
  }

  /** New connections by the weights; old ones end. */
  traffic(): void {
    for (const [key, { weight }] of this.table.get(POOL)!.servers) {
      const old = this.connections.get(key) ?? 0;
      const left = Math.max(0, old - Math.floor(this.random() * 3));
      const count = left + (weight > 0 && this.random() < 0.7 ? 1 : 0);
      if (count > 0) this.connections.set(key, count);
      else this.connections.delete(key);
    }
  }

  advance(): void {
    const change = nextChangeMs(this.weights, this.nowMs) ?? 1_000;
    this.nowMs += Math.max(1, Math.ceil(Math.min(change, 1_000)));
  }

  get shown(): Record<string, number> {
    const { servers } = this.table.get(POOL)!;
    return Object.fromEntries([...servers].map(([key, { weight }]) => [key, weight]));
  }
}

function run(world: World): void {
  for (let turn = 0; turn < 150; turn++) {
    const chance = world.random();
    if (chance < 0.06) world.reload();
    else if (chance < 0.15) world.check();
    else if (chance < 0.3) world.command();
    else if (chance < 0.33) world.restart();
    world.settle();
    world.look();
    world.settle();
    world.traffic();
    world.advance();
  }
}

/** Nobody does anything any more: all that was under way ends. */
function comeToRest(world: World): void {
  const endMs = world.nowMs + DEADLINE_MS + SLOW_START_MS + 1_000;
  while (world.nowMs < endMs) {
    world.look();
    world.settle();
    world.advance();
  }
  const expected = [...world.file.servers].flatMap(([key, { weight }]) => {
    const order = world.weights.programs.get(`${POOL} ${key}`)?.order;
    if (order?.is === 'drain' || order?.is === 'maint' || world.down.has(key)) return [];
    return [[key, order?.is === 'weight' ? order.weight : weight]];
  });
  expect(world.shown).toEqual(Object.fromEntries(expected));
  for (const { phase } of world.weights.programs.values()) expect(['settled', 'out']).toContain(phase.is);
}

test('no connection is cut but by a check, maintenance or the deadline; and everything ends', () => {
  const seeds = process.env.SEED ? [Number(process.env.SEED)] : Array.from({ length: 100 }, (_, i) => i + 1);
  for (const seed of seeds) {
    const world = new World(seed);
    try {
      run(world);
      comeToRest(world);
    } catch (error) {
      throw new Error(`seed ${seed}: ${String(error)}\n${world.trace.slice(-30).join('\n')}`, {
        cause: error,
      });
    }
  }
});
