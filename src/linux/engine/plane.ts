// The embedded engine as a data plane: starts its thread, sends it commands and waits for their replies.
// Holds no state of the table itself; when the thread dies everybody who waits is told, and the owner too.
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { MessageChannel, type MessagePort, Worker } from 'node:worker_threads';
import type { Notice } from '../../core/events.ts';
import type { ShownConnection } from '../../ipvs/connection.ts';
import { isConductName, usualConduct } from '../../ipvs/embedded/conduct.ts';
import { refusing } from '../../ipvs/embedded/limits.ts';
import type { ShownPortion } from '../../ipvs/embedded/shown.ts';
import {
  type ServerCounters,
  type ServerKey,
  type ServiceCounters,
  type ServiceHead,
  type ServiceKey,
  type SyncDaemon,
  serviceKey,
  type Table,
} from '../../ipvs/model.ts';
import type {
  Command,
  CommandFailure,
  ConnectionExchange,
  Counted,
  DataPlane,
  EngineInfo,
  EngineStatistics,
  Marker,
  OwnedAddress,
  Timeouts,
} from '../../ipvs/plane.ts';
import { close, eventfd, ring } from '../libc.ts';
import type { EngineCommand, EngineMessage, ThreadData } from './commands.ts';
import { lackOfMarks } from './packet-socket.ts';

export type PlaneOptions = {
  onNotice: (notice: Notice) => void;
  /** The thread ended without having been closed: nothing is forwarded any more. */
  onLost: (reason: string) => void;
  /** Connections the table can hold. */
  capacity: number;
};
export const DEFAULT_CAPACITY = 262_144;

type Waiting = { resolve: (value: unknown) => void; reject: (error: Error) => void };

export class EmbeddedPlane implements DataPlane {
  readonly engine = 'embedded';
  readonly connections: ConnectionExchange;
  #onTold: ((datagram: Buffer) => void) | undefined;
  readonly refusal: DataPlane['refusal'];
  readonly marker: Marker;
  /** As the thread was told. */
  readonly #conduct = usualConduct();
  readonly #options: PlaneOptions;
  readonly #wakeFd = eventfd(0);
  readonly #port: MessagePort;
  readonly #worker: Worker;
  readonly #waiting = new Map<number, Waiting>();
  readonly #exited: Promise<unknown>;
  #nextId = 1;
  #lost: string | undefined;
  #isClosing = false;

  constructor(options: PlaneOptions) {
    this.#options = options;
    const marks = lackOfMarks();
    const given = new Set<number>();
    this.refusal = refusing({ ...(marks === undefined ? {} : { marks }), given });
    this.marker = {
      mark: async (wanted) => {
        given.clear();
        for (const { boxes } of wanted?.maps ?? []) for (const { mark } of boxes) given.add(mark);
        return this.#ask<undefined>({ type: 'mark', maps: wanted?.maps ?? [] });
      },
    };
    this.connections = {
      capacity: options.capacity,
      daemons: [],
      tell: async (hear) => {
        this.#onTold = hear?.told;
        await this.#ask<undefined>({ type: 'tell', on: hear !== undefined });
      },
      // Changes are told within milliseconds, and before it ceases to be the owner.
      push: () => undefined,
      flush: async () => undefined,
      adopt: async (datagram) => {
        await this.#ask<undefined>({ type: 'adopt', datagram });
      },
    };
    const { port1, port2 } = new MessageChannel();
    this.#port = port1;
    const workerData: ThreadData = {
      port: port2,
      wakeFd: this.#wakeFd,
      capacity: options.capacity,
      seed: randomBytes(4).readInt32LE(0),
    };
    this.#worker = new Worker(new URL('./thread-main.ts', import.meta.url), {
      workerData,
      transferList: [port2],
      name: 'engine',
    });
    this.#exited = once(this.#worker, 'exit').catch(() => undefined);
    port1.on('message', (message: EngineMessage) => this.#hear(message));
    this.#worker.on('error', (error: Error) => this.#lose(error.message));
    this.#worker.on('exit', () => this.#lose('the engine thread ended'));
  }

  /** Done when the thread hears commands; rejects with the reason when it could not start. */
  readonly running: Promise<void> = new Promise((resolve, reject) => {
    this.#waiting.set(0, { resolve: () => resolve(), reject });
  });

  readTable(): Promise<Table> {
    return this.#ask<Table>({ type: 'readTable' });
  }
  readSync(): Promise<readonly SyncDaemon[]> {
    return this.#ask<readonly SyncDaemon[]>({ type: 'readSync' });
  }
  async readCounted(): Promise<Counted> {
    return { table: await this.readTable(), counters: await this.readCounters() };
  }
  readCounters(): Promise<ReadonlyMap<ServiceKey, ServiceCounters>> {
    return this.#ask<ReadonlyMap<ServiceKey, ServiceCounters>>({ type: 'readCounters' });
  }
  async readServerCounters(
    services: readonly ServiceHead[],
  ): Promise<ReadonlyMap<ServiceKey, ReadonlyMap<ServerKey, ServerCounters>>> {
    const all = await this.readCounters();
    const keys = services.map(serviceKey).filter((key) => all.has(key));
    return new Map(keys.map((key) => [key, all.get(key)!.servers]));
  }
  apply(commands: readonly Command[]): Promise<readonly CommandFailure[]> {
    return this.#ask<readonly CommandFailure[]>({ type: 'apply', commands });
  }
  async own(addresses: readonly OwnedAddress[]): Promise<void> {
    await this.#ask<undefined>({ type: 'own', addresses });
  }
  async countConnections(): Promise<number> {
    return (await this.readStatistics()).connections;
  }
  readInfo(): Promise<EngineInfo> {
    return this.#ask<EngineInfo>({ type: 'readInfo' });
  }
  async changeTimeouts(timeouts: Timeouts): Promise<void> {
    await this.#ask<undefined>({ type: 'changeTimeouts', timeouts });
  }
  readSetting(name: string): string | undefined {
    return isConductName(name) ? String(this.#conduct[name]) : undefined;
  }
  changeSetting(name: string, value: string): string | undefined {
    if (!isConductName(name)) return 'ENOENT';
    this.#conduct[name] = Number(value);
    // An engine that is lost is told of by itself.
    this.#ask({ type: 'changeConduct', name, value: this.#conduct[name] }).catch(() => undefined);
    return undefined;
  }
  async *readConnections(): AsyncGenerator<ShownConnection> {
    for (let from: number | undefined = 0; from !== undefined; ) {
      const portion: ShownPortion = await this.#ask<ShownPortion>({ type: 'readConnections', from });
      yield* portion.connections;
      from = portion.next;
    }
  }
  readStatistics(): Promise<EngineStatistics> {
    return this.#ask<EngineStatistics>({ type: 'readStatistics' });
  }

  async close(): Promise<void> {
    if (this.#isClosing) return;
    // The thread's end is the answer: a reply posted on its way out may be lost.
    if (this.#lost === undefined) this.#send({ type: 'close' }, 0);
    this.#isClosing = true;
    await this.#exited;
    this.#port.close();
    close(this.#wakeFd);
  }

  #ask<T>(command: EngineCommand): Promise<T> {
    if (this.#lost !== undefined) return Promise.reject(new Error(this.#lost));
    if (this.#isClosing) return Promise.reject(new Error('the engine is closed'));
    const id = this.#nextId++;
    return new Promise<T>((resolve, reject) => {
      this.#waiting.set(id, { resolve: resolve as (value: unknown) => void, reject });
      this.#send(command, id);
    });
  }

  #send(command: EngineCommand, id: number): void {
    this.#port.postMessage({ id, command });
    ring(this.#wakeFd);
  }

  #hear(message: EngineMessage): void {
    switch (message.type) {
      case 'notice':
        this.#options.onNotice(message.notice);
        return;
      case 'told':
        this.#onTold?.(Buffer.from(message.datagram));
        return;
      case 'running':
        this.#settle(0, undefined);
        return;
      case 'reply':
        this.#settle(message.id, message.value);
        return;
    }
  }

  #settle(id: number, value: unknown): void {
    this.#waiting.get(id)?.resolve(value);
    this.#waiting.delete(id);
  }

  #lose(reason: string): void {
    if (this.#lost !== undefined) return;
    this.#lost = this.#isClosing ? 'the engine is closed' : reason;
    for (const { reject } of this.#waiting.values()) reject(new Error(this.#lost));
    this.#waiting.clear();
    if (!this.#isClosing) this.#options.onLost(reason);
  }
}

/** Starts the engine's thread in the network namespace of this one. */
export async function openEmbeddedPlane(
  options: Omit<PlaneOptions, 'capacity'> & { capacity?: number },
): Promise<EmbeddedPlane> {
  const plane = new EmbeddedPlane({ capacity: DEFAULT_CAPACITY, ...options });
  await plane.running;
  return plane;
}
