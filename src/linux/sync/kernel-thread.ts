// The thread that speaks with the kernel's sync threads: waits in ppoll for what the master thread says, and
// for commands; what goes to the backup thread is looked after until it is in the table. Synchronous
// throughout.
import { performance } from 'node:perf_hooks';
import { receiveMessageOnPort } from 'node:worker_threads';
import { Regroup } from '../../sync/regroup.ts';
import { POLL, read } from '../libc.ts';
import { PollSet } from '../poll.ts';
import { Injector } from './injector.ts';
import type { KernelCommand, KernelMessage, ThreadData } from './kernel-words.ts';
import { ProbeFlow } from './probe-flow.ts';
import { Tap } from './tap.ts';

/** Also with nothing to do: a process that exits waits for this thread to notice. */
const WAIT_MAX_MS = 500;
const NS_PER_MS = 1_000_000;
/** Then what has been heard is passed on, and others get their turn. */
const DATAGRAMS_MAX = 4096;
/** Nobody waits for it. */
const NOBODY = 0;

export class KernelThread {
  readonly #data: ThreadData;
  readonly #tap: Tap;
  readonly #injector: Injector;
  readonly #poll = new PollSet();
  readonly #regroup: Regroup;
  readonly #probes = new ProbeFlow();
  #done: number[] = [];
  #lossAtMs = 0;
  #isClosing = false;

  constructor(data: ThreadData) {
    this.#data = data;
    this.#tap = new Tap(data.interfaceIndex);
    this.#injector = new Injector(data.interfaceIndex, (reason) => this.#post({ type: 'refused', reason }));
    this.#regroup = new Regroup(
      (datagram) => this.#post({ type: 'told', datagram: Uint8Array.from(datagram) }),
      (datagram, at) => this.#isProbe(datagram, at),
    );
  }

  run(): void {
    const wake = this.#poll.add(this.#data.wakeFd, POLL.IN);
    const heard = this.#poll.add(this.#tap.fd, POLL.IN);
    this.#post({ type: 'running' });
    let probeMs = Number.POSITIVE_INFINITY;
    while (!this.#isClosing) {
      const waitMs = Math.min(this.#injector.waitMs, probeMs - performance.now(), WAIT_MAX_MS);
      this.#poll.wait(Math.ceil(Math.max(0, waitMs) * NS_PER_MS));
      if (this.#poll.ready(wake) !== 0) this.#obey();
      if (this.#poll.ready(heard) !== 0) this.#hear();
      this.#countLoss();
      probeMs = this.#probes.run(performance.now());
      this.#done.push(...this.#injector.run().filter((id) => id !== NOBODY));
      if (this.#done.length > 0) this.#post({ type: 'done', ids: this.#done.splice(0) });
    }
    this.#tap.close();
    this.#injector.close();
    this.#probes.close();
  }

  #hear(): void {
    for (let left = DATAGRAMS_MAX; left > 0; left--) {
      const datagram = this.#tap.receive();
      if (datagram === undefined) break;
      const reason = this.#regroup.add(datagram);
      if (reason !== undefined) this.#post({ type: 'dropped', reason });
    }
    this.#regroup.flush();
    for (const datagram of this.#probes.endings()) this.#injector.offer(NOBODY, datagram);
  }

  #isProbe(datagram: Buffer, at: number): boolean {
    if (!this.#probes.isProbe(datagram, at)) return false;
    const flushed = this.#probes.saw(datagram, at);
    if (flushed !== undefined) this.#done.push(flushed);
    return true;
  }

  #countLoss(): void {
    const nowMs = performance.now();
    if (nowMs < this.#lossAtMs) return;
    this.#lossAtMs = nowMs + WAIT_MAX_MS;
    const datagrams = this.#tap.lost();
    if (datagrams > 0) this.#post({ type: 'missed', datagrams });
  }

  #obey(): void {
    read(this.#data.wakeFd, Buffer.alloc(8));
    for (;;) {
      const received = receiveMessageOnPort(this.#data.port);
      if (!received) return;
      this.#perform(received.message as KernelCommand);
    }
  }

  #perform(command: KernelCommand): void {
    switch (command.type) {
      case 'adopt':
        return this.#injector.offer(command.id, command.datagram);
      case 'push':
        this.#probes.isOn = command.on;
        return;
      case 'flush':
        return this.#probes.flush(command.id, performance.now());
      case 'close':
        this.#isClosing = true;
        return;
    }
  }

  #post(message: KernelMessage): void {
    this.#data.port.postMessage(message);
  }
}
