// Starts balancer processes. The first one is started before the command line is even parsed: it takes as
// long to boot as the director does, and so they boot side by side. Imports nothing that takes time.
import { type ChildProcess, spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';

const ENTRY = fileURLToPath(new URL('./balancer-main.ts', import.meta.url));
/**
 * Options that end the program early, or change what a child inherits. A false alarm costs 0.1 s, no more.
 */
const NOT_YET = /^-[a-zA-Z]*[hstuv]|^--(help|namespace|config-test|umask|version)/;

/**
 * Hot code is compiled where it runs, not by another thread meanwhile: with thousands of services that takes
 * a fifth more, of processor time and of memory. No advert waits for it, they are the other process's. And
 * where thousands of services are read again, half as much of what is short-lived outlives its collections.
 */
const FLAGS = ['--no-concurrent-recompilation', '--max-semi-space-size=2'];

let spare: ChildProcess | undefined;

/** `args`: the command line after the program's name. */
export function spawnAhead(args: readonly string[]): void {
  const runs = args[0] === 'run' || args[0]?.startsWith('-');
  if (runs && !args.some((arg) => NOT_YET.test(arg))) spare = start();
}

export function spawnBalancer(): ChildProcess {
  const child = spare ?? start();
  spare = undefined;
  return child;
}

function start(): ChildProcess {
  return spawn(process.execPath, [...process.execArgv, ...FLAGS, ENTRY], {
    stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
    serialization: 'advanced',
  });
}
