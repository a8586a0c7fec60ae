// System calls about the calling thread (nice value, CPUs) and about its process (limits).
import koffi from 'koffi';
import { define, systemError } from '../libc.ts';

const PRIO_PROCESS = 0;
/** <asm-generic/resource.h>: microseconds of CPU time that a real-time thread may take without waiting. */
const RLIMIT_RTTIME = 15;
/** cpu_set_t. */
const CPU_SET_BYTES = 128;

type Bytes = Uint8Array;
const c = {
  setpriority: define<(which: number, who: number, nice: number) => number>('setpriority', 'int', [
    'int',
    'uint32_t',
    'int',
  ]),
  getCpus: define<(pid: number, size: number, set: Bytes) => number>('sched_getaffinity', 'int', [
    'int',
    'size_t',
    'void *',
  ]),
  setCpus: define<(pid: number, size: number, set: Bytes) => number>('sched_setaffinity', 'int', [
    'int',
    'size_t',
    'void *',
  ]),
  prlimit: define<(pid: number, resource: number, next: Bytes | null, before: Bytes | null) => number>(
    'prlimit',
    'int',
    ['int', 'int', 'void *', 'void *'],
  ),
};

function check(result: number, call: string, detail: string | number = ''): void {
  if (result === -1) throw systemError(call, koffi.errno(), detail);
}

/** Of the calling thread: on Linux each has its own. */
export function setNice(value: number): void {
  check(c.setpriority(PRIO_PROCESS, 0, value), 'setpriority', value);
}

/** Of the calling thread, as a mask. */
export function getCpus(): Uint8Array {
  const set = Buffer.alloc(CPU_SET_BYTES);
  check(c.getCpus(0, set.length, set), 'sched_getaffinity');
  return set;
}
export function setCpus(cpus: readonly number[] | Uint8Array): void {
  const set = cpus instanceof Uint8Array ? cpus : maskOf(cpus);
  check(c.setCpus(0, set.length, set), 'sched_setaffinity', cpus.length);
}
function maskOf(cpus: readonly number[]): Uint8Array {
  const set = Buffer.alloc(CPU_SET_BYTES);
  for (const cpu of cpus) if (cpu < CPU_SET_BYTES * 8) set[cpu >> 3]! |= 1 << (cpu & 7);
  return set;
}

/**
 * Of the process: beyond it the kernel sends SIGXCPU. Answers what it was. The hard limit stays: nobody but
 * CAP_SYS_RESOURCE could raise it again.
 */
export function setRealtimeLimit(microseconds: bigint): bigint {
  const limits = Buffer.alloc(16);
  check(c.prlimit(0, RLIMIT_RTTIME, null, limits), 'prlimit', 'RTTIME');
  const before = limits.readBigUInt64LE(0);
  limits.writeBigUInt64LE(microseconds, 0);
  check(c.prlimit(0, RLIMIT_RTTIME, limits, null), 'prlimit', `RTTIME ${microseconds}`);
  return before;
}
