// Writes docs/configuration.md from the schema in src/config/schema: `node tools/configuration.ts`, part of
// `npm run fix`. A test keeps the two equal.
import { writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { CODES, type Code, exitCodeOf, severityOf } from '../src/config/codes.ts';
import { type Block, type Keyword, knownWords, type Standing } from '../src/config/schema/block.ts';
import { TOP } from '../src/config/schema/top.ts';

const HEAD = `# Configuration

<!-- Made from src/config/schema by tools/configuration.ts: change that, then run \`npm run fix\`. -->

A director reads keepalived's language: statements of a keyword and its arguments, one a line, and blocks in
braces. \`!\` and \`#\` begin a comment anywhere, double quotes hold words together. \`include FILE\`, \`@id\`
lines, \`$NAME=value\` with \`$NAME\` and \`\${NAME}\`, \`~SEQ\` and \`~LST\` work as in keepalived.conf(5).
Several files given with \`-f\` are read as one. \`lvs-director check FILE\` says everything there is to say
about a file, \`lvs-director check A B\` about the two directors of a pair: each of them, and where they do
not fit together. What both read besides (\`run -f A -f SHARED\`) is named with \`-f SHARED\`.

Words that keepalived knows and we do not act upon yet are listed below each block, and named by \`check\`:

* *no effect*: nothing is lost that anybody notices (a warning);
* *left out*: the director runs without it (\`check\` ends with 5);
* *refused*: running without it would do harm (\`check\` ends with 4).

An empty default means that nothing is assumed.
`;

const CODES_HEAD = `## Diagnostics

\`check\` ends with 0 (clean, or warnings only), 4 (cannot run) or 5 (would run with ignored parts). With
\`--compat\` it ends as keepalived -t does for the same file, which counts some things differently.

\`check --json FILE\` prints \`{ exitCode, diagnostics }\`, \`check --json A B\` prints
\`{ exitCode, directors: [{ files, exitCode, diagnostics }, …], pair: diagnostics }\`. A diagnostic has
\`file\`, \`line\`, \`column\`, \`endLine\`, \`endColumn\` (from 1; the end is exclusive), \`severity\`,
\`code\`, \`message\`, and where there are any \`hint\` and \`related\`: other places, each with its
\`message\`.

`;

const STANDINGS: Record<Standing, string> = {
  noEffect: 'no effect',
  unsupported: 'left out',
  unsafe: 'refused',
};

export function renderReference(): string {
  const seen = new Set<Block>();
  const sections = renderBlock(TOP, '', seen);
  return `${HEAD}\n${sections.join('\n')}\n${renderCodes()}`;
}

/** A block, then those that open in it, outermost first. */
function renderBlock(block: Block, path: string, seen: Set<Block>): string[] {
  if (seen.has(block)) return [];
  seen.add(block);
  const words = [...knownWords(block)];
  const used = words.filter(([, { standing }]) => standing === undefined);
  const others = words.filter(([, { standing }]) => standing !== undefined);
  const own = [
    `## ${path === '' ? 'The top level' : `\`${path}\``}\n`,
    ...(used.length === 0 ? [] : [usedTable(used)]),
    ...used.flatMap(([word, { takes, block: inner }]) => [
      ...optionTable(word, takes.options),
      ...listTable(word, inner),
    ]),
    ...(others.length === 0 ? [] : [otherTable(others)]),
  ];
  const inner = words.flatMap(([word, { block: next }]) =>
    next === undefined || next.entry !== undefined ? [] : renderBlock(next, `${path} ${word}`.trim(), seen),
  );
  return [...own, ...inner];
}

function usedTable(words: readonly (readonly [string, Keyword])[]): string {
  return table(
    ['keyword', 'takes', 'default', 'is'],
    words.map(([word, keyword]) => [`\`${word}\``, takesOf(keyword), defaultOf(keyword), keyword.doc]),
  );
}

function otherTable(words: readonly (readonly [string, Keyword])[]): string {
  const rows = words.map(([word, keyword]) => [
    `\`${word}\``,
    takesOf(keyword),
    STANDINGS[keyword.standing!],
    keyword.doc,
  ]);
  return `Known, and not acted upon yet:\n\n${table(['keyword', 'takes', 'so far', 'is'], rows)}`;
}

function optionTable(word: string, options: Readonly<Record<string, Keyword>> | undefined): string[] {
  if (options === undefined) return [];
  const rows = Object.entries(options).map(([name, { takes, standing, doc }]) => [
    `\`${name}\``,
    cell(takes.syntax),
    standing === undefined ? '' : STANDINGS[standing],
    doc,
  ]);
  return [`Options of \`${word}\`:\n\n${table(['option', 'takes', 'so far', 'is'], rows)}`];
}

function listTable(word: string, block: Block | undefined): string[] {
  if (block?.entry === undefined) return [];
  return [
    `Each line of \`${word}\` is ${cell(block.entry.syntax)}.\n`,
    ...optionTable(word, block.entry.options),
  ];
}

function takesOf({ takes, block }: Keyword): string {
  return `${cell(takes.syntax)}${block === undefined ? '' : ' `{ … }`'}`.trim();
}

function defaultOf({ default: value, takes }: Keyword): string {
  if (value === undefined) return '';
  return `\`${takes.print?.(value) ?? String(value)}\``;
}

function renderCodes(): string {
  const rows = (Object.keys(CODES) as Code[]).map((code) => [
    `\`${code}\``,
    CODES[code].severity,
    severityOf(code, true),
    String(exitCodeOf(code, true)),
    CODES[code].means,
  ]);
  return `${CODES_HEAD}${table(['code', 'is', 'with `--compat`', 'which ends with', 'means'], rows)}`;
}

function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]) =>
    `| ${cells.map((text) => text.replaceAll('|', '\\|')).join(' | ')} |\n`;
  return `${line(head)}${line(head.map(() => '---'))}${rows.map(line).join('')}`;
}

function cell(syntax: string): string {
  return syntax === '' ? '' : `\`${syntax}\``;
}

if (import.meta.main)
  writeFileSync(fileURLToPath(new URL('../docs/configuration.md', import.meta.url)), renderReference());
