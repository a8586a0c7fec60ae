// A pipe of the configuration together with the program that reads it: made, written to, started again when
// it ends. A pipe that cannot be made is said once and then left alone.
import type { Notice } from '../core/events.ts';
import type { PlannedPipe } from '../director/notify.ts';
import { EventPipe } from '../linux/scripts/event-pipe.ts';
import type { OperatorPrograms } from './operator-programs.ts';

/** A reader that ends is started again: after 1, 2, 4 … seconds. */
const AGAIN_MS = { first: 1_000, most: 60_000 };

export class NotifyPipe {
  readonly plan: PlannedPipe;
  readonly #programs: OperatorPrograms;
  readonly #say: (notice: Notice) => void;
  readonly #pipe: EventPipe | undefined;
  readonly #closed = new AbortController();
  #timer: NodeJS.Timeout | undefined;
  #againMs = AGAIN_MS.first;
  #lost = 0;

  constructor(plan: PlannedPipe, programs: OperatorPrograms, say: (notice: Notice) => void) {
    this.plan = plan;
    this.#programs = programs;
    this.#say = say;
    this.#pipe = this.#open();
    if (this.#pipe !== undefined) this.#read();
  }

  /** The first line that is lost is said; how many there were, when the next one gets through. */
  write(line: string): void {
    const pipe = this.#pipe;
    if (pipe === undefined) return;
    const before = pipe.lost;
    pipe.write(line);
    const isLost = pipe.lost > before;
    if (isLost && pipe.lost === this.#lost + 1)
      this.#sayFailed(`nobody reads ${pipe.path}: lines are lost`, 1);
    if (isLost || pipe.lost === this.#lost) return;
    this.#sayFailed(`${pipe.path} is read again: lines were lost`, pipe.lost - this.#lost);
    this.#lost = pipe.lost;
  }

  /** Its reader gets a TERM, as keepalived has it. */
  close(): void {
    this.#closed.abort();
    clearTimeout(this.#timer);
    this.#pipe?.close();
  }

  #open(): EventPipe | undefined {
    try {
      return new EventPipe(this.plan);
    } catch (error) {
      this.#sayFailed(
        `${this.plan.path} is not written to: ${error instanceof Error ? error.message : error}`,
      );
      return undefined;
    }
  }

  #read(): void {
    const { reader, path } = this.plan;
    if (reader === undefined) return;
    const program = { ...reader, argv: [...reader.argv, path] };
    const { signal } = this.#closed;
    void this.#programs.runAndTell(program, { signal }, { pipe: path }).then(() => {
      if (signal.aborted) return;
      this.#timer = setTimeout(() => this.#read(), this.#againMs);
      this.#againMs = Math.min(AGAIN_MS.most, this.#againMs * 2);
    });
  }

  #sayFailed(message: string, lost?: number): void {
    this.#say({ event: 'pipe.failed', message, fields: { pipe: this.plan.path, lost } });
  }
}
