// Whom to tell what happens, and in which words: keepalived 2.2.7's, measured with a program that prints its
// arguments. Runs nothing and writes nothing.
import type { Configuration } from '../config/model.ts';
import type { Notify, NotifyPrograms, Program } from '../config/model-notify.ts';
import type { State } from '../vrrp/settings.ts';
import type { Facts } from './inventory.ts';
import { mailFacts, type PlannedMail, planMail } from './mail.ts';
import { owner, type PlannedProgram, plannedProgram, programName } from './programs.ts';
import type { ServiceListeners } from './service-notify.ts';

export type PlannedPipe = {
  path: string;
  user?: string;
  group?: string;
  reader?: PlannedProgram;
  hears: 'instances' | 'services' | 'all';
};
export type PlannedWebhook = { url: string; timeoutMs: number };
export type Told = 'MASTER' | 'BACKUP' | 'FAULT' | 'STOP' | 'DELETED';
type Word = Told | 'MASTER_RX_LOWER_PRI' | 'MASTER_PRIORITY' | 'BACKUP_PRIORITY';
export type Listener = {
  name: string;
  programs: Readonly<Partial<Record<keyof NotifyPrograms, PlannedProgram>>>;
  tellsDeleted: boolean;
  priorityChanges: boolean;
  mails: boolean;
};
export type GroupListener = Listener & { members: readonly string[] };
export type NotifyPlan = {
  instances: readonly Listener[];
  groups: readonly GroupListener[];
  services: ServiceListeners;
  /** Also of real servers that are up from the start. */
  initialServers: boolean;
  pipes: readonly PlannedPipe[];
  webhooks: readonly PlannedWebhook[];
  startup?: PlannedProgram & { timeoutMs: number };
  shutdown?: PlannedProgram & { timeoutMs: number };
  statesOnReload: boolean;
  mail?: PlannedMail;
};
export type Happening = { kind: 'INSTANCE' | 'GROUP'; name: string; word: Word; priority: number };

/** All but virtual servers. */
export function planTelling(configuration: Configuration): Omit<NotifyPlan, 'services'> {
  const { global, instances, syncGroups, director } = configuration;
  const mail = planMail(configuration);
  const { startup, shutdown, pipes, priorityChanges, statesOnReload, mailDefault, initialServers } =
    global.notify;
  const planned = (program: Program) => plannedProgram(program, global);
  const listener = (name: string, notify: Notify): Listener => ({
    name,
    programs: Object.fromEntries(
      Object.entries(notify.programs).map(([on, program]) => [on, planned(program)]),
    ),
    tellsDeleted: notify.tellsDeleted,
    priorityChanges: (notify.priorityChanges ?? priorityChanges).value,
    mails: (notify.mails ?? mailDefault).value,
  });
  return {
    instances: instances.map(({ name, notify }) => listener(name.value, notify)),
    groups: syncGroups.map(({ name, members, notify }) => ({
      ...listener(name.value, notify),
      members: members.map(({ value }) => value),
    })),
    webhooks: director.webhooks.map(({ url, timeoutMs }) => ({ url: url.value, timeoutMs: timeoutMs.value })),
    initialServers,
    pipes: pipes.map(({ path, user, group, reader, hears }) => ({
      path: path.value,
      ...owner(user?.value, group?.value),
      ...(reader === undefined ? {} : { reader: planned(reader) }),
      hears,
    })),
    ...(startup === undefined
      ? {}
      : { startup: { ...planned(startup), timeoutMs: startup.timeoutMs.value } }),
    ...(shutdown === undefined
      ? {}
      : { shutdown: { ...planned(shutdown), timeoutMs: shutdown.timeoutMs.value } }),
    statesOnReload,
    ...(mail === undefined ? {} : { mail }),
  };
}

/**
 * What others are told when an instance of which they were told `before` is in `state` now. A master that
 * hands over is one until it has; who was not told of a state is not told that it is over.
 */
export function wordFor(before: Told | undefined, state: State): Told | undefined {
  if (state === 'LEAVING') return undefined;
  const word = state === 'INIT' ? 'STOP' : state;
  if (before === undefined && word === 'STOP') return undefined;
  return word === before ? undefined : word;
}

const OWN_PROGRAM = {
  MASTER: 'master',
  BACKUP: 'backup',
  FAULT: 'fault',
  STOP: 'stop',
  DELETED: 'deleted',
  MASTER_RX_LOWER_PRI: 'lowerAdvert',
} as const satisfies Partial<Record<Word, keyof NotifyPrograms>>;

/** The state's own program first, with nothing added; then the one for all, with four words. */
export function programsFor({ programs }: Listener, happening: Happening): PlannedProgram[] {
  const { kind, name, word, priority } = happening;
  if (word === 'MASTER_PRIORITY' || word === 'BACKUP_PRIORITY') return [];
  const own = programs[OWN_PROGRAM[word]];
  const any = word === 'MASTER_RX_LOWER_PRI' ? undefined : programs.any;
  return [
    ...(own === undefined ? [] : [own]),
    ...(any === undefined ? [] : [{ ...any, argv: [...any.argv, kind, name, word, String(priority)] }]),
  ];
}

/** `INSTANCE "VI_1" MASTER 150` and a line break. */
export function pipeLine({ kind, name, word, priority }: Happening): string {
  return `${kind} "${name}" ${word} ${priority}\n`;
}

/** What a listener is, for the comparison of two plans. */
export function listenerFacts({ notify }: { notify: NotifyPlan }, instance: string): Facts {
  const listener = notify.instances.find(({ name }) => name === instance);
  if (listener === undefined) return {};
  const programs = Object.entries(listener.programs).map(
    ([on, program]) => [`notify ${on}`, programName(program)] as const,
  );
  const { tellsDeleted, priorityChanges, mails } = listener;
  return { ...Object.fromEntries(programs), tellsDeleted, notifyPriorityChanges: priorityChanges, mails };
}

export function notifyFacts({
  groups,
  pipes,
  webhooks,
  initialServers,
  startup,
  shutdown,
  statesOnReload,
  mail,
}: NotifyPlan): Facts {
  const named = pipes.map(({ reader, path, hears, ...owned }) => {
    const owner = [path, hears, owned.user, owned.group].filter((word) => word !== undefined).join(' ');
    return reader === undefined ? owner : `${owner} read by ${programName(reader)}`;
  });
  const told = groups.flatMap(({ name, programs, mails }) => [
    ...Object.entries(programs).map(([on, program]) => [`notify ${on} of ${name}`, programName(program)]),
    [`mails of ${name}`, mails],
  ]);
  return {
    ...Object.fromEntries(told),
    notifyPipes: named.join(', '),
    webhooks: webhooks.map(({ url, timeoutMs }) => `${url} within ${timeoutMs / 1000} s`).join(', '),
    ...(startup === undefined ? {} : { startupScript: programName(startup) }),
    ...(shutdown === undefined ? {} : { shutdownScript: programName(shutdown) }),
    statesOnReload,
    ...(initialServers ? { initialServers } : {}),
    ...mailFacts(mail),
  };
}
