// Diagnostics for people: file:line:column, the line, a caret below the words meant, a hint, and the same of
// every other place that is concerned. And the same as data.
import type { Diagnostic, Severity, Source, Span } from '../core/diagnostic.ts';
import { oncePer } from '../core/once-per.ts';

/** 1-based; columns count characters, not bytes. */
export type Position = { line: number; column: number };

const TAB = '    ';
/** What is shown of a longer line, around the caret. */
const WIDEST = 120;
const LEAD = 40;

/** All of them, one blank line between two; an empty text for none. */
export function renderDiagnostics(sources: readonly Source[], diagnostics: readonly Diagnostic[]): string {
  const indexes = new Map<number, LineIndex>();
  const render = (at: Span, text: string, hint?: string) => {
    const index = indexes.get(at.source) ?? new LineIndex(sources[at.source]?.text ?? '');
    indexes.set(at.source, index);
    return renderPlace(at, text, hint, sources[at.source]?.name ?? '?', index);
  };
  return diagnostics
    .map(({ severity, code, at, message, hint, related = [] }) =>
      [
        render(at, `${severity}: ${message} [${code}]`, hint),
        ...related.map((other) => render(other.at, `note: ${other.message}`)),
      ].join(''),
    )
    .join('\n');
}

function renderPlace(
  at: Span,
  text: string,
  hint: string | undefined,
  name: string,
  index: LineIndex,
): string {
  const { line, column } = index.position(at.start);
  const gutter = ' '.repeat(String(line).length);
  const { shown, before, width } = drawn(index.parts(line, at), column);
  return [
    `${name}:${line}:${column}: ${text}`,
    `${gutter} |`,
    `${line} | ${shown}`,
    `${gutter} | ${' '.repeat(before)}${'^'.repeat(width)}`,
    ...(hint === undefined ? [] : [`${gutter} = ${hint}`]),
    '',
  ].join('\n');
}

/** A line in three parts: before what is meant, that itself, and the rest. */
type Parts = { before: string; meant: string; after: string };

/**
 * The line as it appears on a terminal, and the caret's place in it, in terminal cells. Only what is shown is
 * looked at: the line may be a whole file without line feeds.
 */
function drawn(parts: Parts, column: number): { shown: string; before: number; width: number } {
  const lead = column - 1 > WIDEST - LEAD ? LEAD : column - 1;
  const before = lead === 0 ? [] : lastCells(parts.before, lead);
  const room = WIDEST - before.length;
  const meant = firstCells(parts.meant, room);
  const after = firstCells(parts.after, room - meant.length);
  const all = [...before, ...meant, ...after];
  const start = column - 1 > lead ? '…' : '';
  const length = all.reduce((sum, { units }) => sum + units, 0);
  const whole = parts.meant.length + parts.after.length + before.reduce((sum, { units }) => sum + units, 0);
  return {
    shown: `${start}${all.map(({ shown }) => shown).join('')}${length < whole ? '…' : ''}`.trimEnd(),
    before: start.length + widthOf(before),
    width: Math.max(1, widthOf(meant)),
  };
}

function widthOf(cells: readonly Cell[]): number {
  return cells.reduce((sum, { width }) => sum + width, 0);
}

/** A character has one unit or two. */
function firstCells(text: string, count: number): Cell[] {
  return [...text.slice(0, 2 * count)].slice(0, count).map(cell);
}

function lastCells(text: string, count: number): Cell[] {
  return [...text.slice(-2 * count)].slice(-count).map(cell);
}

/** `units` is its length in the text. */
type Cell = { shown: string; width: number; units: number };

const WIDE = /\p{sc=Han}|\p{sc=Hira}|\p{sc=Kana}|\p{sc=Hang}|\p{EPres}|[\u3000-\u303e\uff01-\uff60]/u;
const WITHOUT_WIDTH = /\p{Mn}|\p{Me}|\p{Cf}/u;

/**
 * Tabs become blanks, so that the caret stands right whatever the terminal; control characters never reach
 * it.
 */
function cell(character: string): Cell {
  const units = character.length;
  if (character >= ' ' && character <= '~') return { shown: character, width: 1, units };
  if (character === '\t') return { shown: TAB, width: TAB.length, units };
  if (/\p{Cc}/u.test(character)) return { shown: '\ufffd', width: 1, units };
  if (WITHOUT_WIDTH.test(character)) return { shown: character, width: 0, units };
  return { shown: character, width: WIDE.test(character) ? 2 : 1, units };
}

type PlaceRecord = { file: string; line: number; column: number; endLine: number; endColumn: number };
/** A diagnostic as other programs read it. */
export type DiagnosticRecord = PlaceRecord & {
  severity: Severity;
  code: string;
  message: string;
  hint?: string;
  related?: (PlaceRecord & { message: string })[];
};

export function recordDiagnostics(
  sources: readonly Source[],
  diagnostics: readonly Diagnostic[],
): DiagnosticRecord[] {
  // Made when asked for: of a text without a complaint nobody wants to know where its lines begin.
  const indexOf = oncePer(({ text }: Source) => new LineIndex(text));
  const place = (at: Span): PlaceRecord => {
    const index = indexOf(sources[at.source]!);
    const end = index.position(Math.max(at.start, at.end));
    const file = sources[at.source]!.name;
    return { file, ...index.position(at.start), endLine: end.line, endColumn: end.column };
  };
  return diagnostics.map(({ at, severity, code, message, hint, related }) => ({
    ...place(at),
    severity,
    code,
    message,
    ...(hint === undefined ? {} : { hint }),
    ...(related === undefined
      ? {}
      : { related: related.map((other) => ({ ...place(other.at), message: other.message })) }),
  }));
}

/** Every so many units of a long line it is known how many characters there are up to there. */
const STRIDE = 1_024;

/** Where the lines of a text begin; found once. */
class LineIndex {
  readonly #text: string;
  readonly #starts: number[] = [0];
  readonly #strides = new Map<number, readonly number[]>();

  constructor(text: string) {
    this.#text = text;
    for (let at = text.indexOf('\n'); at !== -1; at = text.indexOf('\n', at + 1)) this.#starts.push(at + 1);
  }

  position(offset: number): Position {
    let low = 0;
    let high = this.#starts.length - 1;
    while (low < high) {
      const middle = (low + high + 1) >> 1;
      if (this.#starts[middle]! <= offset) low = middle;
      else high = middle - 1;
    }
    return { line: low + 1, column: this.#charactersBefore(offset, low) + 1 };
  }

  /** What is meant ends with the line, where it goes on. */
  parts(line: number, at: Span): Parts {
    const start = this.#starts[line - 1]!;
    let end = this.#endOf(line - 1);
    if (end > start && this.#text[end - 1] === '\r') end -= 1;
    const from = Math.min(at.start, end);
    const to = Math.max(from, Math.min(at.end, end));
    return {
      before: this.#text.slice(start, from),
      meant: this.#text.slice(from, to),
      after: this.#text.slice(to, end),
    };
  }

  #charactersBefore(offset: number, line: number): number {
    const start = this.#starts[line]!;
    const stride = Math.floor((offset - start) / STRIDE);
    if (stride === 0) return characters(this.#text, start, offset);
    return this.#stridesOf(line)[stride]! + characters(this.#text, start + stride * STRIDE, offset);
  }

  #stridesOf(line: number): readonly number[] {
    const known = this.#strides.get(line);
    if (known !== undefined) return known;
    const counts = [0];
    const end = this.#endOf(line);
    for (let at = this.#starts[line]!; at + STRIDE <= end; at += STRIDE)
      counts.push(counts.at(-1)! + characters(this.#text, at, at + STRIDE));
    this.#strides.set(line, counts);
    return counts;
  }

  #endOf(line: number): number {
    const next = this.#starts[line + 1];
    return next === undefined ? this.#text.length : next - 1;
  }
}

/** Units, without the second halves of pairs. */
function characters(text: string, start: number, end: number): number {
  let count = end - start;
  for (let at = Math.max(start, 1); at < end; at++)
    if (isLow(text.charCodeAt(at)) && isHigh(text.charCodeAt(at - 1))) count -= 1;
  return count;
}

function isHigh(code: number): boolean {
  return code >= 0xd800 && code <= 0xdbff;
}

function isLow(code: number): boolean {
  return code >= 0xdc00 && code <= 0xdfff;
}
