// A configuration in the other form: read, printed, and read again, so that what cannot be said there is
// found out here and not by the director.
import type { Diagnostic, Source } from '../core/diagnostic.ts';
import { collectComments } from './comments.ts';
import type { CarriedOut } from './expand.ts';
import { printKeepalived } from './print.ts';
import { type ReadOptions, readConfiguration } from './read.ts';
import { Report } from './report.ts';
import { TOP } from './schema/top.ts';
import { Interpreter } from './settings.ts';
import type { Statement } from './tree.ts';
import type { YamlLibrary } from './yaml/nodes.ts';
import { printYaml } from './yaml/print.ts';

export type Form = 'yaml' | 'keepalived';
export type ConvertOptions = Pick<ReadOptions, 'configId' | 'include' | 'surroundings'> & {
  yaml: () => YamlLibrary;
};
export type Converted = {
  /** Undefined when there are mistakes, or when it would not say the same. */
  text: string | undefined;
  diagnostics: readonly Diagnostic[];
  sources: readonly Source[];
  carriedOut: CarriedOut;
};

export function convertConfiguration(given: readonly Source[], to: Form, options: ConvertOptions): Converted {
  const { statements, ...read } = readConfiguration(given, { ...options, keep: true });
  const { diagnostics, sources, carriedOut } = read;
  const result = { diagnostics, sources, carriedOut };
  if (diagnostics.some(isMistake)) return { ...result, text: undefined };
  const comments = collectComments(sources, statements, options.yaml);
  const text = to === 'yaml' ? printYaml(statements, TOP, comments) : printKeepalived(statements, comments);
  const source = { name: to === 'yaml' ? 'converted.yaml' : 'converted.conf', text };
  const again = readConfiguration([source], { yaml: options.yaml, keep: true }).statements;
  return { ...result, text: settingsOf(again) === settingsOf(statements) ? text : undefined };
}

/** What is set, without places, as a text to compare. */
function settingsOf(statements: readonly Statement[]): string {
  const settings = new Interpreter(new Report(false)).read(statements, TOP, { source: 0, start: 0, end: 0 });
  return JSON.stringify(settings, (name, value) => {
    if (name === 'at' || name === 'block') return undefined;
    return isPlainObject(value) ? Object.fromEntries(Object.entries(value).toSorted(byName)) : value;
  });
}

function isPlainObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function byName([a]: [string, unknown], [b]: [string, unknown]): number {
  return a < b ? -1 : 1;
}

/**
 * What a file means together with others, and what we do not act upon yet, is no mistake of its writing:
 * a part that is included elsewhere can be converted alone.
 */
const OF_ITS_MEANING: ReadonlySet<string> = new Set([
  'CFG_UNSAFE',
  'CFG_REFERENCE',
  'CFG_CONTRADICTION',
  'CFG_INCOMPLETE',
  'CFG_KEY',
  'CFG_DUPLICATE',
  'CFG_VRID',
  'CFG_KERNEL',
  'CFG_SELF',
]);

export function isMistake({ severity, code }: Diagnostic): boolean {
  return severity === 'error' && !OF_ITS_MEANING.has(code);
}
