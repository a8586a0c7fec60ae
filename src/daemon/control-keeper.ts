// Keeps the control socket where the file says. Nothing depends on it: where it cannot be the director goes
// on without, and says so once.
import { ControlServer, type Resources } from '../console/control-server.ts';
import { DirectorError } from '../core/errors.ts';
import type { Notice } from '../core/events.ts';

export class ControlKeeper {
  readonly #resources: Resources;
  readonly #say: (notice: Notice) => void;
  #path: string | undefined;
  #server: ControlServer | undefined;
  #trouble: string | undefined;
  #last: Promise<void> = Promise.resolve();

  constructor(resources: Resources, say: (notice: Notice) => void) {
    this.#resources = resources;
    this.#say = say;
  }

  /** In the background. Where there is none yet each call tries again. */
  keep(path: string): void {
    this.#last = this.#last.then(() => this.#keep(path));
  }

  /** Resolves when the socket is gone. */
  async close(): Promise<void> {
    await this.#last;
    await this.#server?.close();
    this.#server = undefined;
  }

  async #keep(path: string): Promise<void> {
    if (path === this.#path && this.#server !== undefined) return;
    await this.#server?.close();
    this.#server = undefined;
    this.#path = path;
    try {
      this.#server = await ControlServer.open(path, this.#resources);
      this.#trouble = undefined;
      const message = `questions are answered at ${path}`;
      this.#say({ event: 'control.listening', message, fields: { path } });
    } catch (error) {
      const known = error instanceof DirectorError ? error : undefined;
      const reason = known?.message ?? (error as NodeJS.ErrnoException).code ?? String(error);
      if (reason === this.#trouble) return;
      this.#trouble = reason;
      const message = `there is no control socket at ${path}: ${reason}`;
      this.#say({ event: 'control.failed', message, fields: { path, reason, hint: known?.hint } });
    }
  }
}
