// Writes the manual pages: man/lvs-director.conf.5 from the schema in src/config/schema, man/lvs-director.8
// from the command line's own definitions. `node tools/man.ts`, part of `npm run fix`; tests keep them equal.
import { writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import type { Argument, Command, Option } from 'commander';
import { program } from '../src/cli/program.ts';
import { CODES } from '../src/config/codes.ts';
import { VERSION } from '../src/core/version.ts';
import { CONFIGURATION, DIRECTOR } from './man-text.ts';
import { type Options, type Row, reference, type Section } from './reference.ts';

export const PAGES = {
  'lvs-director.conf.5': renderConfiguration,
  'lvs-director.8': renderCommands,
} as const;

export function renderConfiguration(): string {
  const { sections, shared } = reference();
  return page('LVS-DIRECTOR.CONF', 5, [
    ...CONFIGURATION.before,
    '.SH STATEMENTS',
    ...sections.flatMap(renderSection),
    '.SS Words of several checkers',
    'They mean the same in each.',
    ...shared.flatMap(renderRow),
    '.SH DIAGNOSTICS',
    'What',
    '.B lvs\\-director check',
    'prints has one of these codes.',
    ...Object.entries(CODES).flatMap(([code, { severity, means }]) =>
      tagged(`\\fB${code}\\fP (${severity})`, plain(means)),
    ),
    ...CONFIGURATION.after,
  ]);
}

export function renderCommands(): string {
  return page('LVS-DIRECTOR', 8, [
    ...DIRECTOR.before,
    '.SH SYNOPSIS',
    ...program.commands.flatMap(renderSynopsis).slice(1),
    ...DIRECTOR.description,
    '.SH COMMANDS',
    ...program.commands.flatMap(renderCommand),
    '.SH OPTIONS',
    ...program.options.flatMap(renderOption),
    ...tagged('\\fB\\-h\\fP, \\fB\\-\\-help\\fP', 'what there is; also after a command'),
    ...DIRECTOR.after,
  ]);
}

function page(title: string, section: number, lines: readonly string[]): string {
  const head = [
    '.\\" Made by tools/man.ts: change what it is made of, then run `npm run fix`.',
    `.TH ${title} ${section} "" "lvs\\-director ${VERSION}" "lvs\\-director"`,
    // Left-justified, without hyphens: keywords are copied from here.
    '.nh',
    '.ad l',
  ];
  return `${[...head, ...lines].join('\n')}\n`;
}

function renderSection({ path, used, others, options, shared, example }: Section): string[] {
  const rest =
    shared.length === 0
      ? []
      : ['.PP', `And of the words of several checkers, below: ${plain(shared.join(', '))}.`];
  return [
    `.SS ${path === '' ? 'The top level' : plain(path)}`,
    ...(example === undefined ? [] : [plain(example.says), ...verbatim(example.conf)]),
    ...used.flatMap(renderRow),
    ...(others.length === 0 ? [] : ['.PP', 'Known, and not acted upon yet:', ...others.flatMap(renderRow)]),
    ...rest,
    ...options.flatMap(renderOptions),
  ];
}

function renderOptions({ word, eachLine, sameAs, rows }: Options): string[] {
  const each =
    eachLine === undefined ? '' : `Each line of \\fB${plain(word)}\\fP is \\fI${plain(eachLine)}\\fP. `;
  const title = `${each}Options${each === '' ? ` of \\fB${plain(word)}\\fP` : ''}`;
  if (sameAs === undefined) return ['.PP', `${title}:`, '.RS', ...rows.flatMap(renderRow), '.RE'];
  const of = sameAs.path === '' ? 'the top level' : plain(sameAs.path);
  return ['.PP', `${title}: those of \\fB${plain(sameAs.word)}\\fP of ${of}.`];
}

function renderRow({ word, takes, default: value, is, notYet }: Row): string[] {
  const said = [
    notYet === undefined ? is : `${is} (${notYet})`,
    ...(value === '' ? [] : [`Default: ${value}`]),
  ];
  const argument = takes === '' ? '' : ` \\fI${plain(takes)}\\fP`;
  return tagged(`\\fB${plain(word)}\\fP${argument}`, plain(`${said.join('. ')}.`));
}

function renderSynopsis(command: Command): string[] {
  const options = command.options.length === 0 ? [] : ['[\\fIOPTION\\fP ...]'];
  const words = [...command.registeredArguments.map(nameOf), ...options];
  return ['.br', `.B lvs\\-director ${plain(command.name())}`, ...words];
}

function renderCommand(command: Command): string[] {
  const takes = command.registeredArguments.map(nameOf);
  return [
    `.SS ${[plain(command.name()), ...takes].join(' ')}`,
    plain(`${command.description()}.`),
    ...command.options.flatMap(renderOption),
  ];
}

function nameOf(argument: Argument): string {
  const word = `\\fI${plain(argument.name().toUpperCase())}\\fP${argument.variadic ? ' ...' : ''}`;
  return argument.required ? word : `[${word}]`;
}

function renderOption({ flags, description, argChoices, defaultValue }: Option): string[] {
  const said = [
    description,
    ...(argChoices === undefined ? [] : [`One of ${argChoices.join(', ')}`]),
    ...(typeof defaultValue === 'string' ? [`Default: ${defaultValue}`] : []),
  ];
  const shown = plain(flags)
    .replace(/(\\-[^ ,]+)/g, '\\fB$1\\fP')
    .replace(/<([^>]+)>/g, (_, name: string) => `\\fI${name.toUpperCase()}\\fP`);
  return tagged(shown, plain(`${said.join('. ')}.`));
}

function tagged(tag: string, text: string): string[] {
  return ['.TP', tag, text];
}

function verbatim(text: string): string[] {
  return ['.PP', '.RS', '.nf', ...text.split('\n').map(plain), '.fi', '.RE'];
}

/** What roff would take for its own: backslashes, hyphens, and a control character in front. */
function plain(text: string): string {
  return text
    .replaceAll('\\', '\\e')
    .replaceAll('-', '\\-')
    .replaceAll('…', '...')
    .replaceAll('–', '\\(en')
    .replace(/^(?=[.'])/, '\\&')
    .replace(/`([^`]+)`/g, '\\fB$1\\fP');
}

if (import.meta.main)
  for (const [name, render] of Object.entries(PAGES))
    writeFileSync(fileURLToPath(new URL(`../man/${name}`, import.meta.url)), render());
