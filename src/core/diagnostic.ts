// What the operator's text says and where it says so. Offsets only: line, column and caret are computed
// when printed.

/** Half-open range of offsets (UTF-16 units) in one source text. */
export type Span = { source: number; start: number; end: number };
/** A value and the text it came from; a defaulted value points at the head of its block. */
export type Located<T> = { value: T; at: Span };
/**
 * One text read: `name` as it is printed in diagnostics (a path, as the operator gave it). Span.source is
 * its index.
 */
export type Source = { name: string; text: string };
/**
 * `error`: the director will not start. `ignored`: keepalived would run with this part left out (with
 * `--compat` we do too). `warning`: it runs as written, but probably not as meant.
 */
export type Severity = 'error' | 'ignored' | 'warning';
export type Diagnostic = {
  severity: Severity;
  code: string;
  at: Span;
  message: string;
  hint?: string;
  /** Other places that the reader has to look at: what this one contradicts, repeats or does not match. */
  related?: readonly Related[];
};
export type Related = { at: Span; message: string };
