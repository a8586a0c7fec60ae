// How glibc's malloc deals with what is freed. Buffers that come and go by the megabyte, as those of a TLS
// connection under load, make it give memory back to the kernel and ask for it again at once: a third of all
// page faults while a large table is synced (docs/decisions/0006-node-flags.md).
import { define } from './libc.ts';

/** <malloc.h>: freed memory at the end of the heap that is kept; what is larger has a mapping of its own. */
const M_TRIM_THRESHOLD = -1;
const M_MMAP_THRESHOLD = -3;
const KEPT_BYTES = 8 * 1024 * 1024;
const MAPPED_BYTES = 1024 * 1024;

type Mallopt = (parameter: number, value: number) => number;
const mallopt = define<Mallopt>('mallopt', 'int', ['int', 'int']);

/** Of the whole process, from now on. */
export function keepFreedMemory(): void {
  mallopt(M_TRIM_THRESHOLD, KEPT_BYTES);
  // Else one of the two fixes the other at 128 KB.
  mallopt(M_MMAP_THRESHOLD, MAPPED_BYTES);
}
