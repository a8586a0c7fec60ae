// With expire_nodest_conn connections do not outlive the removal of their server, whether or not another
// packet comes (ip_vs_expire_nodest_conn_flush, Linux 5.9 and later). The whole table is walked for it, in
// portions between which packets pass.
import { UNBOUND } from './connections.ts';
import type { Sessions } from './sessions.ts';

/** Less than a millisecond. */
const AT_ONCE = 65_536;

export class Orphans {
  readonly #sessions: Sessions;
  /** Looked at so far; undefined = nothing has to go. */
  #walked: number | undefined;

  constructor(sessions: Sessions) {
    this.#sessions = sessions;
  }

  get isDue(): boolean {
    return this.#walked !== undefined || this.#sessions.services.hasOrphans;
  }

  advance(): void {
    const { services, conduct, connections } = this.#sessions;
    if (services.hasOrphans) {
      services.hasOrphans = false;
      if (conduct.expire_nodest_conn !== 0) this.#walked = 0;
    }
    if (this.#walked === undefined) return;
    const end = Math.min(this.#walked + AT_ONCE, connections.last);
    for (let at = this.#walked + 1; at <= end; at++) if (connections.isUsed(at)) this.#drop(at);
    this.#walked = end === connections.last ? undefined : end;
  }

  #drop(at: number): void {
    const { services, connections } = this.#sessions;
    const slot = connections.serverSlot(at);
    if (slot === UNBOUND || services.server(slot).available || connections.isControlling(at)) return;
    const template = connections.control(at);
    this.#sessions.close(at);
    if (template !== 0 && !connections.isControlling(template)) this.#sessions.close(template);
  }
}
