// Configuration files from disk: the ones named, and those an `include` asks for. Knows nothing of what is in
// them.
import { randomBytes } from 'node:crypto';
import { readFileSync, statSync } from 'node:fs';
import { hostname } from 'node:os';
import { dirname, isAbsolute, join } from 'node:path';
import type { Surroundings } from '../config/makers.ts';
import type { Source } from '../core/diagnostic.ts';
import { DirectorError } from '../core/errors.ts';
import { globFiles } from './glob.ts';

/** Names are kept as given: diagnostics print them. Throws CONFIG_MISSING for a file that cannot be read. */
export function readSources(paths: readonly string[]): Source[] {
  return paths.map((name) => {
    try {
      return { name, text: decode(readFileSync(name)) };
    } catch (cause) {
      const { code } = cause as NodeJS.ErrnoException;
      throw new DirectorError('CONFIG_MISSING', `cannot read ${name}: ${code ?? String(cause)}`, { cause });
    }
  });
}

/**
 * Sorted, relative to the including file. What cannot be read, or is no file (a device never ends), is not
 * there. Throws CONFIG_MISSING for a pattern that is too much to look at.
 */
export function resolveInclude(pattern: string, from: string): Source[] {
  const names = globFiles(isAbsolute(pattern) ? pattern : join(dirname(from), pattern));
  return names.flatMap((name) => {
    try {
      if (!statSync(name).isFile()) return [];
      return { name, text: decode(readFileSync(name)) };
    } catch {
      return [];
    }
  });
}

/** Of this network namespace: sysfs may show another one's. */
export function presentInterfaces(): Set<string> {
  const table = readFileSync('/proc/self/net/dev', 'utf8').split('\n').slice(2);
  return new Set(table.flatMap((line) => /^ *([^:]+):/.exec(line)?.[1] ?? []));
}

/** keepalived's default for -i: the host name up to its first dot. */
export function defaultConfigId(): string {
  return hostname().split('.')[0]!;
}

/** What definitions draw on: this process's environment, and chance, or the seed of another time. */
export function surroundingsNow(seed = randomBytes(4).readInt32LE(0)): Surroundings {
  return { environment: process.env, seed };
}

/** Old files are Latin-1, mostly in their comments. A byte order mark is kept: it is worth a diagnostic. */
function decode(bytes: Uint8Array): string {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    return new TextDecoder('latin1').decode(bytes);
  }
}
