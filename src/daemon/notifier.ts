// Tells others what happens to instances: runs the programs and writes to the pipes that the configuration
// names. One program of an instance after the other, in the order in which things happened, and nothing waits
// for them. Whom and in which words is src/director/notify.ts's business.

import { setTimeout as wait } from 'node:timers/promises';
import { isDeepStrictEqual } from 'node:util';
import type { Notice } from '../core/events.ts';
import {
  type Happening,
  type Listener,
  type NotifyPlan,
  type PlannedProgram,
  pipeLine,
  programsFor,
  type Told,
  wordFor,
} from '../director/notify.ts';
import type { State } from '../vrrp/settings.ts';
import { NotifyPipe } from './notify-pipe.ts';
import type { OperatorPrograms } from './operator-programs.ts';

/** What runs longer is ended; what runs longer than the patience no longer keeps the next one waiting. */
const LONGEST_RUN_MS = 60_000;
const PATIENCE_MS = 5_000;
/** Waiting for each instance; of more the oldest is left out. */
const MOST_WAITING = 32;

export type Transition = { instance: string; state: State; priority: number };
type Due = { program: PlannedProgram; happening: Happening };
type Queue = { waiting: Due[]; running?: Due; patience: AbortController };
const NOTHING: NotifyPlan = { instances: [], pipes: [], statesOnReload: false };

export class Notifier {
  readonly #programs: OperatorPrograms;
  readonly #say: (notice: Notice) => void;
  readonly #told = new Map<string, Told>();
  readonly #priorities = new Map<string, number>();
  readonly #queues = new Map<string, Queue>();
  #pipes: NotifyPipe[] = [];
  #plan = NOTHING;
  #isStopping = false;
  /** Those that left the configuration and are still to be told of. */
  readonly #leaving = new Map<string, Listener>();

  /** `told`: what a former balancer has told already. */
  constructor(programs: OperatorPrograms, say: (notice: Notice) => void, told: ReadonlyMap<string, State>) {
    this.#programs = programs;
    this.#say = say;
    for (const [name, state] of told) {
      const word = wordFor(undefined, state);
      if (word !== undefined) this.#told.set(name, word);
    }
  }

  configure(plan: NotifyPlan): void {
    const isReload = this.#plan !== NOTHING;
    const named = new Set(plan.instances.map(({ name }) => name));
    for (const listener of this.#plan.instances)
      if (!named.has(listener.name)) this.#leaving.set(listener.name, listener);
    for (const name of named) this.#leaving.delete(name);
    const kept = this.#pipes.filter((open) => plan.pipes.some((one) => isDeepStrictEqual(one, open.plan)));
    for (const pipe of this.#pipes) if (!kept.includes(pipe)) pipe.close();
    const added = plan.pipes.filter((one) => !kept.some((open) => isDeepStrictEqual(one, open.plan)));
    this.#pipes = [...kept, ...added.map((one) => new NotifyPipe(one, this.#programs, this.#say))];
    this.#plan = plan;
    if (isReload && plan.statesOnReload) this.#repeatStates();
  }

  state({ instance, state, priority }: Transition): void {
    this.#priorities.set(instance, priority);
    const leaving = this.#leaving.get(instance);
    const listener = leaving ?? this.#listener(instance);
    const word = wordFor(this.#told.get(instance), state);
    if (listener === undefined || word === undefined) return;
    if (word !== 'STOP') this.#told.set(instance, word);
    else {
      this.#told.delete(instance);
      this.#leaving.delete(instance);
    }
    // keepalived's word for an instance that a reload took away, unless notify_deleted is there, is FAULT.
    const gone = listener.tellsDeleted ? 'DELETED' : 'FAULT';
    this.#tell(listener, word === 'STOP' && leaving !== undefined ? gone : word, priority);
  }

  heardLower(instance: string, priority: number): void {
    const listener = this.#listener(instance);
    if (listener !== undefined) this.#tell(listener, 'MASTER_RX_LOWER_PRI', priority);
  }

  priority(instance: string, priority: number): void {
    this.#priorities.set(instance, priority);
    const listener = this.#listener(instance);
    if (!listener?.priorityChanges) return;
    const isMaster = this.#told.get(instance) === 'MASTER';
    this.#tell(listener, isMaster ? 'MASTER_PRIORITY' : 'BACKUP_PRIORITY', priority);
  }

  /** For a planned stop: nothing waits for others any more, and those that tell of it get `limitMs`. */
  async settle(limitMs: number): Promise<void> {
    this.#isStopping = true;
    for (const { running, patience } of this.#queues.values())
      if (running?.happening.word !== 'STOP') patience.abort();
    const deadline = performance.now() + limitMs;
    while (this.#queues.size > 0 && performance.now() < deadline) await wait(10);
  }

  close(): void {
    for (const pipe of this.#pipes) pipe.close();
    this.#pipes = [];
  }

  #listener(instance: string): Listener | undefined {
    return this.#plan.instances.find(({ name }) => name === instance);
  }

  #tell(listener: Listener, word: Happening['word'], priority: number): void {
    const happening: Happening = { kind: 'INSTANCE', name: listener.name, word, priority };
    for (const program of programsFor(listener, happening)) this.#enqueue({ program, happening });
    for (const pipe of this.#pipes) pipe.write(pipeLine(happening));
  }

  #repeatStates(): void {
    for (const { name } of this.#plan.instances) {
      const word = this.#told.get(name);
      const priority = this.#priorities.get(name) ?? 0;
      if (word === undefined) continue;
      for (const pipe of this.#pipes) pipe.write(pipeLine({ kind: 'INSTANCE', name, word, priority }));
    }
  }

  #enqueue(due: Due): void {
    const { kind, name } = due.happening;
    const key = `${kind} ${name}`;
    const queue = this.#queues.get(key) ?? { waiting: [], patience: new AbortController() };
    this.#queues.set(key, queue);
    queue.waiting.push(due);
    if (queue.waiting.length > MOST_WAITING) this.#leaveOut(queue.waiting.shift()!);
    if (queue.running === undefined) void this.#work(key, queue);
  }

  async #work(key: string, queue: Queue): Promise<void> {
    for (let due = queue.waiting.shift(); due !== undefined; due = queue.waiting.shift()) {
      queue.running = due;
      queue.patience = new AbortController();
      const { kind, name, word, priority } = due.happening;
      const whose = kind === 'INSTANCE' ? { instance: name } : { group: name };
      const fields = { ...whose, state: word, priority };
      const ended = this.#programs.runAndTell(due.program, { timeoutMs: LONGEST_RUN_MS }, fields);
      if (this.#isStopping && word !== 'STOP') continue;
      const { signal } = queue.patience;
      await Promise.race([ended, wait(PATIENCE_MS, undefined, { signal }).catch(() => {})]);
      queue.patience.abort();
    }
    this.#queues.delete(key);
  }

  #leaveOut({ program, happening }: Due): void {
    const { name, word } = happening;
    const message = `${program.argv.join(' ')} is left out: too many wait for ${name}`;
    this.#say({ event: 'script.failed', message, fields: { instance: name, state: word } });
  }
}
