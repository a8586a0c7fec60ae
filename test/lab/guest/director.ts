// One director under test, lvs-director or keepalived, running in its namespace as an operator would run it.
import { type ChildProcess, spawn } from 'node:child_process';
import { appendFileSync, existsSync, mkdirSync, openSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { DirectorName } from './addresses.ts';
import { processesIn } from './namespace.ts';
import { killProcesses } from './network.ts';
import { until } from './witness.ts';

export type Program = 'lvs-director' | 'keepalived';
export type LogLine = { event: string; time: number; msg?: string } & Record<string, unknown>;

const LVS_DIRECTOR = join(import.meta.dirname, '../../../bin/lvs-director');
const OUT = process.env.LAB_OUT!;

/** For the file of an lvs-director: where its control socket and its state files are. */
export const runtimeDirectory = (node: DirectorName) => `/run/lab/${node}/state`;

export class Director {
  readonly node: DirectorName;
  readonly program: Program;
  readonly configurationFile: string;
  readonly logFile: string;
  readonly #directory: string;
  #child: ChildProcess | undefined;

  constructor(node: DirectorName, program: Program) {
    this.node = node;
    this.program = program;
    this.#directory = `/run/lab/${node}`;
    mkdirSync(this.#directory, { recursive: true });
    this.configurationFile = join(this.#directory, 'keepalived.conf');
    this.logFile = join(OUT, `${node}.log`);
  }

  configure(text: string): void {
    writeFileSync(this.configurationFile, text);
    appendFileSync(join(OUT, `${this.node}.conf`), `# --- ${new Date().toISOString()}\n${text}`);
  }

  start(): void {
    const log = openSync(this.logFile, 'a');
    // `ip netns exec` and not inside(): the program also gets the namespace's own /sys, as it would in
    // production.
    this.#child = spawn('ip', ['netns', 'exec', this.node, ...this.command()], {
      stdio: ['ignore', log, log],
      // Stopped members of a group whose leader dies bring SIGHUP to all of it: not to ours, then.
      detached: true,
    });
  }

  command(): string[] {
    const file = this.configurationFile;
    const directory = this.#directory;
    switch (this.program) {
      case 'lvs-director':
        return [LVS_DIRECTOR, 'run', '-n', '-l', '-f', file, '-p', `${directory}/main.pid`];
      case 'keepalived': {
        const pidFiles = ['-p', `${directory}/main.pid`, '-r', `${directory}/vrrp.pid`];
        return ['keepalived', '-n', '-l', '-f', file, ...pidFiles, '-c', `${directory}/checkers.pid`];
      }
    }
  }

  /** The process that takes signals: the one of the pid file, once there is one. */
  get pid(): number {
    const file = `${this.#directory}/main.pid`;
    const written = existsSync(file) ? Number.parseInt(readFileSync(file, 'utf8'), 10) : Number.NaN;
    return Number.isNaN(written) ? this.#child!.pid! : written;
  }

  /** Every process of the node: nothing else runs in its namespace. */
  processes(): number[] {
    return processesIn(this.node);
  }

  signal(signal: NodeJS.Signals): void {
    process.kill(this.pid, signal);
  }

  killAll(): void {
    killProcesses(this.processes());
  }

  /** The exit code, or the signal that ended it. */
  async exit(limitMs: number): Promise<number | string> {
    const child = this.#child!;
    const ended = () => child.exitCode !== null || child.signalCode !== null;
    await until(`${this.node} ends`, limitMs, ended);
    return child.exitCode ?? child.signalCode!;
  }

  /** How often it has become master: both programs log it in the same words. */
  timesMaster(): number {
    return readFileSync(this.logFile, 'utf8').split('Entering MASTER STATE').length - 1;
  }

  /** Our own log lines with that event; keepalived has none. The last one may still be in the writing. */
  logged(event: string): LogLine[] {
    const lines = readFileSync(this.logFile, 'utf8')
      .split('\n')
      .slice(0, -1)
      .filter((line) => line.startsWith('{'));
    return lines.map((line) => JSON.parse(line) as LogLine).filter((line) => line.event === event);
  }

  /** Waits for a line that was not there before: `count` of them in all. */
  async untilLogged(event: string, limitMs: number, count = 1): Promise<LogLine> {
    await until(`${this.node} logs ${event}`, limitMs, () => this.logged(event).length >= count);
    return this.logged(event)[count - 1]!;
  }
}
