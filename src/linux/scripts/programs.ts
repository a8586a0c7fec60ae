// Runs programs for the operator: an array of arguments, never a shell, as a given user, in a process group
// of its own that ends as a whole when its time is up. Decides nothing: what a program's end
// means is the caller's.
import { type ChildProcess, spawn } from 'node:child_process';
import { setTimeout as wait } from 'node:timers/promises';
import type { Account } from './accounts.ts';
import { keepDescriptors } from './descriptors.ts';

/** From TERM to KILL, as keepalived has it. */
const GRACE_MS = 2_000;
/** The same when we end: nobody waits that long for us. */
const LAST_GRACE_MS = 500;
/** Of output this much is kept; the rest is read, so that the program does not block, and forgotten. */
const OUTPUT_MOST = 4_096;
/**
 * A program may leave a daemon behind that holds its output open. So many such pipes are read on; of more the
 * oldest is closed.
 */
const PIPES_MOST = 64;
/** What a program wrote is read within this, unless a daemon that it left behind holds its output open. */
const LAST_WORDS_MS = 100;
/** Of our own making, and nothing for others: how node talks to its parent, how systemd hears of us. */
const PRIVATE = /^(NODE_|NOTIFY_SOCKET$|LISTEN_|WATCHDOG_)/;

/** An aborted `signal` ends it early. */
export type Command = {
  argv: readonly string[];
  account: Account;
  timeoutMs?: number;
  signal?: AbortSignal;
};
export type Outcome = {
  /** What it wrote first, both outputs as they came. */
  output: string;
  ms: number;
} & (
  | { how: 'exited'; status: number }
  | { how: 'killed'; signal: string }
  | { how: 'timedOut' }
  /** It could not be started: ENOENT, EACCES … */
  | { how: 'failed'; reason: string }
);
type End = { code: number | null; signal: string | null } | { failed: string };

export class Programs {
  readonly #most: number;
  readonly #running = new Map<ChildProcess, Promise<Outcome>>();
  readonly #waiting: (() => void)[] = [];
  readonly #pipes = new Set<ChildProcess>();
  #stopped = false;

  /** `most` run at once; more wait their turn. */
  constructor(most: number) {
    this.#most = most;
    keepDescriptors();
  }

  /** Never rejects. */
  async run(command: Command): Promise<Outcome> {
    if (this.#running.size >= this.#most) await new Promise<void>((resolve) => this.#waiting.push(resolve));
    if (this.#stopped || command.signal?.aborted)
      return { how: 'failed', reason: 'stopping', output: '', ms: 0 };
    const started = performance.now();
    const child = start(command);
    if (!(child instanceof Error)) return this.#follow(child, command, started);
    this.#waiting.shift()?.();
    return { how: 'failed', reason: reasonOf(child), output: '', ms: 0 };
  }

  /**
   * No program of ours runs when it resolves: those that do not end by themselves within `graceMs` are made
   * to.
   */
  async stop(graceMs: number): Promise<void> {
    const patience = setTimeout(() => this.#kill('SIGTERM'), graceMs);
    const end = setTimeout(() => this.#kill('SIGKILL'), graceMs + LAST_GRACE_MS);
    while (this.#running.size + this.#waiting.length > 0) await Promise.all(this.#running.values());
    clearTimeout(patience);
    clearTimeout(end);
    this.#stopped = true;
    for (const child of this.#pipes) closePipes(child);
  }

  #follow(child: ChildProcess, { timeoutMs, signal }: Command, started: number): Promise<Outcome> {
    const output = collect(child);
    const closed = closeOf(child);
    let timedOut = false;
    const timers: NodeJS.Timeout[] = [];
    const end = () => {
      killGroup(child, 'SIGTERM');
      timers.push(setTimeout(() => killGroup(child, 'SIGKILL'), GRACE_MS));
    };
    // Where this process itself was held up, the program's end may be there to be heard of: that comes first.
    const expire = () =>
      setImmediate(() => {
        if (hasEnded(child)) return;
        timedOut = true;
        end();
      });
    if (timeoutMs !== undefined) timers.push(setTimeout(expire, timeoutMs));
    signal?.addEventListener('abort', end);
    const outcome = endOf(child).then(async (ended): Promise<Outcome> => {
      const ms = Math.round(performance.now() - started);
      timers.forEach(clearTimeout);
      signal?.removeEventListener('abort', end);
      // The program is gone; of its group there may be more.
      if (timedOut || signal?.aborted) killGroup(child, 'SIGKILL');
      this.#keepReading(child);
      await closed(LAST_WORDS_MS);
      // Not before: starting programs as fast as they end would leave no time to read.
      this.#running.delete(child);
      this.#waiting.shift()?.();
      return { ...meaning(ended, timedOut), output: output(), ms };
    });
    this.#running.set(child, outcome);
    return outcome;
  }

  #keepReading(child: ChildProcess): void {
    this.#pipes.add(child);
    child.once('close', () => this.#pipes.delete(child));
    const [oldest] = this.#pipes;
    if (this.#pipes.size <= PIPES_MOST || oldest === undefined) return;
    closePipes(oldest);
    this.#pipes.delete(oldest);
  }

  #kill(signal: 'SIGTERM' | 'SIGKILL'): void {
    this.#stopped = true;
    for (const child of this.#running.keys()) if (!hasEnded(child)) killGroup(child, signal);
    for (const go of this.#waiting.splice(0)) go();
  }
}

/** Its own session and group; nothing open but its input, which is empty, and its output, which we read. */
function start({ argv, account }: Command): ChildProcess | Error {
  const [program = '', ...args] = argv;
  const environment = Object.entries(process.env).filter(([name]) => !PRIVATE.test(name));
  try {
    return spawn(program, args, {
      ...account,
      detached: true,
      env: Object.fromEntries(environment),
      stdio: ['ignore', 'pipe', 'pipe'],
    });
  } catch (error) {
    return error as Error;
  }
}

function endOf(child: ChildProcess): Promise<End> {
  return new Promise((resolve) => {
    child.once('exit', (code, signal) => resolve({ code, signal }));
    child.once('error', (error) => resolve({ failed: reasonOf(error) }));
  });
}

/** Its end may be told before its last output, when we are busy: waits for that, but not for ever. */
function closeOf(child: ChildProcess): (mostMs: number) => Promise<void> {
  const close = new Promise<void>((resolve) => child.once('close', () => resolve()));
  return async (mostMs) => {
    const patience = new AbortController();
    await Promise.race([close, wait(mostMs, undefined, patience).catch(() => undefined)]);
    patience.abort();
  };
}

function meaning(end: End, timedOut: boolean) {
  if ('failed' in end) return { how: 'failed', reason: end.failed } as const;
  if (timedOut) return { how: 'timedOut' } as const;
  if (end.signal !== null) return { how: 'killed', signal: end.signal } as const;
  return { how: 'exited', status: end.code ?? 0 } as const;
}

function hasEnded({ exitCode, signalCode }: ChildProcess): boolean {
  return exitCode !== null || signalCode !== null;
}

/** The group has the number of the program that leads it, and keeps it while anybody is in it. */
function killGroup({ pid }: ChildProcess, signal: 'SIGTERM' | 'SIGKILL'): void {
  if (pid === undefined) return;
  try {
    process.kill(-pid, signal);
  } catch {
    // Nobody is in it any more.
  }
}

function collect(child: ChildProcess): () => string {
  const kept: Buffer[] = [];
  let room = OUTPUT_MOST;
  for (const stream of [child.stdout, child.stderr])
    stream?.on('data', (chunk: Buffer) => {
      if (room > 0) kept.push(chunk.subarray(0, room));
      room -= chunk.length;
    });
  return () => Buffer.concat(kept).toString('utf8').trimEnd();
}

function closePipes(child: ChildProcess): void {
  child.stdout?.destroy();
  child.stderr?.destroy();
}

function reasonOf(error: Error): string {
  return (error as NodeJS.ErrnoException).code ?? error.message;
}
