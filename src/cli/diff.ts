// `lvs-director diff FILE`: what a reload of FILE would change in the running director, or in one that ran
// another file. Reads; changes nothing.
import type { Configuration } from '../config/model.ts';
import { readConfiguration } from '../config/read.ts';
import { type DiagnosticRecord, recordDiagnostics, renderDiagnostics } from '../config/render.ts';
import { planPath, readPlan } from '../console/plan-file.ts';
import { DirectorError } from '../core/errors.ts';
import { difference } from '../director/difference.ts';
import { recordDifference, renderDifference } from '../director/difference-text.ts';
import { type Plan, planConfiguration } from '../director/plan-document.ts';
import { defaultConfigId, readSources, resolveInclude, surroundingsNow } from '../linux/config-files.ts';
import { readKeyFile } from '../linux/key-files.ts';
import { readNames } from '../linux/routing-names.ts';
import { yamlLibrary } from '../linux/yaml-library.ts';

/** 0 nothing would change, 1 something would, 2 there is nothing to compare with, 4 the file cannot run. */
export type DiffExitCode = 0 | 1 | 2 | 4;
export type DiffOptions = {
  json: boolean;
  compat: boolean;
  against?: string;
  /** Files that are read as one with either side. */
  useFile?: readonly string[];
  configId?: string;
};
/** What a file leaves to chance is the same on both sides, so that it is no difference. */
const SEED = 1;
/** Of plans that are never written down. */
const SALT = '';
type Outcome = { exitCode: DiffExitCode; output: string };
/** `diagnostics` is empty when a file could not be read at all. */
type Failure = { text: string; diagnostics: readonly DiagnosticRecord[] };
type Read = { ok: true; configuration: Configuration; ignored: number } | ({ ok: false } & Failure);
type Old = { ok: true; plan: Plan; name: string } | ({ ok: false } & Failure);

export function diff(file: string, options: DiffOptions): Outcome {
  const { json, useFile = [], against } = options;
  const read = readAll([file, ...useFile], options);
  if (!read.ok) {
    const text = `${read.text}\n${file} cannot run: a director that is told to reload keeps what it has\n`;
    return failure(4, { ...read, text }, json);
  }
  const { configuration } = read;
  const old = against === undefined ? running(configuration) : planOf([against, ...useFile], options);
  if (!old.ok) return failure(2, old, json);
  const found = difference(old.plan, planConfiguration(configuration, old.plan.salt, old.plan.marks));
  const exitCode = found.changes.length === 0 ? 0 : 1;
  if (json) {
    const report = { exitCode, against: old.name, ignored: read.ignored, ...recordDifference(found) };
    return { exitCode, output: `${JSON.stringify(report, null, 2)}\n` };
  }
  return { exitCode, output: `${renderDifference(found)}${ignoredNote(file, read.ignored)}` };
}

function readAll(files: readonly string[], { compat, configId = defaultConfigId() }: DiffOptions): Read {
  try {
    const include = resolveInclude;
    const { configuration, diagnostics, sources } = readConfiguration(readSources(files), {
      compat,
      configId,
      include,
      readKeyFile,
      readNames,
      surroundings: surroundingsNow(SEED),
      yaml: yamlLibrary,
    });
    if (diagnostics.some(({ severity }) => severity === 'error')) {
      const text = renderDiagnostics(sources, diagnostics);
      return { ok: false, text, diagnostics: recordDiagnostics(sources, diagnostics) };
    }
    const ignored = diagnostics.filter(({ severity }) => severity === 'ignored').length;
    return { ok: true, configuration, ignored };
  } catch (error) {
    if (!(error instanceof DirectorError)) throw error;
    const { message, code, hint } = error;
    return { ok: false, text: `error: ${message} [${code}]\n  = ${hint}`, diagnostics: [] };
  }
}

function planOf(files: readonly string[], options: DiffOptions): Old {
  const read = readAll(files, options);
  if (read.ok) return { ok: true, plan: planConfiguration(read.configuration, SALT), name: files.join(', ') };
  return { ...read, text: `${read.text}\n${files.join(', ')} cannot run: nothing to compare with\n` };
}

/** Looked for where the new file says that its director writes. */
function running({ director: { runtimeDirectory } }: Configuration): Old {
  const name = planPath(runtimeDirectory.value);
  const found = readPlan(runtimeDirectory.value);
  if (found.ok) return { ok: true, plan: found.document.plan, name };
  const hint =
    'compare with a file: `--against OLD`; does the running director have another runtime_directory?';
  const text = `no plan of a running director in ${name}: ${found.reason}\n  = ${hint}\n`;
  return { ok: false, text, diagnostics: [] };
}

function failure(exitCode: 2 | 4, { text, diagnostics }: Failure, json: boolean): Outcome {
  if (!json) return { exitCode, output: text };
  return { exitCode, output: `${JSON.stringify({ exitCode, message: text, diagnostics }, null, 2)}\n` };
}

/** What is ignored is in no plan: without this line a change of it would look like none. */
function ignoredNote(file: string, ignored: number): string {
  if (ignored === 0) return '';
  return `${file}: ${ignored} ${ignored === 1 ? 'part' : 'parts'} ignored, see \`lvs-director check\`\n`;
}
