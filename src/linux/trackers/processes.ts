// How many processes of each kind run, by looking through /proc. No connector of the kernel's, which tells
// nothing in a network namespace or a container (keepalived 2.2.7 then takes every process for dead).
import { readdirSync, readFileSync } from 'node:fs';
import { basename } from 'node:path';
import type { ProcessTarget } from '../../director/trackers.ts';

/** TASK_COMM_LEN without its zero byte. */
const LONGEST_NAME = 15;

/** As many as there are targets, in their order. */
export function countProcesses(targets: readonly ProcessTarget[], proc = '/proc'): number[] {
  const counts = targets.map(() => 0);
  const names = new Set(targets.map(({ command }) => basename(command).slice(0, LONGEST_NAME)));
  // The name says at little cost which are worth a second look; an interpreter's is its script's.
  const looksAtAll = targets.some(({ fullCommand }) => fullCommand);
  for (const pid of readdirSync(proc)) {
    if (!/^\d+$/.test(pid)) continue;
    const name = read(`${proc}/${pid}/comm`).trimEnd();
    if (!looksAtAll && !names.has(name)) continue;
    const words = read(`${proc}/${pid}/cmdline`).split('\0').slice(0, -1);
    if (words.length === 0) continue; // a thread of the kernel's, or dead and not yet buried
    for (const [i, target] of targets.entries()) if (isOne(target, name, words)) counts[i]!++;
  }
  return counts;
}

function isOne(target: ProcessTarget, name: string, [command, ...given]: readonly string[]): boolean {
  if (!isCommand(target, name, command!)) return false;
  const { match, parameters } = target;
  if (match === 'any') return true;
  if (given.length < parameters.length) return false;
  if ((match === 'exact' || parameters.length === 0) && given.length !== parameters.length) return false;
  return parameters.every((parameter, i) => {
    const isLast = i === parameters.length - 1;
    return match === 'initial' && isLast ? given[i]!.startsWith(parameter) : given[i] === parameter;
  });
}

function isCommand({ command: wanted, fullCommand }: ProcessTarget, name: string, command: string): boolean {
  if (fullCommand || wanted.includes('/')) return command === wanted;
  return name === wanted.slice(0, LONGEST_NAME);
}

/** Empty when the process has ended meanwhile. */
function read(path: string): string {
  try {
    return readFileSync(path, 'latin1');
  } catch {
    return '';
  }
}
