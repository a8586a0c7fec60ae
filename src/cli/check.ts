// `lvs-director check FILE…`: everything there is to say about a configuration, and an exit code as
// keepalived's -t has it.
import { type ReadResult, readConfiguration } from '../config/read.ts';
import { recordDiagnostics, renderDiagnostics } from '../config/render.ts';
import type { Diagnostic, Severity } from '../core/diagnostic.ts';
import { DirectorError } from '../core/errors.ts';
import { defaultConfigId, readSources, resolveInclude } from '../linux/config-files.ts';
import { yamlLibrary } from '../linux/yaml-library.ts';

/** 0 clean, 4 cannot run, 5 would run with ignored parts, 6 script security (nothing runs scripts yet). */
export type CheckExitCode = 0 | 4 | 5 | 6;
export type CheckOptions = { json: boolean; compat: boolean };

export function check(
  files: readonly string[],
  { json, compat }: CheckOptions,
): { exitCode: CheckExitCode; output: string } {
  let result: ReadResult;
  try {
    result = readConfiguration(readSources(files), {
      compat,
      configId: defaultConfigId(),
      include: resolveInclude,
      yaml: yamlLibrary,
    });
  } catch (error) {
    if (error instanceof DirectorError) return { exitCode: 4, output: unreadable(error, json) };
    throw error;
  }
  const { diagnostics, sources } = result;
  const exitCode = exitCodeFor(diagnostics);
  if (json) {
    const report = { exitCode, diagnostics: recordDiagnostics(sources, diagnostics) };
    return { exitCode, output: `${JSON.stringify(report, null, 2)}\n` };
  }
  const rendered = renderDiagnostics(sources, diagnostics);
  return { exitCode, output: `${rendered}${rendered === '' ? '' : '\n'}${summary(files, diagnostics)}\n` };
}

export function exitCodeFor(diagnostics: readonly Diagnostic[]): CheckExitCode {
  if (diagnostics.some(({ severity }) => severity === 'error')) return 4;
  return diagnostics.some(({ severity }) => severity === 'ignored') ? 5 : 0;
}

function unreadable({ code, message, hint }: DirectorError, json: boolean): string {
  if (!json) return `error: ${message} [${code}]\n  = ${hint}\n`;
  const report = { exitCode: 4, diagnostics: [{ severity: 'error', code, message, hint }] };
  return `${JSON.stringify(report, null, 2)}\n`;
}

function summary(files: readonly string[], diagnostics: readonly Diagnostic[]): string {
  const count = (severity: Severity) => diagnostics.filter((one) => one.severity === severity).length;
  const counts = [
    [count('error'), 'error', 'errors'],
    [count('ignored'), 'part ignored', 'parts ignored'],
    [count('warning'), 'warning', 'warnings'],
  ] as const;
  const said = counts.flatMap(([n, one, many]) => (n === 0 ? [] : [`${n} ${n === 1 ? one : many}`]));
  return `${files.join(', ')}: ${said.length === 0 ? 'no complaints' : said.join(', ')}`;
}
