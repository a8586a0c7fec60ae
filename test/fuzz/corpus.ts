// Configurations that people could have written, to be damaged: the tests' and the examples'.
import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { pairConfigurations } from '../config/pairs.ts';

const ROOT = join(import.meta.dirname, '../..');

/** In an order that does not depend on the file system's. */
export const CORPUS: readonly string[] = [
  ...globSync('{test/config/files,examples/*}/*.conf', { cwd: ROOT })
    .sort()
    .map((file) => readFileSync(join(ROOT, file), 'utf8')),
  ...pairConfigurations().map(({ text }) => text),
];
