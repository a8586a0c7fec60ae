// Keeps the control socket where the file says. Nothing depends on it: where it cannot be the director goes
// on without, and says so once.
import type { Actions, ControlServer, Resources } from '../console/control-server.ts';
import type { Notice } from '../core/events.ts';
import { Trouble } from './trouble.ts';

export class ControlKeeper {
  readonly #resources: Resources;
  readonly #actions: Actions;
  readonly #say: (notice: Notice) => void;
  #path: string | undefined;
  #server: ControlServer | undefined;
  readonly #trouble = new Trouble();
  #last: Promise<void> = Promise.resolve();

  constructor(resources: Resources, actions: Actions, say: (notice: Notice) => void) {
    this.#resources = resources;
    this.#actions = actions;
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
      // node:http takes longer to load than a small file to be read: the services are not to wait for it.
      const { ControlServer } = await import('../console/control-server.ts');
      this.#server = await ControlServer.open(path, this.#resources, this.#actions);
      this.#trouble.over();
      const message = `questions are answered at ${path}`;
      this.#say({ event: 'control.listening', message, fields: { path } });
    } catch (error) {
      const news = this.#trouble.news(error);
      if (news === undefined) return;
      const message = `there is no control socket at ${path}: ${news.reason}`;
      this.#say({ event: 'control.failed', message, fields: { path, ...news } });
    }
  }
}
