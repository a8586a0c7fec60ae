// Complaints about a pair: the caret is in the second director's file, a note points at the first's.
import type { Located, Span } from '../../core/diagnostic.ts';
import type { Code } from '../codes.ts';
import type { Report } from '../report.ts';

export class PairReport {
  readonly #report: Report;
  /** Spans of the second director count from here. */
  readonly #shift: number;

  constructor(report: Report, shift: number) {
    this.#report = report;
    this.#shift = shift;
  }

  /** `first` and `second`: the places in the two directors' files. */
  add(
    code: Code,
    [first, second]: readonly [Span, Span],
    message: string,
    note: string,
    hint?: string,
  ): void {
    this.#report.add(code, this.#ofSecond(second), message, hint, [{ at: first, message: note }]);
  }

  /** Something of which one director has nothing to point at. */
  alone(code: Code, whose: 'first' | 'second', at: Span, message: string, hint?: string): void {
    this.#report.add(code, whose === 'first' ? at : this.#ofSecond(at), message, hint);
  }

  /** One setting with two values. */
  compare<T>(
    code: Code,
    keyword: string,
    [first, second]: readonly [Located<T>, Located<T>],
    hint?: string,
    print: (value: T) => string = String,
  ): void {
    if (first.value === second.value) return;
    const [there, here] = [print(first.value), print(second.value)];
    const message = `${keyword} is ${here} here and ${there} on the other director`;
    this.add(code, [first.at, second.at], message, `${there} on the other director`, hint);
  }

  #ofSecond(at: Span): Span {
    return { ...at, source: at.source + this.#shift };
  }
}
