// One line of text → words and braces, by keepalived's rules: `!` and `#` begin a comment anywhere, only the
// double quote quotes, a brace stands for itself wherever it is. Knows no keyword.
import type { Span } from '../core/diagnostic.ts';
import type { Report } from './report.ts';
import type { Word } from './tree.ts';

export type Token = ({ kind: 'word' } & Word) | { kind: 'open' | 'close'; at: Span };
/**
 * Where a range of a text is in the sources: itself for a file, the place of use for a substituted `$NAME`.
 */
export type Place = (start: number, end: number) => Span;
/** A stretch of text and where it came from. */
export type Stretch = { text: string; start: number; end: number; place: Place };

const TAB = 0x09;
const CARRIAGE_RETURN = 0x0d;
const SPACE = 0x20;
const BANG = 0x21;
const QUOTE = 0x22;
const HASH = 0x23;
const DOLLAR = 0x24;
const BACKSLASH = 0x5c;
const OPEN = 0x7b;
const CLOSE = 0x7d;
const DELETE = 0x7f;

/** Typed by accident or pasted from a web page: invisible, or the look-alike of something that means more. */
const LOOK_ALIKES: Readonly<Record<string, string>> = {
  '\u00a0': 'a no-break space; keepalived takes it for a letter',
  '\u202f': 'a narrow no-break space; keepalived takes it for a letter',
  '\u3000': 'an ideographic space; keepalived takes it for a letter',
  '\u200b': 'a zero-width space; it cannot be seen',
  '\ufeff': 'a byte order mark; keepalived takes it for a letter',
  '\u2060': 'a word joiner; it cannot be seen',
  '\u201c': 'a typographic quote; only " quotes',
  '\u201d': 'a typographic quote; only " quotes',
  '\ufffd': 'a replacement character: text that was lost on the way',
};
export const FILL_IN = 'this is a template: check what was made of it';
const LOOK_LIKE_SPACE = /[\u00a0\u202f\u3000\u200b\ufeff\u2060]/;

export function lexLine(line: Stretch, comments: boolean, report: Report): Token[] {
  const tokens: Token[] = [];
  let at = line.start;
  while (at < line.end) {
    const code = line.text.charCodeAt(at);
    if (isBlank(code)) at += 1;
    else if (comments && (code === HASH || code === BANG)) break;
    else if (code === OPEN && line.text.charCodeAt(at + 1) === OPEN && hasPlaceholder(line, at)) {
      at = lexPlaceholder(line, at, tokens, report);
    } else if (code === OPEN || code === CLOSE) {
      tokens.push({ kind: code === OPEN ? 'open' : 'close', at: line.place(at, at + 1) });
      at += 1;
    } else if (isOdd(code) && oddSpace(line, at, report)) at += 1;
    else at = lexWord(line, at, comments, tokens, report);
  }
  return tokens;
}

/** `{{ name }}` of a template that was not filled in: two braces that close again belong to no block. */
const PLACEHOLDER = /\{\{[^{}\n]*\}\}/y;

function hasPlaceholder({ text, end }: Stretch, at: number): boolean {
  PLACEHOLDER.lastIndex = at;
  return PLACEHOLDER.test(text) && PLACEHOLDER.lastIndex <= end;
}

function lexPlaceholder({ text, place }: Stretch, start: number, tokens: Token[], report: Report): number {
  const end = text.indexOf('}}', start) + 2;
  const shown = text.slice(start, end);
  const where = place(start, end);
  report.add('CFG_PLACEHOLDER', where, `\`${shown}\` is a placeholder that nobody filled in`, FILL_IN);
  tokens.push({ kind: 'word', text: shown, quoted: false, at: where });
  return end;
}

/** A comment's start, or the end of the stretch. */
export function commentStart({ text, start, end }: Stretch): number {
  let quoted = false;
  for (let at = start; at < end; at++) {
    const code = text.charCodeAt(at);
    if (code === BACKSLASH) at += 1;
    else if (code === QUOTE) quoted = !quoted;
    else if (!quoted && (code === HASH || code === BANG)) return at;
  }
  return end;
}

/** Appends the word that begins at `start`; answers where it ends. */
function lexWord(line: Stretch, start: number, comments: boolean, tokens: Token[], report: Report): number {
  const { text, end, place } = line;
  let at = start;
  let value = '';
  let from = start;
  let quoted = false;
  while (at < end) {
    const code = text.charCodeAt(at);
    if (isBlank(code) || code === OPEN || code === CLOSE) break;
    if (comments && (code === HASH || code === BANG)) break;
    if (isOdd(code)) {
      if (LOOK_LIKE_SPACE.test(text.charAt(at))) break;
      reportOdd(line, at, report);
    }
    if (code === QUOTE) {
      const close = closingQuote(text, at + 1, end);
      if (close === end) report.add('CFG_QUOTE', place(at, at + 1), 'this quote is not closed on its line');
      value += text.slice(from, at) + text.slice(at + 1, close);
      quoted = true;
      at = Math.min(close + 1, end);
      from = at;
    } else if (code === BACKSLASH && at + 1 < end) {
      const escaped = text.charCodeAt(at + 1);
      if (escaped === HASH || escaped === BANG) {
        value += text.slice(from, at);
        from = at + 1;
      }
      at += 2;
    } else if (code === DOLLAR && text.charCodeAt(at + 1) === OPEN) at = bracedEnd(text, at, end);
    else at += 1;
  }
  tokens.push({ kind: 'word', text: value + text.slice(from, at), quoted, at: place(start, at) });
  return at;
}

function closingQuote(text: string, start: number, end: number): number {
  for (let at = start; at < end; at++) {
    const code = text.charCodeAt(at);
    if (code === BACKSLASH) at += 1;
    else if (code === QUOTE) return at;
  }
  return end;
}

/** Past the brace of `${…}`, which opens no block; a `$` with no such end stands for itself. */
function bracedEnd(text: string, start: number, end: number): number {
  for (let at = start + 2; at < end; at++) {
    const code = text.charCodeAt(at);
    if (code === CLOSE) return at + 1;
    if (code === OPEN || code === QUOTE) break;
  }
  return start + 1;
}

/** Space, tab, line feed, vertical tab, form feed, carriage return. */
export function isBlank(code: number): boolean {
  return code === SPACE || (code >= TAB && code <= CARRIAGE_RETURN);
}

function isOdd(code: number): boolean {
  return code < SPACE || code === DELETE || code > 0x9f;
}

/** Reports an invisible or look-alike space; true when it is one. */
function oddSpace(line: Stretch, at: number, report: Report): boolean {
  if (!LOOK_LIKE_SPACE.test(line.text.charAt(at))) return false;
  reportOdd(line, at, report);
  return true;
}

function reportOdd(line: Stretch, at: number, report: Report): void {
  const character = line.text.charAt(at);
  const code = character.charCodeAt(0);
  const named = LOOK_ALIKES[character];
  const hex = `U+${code.toString(16).toUpperCase().padStart(4, '0')}`;
  if (named !== undefined)
    report.add('CFG_CHARACTER', line.place(at, at + 1), `${hex} is ${named}`, 'type it again by hand');
  else if (code < SPACE || code === DELETE)
    report.add('CFG_CHARACTER', line.place(at, at + 1), `${hex} is a control character`, 'remove it');
}
