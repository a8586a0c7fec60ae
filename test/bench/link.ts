// Two private namespaces with one cable: a director's machine and a peer that listens. For measurements on
// the host.
import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const BIN = join(import.meta.dirname, '../../bin/lvs-director');
const STOP_WITHIN_MS = 8_000;

export type Program = 'lvs-director' | 'keepalived';

export class Link {
  readonly director: string;
  readonly peer: string;
  /** For configurations and pid files. */
  readonly directory: string;

  /** The director has 10.99.1.1/24 on eth0, the peer 10.99.1.2/24. */
  constructor(name: string) {
    const prefix = `bench-${name}-${process.pid}`;
    this.director = `${prefix}-d`;
    this.peer = `${prefix}-p`;
    this.directory = mkdtempSync(join(tmpdir(), `lvs-director-${prefix}-`));
    for (const namespace of [this.director, this.peer]) {
      ip('netns', 'add', namespace);
      ip('-n', namespace, 'link', 'set', 'lo', 'up');
    }
    ip(
      '-n',
      this.director,
      'link',
      'add',
      'eth0',
      'type',
      'veth',
      'peer',
      'name',
      'eth0',
      'netns',
      this.peer,
    );
    for (const [namespace, host] of [
      [this.director, 1],
      [this.peer, 2],
    ] as const) {
      ip('-n', namespace, 'address', 'add', `10.99.1.${host}/24`, 'dev', 'eth0');
      ip('-n', namespace, 'link', 'set', 'eth0', 'up');
    }
  }

  /** Runs in the director's namespace; `enter` costs one exec of nsenter, for both programs alike. */
  start(program: Program, configuration: string, words: readonly string[] = []): ChildProcess {
    const command = directorCommand(program, configuration, this.directory);
    return this.spawn(this.director, [...command, ...words]);
  }

  spawn(namespace: string, command: readonly string[]): ChildProcess {
    const entered = [`--net=/run/netns/${namespace}`, '--', ...command];
    return spawn('nsenter', entered, { stdio: ['ignore', 'pipe', 'pipe'] });
  }

  remove(): void {
    for (const namespace of [this.director, this.peer]) ip('netns', 'delete', namespace);
    rmSync(this.directory, { recursive: true, force: true });
  }
}

export function directorCommand(program: Program, configuration: string, directory: string): string[] {
  const pid = (name: string) => join(directory, `${name}.pid`);
  switch (program) {
    case 'lvs-director':
      return [BIN, 'run', '-n', '-f', configuration, '-p', pid('main')];
    case 'keepalived':
      // -G: without a syslog it would write to /dev/console, which here takes 1.3 ms a line.
      return [
        ...['keepalived', '-n', '-l', '-G', '-f', configuration],
        ...['-p', pid('main'), '-r', pid('vrrp'), '-c', pid('checkers')],
      ];
  }
}

/** A planned stop; one that does not come is ended, and is an error. */
export async function stop(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const ended = once(child, 'exit');
  child.kill('SIGTERM');
  const late = setTimeout(() => child.kill('SIGKILL'), STOP_WITHIN_MS);
  await ended;
  clearTimeout(late);
  if (child.signalCode === 'SIGKILL') throw new Error(`${child.spawnargs.join(' ')} did not stop`);
}

function ip(...words: string[]): void {
  execFileSync('ip', words, { stdio: ['ignore', 'ignore', 'inherit'] });
}
