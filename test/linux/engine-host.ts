// The handle on one engine-program in its namespace: orders in, answers out, and a sure end.
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';

const PROGRAM = new URL('./engine-program.ts', import.meta.url).pathname;

export class EngineHost {
  readonly #child: ChildProcess;
  readonly #waiting = new Map<
    number,
    { resolve: (value: unknown) => void; reject: (error: Error) => void }
  >();
  readonly #exited: Promise<unknown>;
  #nextId = 1;

  constructor(namespace: string) {
    this.#child = spawn('ip', ['netns', 'exec', namespace, process.execPath, PROGRAM], {
      stdio: ['pipe', 'pipe', 'inherit'],
    });
    this.#exited = once(this.#child, 'exit').then(() => {
      for (const { reject } of this.#waiting.values()) reject(new Error('the program ended'));
    });
    createInterface({ input: this.#child.stdout! }).on('line', (line) => {
      const { id, value, error } = JSON.parse(line) as { id: number; value?: unknown; error?: string };
      const waiting = this.#waiting.get(id);
      this.#waiting.delete(id);
      if (error === undefined) waiting?.resolve(value);
      else waiting?.reject(new Error(error));
    });
  }

  // biome-ignore lint/suspicious/noExplicitAny: answers are JSON of many shapes, judged by the tests
  ask(order: Record<string, unknown>): Promise<any> {
    const id = this.#nextId++;
    return new Promise((resolve, reject) => {
      this.#waiting.set(id, { resolve, reject });
      this.#child.stdin!.write(`${JSON.stringify({ id, order })}\n`);
    });
  }

  /** Ends it in order. */
  async stop(): Promise<void> {
    if (this.#child.exitCode === null && this.#child.signalCode === null) this.#child.stdin!.end();
    await this.#exited;
  }

  /** Ends it as a power failure would. */
  async kill(): Promise<void> {
    this.#child.kill('SIGKILL');
    await this.#exited;
  }
}
