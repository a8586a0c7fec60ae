// Kernel settings under /proc/sys/net that are changed for a while: remembers what was there before, and lets
// it be known, for whoever tidies up after a process that dies.
import { readFileSync, writeFileSync } from 'node:fs';
import type { FormerSysctls } from '../vrrp/settings.ts';

/** Of several who change some, all that has to be put back. */
export class FormerLedger {
  readonly #former = new Map<string, string>();
  #isNews = false;

  get former(): FormerSysctls {
    return this.#former;
  }
  set(path: string, before: string): void {
    this.#former.set(path, before);
    this.#isNews = true;
  }
  delete(path: string): void {
    this.#former.delete(path);
    this.#isNews = true;
  }
  /** All of it, if it has changed since this was asked last. */
  news(): FormerSysctls | undefined {
    const isNews = this.#isNews;
    this.#isNews = false;
    return isNews ? this.#former : undefined;
  }
}

export class Sysctls {
  readonly #before = new Map<string, string>();
  readonly #complain: (path: string, why: string) => void;
  readonly #ledger: FormerLedger;

  constructor(complain: (path: string, why: string) => void, ledger: FormerLedger) {
    this.#complain = complain;
    this.#ledger = ledger;
  }

  /** `path`: `ipv4/conf/eth0/arp_ignore`. A kernel without the setting needs no other value of it. */
  set(path: string, value: number): void {
    const before = readSysctl(path);
    if (before === undefined || before === String(value)) return;
    if (!this.#write(path, String(value))) return;
    if (this.#before.has(path)) return;
    this.#before.set(path, before);
    this.#ledger.set(path, before);
  }

  /** Everything whose path begins so is again as it was before the first change. */
  restore(beginning = ''): void {
    for (const [path, value] of this.#before) {
      if (!path.startsWith(beginning)) continue;
      this.#drop(path);
      if (readSysctl(path) !== undefined) this.#write(path, value);
    }
  }
  /** What is gone has nothing to be put back. */
  forget(beginning: string): void {
    for (const path of this.#before.keys()) if (path.startsWith(beginning)) this.#drop(path);
  }
  #drop(path: string): void {
    this.#before.delete(path);
    this.#ledger.delete(path);
  }

  #write(path: string, value: string): boolean {
    const why = writeSysctl(path, value);
    if (why !== undefined) this.#complain(path, why);
    return why === undefined;
  }
}

/** After a process that died: what it changed is again as it was, as far as it is still there. */
export function restoreSysctls(former: FormerSysctls): void {
  for (const [path, value] of former) if (readSysctl(path) !== undefined) writeSysctl(path, value);
}

/** Undefined, or why not. */
export function writeSysctl(path: string, value: string): string | undefined {
  try {
    writeFileSync(fileOf(path), value);
    return undefined;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code ?? String(error);
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
