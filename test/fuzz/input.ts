// What a fuzzed reader is given: a text, and the files it may include. No disk is touched.
import type { Include } from '../../src/config/expand.ts';

export type Input = { text: string; files: Readonly<Record<string, string>> };

/** A pattern is a name, or a beginning of names with `*` behind it. */
export function includeFrom({ files }: Input): Include {
  return (pattern) =>
    Object.keys(files)
      .filter((name) => (pattern.endsWith('*') ? name.startsWith(pattern.slice(0, -1)) : name === pattern))
      .map((name) => ({ name, text: files[name]! }));
}
