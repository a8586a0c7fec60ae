// What the text is made of, before anybody asks what it means: words, statements and the blocks they open.
import type { Span } from '../core/diagnostic.ts';

/** `text` is without the quotes; backslashes are kept as written. */
export type Word = { text: string; quoted: boolean; at: Span };
/**
 * A keyword (or, in a list block, an entry) with its arguments; never without a word. `isWrong`: there is no
 * making out what it says, which has been reported.
 */
export type Statement = { words: readonly [Word, ...Word[]]; body?: Body; isWrong?: true };
/**
 * What stands between braces. `open` is the brace; a brace that was missing points at the end of the
 * statement. In YAML, which closes nothing, `open` is the value and there is no `close`.
 */
export type Body = { open: Span; statements: Statement[]; close?: Span };

/** From the first word to the last, without the block. */
export function headSpan({ words }: Pick<Statement, 'words'>): Span {
  return joinSpans(words[0].at, words.at(-1)!.at);
}

/** From the start of one to the end of the other; words that came from two texts cannot be joined. */
export function joinSpans(first: Span, last: Span): Span {
  if (first === last) return first;
  if (first.source !== last.source || last.end < first.start) return first;
  return { source: first.source, start: first.start, end: last.end };
}
