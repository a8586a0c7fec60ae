// The balancer as the director sees it: a child process with a message channel, started again when it dies.
import type { ChildProcess } from 'node:child_process';
import { spawnBalancer } from './balancer-spawn.ts';
import type { ToBalancer, ToDirector } from './messages.ts';

/**
 * A child that dies at once is not started again at once: 0, 0.25, 0.5, 1, 2 … seconds; a minute's life
 * starts anew.
 */
const BACKOFF_MS = { first: 250, most: 8_000, forgiven: 60_000 };

type Start = Extract<ToBalancer, { type: 'start' }>;
type Handlers = {
  onStarted: (pid: number | undefined) => void;
  onMessage: (message: ToDirector) => void;
  onLost: (how: string) => void;
};

export class BalancerChild {
  readonly #handlers: Handlers;
  #child: ChildProcess | undefined;
  #waiting: ToBalancer[] = [];
  #timer: NodeJS.Timeout | undefined;
  #startedMs = Number.NEGATIVE_INFINITY;
  #delayMs = 0;

  constructor(handlers: Handlers) {
    this.#handlers = handlers;
  }

  get running(): boolean {
    return this.#child !== undefined;
  }

  start(message: Start): void {
    const livedMs = performance.now() - this.#startedMs;
    if (livedMs >= BACKOFF_MS.forgiven) this.#delayMs = 0;
    this.#waiting = [message];
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.#spawn(), this.#delayMs);
    this.#delayMs = Math.min(BACKOFF_MS.most, this.#delayMs * 2 || BACKOFF_MS.first);
  }

  /**
   * Words to a child that is between two lives are kept for the next one; `start` carries the states
   * anyway.
   */
  send(message: ToBalancer): void {
    if (this.#child?.connected) this.#child.send(message);
    else this.#waiting.push(message);
  }

  #spawn(): void {
    this.#startedMs = performance.now();
    const child = spawnBalancer();
    this.#child = child;
    this.#handlers.onStarted(child.pid);
    child.on('message', (message) => this.#handlers.onMessage(message as ToDirector));
    child.on('error', (error) => this.#lost(child, error.message));
    child.on('exit', (code, signal) => this.#lost(child, signal ?? `exit code ${code}`));
    for (const message of this.#waiting.splice(0)) child.send(message);
  }

  #lost(child: ChildProcess, how: string): void {
    if (this.#child !== child) return;
    this.#child = undefined;
    this.#handlers.onLost(how);
  }
}
