// Writes docs/configuration.md from the schema in src/config/schema: `node tools/configuration.ts`, part of
// `npm run fix`. A test keeps the two equal.
import { writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { CODES, type Code, exitCodeOf, severityOf } from '../src/config/codes.ts';
import { type Options, type Reference, type Row, reference, type Section } from './reference.ts';

const HEAD = `# Configuration

<!-- Made from src/config/schema by tools/configuration.ts: change that, then run \`npm run fix\`. -->

A director reads keepalived's language: statements of a keyword and its arguments, one a line, and blocks in
braces. \`!\` and \`#\` begin a comment anywhere, double quotes hold words together. \`include FILE\`, \`@id\`
lines, \`$NAME=value\` with \`$NAME\` and \`\${NAME}\`, \`~SEQ\` and \`~LST\` work as in keepalived.conf(5).
Several files given with \`-f\` are read as one. \`lvs-director check FILE\` says everything there is to say
about a file, \`lvs-director check A B\` about the two directors of a pair: each of them, and where they do
not fit together. What both read besides (\`run -f A -f SHARED\`) is named with \`-f SHARED\`.
\`lvs-director check --explain WORD\` says what this page says of one word.

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

const NOTATION = `## How it is written here

| in this page | stands for |
| --- | --- |
| \`[…]\` | may be left out |
| \`A\\|B\` | one of these words, as it stands |
| \`…\` | as often as you like |
| \`{ … }\` | a block; its own section lists what is in it |
| \`1 to 255\`, \`NUMBER\` | a whole number |
| \`SECONDS\` | seconds without a unit; unless it says *whole*, fractions to the microsecond are allowed |
| \`BOOL\` | on, true, yes, or off, false, no; on where there is none |
| \`IPADDR\` | an IPv4 or IPv6 address; names are not looked up |
| \`INTERFACE\` | an interface name of at most 15 letters |
| \`NAME\`, \`TEXT\` | one word, or anything in double quotes |
| \`COMMAND\` | a program and its arguments, in double quotes when there are any |
| \`OPTION\` | one of the options in the table below; in any order |
`;

const YAML = `## In YAML

The same statements as YAML. Keywords are keys; what follows a keyword is its value.

* A keyword that stands alone is \`true\`, or \`false\` where it is to be left out. A switch is \`true\` or
  \`false\`.
* Several words after a keyword are a text as on a line, an array of words, or a mapping by name: the parts in
  front (\`interface\`, \`address\`, \`method\`, \`command\` …) and the options in the tables below.
* A block is an object; an array of objects where it stands more than once. A block with words before its
  brace is an object whose keys are these words: \`virtual_server: { 10.0.0.50 80: { … } }\`.
* A block of lines (\`virtual_ipaddress\`) is an array, or one text for one line.
* \`include\` at the top is a path or an array of paths.

### In editors

The package has a JSON Schema: with a YAML language server (VS Code, Neovim, Helix, Emacs and others have one)
an editor completes keywords, shows what each is, and marks mistakes while you type. Name the schema in the
first line of the file, by the path where the package is installed, absolute or relative to the file:

\`\`\`yaml
# yaml-language-server: $schema=./node_modules/lvs-director/schema/lvs-director.schema.json
\`\`\`

or, for the package installed globally,
\`$schema=/usr/lib/node_modules/lvs-director/schema/lvs-director.schema.json\` (\`npm root -g\` prints the
directory). The schema knows words, types and ranges; \`lvs-director check\` also knows what they mean
together.
`;

const SHARED = 'Words of several checkers';

export function renderReference(): string {
  const all = reference();
  const parts = [
    HEAD,
    renderContents(all),
    NOTATION,
    YAML,
    ...all.sections.map(renderSection),
    renderShared(all.shared),
    renderCodes(),
  ];
  return parts.join('\n');
}

/** Nested as the blocks are. */
function renderContents({ sections }: Reference): string {
  const entry = (title: string, depth = 0) => `${'  '.repeat(depth)}- [${title}](#${anchor(title)})\n`;
  const depth = (path: string) => path.split(' ').length - 1;
  return [
    '## Contents\n\n',
    ...['How it is written here', 'In YAML'].map((title) => entry(title)),
    ...sections.map(({ path }) =>
      path === ''
        ? entry(titleOf(path))
        : entry(titleOf(path), depth(path)).replace(/\[.*?\]/, `[\`${path.split(' ').at(-1)}\`]`),
    ),
    ...[SHARED, 'Diagnostics'].map((title) => entry(title)),
  ].join('');
}

function renderSection({ path, used, others, options, shared, example }: Section): string {
  return [
    `## ${titleOf(path)}\n`,
    ...(example === undefined
      ? []
      : [`${example.says}\n`, fenced('', example.conf), fenced('yaml', example.yaml)]),
    ...(used.length === 0 ? [] : [usedTable(used)]),
    ...(others.length === 0 ? [] : [otherTable(others, used.length > 0)]),
    ...(shared.length === 0 ? [] : [sharedLine(shared)]),
    ...options.map(renderOptions),
  ].join('\n');
}

function usedTable(rows: readonly Row[]): string {
  return table(
    ['keyword', 'takes', 'default', 'is'],
    rows.map((row) => [code(row.word), takesOf(row), code(row.default), row.is]),
  );
}

function otherTable(rows: readonly Row[], folded: boolean): string {
  const cells = rows.map((row) => [code(row.word), takesOf(row), row.notYet!, row.is]);
  const text = table(['keyword', 'takes', 'so far', 'is'], cells);
  const title = 'Known, and not acted upon yet';
  return folded && isLong(rows) ? fold(`${title}: ${rows.length} words`, text) : `${title}:\n\n${text}`;
}

/** Long lists of what is not there yet are folded away. */
function isLong(rows: readonly Row[]): boolean {
  return rows.length > 4;
}

function fold(summary: string, text: string): string {
  return `<details><summary>${summary}</summary>\n\n${text}\n</details>\n`;
}

function sharedLine(words: readonly string[]): string {
  const listed = words.map((word) => `\`${word}\``).join(', ');
  return `And of the [words of several checkers](#${anchor(SHARED)}): ${listed}.\n`;
}

function renderShared(rows: readonly Row[]): string {
  const says = 'They mean the same in each; most checkers take all of them.';
  return `## ${SHARED}\n\n${says}\n\n${otherTable(rows, false)}`;
}

function renderOptions({ word, eachLine, sameAs, notYet, rows }: Options): string {
  const line = `Each line of \`${word}\` is ${code(eachLine ?? '')}. Its options`;
  const title = eachLine === undefined ? `Options of \`${word}\`` : line;
  if (sameAs !== undefined) {
    const of = sameAs.path === '' ? 'the top level' : code(sameAs.path);
    return `${title} are those of \`${sameAs.word}\` of ${of}.\n`;
  }
  const cells = rows.map((row) => [code(row.word), code(row.takes), row.notYet ?? '', row.is]);
  const text = table(['option', 'takes', 'so far', 'is'], cells);
  if (notYet === undefined || !isLong(rows)) return `${title}:\n\n${text}`;
  return eachLine === undefined
    ? fold(`Options of ${word}`, text)
    : `${line.replace(/ Its options$/, '')}\n\n${fold(`Options of a line of ${word}`, text)}`;
}

function renderCodes(): string {
  const rows = (Object.keys(CODES) as Code[]).map((name) => [
    code(name),
    CODES[name].severity,
    severityOf(name, true),
    String(exitCodeOf(name, true)),
    CODES[name].means,
  ]);
  return `${CODES_HEAD}${table(['code', 'is', 'with `--compat`', 'which ends with', 'means'], rows)}`;
}

function takesOf({ takes, section }: Row): string {
  return section === undefined ? code(takes) : `[${code(takes)}](#${anchor(titleOf(section))})`;
}

function titleOf(path: string): string {
  return path === '' ? 'The top level' : `\`${path}\``;
}

/** As GitHub makes them. */
function anchor(title: string): string {
  return title
    .toLowerCase()
    .replace(/[^\w -]/g, '')
    .replaceAll(' ', '-');
}

function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]) =>
    `| ${cells.map((text) => text.replaceAll('|', '\\|')).join(' | ')} |\n`;
  return `${line(head)}${line(head.map(() => '---'))}${rows.map(line).join('')}`;
}

function code(text: string): string {
  return text === '' ? '' : `\`${text}\``;
}

function fenced(language: string, text: string): string {
  return `\`\`\`${language}\n${text}\n\`\`\`\n`;
}

if (import.meta.main)
  writeFileSync(fileURLToPath(new URL('../docs/configuration.md', import.meta.url)), renderReference());
