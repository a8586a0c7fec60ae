// A whole pool in simulated time: servers die and return, probes hang, the configuration is reloaded at
// random. What the pool says is held against what the servers did; the seed is printed with every failure.
import assert from 'node:assert';
import { expect, test } from 'vitest';
import { address } from '../../src/core/address.ts';
import { type Random, seededRandom } from '../../src/core/time.ts';
import {
  configurePool,
  EMPTY_POOL,
  type HealthTarget,
  isUp,
  type Pool,
  type PoolEffect,
  type PoolEvent,
  stepPool,
} from '../../src/health/pool.ts';
import type { CheckSettings, ProbeResult } from '../../src/health/settings.ts';
import { describePool } from '../../src/health/view.ts';

const LONGEST_DELAY_MS = 5_000;
const LONGEST_PROBE_MS = 2_000;

function settingsOf(random: Random, port: number): CheckSettings {
  return {
    type: 'TCP_CHECK',
    address: address('10.1.0.21'),
    port,
    delayLoopMs: 1_000 + Math.floor(random() * 4_000),
    connectTimeoutMs: LONGEST_PROBE_MS,
    retry: Math.floor(random() * 4),
    delayBeforeRetryMs: Math.floor(random() * 1_000),
    warmupMs: Math.floor(random() * LONGEST_DELAY_MS),
    alpha: random() < 0.3,
  };
}

function targetsOf(random: Random): HealthTarget[] {
  const targets: HealthTarget[] = [];
  for (let service = 0; service < 3; service++) {
    for (let server = 0; server < 4; server++) {
      if (random() < 0.25) continue;
      const ports = [80, 81, 82].filter(() => random() < 0.6);
      targets.push({
        service: `TCP 10.0.0.${service}:80`,
        server: `10.1.0.${server}:80`,
        checks: ports.map((port) => settingsOf(random, port)),
        inhibit: random() < 0.5,
        weight: Math.floor(random() * 3),
      });
    }
  }
  return targets;
}

/**
 * The edge in simulated time: keeps timers and probes as the runner does, and objects to whatever may not
 * happen.
 */
class World {
  readonly random: Random;
  pool: Pool = EMPTY_POOL;
  nowMs = 0;
  /** Each check: when its timer or its probe's answer comes. */
  readonly due = new Map<string, { atMs: number; event: PoolEvent }>();
  /** What somebody who only listens to `server` effects believes is down. */
  readonly down = new Set<string>();
  badShare = 0.3;
  #steps = 0;

  constructor(seed: number) {
    this.random = seededRandom(seed);
  }

  configure(targets: readonly HealthTarget[]): void {
    const [pool, effects] = configurePool(this.pool, targets, this.random);
    this.pool = pool;
    const present = new Set(targets.map(({ service, server }) => `${service} ${server}`));
    for (const name of this.down) if (!present.has(name)) this.down.delete(name);
    this.perform(effects);
  }

  perform(effects: readonly PoolEffect[]): void {
    for (const effect of effects) {
      if (effect.do === 'disarm') assert(this.due.delete(effect.key));
      if (effect.do === 'arm') this.#arm(effect.key, effect.ms);
      if (effect.do === 'probe') this.#probe(effect.key);
      if (effect.do === 'server') {
        const name = `${effect.service} ${effect.server}`;
        if (effect.up) assert(this.down.delete(name), `${name} went up but was not down`);
        else this.down.add(name);
      }
    }
  }

  runFor(ms: number): void {
    const endMs = this.nowMs + ms;
    for (;;) {
      const next = this.#next();
      if (next === undefined || next.atMs > endMs) break;
      this.nowMs = next.atMs;
      this.due.delete(next.event.key);
      const [pool, effects] = stepPool(this.pool, next.event, this.random);
      this.pool = pool;
      this.perform(effects);
      if (++this.#steps % 8 === 0) this.verify();
    }
    this.verify();
    this.nowMs = endMs;
  }

  /** Plain asserts: this runs after every step, and `expect` would be most of the work. */
  verify(): void {
    // No check sleeps for ever, none is under way twice: the keys under way are the pool's keys.
    assert.equal(this.due.size, this.pool.checkIndex.size);
    for (const key of this.due.keys()) assert(this.pool.checkIndex.has(key), `${key} is not the pool's`);
    const live = new Map<string, number>(this.pool.services.map((service) => [service, 0]));
    describePool(this.pool).forEach(({ service, server, up, checks }, i) => {
      assert.equal(
        up,
        checks.every((check) => check.up),
      );
      assert.equal(this.down.has(`${service} ${server}`), !up, `${server} is not what was told`);
      for (const { failures, settings } of checks) assert(failures <= settings.retry);
      if (up) live.set(service, live.get(service)! + this.pool.servers[i]!.weight);
    });
    assert.equal(this.pool.liveWeight.chunks.flat().join(), [...live.values()].join());
  }

  #next(): { atMs: number; event: PoolEvent } | undefined {
    let first: { atMs: number; event: PoolEvent } | undefined;
    for (const entry of this.due.values()) if (first === undefined || entry.atMs < first.atMs) first = entry;
    return first;
  }

  #arm(key: string, ms: number): void {
    assert(ms >= 0 && ms <= LONGEST_DELAY_MS, `${ms} ms`);
    this.due.set(key, { atMs: this.nowMs + ms, event: { type: 'due', key } });
  }

  #probe(key: string): void {
    const draw = this.random();
    const reason = draw < this.badShare / 8 ? 'no-resources' : 'refused';
    const ms = this.random() * LONGEST_PROBE_MS;
    const result: ProbeResult =
      draw < this.badShare ? { ok: false, reason, detail: '', ms } : { ok: true, ms };
    assert(!this.due.has(key), 'a probe while a timer or another probe is under way');
    this.due.set(key, { atMs: this.nowMs + ms, event: { type: 'probed', key, result } });
  }
}

test('whatever happens: nothing sleeps, counts are right, every server returns when all is well', () => {
  for (let seed = 1; seed <= 30; seed++) {
    const world = new World(seed);
    try {
      for (let reload = 0; reload < 5; reload++) {
        world.badShare = world.random();
        world.configure(targetsOf(world.random));
        world.verify();
        world.runFor(world.random() * 15_000);
      }
      world.badShare = 0;
      world.runFor(2 * (LONGEST_DELAY_MS + LONGEST_PROBE_MS));
      expect(world.down.size, 'servers still down although every probe is good').toBe(0);
      world.badShare = 2; // every probe fails, and a quarter of them says nothing of the server
      world.runFor(120_000);
      const checked = new Set(world.pool.checkSlots.map(({ server }) => server));
      expect(world.down.size, 'checked servers down when every probe fails').toBe(checked.size);
    } catch (cause) {
      throw new Error(`seed ${seed} at ${world.nowMs} ms`, { cause });
    }
  }
});

test('the same seed is the same run', () => {
  const run = () => {
    const world = new World(7);
    world.configure(targetsOf(world.random));
    world.runFor(20_000);
    return [describePool(world.pool), [...world.due]];
  };
  expect(run()).toEqual(run());
});

test('a step of a pool of 20,000 servers copies a few hundred words, not the pool', () => {
  const random = seededRandom(1);
  const targets = Array.from({ length: 20_000 }, (_, i): HealthTarget => {
    const checks = [settingsOf(random, 80)];
    return { service: `TCP 10.0.0.1:${i >> 2}`, server: `10.1.0.${i & 3}:80`, checks, inhibit: false };
  });
  const [pool] = configurePool(EMPTY_POOL, targets, random);
  const key = pool.checkSlots[12_345]!.key;
  const [probing] = stepPool(pool, { type: 'due', key }, random);
  const result: ProbeResult = { ok: false, reason: 'refused', detail: '', ms: 1 };
  const [next] = stepPool(probing, { type: 'probed', key, result }, random);
  expect(next.checkSlots).toBe(pool.checkSlots);
  const shared = next.checks.chunks.filter((chunk, i) => chunk === pool.checks.chunks[i]);
  expect(shared).toHaveLength(pool.checks.chunks.length - 1);
  expect(isUp(next, targets[12_345]!.service, targets[12_345]!.server)).toBe(false);
  expect(isUp(pool, targets[12_345]!.service, targets[12_345]!.server)).toBe(
    pool.checks.chunks.flat()[12_345]!.up,
  );
});
