// Performs what the pool decides: keeps the timers, makes the probes, brings the answers back. Decides
// nothing itself.
import type { Notice } from '../core/events.ts';
import type { Clock, Random } from '../core/time.ts';
import {
  type CheckKey,
  configurePool,
  EMPTY_POOL,
  type HealthTarget,
  type Pool,
  type PoolEffect,
  type PoolEvent,
  stepPool,
} from '../health/pool.ts';
import type { CheckSettings, ProbeResult } from '../health/settings.ts';
import { areSame, divided, NO_SHARES, type Shares } from '../health/shares.ts';
import { describePool, type HealthSnapshot } from '../health/view.ts';
import { probeTcp } from './tcp.ts';

/**
 * Probes under way at once; more wait their turn. Half of the 4,096 descriptors that are the least usual hard
 * limit.
 */
const PROBES_AT_ONCE = 2_048;
/** setTimeout takes a longer time for 1 ms. */
const TIMER_MOST_MS = 0x7fff_ffff;

type ServerChange = Omit<Extract<PoolEffect, { do: 'server' }>, 'do'>;
type Happening = Omit<Extract<PoolEffect, { do: 'tell' }>, 'do'>;
export type HealthEdges = {
  onServer: (change: ServerChange) => void;
  /** A service gained or lost its quorum. */
  onService: (service: string, up: boolean) => void;
  /** Others may want to know. */
  onHappening: (happening: Happening) => void;
  onNotice: (notice: Notice) => void;
  random: Random;
  clock: Clock;
};
export type Health = {
  /** Takes the place of the configuration before. What is in both goes on as if nothing had happened. */
  configure: (targets: readonly HealthTarget[]) => void;
  /** Whose checks are not made until further notice. */
  suspend: (services: ReadonlySet<string>) => void;
  /** No timer and no socket is left when it resolves; nothing is said after it was called. */
  stop: () => Promise<void>;
  snapshot: () => HealthSnapshot;
};

/** Calls back at once, in order, from `configure`, a timer or an answer. */
export function startHealth(edges: HealthEdges): Health {
  const runner = new Runner(edges);
  return {
    configure: (targets) => runner.configure(targets),
    suspend: (services) => runner.suspend(services),
    stop: () => runner.stop(),
    snapshot: () => runner.snapshot(),
  };
}

class Runner {
  readonly #edges: HealthEdges;
  readonly #timers = new Map<CheckKey, NodeJS.Timeout>();
  readonly #underWay = new Map<CheckKey, AbortController>();
  /** Every probe whose socket is open, also those that were cancelled. */
  readonly #open = new Set<Promise<void>>();
  /** In the order in which they became due. */
  readonly #waiting = new Map<CheckKey, { share: number; settings: CheckSettings; sinceMs: number }>();
  readonly #last = new Map<CheckKey, { atMs: number; result: ProbeResult }>();
  readonly #movedAtMs = new Map<string, number>();
  readonly #startedMs: number;
  #shares: Shares = NO_SHARES;
  /** One of each share. */
  readonly #pools: Pool[] = [];
  #suspended: ReadonlySet<string> = new Set();
  #longestWaitMs = 0;

  constructor(edges: HealthEdges) {
    this.#edges = edges;
    this.#startedMs = edges.clock();
  }

  configure(targets: readonly HealthTarget[]): void {
    const before = this.#shares;
    this.#shares = divided(targets, before);
    const effects = this.#shares.targets.map((own, share) => {
      const isSame = areSame(own, before.targets[share] ?? []);
      return isSame && share < this.#pools.length ? [] : this.#configure(share, own);
    });
    effects.forEach((each, share) => {
      this.#perform(share, each);
    });
  }

  #configure(share: number, targets: readonly HealthTarget[]): PoolEffect[] {
    const before = this.#pools[share] ?? { ...EMPTY_POOL, suspended: this.#suspended };
    const [pool, effects] = configurePool(before, targets, this.#edges.random);
    for (const id of before.serverIndex.keys()) if (!pool.serverIndex.has(id)) this.#movedAtMs.delete(id);
    const nowMs = this.#edges.clock();
    for (const id of pool.serverIndex.keys()) if (!before.serverIndex.has(id)) this.#movedAtMs.set(id, nowMs);
    this.#pools[share] = pool;
    return effects;
  }

  suspend(services: ReadonlySet<string>): void {
    this.#suspended = services;
    this.#pools.forEach((pool, share) => {
      this.#pools[share] = { ...pool, suspended: services };
    });
  }

  async stop(): Promise<void> {
    this.configure([]);
    await Promise.all(this.#open);
  }

  snapshot(): HealthSnapshot {
    const views = this.#pools.flatMap(describePool);
    const servers = views.map(({ checks, ...server }) => ({
      ...server,
      sinceMs: this.#movedAtMs.get(`${server.service} ${server.server}`) ?? this.#startedMs,
      checks: checks.map((check) => {
        const last = this.#last.get(check.key);
        return last === undefined ? check : { ...check, last };
      }),
    }));
    return {
      atMs: this.#edges.clock(),
      servers,
      probes: {
        underWay: this.#underWay.size,
        waiting: this.#waiting.size,
        longestWaitMs: this.#longestWaitMs,
      },
    };
  }

  #step(share: number, event: PoolEvent): void {
    const [pool, effects] = stepPool(this.#pools[share]!, event, this.#edges.random);
    this.#pools[share] = pool;
    this.#perform(share, effects);
  }

  #perform(share: number, effects: readonly PoolEffect[]): void {
    for (const effect of effects) this.#performOne(share, effect);
  }

  #performOne(share: number, effect: PoolEffect): void {
    switch (effect.do) {
      case 'arm':
        return this.#arm(share, effect.key, effect.ms);
      case 'disarm':
        return this.#forget(effect.key);
      case 'probe':
        this.#waiting.set(effect.key, {
          share,
          settings: effect.settings,
          sinceMs: this.#edges.clock(),
        });
        return this.#probeWaiting();
      case 'server': {
        const { do: _, ...change } = effect;
        this.#movedAtMs.set(`${change.service} ${change.server}`, this.#edges.clock());
        return this.#edges.onServer(change);
      }
      case 'service':
        return this.#edges.onService(effect.service, effect.up);
      case 'tell': {
        const { do: _, ...happening } = effect;
        return this.#edges.onHappening(happening);
      }
      case 'notice':
        return this.#edges.onNotice(effect.notice);
    }
  }

  #arm(share: number, key: CheckKey, ms: number): void {
    clearTimeout(this.#timers.get(key));
    const due = () => {
      this.#timers.delete(key);
      this.#step(share, { type: 'due', key });
    };
    this.#timers.set(key, setTimeout(due, Math.min(ms, TIMER_MOST_MS)));
  }

  #forget(key: CheckKey): void {
    clearTimeout(this.#timers.get(key));
    this.#timers.delete(key);
    this.#waiting.delete(key);
    this.#last.delete(key);
    this.#underWay.get(key)?.abort();
    this.#underWay.delete(key);
  }

  #probeWaiting(): void {
    for (const [key, { share, settings, sinceMs }] of this.#waiting) {
      if (this.#open.size >= PROBES_AT_ONCE) return;
      this.#waiting.delete(key);
      this.#longestWaitMs = Math.max(this.#longestWaitMs, this.#edges.clock() - sinceMs);
      const abort = new AbortController();
      this.#underWay.set(key, abort);
      const probe = this.#probe(share, key, settings, abort).finally(() => {
        this.#open.delete(probe);
        this.#probeWaiting();
      });
      this.#open.add(probe);
    }
  }

  async #probe(share: number, key: CheckKey, settings: CheckSettings, abort: AbortController): Promise<void> {
    const result = await probeTcp(settings, abort.signal);
    // A check that was taken back, and perhaps configured anew since: the answer is not to the probe it waits
    // for.
    if (this.#underWay.get(key) !== abort) return;
    this.#underWay.delete(key);
    this.#last.set(key, { atMs: this.#edges.clock(), result });
    this.#step(share, { type: 'probed', key, result });
  }
}
