// From texts to lines of tokens: what keepalived does line by line before it looks at a keyword. In its
// order: `include`, `@id` conditions, `$NAME=` definitions, `~SEQ` and `~LST`, `$NAME` substitution.
import type { Source, Span } from '../core/diagnostic.ts';
import { type Definitions, defined, matchAssignment, substitute } from './definitions.ts';
import { commentStart, isBlank, lexLine, type Stretch, type Token } from './lexer.ts';
import { makers, type Surroundings } from './makers.ts';
import type { Report } from './report.ts';
import { parseSequence } from './sequence.ts';
import { isYaml } from './yaml/nodes.ts';

/** `indent` is the column of the first word in its line: only a clue where a brace may be missing. */
export type TokenLine = { tokens: readonly Token[]; indent: number };
/** Reads the files a pattern matches; relative to the directory of `from`, a source's name. */
export type Include = (pattern: string, from: string) => readonly Source[];
export type ExpandOptions = Surroundings & {
  configId: string;
  include: Include;
  /** More lines than this that are not simply in a file come from repetitions that nobody meant. */
  mostLines: number;
};

/** How many of each; `otherIds`: `@id` lines that were not for this configuration id. */
export type CarriedOut = { includes: number; definitions: number; repetitions: number; otherIds: number };
/** `again`: not for the first time. */
type Included = { index: number; chain: readonly string[]; again: boolean };

const INCLUDE = /include([rmwba]?)[ \t]+/y;
const LONGEST_CHAIN = 16;
const DEEPEST = 64;
/** A longer line counts as several. */
const USUAL_LENGTH = 64;

export class Expander {
  /** Grows by what is included; `Span.source` is the index here. */
  readonly sources: Source[];
  /** What was carried out and is not in the lines any more. */
  readonly carriedOut: CarriedOut = { includes: 0, definitions: 0, repetitions: 0, otherIds: 0 };
  readonly #options: ExpandOptions;
  readonly #report: Report;
  readonly #definitions: Definitions = new Map();
  #sink: (line: TokenLine) => void = () => {};
  #count = 0;

  constructor(sources: readonly Source[], options: ExpandOptions, report: Report) {
    this.sources = [...sources];
    this.#options = options;
    this.#report = report;
    for (const [name, value] of [
      ['_INSTANCE', options.configId],
      ['_HASH', '#'],
      ['_BANG', '!'],
    ] as const)
      this.#define(name, value);
    for (const [name, maker] of makers(options)) this.#definitions.set(name, maker);
  }

  /** Definitions carry on from one source to the next, as with `include`; `chain` of those led here. */
  expand(index: number, sink: (line: TokenLine) => void, chain?: readonly string[]): void {
    this.#sink = sink;
    this.#readSource(index, chain ?? [this.sources[index]!.name], false);
  }

  /** The sources that `pattern` stands for, one by one as they are to be read; `chain` led to this one. */
  *include(form: string, pattern: string, at: Span, chain: readonly string[]): Generator<Included> {
    const found = this.#options.include(pattern, chain.at(-1)!);
    this.#judgeInclude(form, pattern, found.length, at);
    this.carriedOut.includes += 1;
    for (const source of found) {
      if (chain.includes(source.name) || chain.length >= LONGEST_CHAIN) {
        this.#report.add('CFG_INCLUDE', at, `${source.name} includes itself`);
        continue;
      }
      // A file that is included twice is one source: what is wrong in it is said once.
      const known = this.sources.findIndex(({ name, text }) => name === source.name && text === source.text);
      const again = known !== -1;
      const whole = { text: source.text, start: 0, end: source.text.length, place: () => at };
      if (again && isYaml(source.name) && this.#isTooMuch(whole, 0)) return;
      const index = again ? known : this.sources.push(source) - 1;
      yield { index, chain: [...chain, source.name], again };
    }
  }

  /** `again`: not for the first time. */
  #readSource(index: number, chain: readonly string[], again: boolean): void {
    const { text, name } = this.sources[index]!;
    const place = (start: number, end: number) => ({ source: index, start, end });
    const pwd = () =>
      this.#define('_PWD', name.includes('/') ? name.slice(0, name.lastIndexOf('/')) || '/' : '.');
    pwd();
    let dollar = text.indexOf('$');
    for (let start = 0; start < text.length; ) {
      const newline = text.indexOf('\n', start);
      const end = newline === -1 ? text.length : newline;
      const line = trimStart({ text, start, end, place });
      if (again && this.#isTooMuch(line, 0)) break;
      if (dollar !== -1 && dollar < start) dollar = text.indexOf('$', start);
      const special = (dollar !== -1 && dollar < end) || isSpecial(text, line.start);
      start = end + 1;
      if (!special) this.#emit(line, true);
      else if (this.#readInclude(line, chain)) pwd();
      else start = this.#readSpecial(line, start, index);
    }
  }

  /** Answers where the next line begins: a definition continued with `\` takes more than one. */
  #readSpecial(given: Stretch, next: number, index: number): number {
    const line = { ...given, end: trimEnd(given.text, given.start, commentStart(given)) };
    const conditioned = this.#condition(line);
    if (conditioned === undefined) return next;
    const assignment = matchAssignment(conditioned);
    if (assignment === undefined || !isContinued(line)) {
      this.#process(conditioned, 0);
      return next;
    }
    const lines = [withoutBackslash({ ...conditioned, start: assignment.valueStart })];
    const { text } = this.sources[index]!;
    let start = next;
    for (let more = true; more && start < text.length; ) {
      const newline = text.indexOf('\n', start);
      const end = newline === -1 ? text.length : newline;
      const whole = trimStart({ ...given, start, end });
      const body = { ...whole, end: trimEnd(text, whole.start, commentStart(whole)) };
      more = isContinued(body);
      start = end + 1;
      if (body.end > body.start) lines.push(withoutBackslash(body));
    }
    this.carriedOut.definitions += 1;
    this.#definitions.set(assignment.name, { lines, multiline: true });
    return start;
  }

  /** A line without comment, from a file or from a definition. */
  #process(given: Stretch, depth: number): void {
    if (this.#isTooMuch(given, depth)) return;
    const line = this.#condition(trimStart(given));
    if (line === undefined) return;
    const assignment = matchAssignment(line);
    if (assignment !== undefined) {
      this.carriedOut.definitions += 1;
      this.#definitions.set(assignment.name, {
        lines: [{ ...line, start: assignment.valueStart }],
        multiline: false,
      });
      return;
    }
    if (isSequence(line)) return this.#repeat(line, depth);
    const { line: replaced, rest } = substitute(line, this.#definitions, this.#report);
    const first = trimStart(replaced);
    if (rest.length > 0 || (replaced !== line && needsAnotherLook(first))) this.#process(first, depth + 1);
    else this.#emit(first, false);
    for (const other of rest) this.#process(other, depth + 1);
  }

  /** Counts a line that is there because of another one. True, and reported, when it has to be the last. */
  #isTooMuch({ start, end, place }: Stretch, depth: number): boolean {
    this.#count += 1 + Math.floor((end - start) / USUAL_LENGTH);
    if (depth <= DEEPEST && this.#count <= this.#options.mostLines) return false;
    const message = 'this grows without end: a definition, a repetition or an include uses itself';
    this.#report.add('CFG_DEFINITION', place(start, end), message);
    return true;
  }

  #repeat(line: Stretch, depth: number): void {
    this.carriedOut.repetitions += 1;
    const whole = line.place(line.start, line.end);
    const close = line.text.slice(line.start, line.end).indexOf(')');
    const head = { ...line, end: close === -1 ? line.end : line.start + close + 1 };
    const bounds = substitute(head, this.#definitions, this.#report).line;
    const sequence = parseSequence(bounds.text.slice(bounds.start, bounds.end));
    if ('error' in sequence) return this.#report.add('CFG_DEFINITION', whole, sequence.error);
    for (const round of sequence.rounds) {
      if (this.#count > this.#options.mostLines) break;
      sequence.names.forEach((name, i) => {
        this.#define(name, round[i]!);
      });
      this.#process({ ...line, start: head.end }, depth + 1);
    }
  }

  /**
   * `@id rest` stays when we are `id`, `@^id rest` when we are not; undefined when the line is not for us.
   */
  #condition(line: Stretch): Stretch | undefined {
    if (line.text[line.start] !== '@' || line.start >= line.end) return line;
    const match = /^@(\^?)(\S*)[ \t]+/.exec(line.text.slice(line.start, line.end));
    if (match === null) return undefined;
    const ours = match[2] === this.#options.configId;
    if (ours === (match[1] === '')) return { ...line, start: line.start + match[0].length };
    this.carriedOut.otherIds += 1;
    return undefined;
  }

  #readInclude(line: Stretch, chain: readonly string[]): boolean {
    INCLUDE.lastIndex = line.start;
    const match = INCLUDE.exec(line.text);
    if (match === null || INCLUDE.lastIndex > line.end) return false;
    const start = INCLUDE.lastIndex;
    const end = trimEnd(line.text, start, commentStart({ ...line, start }));
    const at = end > start ? line.place(start, end) : line.place(line.start, start);
    const pattern = line.text.slice(start, end).replace(/^"(.*)"$/, '$1');
    for (const { index, chain: longer, again } of this.include(match[1]!, pattern, at, chain)) {
      const { name } = this.sources[index]!;
      if (isYaml(name))
        this.#report.add('CFG_INCLUDE', at, `${name} is YAML`, `give it with -f, beside this file`);
      else this.#readSource(index, longer, again);
    }
    return true;
  }

  /** As keepalived 2.2.7 ends: `includem` needs a named file, `includew` and `includea` any file at all. */
  #judgeInclude(form: string, pattern: string, matches: number, at: Span): void {
    if (matches > 0) return;
    const wildcard = /[*?[{]/.test(pattern);
    if (form === 'w' || form === 'a' || (form === 'm' && !wildcard))
      this.#report.add('CFG_INCLUDE', at, `no file matches ${pattern}`, 'plain `include` allows that');
    else if (!wildcard) this.#report.add('CFG_INCLUDE_EMPTY', at, `there is no file ${pattern}`);
  }

  #define(name: string, text: string): void {
    this.#definitions.set(name, defined(text));
  }

  #emit(line: Stretch, comments: boolean): void {
    const tokens = lexLine(line, comments, this.#report);
    if (tokens.length === 0) return;
    this.#sink({ tokens, indent: indentOf(line) });
  }
}

function isSpecial(text: string, at: number): boolean {
  const first = text[at];
  return first === '@' || first === '~' || (first === 'i' && text.startsWith('include', at));
}

function isSequence({ text, start }: Stretch): boolean {
  return text.startsWith('~SEQ', start) || text.startsWith('~LST', start);
}

function needsAnotherLook(line: Stretch): boolean {
  return line.text[line.start] === '@' || isSequence(line) || matchAssignment(line) !== undefined;
}

function trimStart(line: Stretch): Stretch {
  const { text, end, place } = line;
  let { start } = line;
  while (start < end && isBlank(text.charCodeAt(start))) start += 1;
  return start === line.start ? line : { text, start, end, place };
}

function trimEnd(text: string, start: number, end: number): number {
  let at = end;
  while (at > start && isBlank(text.charCodeAt(at - 1))) at -= 1;
  return at;
}

function isContinued({ text, start, end }: Stretch): boolean {
  return end > start && text[end - 1] === '\\';
}

function withoutBackslash(line: Stretch): Stretch {
  if (!isContinued(line)) return line;
  return { ...line, end: trimEnd(line.text, line.start, line.end - 1) };
}

function indentOf({ text, start }: Stretch): number {
  return start - (text.lastIndexOf('\n', start - 1) + 1);
}
