// Orders for real servers, as they come from the control socket: understood, carried out, and told of while
// they go on. Who asked may go away; the order goes on.
import { setTimeout as wait } from 'node:timers/promises';
import { ORDERS, type ServersLine, type ServersRequest } from '../console/servers-document.ts';
import type { Command } from '../director/weights/machine.ts';
import { type Found, findServers } from '../director/weights/names.ts';
import { type ShownServer, showServers } from '../director/weights/shown.ts';
import type { ServerKey } from '../ipvs/model.ts';
import type { Pool, PoolName } from '../ipvs/pool.ts';
import type { PairOrders } from './pair-orders.ts';
import type { ServiceKeeper } from './service-keeper.ts';

/** Whoever waits hears something, so that he knows that somebody is there. */
const BEAT_MS = 5_000;
/** IPVS takes more, ipvsadm and keepalived do not. */
const MOST_WEIGHT = 65_535;

export class ServerOrders {
  readonly #services: ServiceKeeper;
  readonly #pair: PairOrders;

  constructor(services: ServiceKeeper, pair: PairOrders) {
    this.#services = services;
    this.#pair = pair;
  }

  list(): ShownServer[] {
    return showServers(this.#services.pools, this.#services.weights.weights, performance.now());
  }

  /** Throws what is wrong with the order; nothing has been done then. */
  async carryOut(given: unknown): Promise<AsyncIterable<ServersLine>> {
    const request = readRequest(given);
    const { pools } = this.#services;
    const found: Found = findServers(pools, request.service, request.servers);
    if (!found.ok) throw new Error(found.says);
    const commands = found.servers.map((name) => ({ ...name, command: readCommand(request, name, pools) }));
    return this.#perform(commands);
  }

  async *#perform(
    commands: readonly { pool: PoolName; server: ServerKey; command: Command }[],
  ): AsyncGenerator<ServersLine> {
    const startMs = performance.now();
    const line = <Step extends ServersLine['step']>(step: Step) => ({
      step,
      atMs: Math.round(performance.now() - startMs),
      servers: this.#shown(commands),
    });
    yield line('plan');
    for (const { pool, server, command } of commands) await this.#services.command(pool, server, command);
    const peer = await this.#pair.answer(commands);
    if (peer !== undefined) yield { ...line('peer'), peer };
    let told = '';
    while (commands.some((one) => this.#isDraining(one))) {
      const next = line('progress');
      // The time that is left is always another.
      const news = JSON.stringify(next.servers.map(({ leftMs: _, ...more }) => more));
      if (news !== told) yield next;
      told = news;
      const abort = new AbortController();
      const changed = new Promise<void>((resolve) => this.#services.weights.hear(resolve, abort.signal));
      const beat = wait(BEAT_MS, 'beat', { signal: abort.signal, ref: false }).catch(() => undefined);
      const woken = await Promise.race([changed, beat]);
      abort.abort();
      if (woken === 'beat') told = '';
    }
    yield line('result');
  }

  #shown(names: readonly { pool: PoolName; server: ServerKey }[]): ShownServer[] {
    const all = this.list();
    return names.flatMap(
      ({ pool, server }) => all.find((one) => one.service === pool && one.server === server) ?? [],
    );
  }

  #isDraining({ pool, server, command }: { pool: PoolName; server: ServerKey; command: Command }): boolean {
    if (command.order.is !== 'drain') return false;
    const program = this.#services.weights.program(pool, server);
    return program?.order?.is === 'drain' && program.phase.is === 'draining';
  }
}

function readRequest(given: unknown): ServersRequest {
  const request = given as Partial<ServersRequest> | null;
  const isWhole =
    typeof request?.service === 'string' &&
    Array.isArray(request.servers) &&
    request.servers.length > 0 &&
    request.servers.every((one) => typeof one === 'string') &&
    ORDERS.includes(request.order!) &&
    (request.deadlineSeconds === undefined || Number(request.deadlineSeconds) >= 0);
  if (!isWhole) throw new Error(`an order is a service, servers, and one of ${ORDERS.join(', ')}`);
  return request as ServersRequest;
}

function readCommand(
  { order, weight, deadlineSeconds, expiresTemplates }: ServersRequest,
  { pool, server }: { pool: PoolName; server: ServerKey },
  pools: ReadonlyMap<PoolName, Pool>,
): Command {
  if (order === 'weight') {
    const own = pools.get(pool)!.servers.get(server)!.weight;
    return { order: { is: order, weight: readWeight(String(weight ?? ''), own) } };
  }
  const deadlineMs = deadlineSeconds === 0 ? Number.POSITIVE_INFINITY : Number(deadlineSeconds) * 1000;
  return {
    order: { is: order },
    ...(deadlineSeconds === undefined ? {} : { deadlineMs }),
    ...(expiresTemplates === undefined ? {} : { expiresTemplates: expiresTemplates === true }),
  };
}

/** A share of a weight above 0 is at least 1: 0 is only what is called so. */
function readWeight(text: string, own: number): number {
  const [, digits, percent] = /^(\d{1,9})(%?)$/.exec(text) ?? [];
  const number = Number(digits);
  const weight =
    percent === '%' && number > 0 && own > 0 ? Math.max(1, Math.round((own * number) / 100)) : number;
  if (digits !== undefined && weight <= MOST_WEIGHT) return weight;
  throw new Error(`a weight is 0 to ${MOST_WEIGHT}, or a share of the file's as 50%, not "${text}"`);
}
