// Lines of tokens → a tree of statements. A statement ends with its line or at a brace. The schema is asked
// one thing only, which words open blocks, so that a missing brace is found where it is missing and costs one
// diagnostic, not a page.
import type { Span } from '../core/diagnostic.ts';
import type { TokenLine } from './expand.ts';
import type { Report } from './report.ts';
import { type Block, findWord } from './schema/block.ts';
import type { Body, Statement, Word } from './tree.ts';

type Frame = {
  body: Body;
  /** Undefined in a block that nobody knows. */
  schema: Block | undefined;
  /** What the block belongs to, and how far its first word is indented. */
  head: readonly Word[];
  indent: number;
};

/** No block of keepalived's is a tenth as deep; a limit keeps what looks through all open blocks quick. */
const DEEPEST = 64;

export class Parser {
  readonly #report: Report;
  readonly #take: (statement: Statement) => void;
  readonly #frames: [Frame, ...Frame[]];
  /** Closing braces (positive) or opening ones (negative) that are yet to be found missing. */
  #missing: number;
  /** More opening than closing braces so far. */
  #balance = 0;
  /** The last statement of the innermost block: a `{` on a line of its own belongs to it. */
  #last: Statement | undefined;
  #lastIndent = 0;
  /** Blocks open inside of the deepest one that is kept: nothing in them is. */
  #tooDeep = 0;
  /** The first block whose closing brace stands where that of an outer one belongs. */
  #suspect: Frame | undefined;

  /**
   * `missing` is the balance of a former reading; 0 at first. `take` gets each statement of the top level as
   * soon as it is complete.
   */
  constructor(top: Block, missing: number, report: Report, take: (statement: Statement) => void) {
    const open = { source: 0, start: 0, end: 0 };
    this.#frames = [{ body: { open, statements: [] }, schema: top, head: [], indent: -1 }];
    this.#missing = missing;
    this.#report = report;
    this.#take = take;
  }

  get #frame(): Frame {
    return this.#frames.at(-1)!;
  }

  line({ tokens, indent }: TokenLine): void {
    let from = 0;
    for (let i = 0; i < tokens.length; i++) {
      const token = tokens[i]!;
      if (token.kind === 'word') continue;
      const headed = i > from;
      if (headed) this.#statement(tokens.slice(from, i) as Word[], indent);
      from = i + 1;
      if (token.kind === 'open') this.#open(token.at, headed);
      else this.#close(token.at, i === 0 ? indent : undefined);
    }
    if (tokens.length > from) this.#statement(tokens.slice(from) as Word[], indent);
  }

  /** Answers the balance of braces: when it is not 0, a second reading that knows it finds better words. */
  finish(): number {
    for (const frame of this.#frames.slice(1)) this.#blame(frame, 'a `}` is missing');
    this.#hand();
    return this.#balance;
  }

  /** Statements of the top level that nothing can be added to any more. */
  #hand(): void {
    const { statements } = this.#frames[0].body;
    for (const statement of statements.splice(0)) this.#take(statement);
  }

  /** `words` is never empty. */
  #statement(words: readonly Word[], indent: number): void {
    if (this.#tooDeep > 0) return;
    this.#openMissing();
    this.#closeMissing(words[0]!);
    if (this.#frames.length === 1) this.#hand();
    const statement = { words } as Statement;
    this.#frame.body.statements.push(statement);
    this.#last = statement;
    this.#lastIndent = indent;
  }

  #open(at: Span, headed: boolean): void {
    this.#balance += 1;
    if (this.#frames.length > DEEPEST) {
      const message = `blocks are nested more than ${DEEPEST} deep`;
      if (this.#tooDeep === 0) this.#report.add('CFG_BRACE', at, message, 'what it encloses is left out');
      this.#tooDeep += 1;
      return;
    }
    const owner = this.#last;
    if (owner === undefined || (!headed && owner.body !== undefined)) {
      this.#report.add('CFG_BRACE', at, 'this `{` belongs to no keyword', 'what it encloses is left out');
      return this.#enter({ words: [{ text: '{', quoted: false, at }] }, at, true);
    }
    this.#enter(owner, at, false);
  }

  #enter(owner: Statement, open: Span, stray: boolean): void {
    const { schema } = this.#frame;
    const word = owner.words[0].text;
    const inner = stray || schema === undefined ? undefined : findWord(schema, word)?.block;
    owner.body = { open, statements: [] };
    this.#frames.push({ body: owner.body, schema: inner, head: owner.words, indent: this.#lastIndent });
    this.#last = undefined;
  }

  /** `indent` when the brace is the first thing in its line. */
  #close(at: Span, indent: number | undefined): void {
    this.#balance -= 1;
    if (this.#tooDeep > 0) {
      this.#tooDeep -= 1;
      return;
    }
    this.#openMissing();
    const frame = this.#frame;
    if (this.#frames.length === 1) {
      this.#report.add('CFG_BRACE', at, 'this `}` closes nothing', 'every block is closed already');
      this.#missing += 1;
      return;
    }
    const outer = indent !== undefined && indent < frame.indent;
    if (outer && this.#frames.some((other) => other.indent === indent)) this.#suspect ??= frame;
    frame.body.close = at;
    this.#leave();
  }

  /** What follows a closed block cannot be a brace that belongs to its keyword. */
  #leave(): void {
    this.#frames.pop();
    this.#last = undefined;
  }

  /** A keyword that needs a block and has none, in a file that has a `}` too many: the `{` was forgotten. */
  #openMissing(): void {
    const last = this.#last;
    if (last === undefined || this.#missing >= 0 || !this.#opensBlock(last)) return;
    const { at } = last.words.at(-1)!;
    const gap = { source: at.source, start: at.end, end: at.end };
    this.#report.add('CFG_BRACE', gap, `\`${last.words[0].text}\` needs a \`{\` here`);
    this.#missing += 1;
    this.#enter(last, gap, false);
  }

  #opensBlock({ words, body }: Statement): boolean {
    const { schema } = this.#frame;
    return body === undefined && schema !== undefined && findWord(schema, words[0].text)?.block !== undefined;
  }

  /** A word that opens a block further out, in a file that lacks a `}`: everything in between ends here. */
  #closeMissing(word: Word): void {
    const { schema } = this.#frame;
    if (this.#missing <= 0) return;
    if (schema !== undefined && schema.entry === undefined && findWord(schema, word.text) !== undefined)
      return;
    const home = this.#frames.findLastIndex(
      (frame) => frame.schema !== undefined && findWord(frame.schema, word.text)?.block !== undefined,
    );
    if (home === -1) return;
    while (this.#frames.length - 1 > home) {
      this.#blame(this.#frame, `\`${word.text}\` begins a block further out: a \`}\` is missing before it`);
      this.#missing -= 1;
      this.#leave();
    }
  }

  /** Order says which block is open; indentation knows better which one its author forgot to close. */
  #blame(frame: Frame, hint: string): void {
    const { body, head } = this.#suspect ?? frame;
    this.#suspect = undefined;
    const words = head.map(({ text }) => text).join(' ');
    this.#report.add('CFG_BRACE', body.open, `\`${words}\` is not closed`, hint);
  }
}
