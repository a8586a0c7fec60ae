// The words after a keyword, taken one by one by the argument shapes, with the complaints they may make.
import type { Span } from '../core/diagnostic.ts';
import type { Code } from './codes.ts';
import { FILL_IN } from './lexer.ts';
import type { Report } from './report.ts';
import type { Word } from './tree.ts';

/** As templates have them: `__VRID__`, `<vip>`, `%VIP%`, `@VIP@`, `[[ vip ]]`. */
const PLACEHOLDER = /^(__\w+__$|<|%\w+%|@\w+@|\[\[|\{\{)/;

export class Arguments {
  readonly report: Report;
  /** What the complaints are about: a keyword, or an option of it. */
  subject: string;
  /** The schema's own advice for this keyword, where a value is outside its range. */
  advice: string | undefined;
  readonly #words: readonly Word[];
  #next: number;

  /** `from` is 1 after a keyword, 0 where the first word is itself a value (an entry of a list). */
  constructor(words: readonly Word[], from: number, subject: string, report: Report, advice?: string) {
    this.#words = words;
    this.#next = from;
    this.subject = subject;
    this.report = report;
    this.advice = advice;
  }

  peek(): Word | undefined {
    return this.#words[this.#next];
  }

  optional(): Word | undefined {
    const word = this.peek();
    if (word !== undefined) this.#next += 1;
    return word;
  }

  /** Undefined, and reported, when the line is over. */
  take(what: string): Word | undefined {
    const word = this.optional();
    if (word === undefined)
      this.report.add('CFG_MISSING', this.lastTaken.at, `${this.subject} needs ${what}`);
    return word;
  }

  rest(): readonly Word[] {
    const words = this.#words.slice(this.#next);
    this.#next = this.#words.length;
    return words;
  }

  /** The keyword itself when nothing has been taken yet. */
  get lastTaken(): Word {
    return this.#words[Math.max(0, this.#next - 1)]!;
  }

  /** A word with a definition that nobody gave, or `{{ }}`, has been complained about already. */
  wrong(word: Word, complaint: string, hint?: string): undefined {
    if (word.text.includes('${') || (word.text.startsWith('{{') && !word.quoted)) return;
    if (PLACEHOLDER.test(word.text))
      this.complain('CFG_PLACEHOLDER', word.at, `"${word.text}" looks like a placeholder`, FILL_IN);
    else this.complain('CFG_VALUE', word.at, `${this.subject} ${complaint}`, hint);
  }

  outside(word: Word, range: string, hint: string | undefined = this.advice): undefined {
    this.complain('CFG_RANGE', word.at, `${this.subject} must be ${range}`, hint);
  }

  complain(code: Code, at: Span, message: string, hint?: string): undefined {
    this.report.add(code, at, message, hint);
  }
}
