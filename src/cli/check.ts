// `lvs-director check FILE`, `check A B`: everything there is to say about a configuration, or about the two
// of a pair and how they fit together, and an exit code as keepalived's -t has it.
import { type CheckExitCode, type Code, exitCodeOf } from '../config/codes.ts';
import { comparePair } from '../config/pair.ts';
import { type ReadResult, readConfiguration } from '../config/read.ts';
import { recordDiagnostics, renderDiagnostics } from '../config/render.ts';
import type { Diagnostic, Severity, Source } from '../core/diagnostic.ts';
import { DirectorError } from '../core/errors.ts';
import {
  defaultConfigId,
  presentInterfaces,
  readSources,
  resolveInclude,
  surroundingsNow,
} from '../linux/config-files.ts';
import { readKeyFile } from '../linux/key-files.ts';
import { readNames } from '../linux/routing-names.ts';
import { inspectScript } from '../linux/script-files.ts';
import { yamlLibrary } from '../linux/yaml-library.ts';

export type CheckOptions = {
  json: boolean;
  compat: boolean;
  configId?: string | undefined;
  /** The file is for this machine: it has to have the interfaces. */
  here?: true;
};
/** The files of one director, read as one. */
export type DirectorFiles = readonly string[];
type Outcome = { exitCode: CheckExitCode; output: string };
/** One director, or how two fit together. */
type Part = {
  names: string;
  sources: readonly Source[];
  diagnostics: readonly Diagnostic[];
  /** Those that have not been shown before. */
  fresh?: readonly Diagnostic[];
};

/** One director, or the two of a pair. */
export function check(
  directors: readonly [DirectorFiles] | readonly [DirectorFiles, DirectorFiles],
  options: CheckOptions,
): Outcome {
  try {
    const [first, second] = directors;
    const one = read(first, options);
    return second === undefined
      ? checkOne(first, one, options)
      : checkPair(directors, [one, read(second, options)], options);
  } catch (error) {
    if (error instanceof DirectorError) return { exitCode: 4, output: unreadable(error, options.json) };
    throw error;
  }
}

function read(
  files: DirectorFiles,
  { compat, configId = defaultConfigId(), here }: CheckOptions,
): ReadResult {
  return readConfiguration(readSources(files), {
    compat,
    configId,
    surroundings: surroundingsNow(),
    inspectScript,
    readKeyFile,
    nowMs: Date.now(),
    readNames,
    include: resolveInclude,
    yaml: yamlLibrary,
    interfaces: here ? presentInterfaces() : undefined,
  });
}

function checkOne(files: DirectorFiles, result: ReadResult, { json, compat }: CheckOptions): Outcome {
  const part = { names: files.join(', '), ...result };
  const exitCode = endOf(result, compat);
  if (!json) return { exitCode, output: text([part]) };
  return { exitCode, output: toJson({ exitCode, diagnostics: records(part) }) };
}

function checkPair(
  directors: readonly DirectorFiles[],
  [a, b]: readonly [ReadResult, ReadResult],
  { json, compat }: CheckOptions,
): Outcome {
  const pair = comparePair(a, b, compat);
  const names = directors.map((files) => files.join(', ')) as [string, string];
  const parts = [
    { ...a, names: names[0] },
    { ...b, names: names[1], fresh: notSaidOf(a, b) },
    { ...pair, names: `${directors.map(([file]) => file).join(' and ')} as a pair` },
  ] as const;
  const codes = [endOf(a, compat), endOf(b, compat), exitCodeFor(pair.diagnostics, compat)];
  const exitCode = worst(codes);
  if (!json) return { exitCode, output: text(parts) };
  const of = (part: ReadResult, i: number) => ({
    files: directors[i]!,
    exitCode: codes[i]!,
    diagnostics: records(part),
  });
  return { exitCode, output: toJson({ exitCode, directors: [of(a, 0), of(b, 1)], pair: records(pair) }) };
}

/** A file that both read is worth its complaints once. */
function notSaidOf(a: ReadResult, b: ReadResult): Diagnostic[] {
  const key = ({ sources }: ReadResult, { at, code, message }: Diagnostic) =>
    JSON.stringify([sources[at.source]!.name, at.start, code, message]);
  const said = new Set(a.diagnostics.map((diagnostic) => key(a, diagnostic)));
  return b.diagnostics.filter((diagnostic) => !said.has(key(b, diagnostic)));
}

/** A file may ask for leniency itself. */
function endOf({ diagnostics, configuration }: ReadResult, compat: boolean): CheckExitCode {
  return exitCodeFor(diagnostics, compat || configuration.director.compat.value);
}

/** With `compat`, as keepalived -t ends for the same text. */
export function exitCodeFor(diagnostics: readonly Diagnostic[], compat: boolean): CheckExitCode {
  return worst(diagnostics.map(({ code }) => exitCodeOf(code as Code, compat)));
}

function worst(codes: readonly CheckExitCode[]): CheckExitCode {
  return ([4, 6, 5] as const).find((code) => codes.includes(code)) ?? 0;
}

function records({ sources, diagnostics }: Pick<Part, 'sources' | 'diagnostics'>) {
  return recordDiagnostics(sources, diagnostics);
}

function toJson(report: unknown): string {
  return `${JSON.stringify(report, null, 2)}\n`;
}

function unreadable({ code, message, hint }: DirectorError, json: boolean): string {
  if (!json) return `error: ${message} [${code}]\n  = ${hint}\n`;
  return toJson({ exitCode: 4, diagnostics: [{ severity: 'error', code, message, hint }] });
}

/** What is wrong with each, then one line about each. */
function text(parts: readonly Part[]): string {
  const rendered = parts.map(({ sources, diagnostics, fresh = diagnostics }) =>
    renderDiagnostics(sources, fresh),
  );
  return [...rendered.filter((one) => one !== ''), `${parts.map(summary).join('\n')}\n`].join('\n');
}

function summary({ names, diagnostics }: Part): string {
  const count = (severity: Severity) => diagnostics.filter((one) => one.severity === severity).length;
  const counts = [
    [count('error'), 'error', 'errors'],
    [count('ignored'), 'part ignored', 'parts ignored'],
    [count('warning'), 'warning', 'warnings'],
  ] as const;
  const said = counts.flatMap(([n, one, many]) => (n === 0 ? [] : [`${n} ${n === 1 ? one : many}`]));
  return `${names}: ${said.length === 0 ? 'no complaints' : said.join(', ')}`;
}
