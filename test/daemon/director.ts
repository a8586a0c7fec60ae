// A director started for a test: in a network namespace of its own, with its log as parsed lines one can
// wait for.
import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const BIN = fileURLToPath(new URL('../../bin/lvs-director', import.meta.url));
export type Line = { event: string; msg: string } & Record<string, unknown>;

export const ip = (...args: string[]) => execFileSync('ip', args, { stdio: ['ignore', 'pipe', 'pipe'] });

/**
 * A namespace with `eth0` (10.77.0.1/24) whose other end is in a second, silent namespace. Gone after
 * `remove`.
 */
export function makeNamespace(name: string): { name: string; remove: () => void } {
  const far = `${name}-far`;
  for (const each of [name, far]) {
    ip('netns', 'add', each);
    ip('-n', each, 'link', 'set', 'lo', 'up');
  }
  ip('link', 'add', 'eth0', 'netns', name, 'type', 'veth', 'peer', 'name', 'eth0', 'netns', far);
  ip('-n', far, 'link', 'set', 'eth0', 'up');
  ip('-n', name, 'link', 'set', 'eth0', 'up');
  ip('-n', name, 'addr', 'add', '10.77.0.1/24', 'dev', 'eth0');
  const remove = () => {
    for (const each of [name, far]) ip('netns', 'del', each);
  };
  return { name, remove };
}

export class TestDirector {
  readonly directory = mkdtempSync(join(tmpdir(), 'lvs-director-test-'));
  readonly file = join(this.directory, 'director.conf');
  readonly pidFile = join(this.directory, 'main.pid');
  readonly lines: Line[] = [];
  readonly #child: ChildProcess;
  readonly ended: Promise<number | null>;
  #wake: (() => void)[] = [];
  stderr = '';

  constructor(namespace: string, configuration: string, args: readonly string[] = ['run', '-n', '-l']) {
    writeFileSync(this.file, configuration);
    const command = [BIN, ...args, '-f', this.file, '-p', this.pidFile];
    this.#child = spawn('ip', ['netns', 'exec', namespace, ...command], {
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    let rest = '';
    this.#child.stdout!.setEncoding('utf8').on('data', (chunk: string) => {
      const parts = (rest + chunk).split('\n');
      rest = parts.pop()!;
      for (const part of parts) this.lines.push(JSON.parse(part));
      for (const wake of this.#wake.splice(0)) wake();
    });
    this.#child.stderr!.setEncoding('utf8').on('data', (chunk: string) => {
      this.stderr += chunk;
    });
    this.ended = new Promise((resolve) => this.#child.on('close', resolve));
  }

  get pid(): number {
    return Number(readFileSync(this.pidFile, 'utf8'));
  }

  /** The balancer is the only child of the director. */
  get balancerPid(): number {
    return Number(readFileSync(`/proc/${this.pid}/task/${this.pid}/children`, 'utf8').trim());
  }

  write(configuration: string): void {
    writeFileSync(this.file, configuration);
  }

  signal(signal: NodeJS.Signals): void {
    process.kill(this.pid, signal);
  }

  /**
   * The first line that matches, from `from` on (an index into `lines`); fails loudly with the log after
   * `limitMs`.
   */
  async line(match: Partial<Line>, { from = 0, limitMs = 10_000 } = {}): Promise<Line> {
    const deadline = performance.now() + limitMs;
    for (;;) {
      const found = this.lines
        .slice(from)
        .find((line) => Object.entries(match).every(([name, value]) => line[name] === value));
      if (found) return found;
      const left = deadline - performance.now();
      if (left <= 0)
        throw new Error(`no line ${JSON.stringify(match)} in ${limitMs} ms:\n${this.describe()}`);
      await Promise.race([
        new Promise<void>((resolve) => this.#wake.push(resolve)),
        new Promise((resolve) => setTimeout(resolve, left)),
      ]);
    }
  }

  describe(): string {
    return [...this.lines.map((line) => JSON.stringify(line)), this.stderr].join('\n');
  }

  /** Whatever is still alive is killed; the test's own files go. */
  async remove(): Promise<void> {
    if (this.#child.exitCode === null) {
      try {
        this.signal('SIGTERM');
      } catch {
        this.#child.kill('SIGKILL');
      }
      const timer = setTimeout(() => this.#child.kill('SIGKILL'), 12_000);
      await this.ended;
      clearTimeout(timer);
    }
    rmSync(this.directory, { recursive: true, force: true });
  }
}
