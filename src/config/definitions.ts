// keepalived's `$NAME=value` definitions and their substitution. A substituted range points at the place of
// use, the rest of the line at itself, so that a caret is right in both.
import type { Span } from '../core/diagnostic.ts';
import type { Place, Stretch } from './lexer.ts';
import type { Report } from './report.ts';

/** One stretch for a plain definition; for one that was continued with `\`, each of its lines. */
export type Definition = { lines: readonly Stretch[]; multiline: boolean };
/** A value that is made where it is used, from the words after its name; undefined when there is none. */
export type Maker = (words: readonly string[]) => string | undefined;
export type Definitions = Map<string, Definition | Maker>;

/** `$NAME=`, `$NAME =`: where the value begins. */
const ASSIGNMENT = /\$([A-Za-z_]\w*)[ \t]*=[ \t]*/y;
/**
 * `${NAME}` anywhere, `$NAME` before a blank, a comma, `)` or the end; parameters only for built-in names.
 */
const USE = /\$(?:\{([A-Za-z_]\w*)((?:[ \t]+\w+)*)\}|([A-Za-z_]\w*)(?=[ \t,)]|$))/g;
/** A definition that refers to itself would grow for ever; keepalived stops at its line length of 1,024. */
const LONGEST_LINE = 16_384;
const MOST_ROUNDS = 32;

export function matchAssignment(line: Stretch): { name: string; valueStart: number } | undefined {
  ASSIGNMENT.lastIndex = line.start;
  const match = ASSIGNMENT.exec(line.text);
  if (match === null || ASSIGNMENT.lastIndex > line.end) return undefined;
  return { name: match[1]!, valueStart: ASSIGNMENT.lastIndex };
}

export type Substituted = {
  line: Stretch;
  /** Lines of a multi-line definition after its first, which is already part of `line`. */
  rest: readonly Stretch[];
};

/** Replaces until nothing is left to replace, as keepalived does: a value may name other definitions. */
export function substitute(given: Stretch, definitions: Definitions, report: Report): Substituted {
  let line = given;
  for (let round = 0; round < MOST_ROUNDS; round++) {
    const next = substituteOnce(line, definitions, report);
    if (next === undefined) return { line, rest: [] };
    line = next.line;
    if (next.rest.length > 0) return next;
    if (line.end - line.start > LONGEST_LINE) break;
  }
  const whole = given.place(given.start, given.end);
  report.add('CFG_DEFINITION', whole, 'the definitions in this line never end: one refers to itself');
  return { line: { ...given, end: given.start }, rest: [] };
}

/** A part of the new text; where it came from is only worked out for what becomes a word. */
type Piece = { start: number; end: number; place: Place };

function substituteOnce(line: Stretch, definitions: Definitions, report: Report): Substituted | undefined {
  // Not searched for in line.text: that is the whole file.
  const source = line.text.slice(line.start, line.end);
  if (!source.includes('$')) return undefined;
  const pieces: Piece[] = [];
  let text = '';
  let from = 0;
  let rest: readonly Stretch[] = [];
  const append = (added: string, place: Place) => {
    if (added.length > 0) pieces.push({ start: text.length, end: text.length + added.length, place });
    text += added;
  };
  const copy = (until: number) => {
    const start = from;
    const into = text.length;
    append(source.slice(start, until), (a, b) => {
      const shift = line.start + start - into;
      return line.place(a + shift, b + shift);
    });
    from = until;
  };
  for (const match of source.matchAll(USE)) {
    if (text.length > LONGEST_LINE) break;
    const use = line.start + match.index;
    const at = () => line.place(use, use + match[0].length);
    const definition = lookUp(match, definitions, at, report);
    if (definition === undefined) continue;
    const last = match.index + match[0].length === source.length;
    if (definition.multiline && !last) continue;
    copy(match.index);
    const [first] = definition.lines;
    append(first === undefined ? '' : first.text.slice(first.start, first.end), at);
    from = match.index + match[0].length;
    if (definition.multiline) rest = definition.lines.slice(1);
  }
  if (from === 0 && pieces.length === 0) return undefined;
  copy(source.length);
  return { line: { text, start: 0, end: text.length, place: placeIn(pieces, line) }, rest };
}

function lookUp(
  match: RegExpMatchArray,
  definitions: Definitions,
  at: () => Span,
  report: Report,
): Definition | undefined {
  const name = (match[1] ?? match[3])!;
  const found = definitions.get(name);
  if (typeof found === 'function') {
    const text = found(match[2]?.split(/[ \t]+/).filter((word) => word !== '') ?? []);
    if (text !== undefined) return defined(text);
    report.add('CFG_DEFINITION', at(), `\`${match[0]}\` has no value`);
    return undefined;
  }
  if (match[1] !== undefined && found === undefined)
    report.add('CFG_DEFINITION', at(), `\`${match[0]}\` is defined nowhere`, `\`$${name}=…\` defines it`);
  return found;
}

/** Of a value that stands in no text. */
export function defined(text: string): Definition {
  const place = () => ({ source: 0, start: 0, end: 0 });
  return { lines: [{ text, start: 0, end: text.length, place }], multiline: false };
}

function placeIn(pieces: readonly Piece[], whole: Stretch): Place {
  return (start, end) => {
    const first = pieces[pieceAt(pieces, start)];
    const last = pieces[pieceAt(pieces, Math.max(start, end - 1))];
    if (first === undefined || last === undefined) return whole.place(whole.start, whole.end);
    const head = first.place(start, Math.min(end, first.end));
    const tail = first === last ? head : last.place(Math.max(start, last.start), end);
    return head.source === tail.source && tail.end >= head.start ? { ...head, end: tail.end } : head;
  };
}

/** Index of the piece that `offset` is in; the last one when it is behind all. */
function pieceAt(pieces: readonly Piece[], offset: number): number {
  let low = 0;
  let high = pieces.length - 1;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (offset < pieces[middle]!.end) high = middle;
    else low = middle + 1;
  }
  return low;
}
