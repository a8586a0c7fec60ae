// What ps, top and /proc/PID/comm call a thread. That of a process's first thread is the name of the process.
import { readdirSync, readFileSync } from 'node:fs';
import koffi from 'koffi';
import { define, systemError } from './libc.ts';

/** As long as the file says nothing. */
export const NAMES = { director: 'lvs-director', elector: 'lvs-elector', balancer: 'lvs-balancer' } as const;
/** <linux/prctl.h> */
const PR_SET_NAME = 15;
type Prctl = (option: number, name: string, ...unused: [number, number, number]) => number;
const prctl = define<Prctl>('prctl', 'int', ['int', 'str', 'ulong', 'ulong', 'ulong']);

/** Of this process. */
export function threadsNamed(name: string): number[] {
  const ids = readdirSync('/proc/self/task');
  return ids
    .filter((id) => readFileSync(`/proc/self/task/${id}/comm`, 'utf8').trimEnd() === name)
    .map(Number);
}

/** Of the calling thread; the kernel keeps 15 bytes. */
export function nameThread(name: string): void {
  if (prctl(PR_SET_NAME, name, 0, 0, 0) === -1) throw systemError('prctl', koffi.errno(), name);
}
