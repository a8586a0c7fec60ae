// The files in which iproute2 keeps names of routing tables and the like. What is in them is
// src/config/names.ts's business.
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { ReadNames } from '../config/names.ts';

/** As iproute2 6.5 and later: `usr` only where `etc` has no such file, additions of both. */
export const readNames: ReadNames = (file, { etc, usr }) => {
  const main = textOf(join(etc, file)) ?? textOf(join(usr, file)) ?? '';
  const added = [usr, etc].map((directory) => join(directory, `${file}.d`));
  const own = new Set(additions(added[1]!));
  const texts = added.flatMap((directory) =>
    additions(directory)
      .filter((name) => directory === added[1] || !own.has(name))
      .map((name) => textOf(join(directory, name)) ?? ''),
  );
  return [main, ...texts].join('\n');
};

function additions(directory: string): string[] {
  try {
    return readdirSync(directory)
      .filter((name) => name.endsWith('.conf') && !name.startsWith('.'))
      .sort();
  } catch {
    return [];
  }
}

/** One that cannot be read says nothing, as for iproute2. */
function textOf(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return undefined;
  }
}
