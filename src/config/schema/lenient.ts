// With `--compat`: what keepalived reads instead of words that it complains about. Most such statements it
// leaves out, as we do; here are those that it corrects. Found in keepalived 2.2.7 (lib/parser.c, the parsers
// of each keyword) and held to it by test/config/keepalived.test.ts.
//
// Beside the tables of the language, not in them: these are slips that one program forgives, and whoever adds
// a keyword does without them.
//
// Not taken over: a time with a unit, `delay_loop 10s`, is 10 microseconds there, and a prefix length without
// a digit is 0. Both are its mistakes; here the first is left out and the second is one address.
import { Arguments } from '../arguments.ts';
import { Report } from '../report.ts';
import type { Word } from '../tree.ts';
import type { Shape } from './shape.ts';

type Correct = (text: string) => string | undefined;

/** Its read_unsigned() with ignore_error: the number before what is no number, and 0 where there is none. */
const leadingDigits: Correct = (text) => {
  const digits = /^\s*\+?(\d*)[^\d-]/.exec(text)?.[1];
  return digits === '' ? '0' : digits;
};
const always =
  (value: string): Correct =>
  () =>
    value;
const either =
  (...corrections: Correct[]): Correct =>
  (text) =>
    corrections.map((correct) => correct(text)).find((value) => value !== undefined);
const within =
  (min: number, max: number): Correct =>
  (text) =>
    /^[+-]?\d+$/.test(text) ? String(Math.min(max, Math.max(min, Number(text)))) : undefined;
/** The seventh decimal rounds the sixth: it counts microseconds. */
const sixDecimals: Correct = (text) => {
  const match = /^(\d*)\.(\d{6})(\d)\d*$/.exec(text);
  if (match === null) return undefined;
  const micros = BigInt(`${match[1]}${match[2]}`) + (match[3]! >= '5' ? 1n : 0n);
  const digits = String(micros).padStart(7, '0');
  return `${digits.slice(0, -6)}.${digits.slice(-6)}`;
};
/** `garp_master_repeat 0` was once allowed. */
const atLeastOne: Correct = (text) => {
  const number = /^\d+$/.test(text) ? text : leadingDigits(text);
  return Number(number) === 0 ? '1' : number;
};

/** As many letters as the kernel keeps of the name of a process. */
const cut: Correct = (text) => text.slice(0, 15);

const CORRECTIONS: Readonly<Record<string, Correct>> = {
  priority: always('100'),
  state: always('BACKUP'),
  version: leadingDigits,
  vrrp_version: leadingDigits,
  advert_int: sixDecimals,
  preempt_delay: either(sixDecimals, always('0')),
  garp_master_delay: leadingDigits,
  garp_master_repeat: atLeastOne,
  garp_master_refresh: either(leadingDigits, always('0')),
  garp_master_refresh_repeat: atLeastOne,
  vrrp_garp_master_delay: leadingDigits,
  vrrp_garp_master_repeat: atLeastOne,
  vrrp_garp_master_refresh: either(leadingDigits, always('0')),
  vrrp_garp_master_refresh_repeat: atLeastOne,
  vrrp_rt_priority: within(1, 99),
  bfd_rt_priority: within(1, 99),
  process_name: cut,
  vrrp_process_name: cut,
  bfd_process_name: cut,
  checker_process_name: cut,
  lvs_process_name: cut,
  weight: leadingDigits,
  uthreshold: leadingDigits,
  lthreshold: leadingDigits,
  quorum: either(leadingDigits, always('1')),
  hysteresis: leadingDigits,
  connect_port: leadingDigits,
  retry: leadingDigits,
  delay_loop: sixDecimals,
  connect_timeout: sixDecimals,
  delay_before_retry: sixDecimals,
  warmup: sixDecimals,
};

/** An address with a prefix length that is none is one address; its other words stay. */
const prefix: Correct = (text) => {
  const [address, length] = text.split('/');
  if (length === undefined) return undefined;
  const digits = /^(\d+)\D/.exec(length)?.[1];
  return digits === undefined ? address : `${address}/${digits}`;
};
const ENTRIES: Readonly<Record<string, Correct>> = {
  virtual_ipaddress: prefix,
  virtual_ipaddress_excluded: prefix,
};

/** `retry` is read strictly outside of checkers. */
const STRICT = new Set(['virtual_server retry', 'real_server retry']);

/** The value of a statement whose words have been complained about; undefined = it is left out. */
export function readLeniently<T>(words: readonly Word[], block: string, takes: Shape<T>): T | undefined {
  const [keyword, value, ...others] = words;
  if (keyword === undefined || value === undefined) return undefined;
  if (!Object.hasOwn(CORRECTIONS, keyword.text) || STRICT.has(`${block} ${keyword.text}`)) return undefined;
  const corrected = CORRECTIONS[keyword.text]!(value.text);
  return typeof corrected === 'string'
    ? readAgain([keyword, { ...value, text: corrected }, ...others], 1, takes)
    : undefined;
}

/** The same for a line of a list. */
export function readEntryLeniently<T>(words: readonly Word[], list: string, entry: Shape<T>): T | undefined {
  const [value, ...others] = words;
  const corrected = value !== undefined && Object.hasOwn(ENTRIES, list) && ENTRIES[list]!(value.text);
  return typeof corrected === 'string'
    ? readAgain([{ ...value!, text: corrected }, ...others], 0, entry)
    : undefined;
}

/** What there is to say has been said. */
function readAgain<T>(words: readonly Word[], from: number, takes: Shape<T>): T | undefined {
  return takes.read(new Arguments(words, from, words[0]!.text, new Report(true)));
}
