// Diagnostics for people: file:line:column, the line, a caret below the words meant, a hint. And the same as
// data.
import type { Diagnostic, Severity, Source, Span } from '../core/diagnostic.ts';

/** 1-based; columns count characters, not bytes. */
export type Position = { line: number; column: number };

const TAB = '    ';
/** What is shown of a longer line, around the caret. */
const WIDEST = 120;
const LEAD = 40;

/** All of them, one blank line between two; an empty text for none. */
export function renderDiagnostics(sources: readonly Source[], diagnostics: readonly Diagnostic[]): string {
  const indexes = new Map<number, LineIndex>();
  return diagnostics
    .map((diagnostic) => {
      const { source } = diagnostic.at;
      const index = indexes.get(source) ?? new LineIndex(sources[source]?.text ?? '');
      indexes.set(source, index);
      return renderOne(diagnostic, sources[source]?.name ?? '?', index);
    })
    .join('\n');
}

function renderOne(
  { severity, code, at, message, hint }: Diagnostic,
  name: string,
  index: LineIndex,
): string {
  const { line, column } = index.position(at.start);
  const gutter = ' '.repeat(String(line).length);
  const { shown, before, width } = drawn(index.lineText(line), column, index.lengthOnLine(at));
  return [
    `${name}:${line}:${column}: ${severity}: ${message} [${code}]`,
    `${gutter} |`,
    `${line} | ${shown}`,
    `${gutter} | ${' '.repeat(before)}${'^'.repeat(width)}`,
    ...(hint === undefined ? [] : [`${gutter} = ${hint}`]),
    '',
  ].join('\n');
}

/** The line as it appears on a terminal, and the caret's place in it, in terminal cells. */
function drawn(
  text: string,
  column: number,
  length: number,
): { shown: string; before: number; width: number } {
  const characters = [...text].map(cell);
  const start = column - 1;
  const first = start > WIDEST - LEAD ? start - LEAD : 0;
  const end = Math.min(characters.length, first + WIDEST);
  const cells = (from: number, to: number) =>
    characters.slice(from, Math.min(to, end)).reduce((sum, { width }) => sum + width, 0);
  const lead = first > 0 ? '…' : '';
  const tail = end < characters.length ? '…' : '';
  return {
    shown: `${lead}${characters
      .slice(first, end)
      .map(({ shown }) => shown)
      .join('')}${tail}`.trimEnd(),
    before: lead.length + cells(first, start),
    width: Math.max(1, cells(start, start + length)),
  };
}

type Cell = { shown: string; width: number };

const WIDE = /\p{sc=Han}|\p{sc=Hira}|\p{sc=Kana}|\p{sc=Hang}|\p{EPres}|[\u3000-\u303e\uff01-\uff60]/u;
const WITHOUT_WIDTH = /\p{Mn}|\p{Me}|\p{Cf}/u;

/**
 * Tabs become blanks, so that the caret stands right whatever the terminal; control characters never reach
 * it.
 */
function cell(character: string): Cell {
  if (character === '\t') return { shown: TAB, width: TAB.length };
  if (/\p{Cc}/u.test(character)) return { shown: '\ufffd', width: 1 };
  if (WITHOUT_WIDTH.test(character)) return { shown: character, width: 0 };
  return { shown: character, width: WIDE.test(character) ? 2 : 1 };
}

/** A diagnostic as other programs read it. */
export type DiagnosticRecord = {
  file: string;
  line: number;
  column: number;
  endLine: number;
  endColumn: number;
  severity: Severity;
  code: string;
  message: string;
  hint?: string;
};

export function recordDiagnostics(
  sources: readonly Source[],
  diagnostics: readonly Diagnostic[],
): DiagnosticRecord[] {
  const indexes = sources.map(({ text }) => new LineIndex(text));
  return diagnostics.map(({ at, severity, code, message, hint }) => {
    const index = indexes[at.source]!;
    const end = index.position(Math.max(at.start, at.end));
    return {
      file: sources[at.source]!.name,
      ...index.position(at.start),
      endLine: end.line,
      endColumn: end.column,
      severity,
      code,
      message,
      ...(hint === undefined ? {} : { hint }),
    };
  });
}

/** Where the lines of a text begin; found once. */
class LineIndex {
  readonly #text: string;
  readonly #starts: number[] = [0];

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
    const start = this.#starts[low]!;
    return { line: low + 1, column: [...this.#text.slice(start, offset)].length + 1 };
  }

  lineText(line: number): string {
    const start = this.#starts[line - 1]!;
    const next = this.#starts[line];
    const end = next === undefined ? this.#text.length : next - 1;
    return this.#text.slice(start, end).replace(/\r$/, '');
  }

  /** How many characters of the span are on its first line. */
  lengthOnLine({ start, end }: Span): number {
    const newline = this.#text.indexOf('\n', start);
    const until = newline === -1 ? end : Math.min(end, newline);
    return [...this.#text.slice(start, until)].length;
  }
}
