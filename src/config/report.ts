// Collects diagnostics while a configuration is read. Nothing is thrown: one run shows everything.
import type { Diagnostic, Span } from '../core/diagnostic.ts';
import { type Code, severityOf } from './codes.ts';

export class Report {
  readonly compat: boolean;
  /** Inside a block that is left out as a whole, only mistakes are worth a line. */
  quiet = false;
  readonly #seen = new Map<string, Diagnostic>();

  constructor(compat: boolean) {
    this.compat = compat;
  }

  /** The same complaint about the same place (a multi-line definition used twice) is kept once. */
  add(code: Code, at: Span, message: string, hint?: string): void {
    if (this.quiet && severityOf(code, false) !== 'error') return;
    const key = `${at.source}:${at.start}:${code}:${message}`;
    if (this.#seen.has(key)) return;
    const severity = severityOf(code, this.compat);
    this.#seen.set(key, { severity, code, at, message, ...(hint === undefined ? {} : { hint }) });
  }

  /** In the order of the text. */
  sorted(): Diagnostic[] {
    return [...this.#seen.values()].sort((a, b) => a.at.source - b.at.source || a.at.start - b.at.start);
  }
}
