// Whom the director tells of what: programs, named pipes and mail, as the file has them.
import type { Located, Span } from '../core/diagnostic.ts';

/** A command: taken apart, and who runs it; undefined = `script_user`, or who is the default. */
export type Program = { at: Span; argv: string[]; user?: Located<string>; group?: Located<string> };
export type TimedProgram = Program & { timeoutMs: Located<number> };
/** Owner undefined = who the director runs as. `reader` is run with the path as its last argument. */
export type Pipe = {
  at: Span;
  path: Located<string>;
  user?: Located<string>;
  group?: Located<string>;
  reader?: Program;
  hears: 'instances' | 'services' | 'all';
};
export type GlobalNotify = {
  scriptUser?: { user: Located<string>; group?: Located<string> };
  startup?: TimedProgram;
  shutdown?: TimedProgram;
  pipes: Pipe[];
  priorityChanges: Located<boolean>;
  /** `rs_init_notifies` */
  initialServers: boolean;
  /** `fifo_write_vrrp_states_on_reload` */
  statesOnReload: boolean;
  /** Of instances and groups that say nothing of mail. */
  mailDefault: Located<boolean>;
  /** Of virtual and real servers; undefined = nothing is said. */
  checkerMailDefault?: Located<boolean>;
};
/** Who mails what to whom, by which relay. */
export type Mail = {
  host: Located<string>;
  port: Located<number>;
  to: readonly Located<string>[];
  /** Undefined = the user at the name of the machine. */
  from: Located<string> | undefined;
  /** Undefined = the name of the machine. */
  helo: Located<string> | undefined;
  timeoutMs: Located<number>;
  tellsFaults: boolean;
  tls: Located<'off' | 'starttls' | 'on'>;
  /** Both or none. */
  user?: Located<string> | undefined;
  passwordFile?: Located<string> | undefined;
};
export type NotifyPrograms = {
  master?: Program;
  backup?: Program;
  fault?: Program;
  stop?: Program;
  deleted?: Program;
  lowerAdvert?: Program;
  any?: Program;
};
export type Notify = {
  programs: NotifyPrograms;
  /** DELETED is told when it is gone after a reload; else FAULT. */
  tellsDeleted: boolean;
  priorityChanges?: Located<boolean>;
  /** Undefined = as `mailDefault`. */
  mails?: Located<boolean> | undefined;
};
