// Loads every module of src/ once, so that Node's compile cache holds it stripped and compiled; see
// bin/lvs-director. Entry points (`*-main.ts`) are left out: loading one starts it. They are two lines
// long.
import { globSync } from 'node:fs';
import { flushCompileCache } from 'node:module';

const root = new URL('../', import.meta.url);
for (const file of globSync('src/**/*.ts', { cwd: root })) {
  if (!/(main|thread)\.ts$/.test(file)) await import(new URL(file, root).href);
}
flushCompileCache();
