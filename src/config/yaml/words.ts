// Texts of YAML → the words they stand for in keepalived's language: one word, or the words of a line.
import type { Span } from '../../core/diagnostic.ts';
import { lexLine } from '../lexer.ts';
import { needsQuotes } from '../quote.ts';
import type { Report } from '../report.ts';
import type { Word } from '../tree.ts';
import type { YamlScalar } from './nodes.ts';

const DEFINITION = /\$\{[A-Za-z_]\w*[^{}"]*\}/;
const ESCAPED_OR_QUOTE = /\\[\s\S]|"/g;

export class WordReader {
  readonly #text: string;
  readonly #report: Report;

  /** `text` is the whole source: what stands in it letter by letter keeps its place. */
  constructor(text: string, report: Report) {
    this.#text = text;
    this.#report = report;
  }

  /** The whole text as one word. */
  one(scalar: YamlScalar): Word {
    const { at } = scalar;
    // A block scalar ends with a line end that nobody means.
    const given = typeof scalar.means === 'boolean' ? String(scalar.means) : scalar.text.replace(/\n+$/, '');
    if (given.includes('\n'))
      this.#report.add('CFG_YAML', at, 'this text has several lines', '`>-` makes one of them');
    if (/(?:^|[^\\])(?:\\\\)*\\$/.test(given))
      this.#report.add('CFG_YAML', at, 'the backslash at the end has nothing to quote', 'double it');
    this.#noDefinition(given, at);
    // As keepalived has them, which keeps the backslash.
    const text = given.replace(ESCAPED_OR_QUOTE, (found) => (found === '"' ? '\\"' : found));
    return { text, quoted: needsQuotes(text), at };
  }

  /** The words of a line, double quotes and all. */
  line(scalar: YamlScalar): Word[] {
    const { at, textStart } = scalar;
    const text = typeof scalar.means === 'boolean' ? String(scalar.means) : scalar.text;
    this.#noDefinition(text, at);
    const stretch =
      textStart === undefined
        ? { text, start: 0, end: text.length, place: () => at }
        : {
            text: this.#text,
            start: textStart,
            end: textStart + text.length,
            place: (start: number, end: number) => ({ source: at.source, start, end }),
          };
    return lexLine(stretch, false, this.#report).flatMap((token) => {
      if (token.kind === 'word') return [token];
      const hint = 'inside of double quotes it is part of a word';
      this.#report.add('CFG_YAML', token.at, 'a brace opens nothing in YAML', hint);
      return [];
    });
  }

  #noDefinition(text: string, at: Span): void {
    const found = DEFINITION.exec(text)?.[0];
    if (found === undefined) return;
    const hint = 'an anchor `&NAME` and aliases `*NAME` say a thing once';
    this.#report.add(
      'CFG_DEFINITION',
      at,
      `there are no definitions in YAML: \`${found}\` stays as it is`,
      hint,
    );
  }
}
