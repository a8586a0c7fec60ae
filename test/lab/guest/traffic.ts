// The runner's side of the client and the real servers: two worker threads that go on while the runner
// waits for an exec.
import { Worker } from 'node:worker_threads';
import type { ServerName } from './addresses.ts';
import type { ClientCommand, ClientSettings } from './client.ts';
import type { Report, SessionLog } from './measure.ts';
import type { ServersCommand } from './servers.ts';

type WithoutId<T> = T extends unknown ? Omit<T, 'id'> : never;

export class Traffic {
  readonly #client: Colleague<WithoutId<ClientCommand>>;
  readonly #servers: Colleague<WithoutId<ServersCommand>>;

  constructor(settings: ClientSettings) {
    this.#servers = new Colleague('servers.ts', undefined);
    this.#client = new Colleague('client.ts', settings);
  }

  /** Resolves when the servers listen; nobody has sent anything yet. */
  async ready(): Promise<void> {
    await Promise.all([this.#servers.ready, this.#client.ready]);
  }

  /** All of them must open: a scenario that starts with a hole measures nothing. */
  async open(group: string, kind: SessionLog['kind'], sessions: number): Promise<void> {
    const failures = (await this.#client.ask({ do: 'open', group, kind, sessions })) as string[];
    if (failures.length > 0)
      throw new Error(`${failures.length} ${group} sessions did not open: ${[...new Set(failures)]}`);
  }

  /** Every session of that server, by a reset: no report counts them from the next mark on. */
  async hangUp(server: ServerName): Promise<void> {
    await this.#client.ask({ do: 'hangUp', server });
  }

  async startRequests(): Promise<void> {
    await this.#client.ask({ do: 'request' });
  }

  /** Here begins what the next report is about. */
  async mark(): Promise<void> {
    await this.#client.ask({ do: 'mark' });
  }

  async wakeIdle(): Promise<void> {
    await this.#client.ask({ do: 'wake' });
  }

  async report(): Promise<Report> {
    return (await this.#client.ask({ do: 'report' })) as Report;
  }

  async stopServer(server: ServerName): Promise<void> {
    await this.#servers.ask({ do: 'stop', server });
  }

  async startServer(server: ServerName): Promise<void> {
    await this.#servers.ask({ do: 'start', server });
  }
}

/** A worker that answers each command once; id 0 is its "I am ready". */
class Colleague<Command extends object> {
  readonly ready: Promise<unknown>;
  readonly #worker: Worker;
  readonly #waiting = new Map<number, (answer: unknown) => void>();
  #asked = 0;

  constructor(file: string, workerData: unknown) {
    this.#worker = new Worker(new URL(file, import.meta.url), { workerData });
    this.ready = new Promise((resolve) => this.#waiting.set(0, resolve));
    this.#worker.on('message', ({ id, answer }: { id: number; answer?: unknown }) => {
      this.#waiting.get(id)?.(answer);
      this.#waiting.delete(id);
    });
    this.#worker.on('error', (error) => {
      throw error;
    });
  }

  ask(command: Command): Promise<unknown> {
    const id = ++this.#asked;
    this.#worker.postMessage({ ...command, id });
    return new Promise((resolve) => this.#waiting.set(id, resolve));
  }
}
