// The kernel's connections for sync in user space: what its master thread tells is heard, what the peer tells
// is told to its backup thread. Makes the interface, the settings and the thread for it, and takes all of it
// away again. Which kernel threads run is kept by whoever keeps the table (see `daemons`).
import { once } from 'node:events';
import { setTimeout as wait } from 'node:timers/promises';
import { MessageChannel, type MessagePort, Worker } from 'node:worker_threads';
import type { Notice } from '../../core/events.ts';
import { foundEntry } from '../../director/found-entry.ts';
import { type SyncDaemon, serviceKey } from '../../ipvs/model.ts';
import type { ConnectionExchange, DataPlane, Hear } from '../../ipvs/plane.ts';
import { DATAGRAM_MAX, SyncBatch } from '../../sync/encode.ts';
import { close, eventfd, ring } from '../libc.ts';
import { Guard } from './guard.ts';
import { DAEMONS, DEVICE, makeDevice, PROBE_SERVER, PROBE_SERVICE, removeDevice } from './kernel-device.ts';
import { KernelSettings } from './kernel-settings.ts';
import type { KernelCommand, KernelMessage, ThreadData } from './kernel-words.ts';

/** The kernel's table has no end; ours has. */
const CAPACITY = 2 ** 20;

/** The kernel walks its whole table for each few lines of it: of a large one the rest comes as it is used. */
const LOOK_MAX_MS = 30_000;
const FLUSH_MS = 1000;
/** The thread itself. */
const NOBODY = 0;

type Plane = Pick<DataPlane, 'readSync' | 'apply' | 'readInfo' | 'readTable' | 'readConnections'>;
type Running = { port: MessagePort; wakeFd: number; ended: Promise<unknown> };

export class KernelExchange implements ConnectionExchange {
  readonly capacity = CAPACITY;
  readonly daemons: readonly SyncDaemon[] = DAEMONS;
  readonly #plane: Plane;
  readonly #settings = new KernelSettings();
  readonly #guard = new Guard();
  readonly #waiting = new Map<number, () => void>();
  readonly #said = new Set<string>();
  #hear: Hear | undefined;
  #running: Running | undefined;
  #nextId = 1;
  #isLooking = false;
  #lookAgain = false;

  constructor(plane: Plane) {
    this.#plane = plane;
  }

  get former(): ReadonlyMap<string, string> {
    return this.#settings.former;
  }
  adoptFormer(former: ReadonlyMap<string, string>): void {
    this.#settings.adopt(former);
  }

  async tell(hear: Hear | undefined): Promise<void> {
    this.#hear = hear;
    if (hear === undefined) return this.#stop();
    if (this.#running !== undefined) return;
    await this.#stopDaemons();
    const { connectionTableSize } = await this.#plane.readInfo();
    const interfaceIndex = makeDevice();
    this.#settings.apply(connectionTableSize, hear.say);
    this.#raiseGuard();
    await this.#start(interfaceIndex);
    await this.mend();
    this.#look();
  }

  /** That they are there already is no news. */
  async mend(): Promise<void> {
    if (this.#running === undefined) return;
    await this.#plane.apply([
      { do: 'addService', service: PROBE_SERVICE },
      { do: 'addServer', service: PROBE_SERVICE, server: PROBE_SERVER },
    ]);
  }
  push(on: boolean): void {
    this.#send({ type: 'push', on });
  }
  /** The kernel says nothing by itself: who asks for it again and again in vain does not wait for ever. */
  async flush(): Promise<void> {
    await Promise.race([this.#ask((id) => ({ type: 'flush', id })), wait(FLUSH_MS)]);
  }
  adopt(datagram: Buffer): Promise<void> {
    // The one copy that there has to be: it moves to the thread, and not a copy of it.
    const moved = Uint8Array.from(datagram);
    return this.#ask((id) => ({ type: 'adopt', id, datagram: moved }), [moved.buffer]);
  }

  #ask(command: (id: number) => KernelCommand, moved: ArrayBuffer[] = []): Promise<void> {
    const id = this.#nextId++;
    return new Promise((resolve) => {
      this.#waiting.set(id, resolve);
      this.#send(command(id), moved);
    });
  }

  /** Before the kernel listens. */
  #raiseGuard(): void {
    const reason = this.#guard.raise();
    if (reason === undefined) return;
    const what = 'every user of this machine can tell its kernel of connections';
    const message = `${what}: no packet filter (${reason})`;
    this.#say({ event: 'sync.unguarded', message, fields: { reason } });
  }

  /** Done when the thread hears what the kernel tells. */
  async #start(interfaceIndex: number): Promise<void> {
    const { port1: port, port2 } = new MessageChannel();
    const wakeFd = eventfd(0);
    const workerData: ThreadData = { port: port2, wakeFd, interfaceIndex };
    const worker = new Worker(new URL('./kernel-thread-main.ts', import.meta.url), {
      workerData,
      transferList: [port2],
      name: 'sync',
    });
    port.on('message', (message: KernelMessage) => this.#onMessage(message));
    worker.on('error', (error: Error) => this.#hear?.fail(error));
    const ended = once(worker, 'exit').catch(() => undefined);
    this.#running = { port, wakeFd, ended };
    const isRunning = new Promise<void>((resolve) => this.#waiting.set(NOBODY, resolve));
    await Promise.race([isRunning, ended]);
  }

  #onMessage(message: KernelMessage): void {
    switch (message.type) {
      case 'told':
        return this.#hear?.told(Buffer.from(message.datagram));
      case 'running':
        return this.#settle(NOBODY);
      case 'done':
        for (const id of message.ids) this.#settle(id);
        return;
      case 'missed': {
        const { datagrams } = message;
        const text = `${datagrams} datagrams of the kernel's sync thread were missed`;
        this.#say({ event: 'sync.missed', message: text, fields: { datagrams } });
        return this.#look();
      }
      case 'dropped':
        return this.#sayOnce(`the kernel's sync thread: ${message.reason}`, message.reason);
      case 'refused':
        return this.#sayOnce(`the kernel's sync thread cannot be told: ${message.reason}`, message.reason);
    }
  }

  /** What was there before anybody listened, and what was missed. The file is read by another thread. */
  #look(): void {
    this.#lookAgain = this.#isLooking;
    if (this.#isLooking) return;
    this.#isLooking = true;
    this.#readTable()
      .catch((error: Error) => this.#hear?.fail(error))
      .finally(() => {
        this.#isLooking = false;
        if (this.#lookAgain) this.#look();
      });
  }

  async #readTable(): Promise<void> {
    const startedMs = performance.now();
    const services = await this.#plane.readTable();
    const batch = new SyncBatch({ syncId: 0, maxlen: DATAGRAM_MAX });
    const pass = () => {
      const datagram = batch.take();
      if (datagram !== undefined) this.#hear?.found(datagram);
    };
    let entries = 0;
    let isWhole = true;
    for await (const connection of this.#plane.readConnections()) {
      if (this.#running === undefined) return;
      isWhole = performance.now() - startedMs < LOOK_MAX_MS;
      if (!isWhole) break;
      const entry = foundEntry(connection, services);
      if (entry === undefined) continue;
      entries++;
      if (batch.add(entry)) continue;
      pass();
      batch.add(entry);
    }
    pass();
    if (entries === 0) return;
    const ms = Math.round(performance.now() - startedMs);
    const what = isWhole ? '' : '; the rest of a table so large is told as it is used';
    const message = `${entries} connections found in the kernel's table in ${ms} ms${what}`;
    this.#say({ event: 'sync.found', message, fields: { entries, ms, isWhole } });
  }

  #settle(id: number): void {
    this.#waiting.get(id)?.();
    this.#waiting.delete(id);
  }

  async #stop(): Promise<void> {
    const running = this.#running;
    if (running === undefined) return;
    this.#send({ type: 'close' });
    this.#running = undefined;
    await running.ended;
    running.port.close();
    close(running.wakeFd);
    this.#waiting.clear();
    await this.#stopDaemons();
    const key = serviceKey(PROBE_SERVICE);
    await this.#plane.apply([{ do: 'delService', key, service: PROBE_SERVICE }]);
    removeDevice();
    this.#guard.lower();
    this.#settings.restore();
  }

  /** Ours, also of a former life; those on another interface are somebody else's. */
  async #stopDaemons(): Promise<void> {
    const running = await this.#plane.readSync();
    const ours = running.filter((daemon) => daemon.interface === DEVICE);
    if (ours.length > 0) await this.#plane.apply(ours.map((daemon) => ({ do: 'stopSync', daemon })));
  }

  #send(command: KernelCommand, moved: ArrayBuffer[] = []): void {
    if (this.#running === undefined) return;
    this.#running.port.postMessage(command, moved);
    ring(this.#running.wakeFd);
  }

  #sayOnce(message: string, reason: string): void {
    if (this.#said.has(message)) return;
    this.#said.add(message);
    this.#say({ event: 'sync.dropped', message, fields: { reason } });
  }
  #say(notice: Notice): void {
    this.#hear?.say(notice);
  }
}
