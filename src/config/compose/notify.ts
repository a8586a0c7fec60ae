// Settings of programs and pipes → their typed form. Whether a program is there is
// src/config/rules/scripts.ts's business.
import type { Located, Span } from '../../core/diagnostic.ts';
import { commandWords } from '../command.ts';
import type { Webhook } from '../model.ts';
import type { GlobalNotify, Notify, NotifyPrograms, Pipe, Program, TimedProgram } from '../model-notify.ts';
import type { GLOBAL_DEFS } from '../schema/global.ts';
import type { NOTIFY } from '../schema/notify.ts';
import type { SYNC_GROUP } from '../schema/sync-group.ts';
import type { VRRP_INSTANCE } from '../schema/vrrp.ts';
import { all, last, mentioned, type Settings, settled } from '../settings.ts';
import { composeCheckerMailDefault, composeMailDefault } from './mail.ts';

type Values = Readonly<Record<string, Located<unknown> | undefined>>;
type Given = { value: Values | undefined; at: Span };
type Owner = { user?: Located<string>; group?: Located<string> };
type Words<W> = Readonly<Partial<Record<keyof NotifyPrograms, W>>>;
type Global = Settings<typeof GLOBAL_DEFS>;

const GROUP_WORDS = {
  master: 'notify_master',
  backup: 'notify_backup',
  fault: 'notify_fault',
  stop: 'notify_stop',
  any: 'notify',
} as const satisfies Words<keyof (typeof SYNC_GROUP)['keywords']>;
const WORDS = {
  ...GROUP_WORDS,
  deleted: 'notify_deleted',
  lowerAdvert: 'notify_master_rx_lower_pri',
} as const satisfies Words<keyof (typeof VRRP_INSTANCE)['keywords']>;

export function composeNotify(settings: Settings<typeof VRRP_INSTANCE>): Notify {
  return {
    programs: programsOf(WORDS, (word) => last(settings, word)),
    tellsDeleted: mentioned(settings, 'notify_deleted'),
    mails: last(settings, 'smtp_alert'),
    ...changes(last(settings, 'notify_priority_changes')),
  };
}

export function composeGroupNotify(settings: Settings<typeof SYNC_GROUP>): Notify {
  return {
    programs: programsOf(GROUP_WORDS, (word) => last(settings, word)),
    tellsDeleted: false,
    mails: last(settings, 'smtp_alert'),
    ...changes(last(settings, 'notify_priority_changes')),
  };
}

function programsOf<W>(words: Words<W>, given: (word: W) => Given | undefined): NotifyPrograms {
  const programs: NotifyPrograms = {};
  for (const [on, word] of Object.entries(words)) {
    const program = composeProgram(given(word));
    if (program !== undefined) programs[on as keyof NotifyPrograms] = program;
  }
  return programs;
}

function changes(priorityChanges: Located<boolean> | undefined): Pick<Notify, 'priorityChanges'> {
  return priorityChanges === undefined ? {} : { priorityChanges };
}

export function composeGlobalNotify(settings: Global): GlobalNotify {
  const scriptUser = last(settings, 'script_user');
  const { user, group } = ownerOf(scriptUser?.value);
  const startup = timed(settings, 'startup_script');
  const shutdown = timed(settings, 'shutdown_script');
  const checkers = composeCheckerMailDefault(settings);
  return {
    ...(user === undefined ? {} : { scriptUser: { user, ...(group === undefined ? {} : { group }) } }),
    ...(startup === undefined ? {} : { startup }),
    ...(shutdown === undefined ? {} : { shutdown }),
    pipes: [
      ...pipe(settings, 'notify_fifo', 'all'),
      ...pipe(settings, 'vrrp_notify_fifo', 'instances'),
      ...pipe(settings, 'lvs_notify_fifo', 'services'),
    ],
    initialServers: last(settings, 'rs_init_notifies') !== undefined,
    priorityChanges: settled(settings, 'vrrp_notify_priority_changes'),
    statesOnReload: last(settings, 'fifo_write_vrrp_states_on_reload') !== undefined,
    mailDefault: composeMailDefault(settings),
    ...(checkers === undefined ? {} : { checkerMailDefault: checkers }),
  };
}

export function composeWebhooks(settings: Settings<typeof NOTIFY>): Webhook[] {
  const timeoutMs = settled(settings, 'webhook_timeout');
  return all(settings, 'webhook').map((url) => ({ url, timeoutMs }));
}

/** Undefined where nothing is given, or nothing but blanks. */
export function composeProgram(given: Given | undefined): Program | undefined {
  const command = textOf(given?.value?.command);
  const argv = command === undefined ? [] : commandWords(command.value);
  if (given === undefined || argv.length === 0) return undefined;
  return { at: given.at, argv, ...ownerOf(given.value) };
}

function timed(settings: Global, word: 'startup_script' | 'shutdown_script'): TimedProgram | undefined {
  const program = composeProgram(last(settings, word));
  const { value, at } = settled(settings, `${word}_timeout`);
  const timeoutMs = { value: value * 1000, at };
  return program === undefined ? undefined : { ...program, timeoutMs };
}

function pipe(
  settings: Global,
  word: 'notify_fifo' | 'vrrp_notify_fifo' | 'lvs_notify_fifo',
  hears: Pipe['hears'],
): Pipe[] {
  const given = last(settings, word);
  const path = textOf(given?.value.path);
  if (given === undefined || path === undefined) return [];
  const reader = composeProgram(last(settings, `${word}_script`));
  return [
    { at: given.at, path, ...ownerOf(given.value), ...(reader === undefined ? {} : { reader }), hears },
  ];
}

/** A leading colon asks for the user's other groups, which programs of ours never get. */
export function ownerOf(value: Values | undefined): Owner {
  const [user, group] = [textOf(value?.user), textOf(value?.group)];
  return {
    ...(user === undefined ? {} : { user: { ...user, value: user.value.replace(/^:/, '') } }),
    ...(group === undefined ? {} : { group }),
  };
}

function textOf(part: Located<unknown> | undefined): Located<string> | undefined {
  return typeof part?.value === 'string' ? { value: part.value, at: part.at } : undefined;
}
