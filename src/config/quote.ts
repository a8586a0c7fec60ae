// Words → a line that is read as these words again. What the lexer takes for a blank, a comment, a brace or a
// definition is quoted.
import type { Word } from './tree.ts';

/** Also what only looks like a blank: lexer.ts complains about it outside of quotes. */
const NEEDS_QUOTES = /^$|[\s{}#!"\\\u0000-\u001f\u007f\u200b\u2060\ufeff\u201c\u201d\ufffd]/;
/** The lines that are carried out before they are words: `@id`, `~SEQ`, `~LST`, `include`. */
const SPECIAL = /^(?:@|~|include[rmwba]?$)/;
const USE_OF_DEFINITION = /\$(?=[A-Za-z_{])/g;

export function needsQuotes(text: string): boolean {
  return NEEDS_QUOTES.test(text);
}

/** Not for the beginning of a line of keepalived's: see {@link quoteLine}. */
function quoteWord(text: string): string {
  if (!needsQuotes(text)) return text;
  // A backslash at the end would quote the quote.
  const tail = /(?:^|[^\\])(?:\\\\)*(\\)$/.test(text) ? '\\' : '';
  return `"${text.slice(0, text.length - tail.length)}"${tail}`;
}

/** For YAML, which has neither comments nor definitions inside of a line. */
export function quoteWords(words: readonly Word[]): string {
  return words.map(({ text }) => quoteWord(text)).join(' ');
}

/** A whole line of keepalived's: nothing in it is carried out instead of being read. */
export function quoteLine(words: readonly Word[]): string {
  return words
    .map(({ text }, i) => {
      const quoted = quoteWord(text);
      return i === 0 && quoted === text && SPECIAL.test(text) ? `"${text}"` : quoted;
    })
    .join(' ')
    .replace(USE_OF_DEFINITION, '$""');
}
