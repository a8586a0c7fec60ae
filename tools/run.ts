// Runs the project's tools one after the other or side by side, and says how each ended.
import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';

export const root = fileURLToPath(new URL('../', import.meta.url));
export type Outcome = { name: string; ok: boolean; ms: number; output: string };

/**
 * `command[0]` is a program of node_modules/.bin. With `quiet` its output is kept for the outcome, not
 * shown.
 */
export function run(
  name: string,
  command: readonly string[],
  { quiet }: { quiet: boolean },
): Promise<Outcome> {
  const started = performance.now();
  const [program, ...args] = command;
  const child = spawn(`${root}node_modules/.bin/${program}`, args, {
    cwd: root,
    // Their `#!/usr/bin/env node` must find the Node of npm, also when this was not started by npm.
    env: { ...process.env, PATH: `${root}node_modules/.bin:${process.env.PATH}` },
    stdio: ['ignore', quiet ? 'pipe' : 'inherit', quiet ? 'pipe' : 'inherit'],
  });
  let output = '';
  for (const stream of [child.stdout, child.stderr]) stream?.on('data', (chunk) => (output += chunk));
  return new Promise((resolve, reject) => {
    child.on('error', reject);
    child.on('close', (code) => resolve({ name, ok: code === 0, ms: performance.now() - started, output }));
  });
}
