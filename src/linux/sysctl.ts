// Kernel settings under /proc/sys/net that are changed for a while: remembers what was there before.
import { readFileSync, writeFileSync } from 'node:fs';

export class Sysctls {
  readonly #before = new Map<string, string>();
  readonly #complain: (path: string, why: string) => void;

  constructor(complain: (path: string, why: string) => void) {
    this.#complain = complain;
  }

  /** `path`: `ipv4/conf/eth0/arp_ignore`. A kernel without the setting needs no other value of it. */
  set(path: string, value: number): void {
    const before = readSysctl(path);
    if (before === undefined || before === String(value)) return;
    if (!this.#write(path, String(value))) return;
    if (!this.#before.has(path)) this.#before.set(path, before);
  }

  /** Everything whose path begins so is again as it was before the first change. */
  restore(beginning = ''): void {
    for (const [path, value] of this.#before) {
      if (!path.startsWith(beginning)) continue;
      this.#before.delete(path);
      if (readSysctl(path) !== undefined) this.#write(path, value);
    }
  }
  /** What is gone has nothing to be put back. */
  forget(beginning: string): void {
    for (const path of this.#before.keys()) if (path.startsWith(beginning)) this.#before.delete(path);
  }

  #write(path: string, value: string): boolean {
    try {
      writeFileSync(fileOf(path), value);
      return true;
    } catch (error) {
      this.#complain(path, (error as NodeJS.ErrnoException).code ?? String(error));
      return false;
    }
  }
}

export function readSysctl(path: string): string | undefined {
  try {
    return readFileSync(fileOf(path), 'latin1').trim();
  } catch {
    return undefined;
  }
}

function fileOf(path: string): string {
  return `/proc/sys/net/${path}`;
}
