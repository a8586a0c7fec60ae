// The catalogue of configuration diagnostics: every code, how bad it is, and whether keepalived would run all
// the same. Codes are stable: scripts and documentation rely on them.
import type { Severity } from '../core/diagnostic.ts';

type Entry = {
  severity: Severity;
  /** keepalived logs it and runs, with this part left out or corrected: so do we with `--compat`. */
  lenient?: true;
  means: string;
};

export const CODES = {
  CFG_BRACE: { severity: 'error', means: 'a brace is missing, superfluous or in the wrong place' },
  CFG_QUOTE: { severity: 'error', means: 'a quoted string does not end on its line' },
  CFG_CHARACTER: {
    severity: 'error',
    lenient: true,
    means: 'a character that looks like another one, or a control character',
  },
  CFG_UNKNOWN: { severity: 'error', lenient: true, means: 'a word that nobody knows in this place' },
  CFG_MISSING: {
    severity: 'error',
    means: 'a keyword without its value, or a block without a needed keyword',
  },
  CFG_VALUE: { severity: 'error', lenient: true, means: 'a value that is not of the kind the keyword takes' },
  CFG_RANGE: { severity: 'error', lenient: true, means: 'a number outside its range' },
  CFG_DUPLICATE: { severity: 'error', lenient: true, means: 'the same thing defined twice' },
  CFG_REFERENCE: { severity: 'error', lenient: true, means: 'a name that is defined nowhere' },
  CFG_CONTRADICTION: { severity: 'error', lenient: true, means: 'settings that cannot hold together' },
  CFG_UNSAFE: {
    severity: 'error',
    means: "keepalived's word, not supported yet, and running without it would do harm",
  },
  CFG_YAML: { severity: 'error', means: 'YAML that cannot be read, or that says no configuration' },
  CFG_INCLUDE: { severity: 'error', means: 'an included file cannot be had, or includes itself' },
  CFG_DEFINITION: {
    severity: 'error',
    lenient: true,
    means: 'a `$` definition, or a `~SEQ` or `~LST` line, that cannot be carried out',
  },
  CFG_UNSUPPORTED: { severity: 'ignored', means: "keepalived's word, not supported yet: left out" },
  CFG_EXTRA: {
    severity: 'ignored',
    means: 'words after a complete statement: keepalived drops them silently',
  },
  CFG_NO_EFFECT: { severity: 'warning', means: "keepalived's word, accepted, and nothing acts upon it yet" },
  CFG_INCLUDE_EMPTY: { severity: 'warning', means: 'an `include` that matches no file' },
  CFG_REPEATED: { severity: 'warning', means: 'a single setting given twice: the last one counts' },
  CFG_DEPRECATED: { severity: 'warning', means: 'an old form that keepalived warns about' },
  CFG_DEFAULT: { severity: 'warning', means: 'nothing is said, and the default may surprise' },
  CFG_EMPTY: { severity: 'warning', means: 'a block without what it is there for' },
  CFG_OWNER: { severity: 'warning', means: 'priority 255: the address owner' },
  CFG_PREFIX: { severity: 'warning', means: 'a virtual address whose prefix length has side effects' },
  CFG_UNSERVED: { severity: 'warning', means: 'a virtual server whose address no instance holds' },
} as const satisfies Record<string, Entry>;
export type Code = keyof typeof CODES;

export function severityOf(code: Code, compat: boolean): Severity {
  const { severity, lenient }: Entry = CODES[code];
  return compat && lenient ? 'ignored' : severity;
}
