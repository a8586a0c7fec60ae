// What becomes of a server that is drained, taken out for maintenance, given a weight, or comes back.
import { expect, test } from 'vitest';
import { ALL_UP, desiredTable } from '../../../src/director/health.ts';
import {
  type Command,
  NO_WEIGHTS,
  stepWeights,
  type Weights,
  type WeightsEvent,
} from '../../../src/director/weights/machine.ts';
import type { Load } from '../../../src/director/weights/program.ts';
import { decodeWeights, encodeWeights } from '../../../src/director/weights/record.ts';
import { nextChangeMs, weighPools, weighTargets } from '../../../src/director/weights/table.ts';
import type { Pool } from '../../../src/ipvs/pool.ts';
import { keyOf, POOL, policies, pool, server } from './pools.ts';

/** One pool, the clock, and all that was told. */
class Story {
  weights: Weights = NO_WEIGHTS;
  nowMs = 1_000;
  events: string[] = [];
  #pool: Pool = pool([]);
  #policies = policies();

  constructor(first: Pool, policy = policies()) {
    this.reload(first, policy);
  }
  reload(next: Pool, policy = this.#policies): void {
    this.#pool = next;
    this.#policies = policy;
    this.step({ type: 'configured', pools: new Map([[POOL, next]]), policies: policy });
  }
  step(event: WeightsEvent): void {
    const [weights, notices] = stepWeights(this.weights, event, this.nowMs);
    this.weights = weights;
    this.events.push(...notices.map(({ event: name }) => name));
  }
  command(host: number, command: Command): void {
    this.step({ type: 'commanded', pool: POOL, server: keyOf(host), command });
  }
  check(host: number, up: boolean): void {
    this.step({ type: 'server', pool: POOL, server: keyOf(host), up });
  }
  look(host: number, load: Partial<Load>, resting: string[] = []): void {
    const full = { active: 0, inactive: 0, persistent: 0, ...load };
    this.step({
      type: 'looked',
      loads: new Map([[POOL, new Map([[keyOf(host), full]])]]),
      resting: new Set(resting),
    });
  }
  restart(meanwhileMs: number): void {
    const text = encodeWeights(this.weights, { nowMs: this.nowMs, wallMs: 50_000 });
    this.nowMs = 7;
    this.weights = decodeWeights(text, this.nowMs, 50_000 + meanwhileMs)!.weights;
    this.reload(this.#pool);
  }
  /** Host → weight of what is in the table. */
  get table(): Record<string, number> {
    const pools = weighPools(new Map([[POOL, this.#pool]]), this.weights, this.nowMs);
    const servers = [...(desiredTable(pools, ALL_UP).get(POOL)?.servers.values() ?? [])];
    return Object.fromEntries(servers.map(({ address, weight }) => [address.slice(7), weight]));
  }
}
const both = () => pool([server(1), server(2, 3)]);

test('a server that is drained goes with its last connection, and comes back when it is ready', () => {
  const story = new Story(both());
  story.command(1, { order: { is: 'drain' } });
  expect(story.table).toEqual({ 1: 0, 2: 3 });
  story.look(1, { active: 2, inactive: 1 });
  story.look(1, { inactive: 1 });
  expect(story.table).toEqual({ 1: 0, 2: 3 });
  story.look(1, {});
  expect(story.table).toEqual({ 2: 3 });
  story.reload(both());
  expect(story.table).toEqual({ 2: 3 });
  story.command(1, { order: { is: 'ready' } });
  expect(story.table).toEqual({ 1: 1, 2: 3 });
  expect(story.events).toEqual(['drain.begun', 'drain.ended', 'server.ordered']);
  expect(story.weights.programs.size).toBe(0);
});

test('at the deadline it goes with what it has', () => {
  const story = new Story(both());
  story.command(1, { order: { is: 'drain' }, deadlineMs: 5_000 });
  story.nowMs += 4_999;
  story.look(1, { active: 1 });
  expect(story.table).toEqual({ 1: 0, 2: 3 });
  expect(nextChangeMs(story.weights, story.nowMs)).toBe(1);
  story.nowMs += 1;
  story.look(1, { active: 1 });
  expect(story.table).toEqual({ 2: 3 });
});

test('persistent clients are waited for, unless they may get another server', () => {
  for (const expiresTemplates of [false, true]) {
    const story = new Story(both());
    story.command(1, { order: { is: 'drain' }, expiresTemplates });
    story.look(1, { persistent: 1 });
    expect(story.table).toEqual(expiresTemplates ? { 2: 3 } : { 1: 0, 2: 3 });
  }
});

test('who does not serve the address waits for the deadline', () => {
  const story = new Story(both());
  story.command(1, { order: { is: 'drain' } });
  story.look(1, {}, [POOL]);
  expect(story.table).toEqual({ 1: 0, 2: 3 });
  story.look(1, {});
  expect(story.table).toEqual({ 2: 3 });
});

test('a server that began to drain while others were counted was not counted', () => {
  const story = new Story(both());
  story.command(1, { order: { is: 'drain' } });
  story.step({ type: 'looked', loads: new Map(), resting: new Set() });
  expect(story.table).toEqual({ 1: 0, 2: 3 });
});

test('a server that leaves the file is drained, and one that comes back meanwhile is as it was', () => {
  const story = new Story(both());
  story.reload(pool([server(2, 3)]));
  expect(story.table).toEqual({ 1: 0, 2: 3 });
  story.look(1, { active: 1 });
  story.reload(both());
  expect(story.table).toEqual({ 1: 1, 2: 3 });
  story.reload(pool([server(2, 3)]));
  story.look(1, {});
  expect(story.table).toEqual({ 2: 3 });
  expect(story.weights.programs.size).toBe(0);
});

test('a server that leaves the file goes at once when it was down, or the file says so', () => {
  const down = new Story(both());
  down.check(1, false);
  down.reload(pool([server(2, 3)]));
  expect(down.table).toEqual({ 2: 3 });
  const plain = new Story(both(), policies({ drainsRemoved: false }));
  plain.reload(pool([server(2, 3)]));
  expect(plain.table).toEqual({ 2: 3 });
});

test('maintenance is at once; a weight is instead of the file’s; ready ends both', () => {
  const story = new Story(both());
  story.command(1, { order: { is: 'maint' } });
  story.command(2, { order: { is: 'weight', weight: 9 } });
  expect(story.table).toEqual({ 2: 9 });
  story.reload(pool([server(1, 5), server(2, 4)]));
  expect(story.table).toEqual({ 2: 9 });
  story.command(1, { order: { is: 'ready' } });
  story.command(2, { order: { is: 'ready' } });
  expect(story.table).toEqual({ 1: 5, 2: 4 });
});

test('slow start: from a twentieth to all, in a pool whose weights are multiplied meanwhile', () => {
  const story = new Story(both(), policies({ slowStartMs: 20_000 }));
  expect(story.table).toEqual({ 1: 1, 2: 3 });
  story.check(1, false);
  story.check(1, true);
  const seen: number[] = [];
  for (let step = 0; step < 20; step++) {
    expect(story.table[2]).toBe(60);
    seen.push(story.table[1]!);
    story.nowMs += nextChangeMs(story.weights, story.nowMs)!;
  }
  expect(seen).toEqual(Array.from({ length: 20 }, (_, i) => i + 1));
  story.step({ type: 'looked', loads: new Map(), resting: new Set() });
  expect(story.table).toEqual({ 1: 1, 2: 3 });
  expect(nextChangeMs(story.weights, story.nowMs)).toBeUndefined();
  expect(story.events).toEqual(['slowstart.begun', 'slowstart.ended']);
});

test('nothing grows at the start; what is new later, or ready again, does', () => {
  const story = new Story(both(), policies({ slowStartMs: 20_000 }));
  story.reload(pool([server(1), server(2, 3), server(3, 40)]));
  expect(story.table).toEqual({ 1: 1, 2: 3, 3: 2 });
  story.nowMs += 20_000;
  story.step({ type: 'looked', loads: new Map(), resting: new Set() });
  story.command(1, { order: { is: 'drain' } });
  story.look(1, {});
  story.command(1, { order: { is: 'ready' } });
  expect(story.table).toEqual({ 1: 1, 2: 60, 3: 800 });
});

test('everything goes on after a restart', () => {
  const story = new Story(both(), policies({ slowStartMs: 20_000 }));
  story.command(1, { order: { is: 'drain' }, deadlineMs: 10_000 });
  story.nowMs += 3_000;
  story.restart(2_000);
  expect(story.table).toEqual({ 1: 0, 2: 3 });
  expect(nextChangeMs(story.weights, story.nowMs)).toBe(5_000);
  story.nowMs += 5_000;
  story.look(1, { active: 1 });
  story.restart(0);
  expect(story.table).toEqual({ 2: 3 });
  story.command(1, { order: { is: 'ready' } });
  story.nowMs += 5_000;
  story.restart(5_000);
  expect(story.table).toEqual({ 1: 11, 2: 60 });
});

test.each(['', 'null', '{}', '{"format":2}', 'nonsense'])('%j is no record', (text) => {
  expect(decodeWeights(text, 0, 0)).toBeUndefined();
});

test('whoever leaves counts nothing for the quorum', () => {
  const story = new Story(pool([server(1, 2), server(2, 3), server(3, 4)]));
  story.command(1, { order: { is: 'drain' } });
  story.command(2, { order: { is: 'weight', weight: 1 } });
  const target = (host: number, weight: number) => ({
    service: POOL,
    server: keyOf(host),
    checks: [],
    inhibit: false,
    weight,
  });
  const weighed = weighTargets([target(1, 2), target(2, 3), target(3, 4)], story.weights);
  expect(weighed.map(({ weight }) => weight)).toEqual([0, 1, 4]);
});

test('a server that is drained stays while the sorry server stands in, and goes when its checks fail', () => {
  const story = new Story(both());
  story.command(1, { order: { is: 'drain' } });
  const sorry = { server: server(9), isInhibited: false };
  const pools = weighPools(new Map([[POOL, pool([server(1), server(2)], { sorry })]]), story.weights, 0);
  const weights = (down: string[]) => {
    const verdicts = { down: new Map([[POOL, new Set(down)]]), lost: new Set([POOL]) };
    const { servers } = desiredTable(pools, verdicts).get(POOL)!;
    return Object.fromEntries([...servers].map(([key, { weight }]) => [key, weight]));
  };
  expect(weights([])).toEqual({ [keyOf(1)]: 0, [keyOf(9)]: 1 });
  expect(weights([keyOf(1)])).toEqual({ [keyOf(9)]: 1 });
});
