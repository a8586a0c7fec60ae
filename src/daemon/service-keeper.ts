// Keeps what is served: the pools of the plan, what their checks say, and what their servers go through
// become one wish for the table. Composes; see director/health.ts and director/weights.
import { setImmediate as nextTurn } from 'node:timers/promises';
import type { Notice } from '../core/events.ts';
import { desiredTable } from '../director/health.ts';
import type { Plan } from '../director/plan-document.ts';
import type { Command } from '../director/weights/machine.ts';
import type { PairEvent, Telling } from '../director/weights/pair.ts';
import { unchecked, weighTargets } from '../director/weights/table.ts';
import type { HealthSnapshot } from '../health/view.ts';
import type { ServerKey, Table } from '../ipvs/model.ts';
import type { DataPlane } from '../ipvs/plane.ts';
import type { Pool, PoolName } from '../ipvs/pool.ts';
import { type Health, type HealthEdges, startHealth } from '../probes/runner.ts';
import type { OrderName } from '../sync/orders.ts';
import type { SettingKeeper } from './setting-keeper.ts';
import { WeightKeeper } from './weight-keeper.ts';

type Served = Pick<Plan, 'pools' | 'targets' | 'policies'>;
type Edges = Pick<HealthEdges, 'onHappening'> & {
  /** To the other director. */
  tell: (telling: Telling) => void;
  plane: DataPlane;
  settings: SettingKeeper;
  say: (notice: Notice) => void;
  /** Resolves when the table is so. */
  want: (table: Table) => Promise<void>;
  fail: (error: Error) => void;
};

export class ServiceKeeper {
  readonly #edges: Edges;
  readonly #health: Health;
  readonly weights: WeightKeeper;
  readonly #down = new Map<PoolName, Set<ServerKey>>();
  readonly #lost = new Set<PoolName>();
  #served: Pick<Served, 'pools' | 'targets'> = { pools: new Map(), targets: [] };
  #suspended: ReadonlySet<PoolName> = new Set();
  #tableIsDue = false;

  constructor(edges: Edges) {
    this.#edges = edges;
    const { plane, settings, say, fail, tell } = edges;
    this.weights = new WeightKeeper({
      plane,
      settings,
      say,
      tell,
      fail,
      changed: () => this.#applyWeights(),
      grown: () => this.#applyTable(),
    });
    this.#health = startHealth({
      onServer: ({ service, server, up }) => this.#serverChanged(service, server, up),
      onService: (service, up) => this.#serviceChanged(service, up),
      onHappening: edges.onHappening,
      onNotice: say,
      random: Math.random,
      clock: () => performance.now(),
    });
  }

  get pools(): ReadonlyMap<PoolName, Pool> {
    return this.#served.pools;
  }

  /** `apply` brings it into force. */
  configure(plan: Served): void {
    this.#served = plan;
    this.#forgetRemoved();
    this.weights.step({ type: 'configured', pools: plan.pools, policies: plan.policies });
    this.#configureHealth();
  }

  /** Resolves when the table is as it has to be. */
  async apply(): Promise<void> {
    await this.#applyTable();
    await this.weights.settle();
  }

  /** What the operator wants of a server; resolves when it has begun. */
  async command(pool: PoolName, server: ServerKey, command: Command): Promise<void> {
    this.weights.step({ type: 'commanded', pool, server, command });
    await this.#applyWeights();
    await this.weights.settle();
  }

  /**
   * What an operator wanted of servers, on the other director; answers which of them are not in our file. It
   * is in the table after {@link applyHeeded}.
   */
  heed(orders: Omit<Extract<PairEvent, { type: 'told' }>, 'type'>): readonly OrderName[] {
    return this.weights.step({ type: 'told', ...orders }).unknown;
  }
  /** The peer has not to wait until connections are counted. */
  async applyHeeded(): Promise<void> {
    await this.#applyWeights();
    this.weights.settle().catch(this.#edges.fail);
  }

  /** Services whose checks another director makes. */
  suspend(services: ReadonlySet<PoolName>): void {
    this.#suspended = services;
    this.#health.suspend(new Set([...services, ...unchecked(this.weights.weights)]));
  }

  health(): HealthSnapshot {
    return this.#health.snapshot();
  }

  get serversDown(): number {
    return [...this.#down.values()].reduce((sum, each) => sum + each.size, 0);
  }

  /** No check is made and no weight changed when it resolves; the table is left as it is. */
  async stop(): Promise<void> {
    await this.#health.stop();
    await this.weights.stop();
    // What the last answers of checks brought about.
    await nextTurn();
  }

  async #applyWeights(): Promise<void> {
    this.#configureHealth();
    await this.#applyTable();
  }

  #configureHealth(): void {
    this.suspend(this.#suspended);
    this.#health.configure(weighTargets(this.#served.targets, this.weights.weights));
  }

  async #applyTable(): Promise<void> {
    const pools = this.weights.pools(this.#served.pools);
    await this.#edges.want(desiredTable(pools, { down: this.#down, lost: this.#lost }));
  }

  #serverChanged(service: PoolName, server: ServerKey, up: boolean): void {
    const servers = this.#down.get(service) ?? new Set<ServerKey>();
    if (up) servers.delete(server);
    else servers.add(server);
    if (servers.size > 0) this.#down.set(service, servers);
    else this.#down.delete(service);
    this.weights.step({ type: 'server', pool: service, server, up });
    this.#applySoon();
  }

  /** Each is told of once when it is new: of one that is up nothing follows. */
  #serviceChanged(service: PoolName, up: boolean): void {
    const isNews = up ? this.#lost.delete(service) : !this.#lost.has(service);
    if (!up) this.#lost.add(service);
    if (isNews) this.#applySoon();
  }

  /** Once for all that happens in one turn. */
  #applySoon(): void {
    if (this.#tableIsDue) return;
    this.#tableIsDue = true;
    setImmediate(() => {
      this.#tableIsDue = false;
      this.apply().catch(this.#edges.fail);
    });
  }

  /** Of servers that left the file nothing is remembered: should they come back, they start anew. */
  #forgetRemoved(): void {
    const { pools } = this.#served;
    for (const [service, servers] of this.#down) {
      const configured = pools.get(service)?.servers;
      for (const server of servers) {
        if (!configured?.has(server)) servers.delete(server);
      }
      if (servers.size === 0) this.#down.delete(service);
    }
    for (const service of this.#lost) if (!pools.has(service)) this.#lost.delete(service);
  }
}
