// One of the demo's two directors: starts the real `lvs-director run` in its namespace, reads its
// log, rehearses its failover by signal, crashes it as a power cut would. Decides nothing.
import { type ChildProcess, spawn } from 'node:child_process';
import { createWriteStream, type WriteStream } from 'node:fs';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import type { DirectorName, Node } from './layout.ts';
import { on, processesBeside, reboot, unplug } from './network.ts';

const PROGRAM = fileURLToPath(new URL('../../../bin/lvs-director', import.meta.url));

/** One line of a director's log. Lines that are not JSON come as `msg` alone. */
export type LogLine = { msg: string; event?: string; time?: number } & Record<string, unknown>;
export type DirectorSetup = {
  node: Node & { name: DirectorName };
  configurations: readonly string[];
  /** Where its log goes as well; undefined = nowhere. */
  logFile?: string;
  heard(line: LogLine): void;
  /** Not called when we ended it ourselves. */
  ended(how: string): void;
};

export function parseLogLine(text: string): LogLine {
  try {
    const line = JSON.parse(text) as LogLine | null;
    if (typeof line === 'object' && line !== null && typeof line.msg === 'string') return line;
  } catch {} // other programs' words on the same stream are shown as they are
  return { msg: text };
}

export class Director {
  readonly name: DirectorName;
  readonly #setup: DirectorSetup;
  readonly #log: WriteStream | undefined;
  #process: ChildProcess | undefined;
  #crashed = false;

  constructor(setup: DirectorSetup) {
    this.name = setup.node.name;
    this.#setup = setup;
    this.#log = setup.logFile === undefined ? undefined : createWriteStream(setup.logFile, { flags: 'a' });
  }

  /** Each machine has a runtime directory of its own, as two computers would. */
  start(): void {
    const { heard, ended, configurations } = this.#setup;
    this.#crashed = false;
    const script = 'mkdir -p $0 && mount -t tmpfs -o mode=700 tmpfs $0 && exec "$@"';
    const files = configurations.flatMap((file) => ['-f', file]);
    const words = [...on(this.name), 'sh', '-c', script, '/run/lvs-director', PROGRAM, 'run', '-n', ...files];
    // A session of its own: Ctrl-C in the demo's terminal must reach the demo only.
    const child = spawn('ip', words, { detached: true, stdio: ['ignore', 'pipe', 'pipe'] });
    this.#process = child;
    for (const stream of [child.stdout, child.stderr]) {
      createInterface({ input: stream }).on('line', (text) => {
        this.#log?.write(`${text}\n`);
        heard(parseLogLine(text));
      });
    }
    child.on('exit', (code, signal) => {
      if (this.#process === child && !this.#crashed) ended(signal ?? `exit ${code}`);
    });
  }

  /** SIGUSR2: what an operator would send to rehearse a failover. */
  drill(): void {
    this.#process?.kill('SIGUSR2');
  }

  /**
   * Power cut: nothing is said to the peer, nothing is cleaned up. Its processes are frozen until
   * the cables are silent, because one of them that saw another die could still resign on its
   * behalf.
   */
  crash(): void {
    const pid = this.#process?.pid;
    if (pid === undefined) return;
    this.#crashed = true;
    const victims = processesBeside(pid);
    for (const victim of victims) process.kill(victim, 'SIGSTOP');
    unplug(this.#setup.node);
    for (const victim of victims) process.kill(victim, 'SIGKILL');
  }

  /** The machine comes back with an empty kernel and starts its director. */
  async restart(): Promise<void> {
    await reboot(this.#setup.node);
    this.start();
  }
}
