// Collects diagnostics while a configuration is read. Nothing is thrown: one run shows everything.
import type { Diagnostic, Related, Span } from '../core/diagnostic.ts';
import { type Code, severityOf } from './codes.ts';

/** A line that is repeated can be wrong in as many ways; nobody reads more than a few for one place. */
const MOST_AT_ONE_PLACE = 20;
/** V8's strings are shorter than 2^30 units. */
const LONGEST_TEXT = 2 ** 30;

export class Report {
  readonly compat: boolean;
  /** Inside a block that is left out as a whole, only mistakes are worth a line. */
  quiet = false;
  /** Passwords and keys: never shown, also not in the line that a diagnostic points at. */
  readonly secrets: Span[] = [];
  readonly #places = new Map<number, Diagnostic[]>();

  constructor(compat: boolean) {
    this.compat = compat;
  }

  /** The same complaint about the same place (a multi-line definition used twice) is kept once. */
  add(code: Code, at: Span, message: string, hint?: string, related?: readonly Related[]): void {
    if (this.quiet && severityOf(code, false) !== 'error') return;
    const place = at.source * LONGEST_TEXT + at.start;
    const here = this.#places.get(place);
    const alike = here?.filter((other) => other.code === code) ?? [];
    if (alike.length >= MOST_AT_ONE_PLACE || alike.some((other) => other.message === message)) return;
    const diagnostic = {
      severity: severityOf(code, this.compat),
      code,
      at,
      message,
      ...(hint === undefined ? {} : { hint }),
      ...(related === undefined ? {} : { related }),
    };
    if (here === undefined) this.#places.set(place, [diagnostic]);
    else here.push(diagnostic);
  }

  /** Whether there is a complaint of this kind: some rules know less than they would need to then. */
  has(code: Code): boolean {
    return [...this.#places.values()].some((here) => here.some((diagnostic) => diagnostic.code === code));
  }

  /** In the order of the text. */
  sorted(): Diagnostic[] {
    const all = [...this.#places.values()].flat();
    return all.sort((a, b) => a.at.source - b.at.source || a.at.start - b.at.start);
  }
}
