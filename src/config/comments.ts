// Comments of a text and the statements they belong to, so that the other form can say them too. A comment at
// the end of a line belongs to what the line says, one on lines of its own to what comes next; the last ones
// of a block stay in it. Blank lines are kept with them.
import type { Source } from '../core/diagnostic.ts';
import { commentStart } from './lexer.ts';
import type { Body, Statement } from './tree.ts';
import { isYaml, type YamlLibrary } from './yaml/nodes.ts';

/** Lines as they are written, `# …`; an empty one is a blank line. */
export type Notes = { before: string[]; trailing?: string };
export type Comments = {
  of: ReadonlyMap<Statement, Notes>;
  /** The last ones in a block. */
  ends: ReadonlyMap<Body, string[]>;
  /** At the end of everything. */
  last: readonly string[];
};

type Comment = { start: number; end: number; text: string };
/**
 * What is in a text besides comments. Blocks of YAML end nowhere: a `dedent` is behind their last word, and
 * deeper comments that follow are still inside.
 */
type Mark = { start: number; end: number } & (
  | { kind: 'word'; statement: Statement; first: boolean; last: boolean }
  | { kind: 'close'; body: Body }
  | { kind: 'dedent'; body: Body; column: number }
);

export function collectComments(
  sources: readonly Source[],
  statements: readonly Statement[],
  yaml: () => YamlLibrary,
): Comments {
  const of = new Map<Statement, Notes>();
  const ends = new Map<Body, string[]>();
  const last: string[] = [];
  const marks = marksOf(sources, statements);
  sources.forEach(({ name, text }, i) => {
    const comments = isYaml(name) ? yamlComments(yaml(), text) : lineComments(text);
    new Attachment(text, of, ends, last).attach(comments, marks[i]!);
  });
  return { of, ends, last };
}

class Attachment {
  readonly #text: string;
  readonly #of: Map<Statement, Notes>;
  readonly #ends: Map<Body, string[]>;
  readonly #last: string[];
  /** Where what has been seen ends. */
  #end = 0;

  constructor(text: string, of: Map<Statement, Notes>, ends: Map<Body, string[]>, last: string[]) {
    this.#text = text;
    this.#of = of;
    this.#ends = ends;
    this.#last = last;
  }

  attach(comments: readonly Comment[], marks: readonly Mark[]): void {
    let next = 0;
    for (const comment of comments) {
      next = this.#pass(marks, next, comment.start);
      this.#place(comment, marks, next);
      this.#end = Math.max(this.#end, comment.end);
    }
    this.#pass(marks, next, Number.POSITIVE_INFINITY);
  }

  /** Answers the first mark that is not before `until`. */
  #pass(marks: readonly Mark[], from: number, until: number): number {
    let i = from;
    for (; i < marks.length && marks[i]!.start < until; i++) {
      const mark = marks[i]!;
      if (mark.kind === 'word' && mark.first && this.#isBlankBefore(mark.start))
        this.#notes(mark.statement).before.push('');
      if (mark.kind !== 'dedent') this.#end = Math.max(this.#end, mark.end);
    }
    return i;
  }

  #place(comment: Comment, marks: readonly Mark[], next: number): void {
    const { text } = comment;
    let last = next - 1;
    while (marks[last]?.kind === 'dedent') last -= 1;
    const before = marks[last];
    if (before !== undefined && !this.#text.slice(before.end, comment.start).includes('\n')) {
      if (before.kind === 'close') return void this.#endOf(before.body).push(text);
      if (before.kind === 'word') {
        const notes = this.#notes(before.statement);
        if (before.last && notes.trailing === undefined) notes.trailing = text;
        else notes.before.push(text);
        return;
      }
    }
    const lines = this.#linesFor(comment, marks, next);
    if (this.#isBlankBefore(comment.start)) lines.push('');
    lines.push(text);
  }

  #linesFor({ start }: Comment, marks: readonly Mark[], next: number): string[] {
    const column = start - (this.#text.lastIndexOf('\n', start - 1) + 1);
    let from = next;
    while (marks[from - 1]?.kind === 'dedent') from -= 1;
    // Innermost first.
    for (const mark of marks.slice(from, next))
      if (mark.kind === 'dedent' && mark.column < column) return this.#endOf(mark.body);
    const following = marks[next];
    if (following === undefined || following.kind === 'dedent') return this.#last;
    return following.kind === 'close' ? this.#endOf(following.body) : this.#notes(following.statement).before;
  }

  #isBlankBefore(start: number): boolean {
    return /\n[ \t\r]*\n/.test(this.#text.slice(this.#end, start));
  }

  #notes(statement: Statement): Notes {
    const notes = this.#of.get(statement) ?? { before: [] };
    this.#of.set(statement, notes);
    return notes;
  }

  #endOf(body: Body): string[] {
    const lines = this.#ends.get(body) ?? [];
    this.#ends.set(body, lines);
    return lines;
  }
}

/** By source, in the order of the text. What is used twice is where it is written. */
function marksOf(sources: readonly Source[], statements: readonly Statement[]): Mark[][] {
  const marks: Mark[][] = sources.map(() => []);
  const columnOf = (source: number, offset: number) =>
    offset - (sources[source]!.text.lastIndexOf('\n', offset - 1) + 1);
  const visit = (statement: Statement) => {
    const { words, body } = statement;
    words.forEach(({ at }, i) => {
      const place = { first: i === 0, last: i === words.length - 1 };
      marks[at.source]!.push({ kind: 'word', statement, ...place, start: at.start, end: at.end });
    });
    if (body === undefined) return;
    body.statements.forEach(visit);
    const { source, start } = words[0].at;
    if (body.close !== undefined) marks[body.close.source]!.push({ kind: 'close', body, ...body.close });
    else {
      const { end } = marks[source]!.at(-1)!;
      marks[source]!.push({ kind: 'dedent', body, column: columnOf(source, start), start: end, end });
    }
  };
  statements.forEach(visit);
  return marks.map((list) => list.sort((a, b) => a.start - b.start));
}

function lineComments(text: string): Comment[] {
  const comments: Comment[] = [];
  const place = (start: number, end: number) => ({ source: 0, start, end });
  for (let start = 0; start < text.length; ) {
    const newline = text.indexOf('\n', start);
    const end = newline === -1 ? text.length : newline;
    const at = commentStart({ text, start, end, place });
    if (at < end) comments.push({ start: at, end, text: `#${text.slice(at + 1, end)}`.trimEnd() });
    start = end + 1;
  }
  return comments;
}

/** What comes after the package's mark of a scalar is one, whatever it begins with. */
const SCALAR_FOLLOWS = '\u001f';
const MARKS = new Set(['\u0002', '\u0018', SCALAR_FOLLOWS]);

function yamlComments(library: YamlLibrary, text: string): Comment[] {
  const comments: Comment[] = [];
  let start = 0;
  let before = '';
  for (const token of new library.Lexer().lex(text)) {
    const end = MARKS.has(token) ? start : start + token.length;
    if (token.startsWith('#') && before !== SCALAR_FOLLOWS)
      comments.push({ start, end, text: token.trimEnd() });
    start = end;
    before = token;
  }
  return comments;
}
