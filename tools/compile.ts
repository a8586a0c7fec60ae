// Loads every module of src/ and of what bundle.ts made of them once, so that Node's compile cache holds it
// stripped and compiled; see bin/lvs-director. One module that is not there costs a process 40 MB: the
// director's entry points do nothing when they are only loaded. The demo's do, and are left out.
import { globSync } from 'node:fs';
import { flushCompileCache } from 'node:module';
import { yamlLibrary } from '../src/linux/yaml-library.ts';

const root = new URL('../', import.meta.url);
for (const file of globSync('{src/**/*.ts,.cache/bundle/*/*.js}', { cwd: root })) {
  if (!/demo\/.*main\.ts$/.test(file)) await import(new URL(file, root).href);
}
yamlLibrary();
flushCompileCache();
