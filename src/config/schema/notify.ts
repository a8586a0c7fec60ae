// Words by which the director tells others what happens: programs that are run, pipes that are written to.
// Of vrrp_instance and of global_defs; mail is in mail.ts.
import { type Block, keyword } from './block.ts';
import { MAIL_WORDS, RELAY_WORDS } from './mail.ts';
import { fifo, script, user } from './scripts.ts';
import { integer, nothing, orBare, type Shape, seconds, secret, toggle } from './shape.ts';

/** keepalived.conf(5): in seconds. */
const LONGEST_SCRIPT = integer(1, 1000);
const USUAL_SECONDS = 10;
/** Unlike of most words, the first counts, as in keepalived. */
const FIRST = { once: true } as const;

/** Of instances and of sync groups. */
export const GROUP_NOTIFY_WORDS = {
  notify_master: keyword(script, 'run on entering MASTER', FIRST),
  notify_backup: keyword(script, 'run on entering BACKUP', FIRST),
  notify_fault: keyword(script, 'run on entering FAULT', FIRST),
  notify_stop: keyword(script, 'run when the director stops, which waits a second for it', FIRST),
  notify: keyword(
    script,
    'run on every transition, with four more arguments: INSTANCE or GROUP, name, new state, priority',
    FIRST,
  ),
  notify_priority_changes: keyword(toggle, 'also write changes of the priority to the pipes'),
  ...MAIL_WORDS,
};

export const NOTIFY_WORDS = {
  ...GROUP_NOTIFY_WORDS,
  notify_deleted: keyword(
    orBare(script, undefined),
    'run when the instance is gone after a reload; also without a program, DELETED is told then, else FAULT',
    FIRST,
  ),
  notify_master_rx_lower_pri: keyword(script, 'run when a MASTER hears an advert of lower priority', FIRST),
};

export const GLOBAL_NOTIFY_WORDS = {
  script_user: keyword(user, 'who runs scripts that name nobody; default keepalived_script, else root'),
  enable_script_security: keyword(
    nothing,
    'keepalived runs what others can change without it; lvs-director never does as root',
  ),
  notify_fifo: keyword(fifo, 'named pipe that gets all events', FIRST),
  notify_fifo_script: keyword(
    script,
    'program that reads notify_fifo; the path of the pipe is its last argument',
    FIRST,
  ),
  vrrp_notify_fifo: keyword(fifo, 'named pipe that gets the events of VRRP', FIRST),
  vrrp_notify_fifo_script: keyword(script, 'program that reads vrrp_notify_fifo', FIRST),
  lvs_notify_fifo: keyword(fifo, 'named pipe that gets the events of virtual and real servers', FIRST),
  lvs_notify_fifo_script: keyword(script, 'program that reads lvs_notify_fifo', FIRST),
  rs_init_notifies: keyword(nothing, 'tell also of real servers that are up at the start'),
  vrrp_notify_priority_changes: keyword(toggle, 'also write changes of priority to the pipes', {
    default: false,
  }),
  fifo_write_vrrp_states_on_reload: keyword(nothing, 'repeat the states to the pipes after a reload'),
  startup_script: keyword(script, 'run before anything else is done; it is waited for', FIRST),
  startup_script_timeout: keyword(LONGEST_SCRIPT, 'longest run of startup_script in seconds', {
    default: USUAL_SECONDS,
  }),
  shutdown_script: keyword(script, 'run when everything else is done; it is waited for', FIRST),
  shutdown_script_timeout: keyword(LONGEST_SCRIPT, 'longest run of shutdown_script in seconds', {
    default: USUAL_SECONDS,
  }),
};

/** Often a secret: whoever knows it may write to somebody's chat. */
const webAddress: Shape<string> = {
  ...secret,
  syntax: 'URL',
  example: 'https://hooks.example.net/lvs',
  read(words) {
    const word = words.take('a URL');
    if (word === undefined) return undefined;
    const isUrl = /^https?:\/\//.test(word.text) && URL.canParse(word.text);
    return isUrl ? word.text : words.complain('CFG_VALUE', word.at, 'a webhook is an http or https URL');
  },
};

/** Of `director`. */
export const NOTIFY = {
  name: 'notify',
  keywords: {
    webhook: keyword(webAddress, 'every event of VRRP is posted there as JSON', { many: true }),
    webhook_timeout: keyword(seconds(0.1, 60), 'how long an answer may take before it is tried again', {
      default: 5000,
    }),
    ...RELAY_WORDS,
  },
} as const satisfies Block;
