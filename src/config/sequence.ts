// keepalived's repeated lines: `~SEQ(var, start, step, end) rest` counts, `~LST(var, a, b) rest` lists. Gives
// the values; src/config/expand.ts repeats the rest of the line.

/** What the variables are set to, round by round, and where the repeated rest of the line begins. */
export type Sequence = {
  names: readonly string[];
  rounds: readonly (readonly string[])[];
  restStart: number;
};
export type SequenceError = { error: string };

const COUNTED = /^~SEQ(x?)[ \t]*\([ \t]*(\w+)[ \t]*,([^)]*)\)[ \t]*/;
const LISTED = /^~LST[ \t]*\([ \t]*(\{[^{}]*\}|\w+)[ \t]*,([^)]*)\)[ \t]*/;
/** More rounds, or values in all rounds together, are a typing error, not a configuration. */
const MOST_ROUNDS = 100_000;

/** `text` begins with `~SEQ` or `~LST`, names already substituted. */
export function parseSequence(text: string): Sequence | SequenceError {
  return text.startsWith('~SEQ') ? parseCounted(text) : parseListed(text);
}

function parseCounted(text: string): Sequence | SequenceError {
  const match = COUNTED.exec(text);
  if (match === null) return { error: '~SEQ is written ~SEQ(NAME, [START, [STEP,]] END)' };
  const [whole, hex, name, list] = match as unknown as [string, string, string, string];
  const numbers = list.split(',').map((part) => readNumber(part.trim()));
  if (numbers.length > 3 || numbers.includes(undefined)) return { error: '~SEQ counts with whole numbers' };
  const { start, step, end } = bounds(numbers as number[]);
  if (step === 0 || (end - start) * step < 0) return { error: `~SEQ never gets from ${start} to ${end}` };
  if (hex && (start < 0 || end < 0)) return { error: '~SEQx counts from 0 upwards' };
  const count = Math.floor((end - start) / step) + 1;
  if (count > MOST_ROUNDS) return { error: `~SEQ repeats ${count} times; the most is ${MOST_ROUNDS}` };
  const rounds = Array.from({ length: count }, (_, i) => [(start + i * step).toString(hex ? 16 : 10)]);
  return { names: [name], rounds, restStart: whole.length };
}

/** END alone counts from 1 (or -1); START, END by one towards the end; START, STEP, END as it says. */
function bounds(numbers: readonly number[]): { start: number; step: number; end: number } {
  const [one = 0, two = 0, three = 0] = numbers;
  if (numbers.length === 1) return { start: one < 0 ? -1 : 1, step: one < 1 ? -1 : 1, end: one };
  if (numbers.length === 2) return { start: one, step: one <= two ? 1 : -1, end: two };
  return { start: one, step: two, end: three };
}

function readNumber(text: string): number | undefined {
  const value = /^[+-]?(0x[0-9a-f]+|\d+)$/i.test(text) ? Number(text.replace(/^[+-]/, '')) : Number.NaN;
  if (!Number.isSafeInteger(value)) return undefined;
  return text.startsWith('-') ? -value : value;
}

function parseListed(text: string): Sequence | SequenceError {
  const match = LISTED.exec(text);
  if (match === null) return { error: '~LST is written ~LST(NAME, A, B) or ~LST({N1, N2}, {A1, A2}, …)' };
  const [whole, head, list] = match as unknown as [string, string, string];
  const names = words(head);
  const rounds = (list.match(/\{[^{}]*\}|[^,{}]+/g) ?? [])
    .filter((part) => part.trim() !== '')
    .map((part) => words(part));
  if (names.length === 0 || rounds.length === 0) return { error: '~LST needs a name and at least one value' };
  if (rounds.some((round) => round.length > names.length))
    return { error: `~LST has more values than the names ${names.join(', ')}` };
  if (names.length * rounds.length > MOST_ROUNDS)
    return {
      error: `~LST sets ${names.length} names ${rounds.length} times: more than ${MOST_ROUNDS} values`,
    };
  // Values that are not given are empty.
  return {
    names,
    rounds: rounds.map((round) => names.map((_, i) => round[i] ?? '')),
    restStart: whole.length,
  };
}

function words(part: string): string[] {
  return part
    .replace(/[{}]/g, '')
    .split(',')
    .map((word) => word.trim());
}
