// Makes one file of all modules of a process or thread, so that a start reads a few files, not hundreds:
// `bundle.ts DIRECTORY`, which is .cache/bundle. bin/lvs-director runs it as long as nothing in src/ is newer
// (docs/decisions/0022-bundle.md).
import { globSync, writeFileSync } from 'node:fs';
import { dirname, join, relative, resolve } from 'node:path';
import { rolldown } from 'rolldown';
import { root } from './run.ts';

const SOURCES = join(root, 'src');
/** They have files beside them, or are hardly ever wanted. */
const PACKAGES_APART = ['koffi', 'yaml', 'nodemailer', 'prom-client'];
/** Has programs beside it, and nobody waits for its start: it is run from source. */
const DEMO = { word: "import('./demo.ts')", file: join(SOURCES, 'cli/demo.ts') };
/** How a process or thread is named where it is started. */
const ENTRY = /new URL\('(\.[^']*main\.ts)', import\.meta\.url\)/g;
/** V8 keeps a text with one such letter in two bytes each. They are in strings only, which take escapes. */
const BEYOND_ASCII = /[\u0080-\uffff]/g;

const directory = resolve(process.argv[2]!);
for (const entry of globSync('**/*main.ts', { cwd: SOURCES, exclude: ['cli/demo/**'] }))
  await bundle(join(SOURCES, entry));
writeFileSync(join(directory, 'package.json'), '{"type":"module"}\n');

/** Each has its own, though they share modules: what a process loads is one file. */
async function bundle(entry: string): Promise<void> {
  const dir = join(directory, nameOf(entry));
  const demo = relative(dir, DEMO.file);
  const build = await rolldown({
    cwd: root,
    input: { main: entry },
    platform: 'node',
    external: [...PACKAGES_APART, demo],
    plugins: [
      {
        name: 'lvs-director',
        transform: (code, module) =>
          code
            .replace(ENTRY, (_, file: string) => urlOf(join(dirname(module), file)))
            .replace(DEMO.word, `import('${demo}')`),
        generateBundle(_, made) {
          for (const chunk of Object.values(made))
            if (chunk.type === 'chunk') chunk.code = chunk.code.replace(BEYOND_ASCII, escaped);
        },
      },
    ],
  });
  const names = { entryFileNames: '[name].js', chunkFileNames: '[name].js' };
  await build.write({ dir, format: 'esm', ...names, comments: false });
  await build.close();
}

function urlOf(entry: string): string {
  return `new URL('../${nameOf(entry)}/main.js', import.meta.url)`;
}

function escaped(letter: string): string {
  return `\\u${letter.charCodeAt(0).toString(16).padStart(4, '0')}`;
}

/** `daemon/balancer-main.ts` → `daemon-balancer-main`. */
function nameOf(entry: string): string {
  return relative(SOURCES, entry).replace(/\.ts$/, '').replaceAll('/', '-');
}
