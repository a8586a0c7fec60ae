// Tells others what happens to instances and services: runs the programs and writes to the pipes that the
// configuration names. One program of an instance after the other, in the order in which things happened, and
// nothing waits for them. Whom and in which words is decided in src/director/notify.ts and service-notify.ts.

import { setTimeout as wait } from 'node:timers/promises';
import { isDeepStrictEqual } from 'node:util';
import type { Notice } from '../core/events.ts';
import { mailOf, type PlannedMail } from '../director/mail.ts';
import {
  type GroupListener,
  type Happening,
  type Listener,
  type NotifyPlan,
  pipeLine,
  programsFor,
  type Told,
  wordFor,
} from '../director/notify.ts';
import type { PlannedProgram } from '../director/programs.ts';
import {
  isTold,
  type ServiceHappening,
  type ServiceListeners,
  serviceMail,
  servicePipeLine,
  serviceProgram,
} from '../director/service-notify.ts';
import type { State } from '../vrrp/settings.ts';
import { Mailer } from './mailer.ts';
import { NotifyPipe } from './notify-pipe.ts';
import type { OperatorPrograms } from './operator-programs.ts';
import { Webhook } from './webhook.ts';

/** What runs longer is ended; what runs longer than the patience no longer keeps the next one waiting. */
const LONGEST_RUN_MS = 60_000;
const PATIENCE_MS = 5_000;
/** Waiting for each instance; of more the oldest is left out. */
const MOST_WAITING = 32;

export type Transition = { instance: string; state: State; priority: number };
/** `of`: what it is about; `isLast`: of a stop, which waits for it. */
type Due = { program: PlannedProgram; of: string; fields: Fields; isLast: boolean };
type Fields = Readonly<Record<string, unknown>>;
type Queue = { waiting: Due[]; running?: Due; patience: AbortController };
const NOTHING: NotifyPlan = {
  instances: [],
  groups: [],
  services: {},
  initialServers: false,
  pipes: [],
  webhooks: [],
  statesOnReload: false,
};
/** keepalived's word for that of a group. */
const NO_PRIORITY = 0;

export class Notifier {
  readonly #programs: OperatorPrograms;
  readonly #say: (notice: Notice) => void;
  readonly #told = new Map<string, Told>();
  readonly #toldGroups = new Map<string, Told>();
  /** Groups of which some instance has not stopped yet. */
  readonly #stopping = new Set<string>();
  readonly #priorities = new Map<string, number>();
  readonly #queues = new Map<string, Queue>();
  #pipes: NotifyPipe[] = [];
  #webhooks: Webhook[] = [];
  #mailers: Mailer[] = [];
  #plan = NOTHING;
  #isStopping = false;
  /** Of the configuration before: what leaves it is told of in its words. */
  #formerServices: ServiceListeners = {};
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
    this.#pipes = renew(this.#pipes, plan.pipes, (one) => new NotifyPipe(one, this.#programs, this.#say));
    this.#webhooks = renew(this.#webhooks, plan.webhooks, (one) => new Webhook(one, this.#say));
    const relays = plan.mail === undefined ? [] : [plan.mail];
    this.#mailers = renew<PlannedMail, Mailer>(this.#mailers, relays, (one) => new Mailer(one, this.#say));
    this.#formerServices = this.#plan.services;
    this.#plan = plan;
    if (isReload && plan.statesOnReload) this.#repeatStates();
  }

  state({ instance, state, priority }: Transition): void {
    this.#priorities.set(instance, priority);
    const leaving = this.#leaving.get(instance);
    const listener = leaving ?? this.#listener(instance);
    const word = wordFor(this.#told.get(instance), state);
    if (listener === undefined || word === undefined) return;
    if (word === 'STOP') {
      this.#told.delete(instance);
      this.#leaving.delete(instance);
    } else this.#told.set(instance, word);
    // keepalived's word for an instance that a reload took away, unless notify_deleted is there, is FAULT.
    const gone = listener.tellsDeleted ? 'DELETED' : 'FAULT';
    const happening = { kind: 'INSTANCE', name: instance, priority } as const;
    this.#tell(listener, { ...happening, word: word === 'STOP' && leaving !== undefined ? gone : word });
    if (word === 'STOP') for (const group of this.#plan.groups) this.#stopGroup(group);
  }

  /** A group has stopped when the last of its instances has; the elector lets go of it with the first. */
  group(name: string, state: State): void {
    const listener = this.#plan.groups.find((group) => group.name === name);
    if (listener === undefined) return;
    if (state === 'INIT') {
      this.#stopping.add(name);
      this.#stopGroup(listener);
      return;
    }
    this.#stopping.delete(name);
    const word = wordFor(this.#toldGroups.get(name), state);
    if (word !== undefined) this.#tellGroup(listener, word);
  }

  #stopGroup(listener: GroupListener): void {
    const { name, members } = listener;
    if (!this.#stopping.has(name) || members.some((member) => this.#told.has(member))) return;
    this.#stopping.delete(name);
    if (this.#toldGroups.has(name)) this.#tellGroup(listener, 'STOP');
  }

  #tellGroup(listener: GroupListener, word: Told): void {
    const { name } = listener;
    if (word === 'STOP') this.#toldGroups.delete(name);
    else this.#toldGroups.set(name, word);
    this.#tell(listener, { kind: 'GROUP', name, word, priority: NO_PRIORITY });
  }

  heardLower(instance: string, priority: number): void {
    const listener = this.#listener(instance);
    const happening = { kind: 'INSTANCE', name: instance, word: 'MASTER_RX_LOWER_PRI', priority } as const;
    if (listener !== undefined) this.#tell(listener, happening);
  }

  priority(instance: string, priority: number): void {
    this.#priorities.set(instance, priority);
    const listener = this.#listener(instance);
    if (!listener?.priorityChanges) return;
    const word = this.#told.get(instance) === 'MASTER' ? 'MASTER_PRIORITY' : 'BACKUP_PRIORITY';
    this.#tell(listener, { kind: 'INSTANCE', name: instance, word, priority });
  }

  /** Of a virtual server or a real server of one. */
  service(happening: ServiceHappening): void {
    const { service, server, up } = happening;
    const listener = this.#plan.services[service] ?? this.#formerServices[service];
    const { initialServers } = this.#plan;
    if (!isTold(happening, listener, { initialServers, isStopping: this.#isStopping })) return;
    const former = this.#formerServices[service];
    const program = serviceProgram(happening, listener) ?? serviceProgram(happening, former);
    const fields = { service, ...(server === undefined ? {} : { server }), state: up ? 'UP' : 'DOWN' };
    const of = server === undefined ? service : `${server} of ${service}`;
    if (program !== undefined) this.#enqueue({ program, of, fields, isLast: this.#isStopping });
    for (const pipe of this.#pipes)
      if (pipe.plan.hears !== 'instances') pipe.write(servicePipeLine(happening));
    const stops = this.#isStopping;
    const mail = serviceMail(happening, listener, stops) ?? serviceMail(happening, former, stops);
    if (mail !== undefined) for (const mailer of this.#mailers) mailer.send(mail);
  }

  /** What left with a reload has been told of. */
  forgetFormerServices(): void {
    this.#formerServices = {};
  }

  /** From now on services end with the director. */
  stopServices(): void {
    this.#isStopping = true;
  }

  /** For a planned stop: nothing waits for others any more, and those that tell of it get `limitMs`. */
  async settle(limitMs: number): Promise<void> {
    this.#isStopping = true;
    for (const { running, patience } of this.#queues.values()) if (!running?.isLast) patience.abort();
    const deadline = performance.now() + limitMs;
    const isBusy = () =>
      this.#queues.size > 0 || [...this.#webhooks, ...this.#mailers].some(({ isIdle }) => !isIdle);
    while (isBusy() && performance.now() < deadline) await wait(10);
  }

  close(): void {
    for (const each of [...this.#pipes, ...this.#webhooks, ...this.#mailers]) each.close();
    this.#pipes = [];
    this.#webhooks = [];
    this.#mailers = [];
  }

  #listener(instance: string): Listener | undefined {
    return this.#plan.instances.find(({ name }) => name === instance);
  }

  #tell(listener: Listener, happening: Happening): void {
    const { kind, name, word, priority } = happening;
    const whose = kind === 'INSTANCE' ? { instance: name } : { group: name };
    const due = {
      of: `${kind} ${name}`,
      fields: { ...whose, state: word, priority },
      isLast: word === 'STOP',
    };
    for (const program of programsFor(listener, happening)) this.#enqueue({ program, ...due });
    this.#write(pipeLine(happening));
    for (const webhook of this.#webhooks) webhook.tell(happening);
    for (const mailer of this.#mailers) {
      const mail = mailOf(listener, happening, mailer.plan);
      if (mail !== undefined) mailer.send(mail);
    }
  }

  #repeatStates(): void {
    for (const { name } of this.#plan.instances) {
      const word = this.#told.get(name);
      const priority = this.#priorities.get(name) ?? 0;
      if (word === undefined) continue;
      this.#write(pipeLine({ kind: 'INSTANCE', name, word, priority }));
    }
    for (const [name, word] of this.#toldGroups)
      this.#write(pipeLine({ kind: 'GROUP', name, word, priority: NO_PRIORITY }));
  }

  #write(line: string): void {
    for (const pipe of this.#pipes) if (pipe.plan.hears !== 'services') pipe.write(line);
  }

  #enqueue(due: Due): void {
    const queue = this.#queues.get(due.of) ?? { waiting: [], patience: new AbortController() };
    this.#queues.set(due.of, queue);
    queue.waiting.push(due);
    if (queue.waiting.length > MOST_WAITING) this.#leaveOut(queue.waiting.shift()!);
    if (queue.running === undefined) void this.#work(due.of, queue);
  }

  async #work(key: string, queue: Queue): Promise<void> {
    for (let due = queue.waiting.shift(); due !== undefined; due = queue.waiting.shift()) {
      queue.running = due;
      queue.patience = new AbortController();
      const ended = this.#programs.runAndTell(due.program, { timeoutMs: LONGEST_RUN_MS }, due.fields);
      if (this.#isStopping && !due.isLast) continue;
      const { signal } = queue.patience;
      await Promise.race([ended, wait(PATIENCE_MS, undefined, { signal }).catch(() => {})]);
      queue.patience.abort();
    }
    this.#queues.delete(key);
  }

  #leaveOut({ program, of, fields }: Due): void {
    const message = `${program.argv.join(' ')} is left out: too many wait for ${of}`;
    this.#say({ event: 'script.failed', message, fields });
  }
}

/** Closes what is no longer planned, makes what is new, and leaves alone what is the same. */
function renew<P, T extends { plan: P; close: () => void }>(
  open: readonly T[],
  wanted: readonly P[],
  make: (plan: P) => T,
): T[] {
  const isWanted = ({ plan }: T) => wanted.some((one) => isDeepStrictEqual(one, plan));
  for (const each of open) if (!isWanted(each)) each.close();
  const kept = open.filter(isWanted);
  const added = wanted.filter((one) => !kept.some(({ plan }) => isDeepStrictEqual(one, plan)));
  return [...kept, ...added.map(make)];
}
