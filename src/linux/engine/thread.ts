// The engine's thread: waits in ppoll for packets, sync datagrams, changes of the machine, commands and
// timers, and hands each to its part. Synchronous throughout; it never returns to an event loop until it is
// closed.
import assert from 'node:assert/strict';
// The global `performance` is a getter that is looked up anew each time; this one is not.
import { performance } from 'node:perf_hooks';
import { getHeapStatistics } from 'node:v8';
import { receiveMessageOnPort } from 'node:worker_threads';
import type { Address } from '../../core/address.ts';
import type { Notice } from '../../core/events.ts';
import { Engine } from '../../ipvs/embedded/engine.ts';
import { engineInfo, showConnections } from '../../ipvs/embedded/shown.ts';
import type { SyncDaemon } from '../../ipvs/model.ts';
import type { Command, CommandFailure, EngineStatistics, OwnedAddress } from '../../ipvs/plane.ts';
import { DATAGRAM_MAX } from '../../sync/encode.ts';
import { decodeDatagram } from '../../sync/wire.ts';
import { POLL, read, SystemCallError } from '../libc.ts';
import { PollSet } from '../poll.ts';
import type { EngineCommand, EngineMessage, Numbered, ThreadData } from './commands.ts';
import { EnvironmentReader } from './environment.ts';
import { adviseHugePages } from './huge-pages.ts';
import { Ports } from './ports.ts';
import { adoptEntries, SyncBackup, SyncMaster } from './sync-stream.ts';
import { Telling } from './telling.ts';

/** Also with nothing to do: a process that exits waits for this thread to notice. */
const WAIT_MAX_MS = 500;
const NS_PER_MS = 1_000_000;

type Reading = Extract<EngineCommand, { type: `read${string}` }>;

export class EngineThread {
  readonly #data: ThreadData;
  readonly #engine: Engine;
  readonly #poll = new PollSet();
  readonly #environment = new EnvironmentReader();
  readonly #ports: Ports;
  readonly #syncCounters: Record<string, number> = {};
  #master: { stream: SyncMaster; pollIndex: number } | undefined;
  #backup: { stream: SyncBackup; pollIndex: number } | undefined;
  /** To the balancer, which has a stream of its own to the peer: then there is no master or backup. */
  #telling: Telling | undefined;
  /** Interfaces that it was said of that they cannot be used. */
  #faults = new Set<string>();
  /** Addresses that it was said of that nobody answers for them. */
  #silent = new Set<Address>();
  #isClosing = false;

  constructor(data: ThreadData) {
    this.#data = data;
    this.#engine = new Engine({ capacity: data.capacity, seed: data.seed });
    adviseHugePages(this.#engine.sessions.connections.memory);
    this.#ports = new Ports(this.#engine, this.#poll);
  }

  run(): void {
    const wake = this.#poll.add(this.#data.wakeFd, POLL.IN);
    const changed = this.#poll.add(this.#environment.eventsFd, POLL.IN);
    const startedMs = performance.now();
    this.#engine.setClock(startedMs);
    this.#followEnvironment(startedMs);
    this.#post({ type: 'running' });
    let nextMs = 0;
    while (!this.#isClosing) {
      const waitMs = Math.min(Math.max(nextMs - performance.now(), 0), WAIT_MAX_MS);
      this.#poll.wait(Math.ceil(waitMs * NS_PER_MS));
      const nowMs = performance.now();
      this.#engine.setClock(nowMs);
      if (this.#poll.ready(changed) !== 0) this.#environment.noteEvents();
      this.#followEnvironment(nowMs);
      this.#ports.receive();
      if (this.#poll.ready(wake) !== 0) this.#obey(nowMs);
      nextMs = Math.min(this.#engine.nextTimerMs(), this.#runSync(nowMs), this.#environment.nextMs);
      this.#ports.flushOutbox();
    }
    this.#environment.close();
  }

  #runSync(nowMs: number): number {
    let nextMs = Number.POSITIVE_INFINITY;
    if (this.#backup) {
      if (this.#poll.ready(this.#backup.pollIndex) !== 0) this.#backup.stream.receive();
      nextMs = Math.min(nextMs, this.#backup.stream.run(nowMs));
    }
    if (this.#master) {
      if (this.#poll.ready(this.#master.pollIndex) !== 0) this.#master.stream.receive(nowMs);
      nextMs = Math.min(nextMs, this.#master.stream.run(nowMs));
    }
    if (this.#telling) nextMs = Math.min(nextMs, this.#telling.run(nowMs));
    else if (!this.#master) this.#engine.sessions.changes.clear();
    return nextMs;
  }

  #followEnvironment(nowMs: number): void {
    const news = this.#environment.news(nowMs);
    if (news === undefined) return;
    this.#engine.setInterfaces(news.interfaces, news.routes);
    this.#updatePorts();
  }

  #updatePorts(): void {
    const { services } = this.#engine.sessions;
    const faults = this.#ports.update({
      hearsOwnMacs: services.hearsReplies(),
      hearsMarks: services.hasMarks,
    });
    for (const fault of faults.filter((known) => !this.#faults.has(known))) {
      const message = `the engine cannot use an interface: ${fault}`;
      this.#notify({ event: 'ipvs.failed', message, fields: { reason: fault } });
    }
    this.#faults = new Set(faults);
  }

  #obey(nowMs: number): void {
    read(this.#data.wakeFd, Buffer.alloc(8));
    for (;;) {
      const received = receiveMessageOnPort(this.#data.port);
      if (!received) return;
      const { id, command } = received.message as Numbered;
      switch (command.type) {
        case 'apply':
          this.#reply(id, this.#apply(command.commands, nowMs));
          break;
        case 'own':
          // What was seen as owner is told before somebody else becomes it.
          this.#master?.stream.flush();
          this.#telling?.flush();
          this.#own(command.addresses);
          this.#ports.flushOutbox();
          this.#reply(id, undefined);
          break;
        case 'mark':
          this.#engine.sessions.services.givenMarks.set(command.maps);
          this.#updatePorts();
          this.#reply(id, undefined);
          break;
        case 'changeTimeouts':
          this.#engine.sessions.timeouts.change(command.timeouts);
          this.#reply(id, undefined);
          break;
        case 'changeConduct':
          this.#engine.sessions.conduct[command.name] = command.value;
          this.#reply(id, undefined);
          break;
        case 'tell':
          this.#telling = command.on ? this.#tellOwner(nowMs) : undefined;
          this.#reply(id, undefined);
          break;
        case 'adopt':
          this.#adopt(Buffer.from(command.datagram));
          this.#reply(id, undefined);
          break;
        case 'close':
          this.#close();
          return;
        default:
          this.#reply(id, this.#read(command));
      }
    }
  }

  #read(command: Reading): unknown {
    const { sessions } = this.#engine;
    switch (command.type) {
      case 'readTable':
        return sessions.services.readTable();
      case 'readSync':
        return this.#daemons();
      case 'readCounters':
        return sessions.services.readCounters();
      case 'readInfo':
        return engineInfo(sessions);
      case 'readConnections':
        return showConnections(sessions.connections, command.from);
      case 'readStatistics':
        return this.#statistics();
    }
  }

  #own(addresses: readonly OwnedAddress[]): void {
    this.#engine.own(addresses);
    this.#updatePorts();
    const { links, sessions } = this.#engine;
    const { addresses: numbers } = sessions;
    const answered = new Set(links.allOwned().map(({ address, family }) => numbers.text(address, family)));
    const silent = addresses.filter(({ address }) => !answered.has(address));
    for (const { address, interface: name } of silent) {
      if (this.#silent.has(address)) continue;
      const reason = `there is no interface ${name}`;
      const message = `nobody answers for ${address}: ${reason}`;
      this.#notify({ event: 'vip.failed', message, fields: { vip: address, interface: name, reason } });
    }
    this.#silent = new Set(silent.map(({ address }) => address));
  }

  #apply(commands: readonly Command[], nowMs: number): CommandFailure[] {
    const failures: CommandFailure[] = [];
    for (const command of commands) {
      const reason =
        command.do === 'startSync'
          ? this.#startSync(command.daemon, nowMs)
          : command.do === 'stopSync'
            ? this.#stopSync(command.daemon)
            : this.#engine.sessions.services.apply(command);
      if (reason !== undefined) failures.push({ command, reason });
    }
    this.#updatePorts();
    return failures;
  }

  #startSync(daemon: SyncDaemon, nowMs: number): string | undefined {
    const { sessions } = this.#engine;
    const surroundings = {
      sessions,
      counters: this.#syncCounters,
      notify: (notice: Notice) => this.#notify(notice),
    };
    if (daemon.role === 'master' ? this.#master : this.#backup) return 'EEXIST';
    try {
      if (daemon.role === 'master') {
        const stream = new SyncMaster(daemon, surroundings, nowMs);
        this.#master = { stream, pollIndex: this.#poll.add(stream.socket.receiveFd, POLL.IN) };
      } else {
        const stream = new SyncBackup(daemon, surroundings, nowMs);
        this.#backup = { stream, pollIndex: this.#poll.add(stream.socket.receiveFd, POLL.IN) };
      }
    } catch (error) {
      if (error instanceof SystemCallError) return error.errno;
      throw error;
    }
    this.#notify({
      event: 'sync.stream',
      message: `connections are ${daemon.role === 'master' ? 'sent' : 'received'} on ${daemon.interface}`,
      fields: { role: daemon.role, interface: daemon.interface, syncId: daemon.id },
    });
    return undefined;
  }

  #stopSync(daemon: SyncDaemon): string | undefined {
    const running = daemon.role === 'master' ? this.#master : this.#backup;
    if (!running) return 'ESRCH';
    this.#poll.remove(running.stream.socket.receiveFd);
    running.stream.close();
    if (daemon.role === 'master') this.#master = undefined;
    else this.#backup = undefined;
    return undefined;
  }

  #tellOwner(nowMs: number): Telling {
    const send = (datagram: Buffer) => this.#post({ type: 'told', datagram: Uint8Array.from(datagram) });
    const { sessions } = this.#engine;
    const onWhole = () => undefined;
    return new Telling({ sessions, syncId: 0, maxlen: DATAGRAM_MAX, turn: 'moved', send, onWhole }, nowMs);
  }

  /** The balancer has looked at it already. */
  #adopt(datagram: Buffer): void {
    const decoded = decodeDatagram(datagram);
    assert(decoded.ok && decoded.message.cut === undefined, 'the balancer passes on what it can read');
    adoptEntries(decoded.message.entries, this.#engine.sessions, this.#syncCounters);
  }

  #daemons(): SyncDaemon[] {
    return [this.#master, this.#backup].flatMap((running) => (running ? [running.stream.daemon] : []));
  }

  #statistics(): EngineStatistics {
    return {
      connections: this.#engine.sessions.connections.count,
      routed: this.#engine.routed,
      heapBytes: getHeapStatistics().used_heap_size,
      drops: this.#engine.drops.read(),
      sync: { ...this.#syncCounters },
      interfaces: this.#ports.statistics(),
    };
  }

  #close(): void {
    for (const daemon of this.#daemons()) this.#stopSync(daemon);
    this.#ports.close();
    this.#isClosing = true;
  }

  #notify(notice: Notice): void {
    this.#post({ type: 'notice', notice });
  }
  #reply(id: number, value: unknown): void {
    this.#post({ type: 'reply', id, value });
  }
  #post(message: EngineMessage): void {
    this.#data.port.postMessage(message);
  }
}
