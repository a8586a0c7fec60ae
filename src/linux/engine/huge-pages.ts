// Asks the kernel to lay out large tables in pages of 2 MiB: a packet's connection may be anywhere in them,
// and finding out where a small page is takes the processor about as long as reading it.
import { MADV, madvise, pointerTo } from '../libc.ts';

const HUGE = 0x200000n;

/** Before they are filled. It is advice: a kernel that has no such pages to spare goes on as ever. */
export function adviseHugePages(tables: readonly Int32Array[]): void {
  for (const table of tables) {
    const begin = pointerTo(new Uint8Array(table.buffer, table.byteOffset));
    const from = ((begin + HUGE - 1n) / HUGE) * HUGE;
    const to = ((begin + BigInt(table.byteLength)) / HUGE) * HUGE;
    if (to > from) madvise(from, to - from, MADV.HUGEPAGE);
  }
}
