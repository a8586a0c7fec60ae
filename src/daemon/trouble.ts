// What a director goes on without, said once: the next time only when there is another reason.
import { DirectorError } from '../core/errors.ts';

export class Trouble {
  #reason: string | undefined;

  /** Undefined when it was said before. */
  news(error: unknown): { reason: string; hint: string | undefined } | undefined {
    const known = error instanceof DirectorError ? error : undefined;
    // The message of a system error names a file that has another name each time.
    const reason = known?.message ?? (error as NodeJS.ErrnoException).code ?? String(error);
    if (reason === this.#reason) return undefined;
    this.#reason = reason;
    return { reason, hint: known?.hint };
  }

  over(): void {
    this.#reason = undefined;
  }
}
