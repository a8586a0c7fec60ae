// Gives back the pages of program text that only the start needed. A Node process maps some 45 MB of its own
// binary while it boots and uses a tenth of that afterwards; they are counted as ours although nothing will
// read them again. Frees no memory of our own making.
import { readFileSync } from 'node:fs';
import { ERRNO, MADV, madvise, systemError } from './libc.ts';

const WORTH_A_CALL_KB = 500;

type Mapping = { start: bigint; length: bigint; mode: string; path: string; kb: Record<string, number> };

/** Call it once the start is over. A page or two of what runs right now returns at once. */
export function dropStartupPages(): void {
  for (const { start, length } of mappings(readFileSync('/proc/self/smaps', 'utf8')).filter(
    isUntouchedText,
  )) {
    if (madvise(start, length, MADV.DONTNEED) !== 0) throw systemError('madvise', ERRNO.EINVAL);
  }
}

/**
 * Only what is a file's bytes and nothing else: a mapping that was written to before it became read-only
 * (relocated addresses) holds pages that exist nowhere else, and the kernel counts those as anonymous.
 */
function isUntouchedText({ mode, path, kb }: Mapping): boolean {
  return path.startsWith('/') && !mode.includes('w') && kb.Anonymous === 0 && kb.Rss! >= WORTH_A_CALL_KB;
}

/** proc(5): a header line for each mapping, then its figures in kB. */
function mappings(smaps: string): Mapping[] {
  const found: Mapping[] = [];
  for (const line of smaps.split('\n')) {
    const head = /^([0-9a-f]+)-([0-9a-f]+) (\S{4}) \S+ \S+ \S+ *(.*)$/.exec(line);
    if (head !== null) {
      const start = BigInt(`0x${head[1]}`);
      found.push({ start, length: BigInt(`0x${head[2]}`) - start, mode: head[3]!, path: head[4]!, kb: {} });
    }
    const figure = /^(\w+): +(\d+) kB$/.exec(line);
    if (figure !== null) found.at(-1)!.kb[figure[1]!] = Number(figure[2]);
  }
  return found;
}
