// The catalogue of configuration diagnostics: every code, how bad it is, and what it is with `--compat`,
// where we do as keepalived does. Codes are stable: scripts and documentation rely on them.
import type { Severity } from '../core/diagnostic.ts';

/** 0 clean, 4 cannot run, 5 would run with ignored parts, 6 script security. */
export type CheckExitCode = 0 | 4 | 5 | 6;
type Entry = {
  severity: Severity;
  /** With `--compat`, if it is another then: keepalived runs, with this part left out or corrected. */
  compat?: Severity;
  /** keepalived -t ends with 5, although the severity would say something else. */
  complains?: true;
  /** What it alone makes `check` end with, if not what its severity does. */
  exitCode?: CheckExitCode;
  means: string;
};

export const CODES = {
  CFG_BRACE: {
    severity: 'error',
    compat: 'ignored',
    means: 'a brace is missing, superfluous or in the wrong place',
  },
  CFG_QUOTE: {
    severity: 'error',
    compat: 'ignored',
    means: 'a quoted string does not end on its line',
  },
  CFG_CHARACTER: {
    severity: 'error',
    compat: 'ignored',
    means: 'a character that looks like another one, or a control character',
  },
  CFG_PLACEHOLDER: { severity: 'error', means: 'a placeholder of a template that nobody filled in' },
  CFG_UNKNOWN: { severity: 'error', compat: 'ignored', means: 'a word that nobody knows in this place' },
  CFG_MISSING: { severity: 'error', means: 'a keyword without its value' },
  CFG_INCOMPLETE: {
    severity: 'error',
    complains: true,
    means: 'a block without something it cannot do without: keepalived complains and then ends',
  },
  CFG_VALUE: {
    severity: 'error',
    compat: 'ignored',
    means: 'a value that is not of the kind the keyword takes',
  },
  CFG_RANGE: { severity: 'error', compat: 'ignored', means: 'a number outside its range' },
  CFG_DUPLICATE: { severity: 'error', compat: 'ignored', means: 'the same thing defined twice' },
  CFG_VRID: {
    severity: 'error',
    complains: true,
    means: 'two instances with one router id on one interface: keepalived complains and then ends',
  },
  CFG_REFERENCE: { severity: 'error', compat: 'ignored', means: 'a name that is defined nowhere' },
  CFG_CONTRADICTION: { severity: 'error', compat: 'ignored', means: 'settings that cannot hold together' },
  CFG_STRICT: {
    severity: 'error',
    compat: 'ignored',
    means: 'a setting that strict mode (vrrp_strict, strict_mode) rules out',
  },
  CFG_INTERFACE: {
    severity: 'error',
    complains: true,
    means: 'an interface that this machine does not have (`run -t` only)',
  },
  CFG_KERNEL: { severity: 'error', compat: 'warning', means: 'something that the kernel will refuse' },
  CFG_SELF: {
    severity: 'error',
    compat: 'warning',
    means: 'a peer that is this director itself: its adverts go nowhere',
  },
  CFG_UNSAFE: {
    severity: 'error',
    means: "keepalived's word, not supported yet, and running without it would do harm",
  },
  CFG_KEY: {
    severity: 'error',
    complains: true,
    means: 'a key of adverts that cannot be had: keepalived would go on without signatures',
  },
  CFG_CERTIFICATE: {
    severity: 'error',
    means: 'a certificate, its private key or its authority that cannot be used',
  },
  CFG_YAML: { severity: 'error', means: 'YAML that cannot be read, or that says no configuration' },
  CFG_INCLUDE: { severity: 'error', means: 'an included file cannot be had, or includes itself' },
  CFG_DEFINITION: {
    severity: 'error',
    compat: 'ignored',
    means: 'a `$` definition, or a `~SEQ` or `~LST` line, that cannot be carried out',
  },
  CFG_PAIR_NOTHING: { severity: 'error', means: 'two directors without an instance in common' },
  CFG_PAIR_VRID: { severity: 'error', means: 'a virtual_router_id that the other director has differently' },
  CFG_PAIR_VERSION: { severity: 'error', means: 'another VRRP version than the other director' },
  CFG_PAIR_INTERVAL: { severity: 'error', means: 'another advert_int than the other director' },
  CFG_PAIR_PASSWORD: { severity: 'error', means: 'passwords that differ: adverts are dropped' },
  CFG_PAIR_KEY: { severity: 'error', means: 'keys of adverts that differ: adverts are dropped' },
  CFG_PAIR_ADDRESSES: { severity: 'error', means: 'advertised addresses that differ: adverts are dropped' },
  CFG_PAIR_UNICAST: { severity: 'error', means: 'adverts that do not reach the other director' },
  CFG_PAIR_SOURCE: { severity: 'error', means: 'one source address on both directors' },
  CFG_PAIR_OWNER: { severity: 'error', means: 'two owners of one address (priority 255)' },
  CFG_PAIR_SYNC: { severity: 'error', means: 'connection sync of two directors that do not hear each other' },
  CFG_UNSUPPORTED: { severity: 'ignored', means: "keepalived's word, not supported yet: left out" },
  CFG_EXTRA: {
    severity: 'ignored',
    compat: 'warning',
    means: 'words after a complete statement: keepalived drops them silently',
  },
  CFG_NO_EFFECT: { severity: 'warning', means: "keepalived's word, accepted, and nothing acts upon it yet" },
  CFG_ELSEWHERE: {
    severity: 'warning',
    means: "keepalived's word for what is had by other means here: the hint says which",
  },
  CFG_INCLUDE_EMPTY: { severity: 'warning', means: 'an `include` that matches no file' },
  CFG_REPEATED: { severity: 'warning', means: 'a single setting given twice: the last one counts' },
  CFG_DEPRECATED: {
    severity: 'warning',
    complains: true,
    means: 'an old form that keepalived warns about',
  },
  CFG_DEFAULT: {
    severity: 'warning',
    complains: true,
    means: 'nothing is said, and the default may surprise',
  },
  CFG_EMPTY: { severity: 'warning', complains: true, means: 'a block without what it is there for' },
  CFG_REDUNDANT: { severity: 'warning', complains: true, means: 'a setting that changes nothing' },
  CFG_NAME: {
    severity: 'ignored',
    means: "a name that no file of iproute2's on this machine has: what needs its number is left out",
  },
  CFG_SCRIPT: {
    severity: 'ignored',
    means: 'a script that is not there or cannot be executed: left out',
  },
  CFG_SCRIPT_SECURITY: {
    severity: 'ignored',
    exitCode: 6,
    means: 'a script that root would run and others can change: left out',
  },
  CFG_ORDER: {
    severity: 'warning',
    complains: true,
    means: 'statements in an order that keepalived does not understand',
  },
  CFG_KEY_OPEN: {
    severity: 'warning',
    exitCode: 6,
    means: 'a file with a key that others can read',
  },
  CFG_CERTIFICATE_DATE: {
    severity: 'warning',
    means: 'a certificate that has expired, will soon, or is not valid yet',
  },
  CFG_WEAK: { severity: 'warning', means: 'a protection that does not protect' },
  CFG_STRICT_PEER: { severity: 'warning', means: 'unicast in strict mode: the RFC knows multicast only' },
  CFG_STRICT_ACCEPT: {
    severity: 'warning',
    means: 'strict mode without `accept`: no packet to the virtual addresses is taken in',
  },
  CFG_OWNER: { severity: 'warning', means: 'priority 255: the address owner' },
  CFG_PREFIX: { severity: 'warning', means: 'a virtual address whose prefix length has side effects' },
  CFG_UNSERVED: { severity: 'warning', means: 'a virtual server whose address no instance holds' },
  CFG_IDLE: { severity: 'warning', means: 'an instance that holds no address of any virtual server' },
  CFG_TWO_ROLES: { severity: 'warning', means: 'one address in two roles that do not go together' },
  CFG_SLOW_CHECK: { severity: 'warning', means: 'a check that may take longer than the time between two' },
  CFG_VAIN_CHECK: { severity: 'warning', means: 'a check that can never succeed' },
  CFG_UNCHECKED: { severity: 'warning', means: 'a real server without a check among checked ones' },
  CFG_MARKS: {
    severity: 'warning',
    means: 'nftables_ipvs does less than a setting beside it says, or it has another value than it seems',
  },
  CFG_PAIR_ALONE: { severity: 'warning', means: 'an instance that only one of the two directors has' },
  CFG_PAIR_GROUP: { severity: 'warning', means: 'members that change state together on one director only' },
  CFG_PAIR_EXCLUDED: { severity: 'warning', means: 'addresses that move along on one director only' },
  CFG_PAIR_SIGNING: { severity: 'warning', means: 'signatures that the directors treat differently' },
  CFG_PAIR_CHECKSUM: { severity: 'warning', means: 'two forms of checksum: keepalived drops the other' },
  CFG_PAIR_PRIORITY: { severity: 'warning', means: 'priorities that do not say who is to be MASTER' },
  CFG_PAIR_STATE: { severity: 'warning', means: 'a director that starts as MASTER and should not' },
  CFG_PAIR_VMAC: { severity: 'warning', means: 'another virtual MAC, or one on one director only' },
  CFG_PAIR_PREEMPT: { severity: 'warning', means: 'a nopreempt on the director where it does nothing' },
  CFG_PAIR_SERVICE: { severity: 'warning', means: 'virtual servers that differ between the directors' },
  CFG_PAIR_SERVER: { severity: 'warning', means: 'real servers that differ between the directors' },
  CFG_PAIR_MARKS: {
    severity: 'warning',
    means: 'a group with another firewall mark on the other director: its persistence is not synced',
  },
  CFG_PAIR_CHECK: { severity: 'warning', means: 'checks that differ between the directors' },
} as const satisfies Record<string, Entry>;
export type Code = keyof typeof CODES;

export function severityOf(code: Code, compat: boolean): Severity {
  const { severity, compat: lenient }: Entry = CODES[code];
  return compat ? (lenient ?? severity) : severity;
}

const EXIT_CODES = { error: 4, ignored: 5, warning: 0 } as const satisfies Record<Severity, CheckExitCode>;

/** What one complaint alone makes `check` end with; with `compat` as keepalived -t does. */
export function exitCodeOf(code: Code, compat: boolean): CheckExitCode {
  const { complains, exitCode }: Entry = CODES[code];
  if (exitCode !== undefined) return exitCode;
  return compat && complains ? 5 : EXIT_CODES[severityOf(code, compat)];
}
