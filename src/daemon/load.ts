// A configuration from files, or from the texts that are in force: read, checked, and what there is to
// log about it.

import type { Former } from '../config/former.ts';
import type { Configuration } from '../config/model.ts';
import { readConfiguration } from '../config/read.ts';
import { type DiagnosticRecord, recordDiagnostics, renderDiagnostics } from '../config/render.ts';
import { rereadConfiguration } from '../config/reread.ts';
import type { Source } from '../core/diagnostic.ts';
import { DirectorError } from '../core/errors.ts';
import type { Notice } from '../core/events.ts';
import { defaultConfigId, readSources, resolveInclude, surroundingsNow } from '../linux/config-files.ts';
import { readKeyFile } from '../linux/key-files.ts';
import { readNames } from '../linux/routing-names.ts';
import { inspectScript } from '../linux/script-files.ts';
import { yamlLibrary } from '../linux/yaml-library.ts';
import type { Accepted, RunOptions } from './messages.ts';

const SHOWN_OF_A_CODE = 10;

export type Loaded = {
  configuration: Configuration;
  accepted: Accepted;
  notices: Notice[];
  /** For the next reading. */
  former: Former | undefined;
};
export type LoadResult = { ok: true; loaded: Loaded } | { ok: false; exitCode: 2 | 6; text: string };

/** With `accepted` no file is read: the same texts give the same configuration. */
export function loadConfiguration(options: RunOptions, accepted?: Accepted): LoadResult {
  return orMissing(() => load(options, accepted?.sources ?? readSources(options.files), accepted));
}

/** The files may have changed since. What did not stays the same object, where that is certain. */
export function reloadConfiguration(options: RunOptions, before: Loaded): LoadResult {
  return orMissing(() => {
    const sources = readSources(options.files);
    const { compat, configId = defaultConfigId() } = options;
    const { former } = before;
    const again = former && rereadConfiguration(former, sources, { compat, configId, inspectScript });
    if (again === undefined) return load(options, sources, undefined);
    return { ok: true, loaded: { ...again, accepted: { ...before.accepted, sources }, notices: [] } };
  });
}

function orMissing(read: () => LoadResult): LoadResult {
  try {
    return read();
  } catch (error) {
    if (!(error instanceof DirectorError) || error.code !== 'CONFIG_MISSING') throw error;
    return { ok: false, exitCode: 6, text: `${error.message}\n  = ${error.hint}` };
  }
}

function load(options: RunOptions, given: readonly Source[], accepted: Accepted | undefined): LoadResult {
  const known = accepted?.includes;
  const includes = new Map(known);
  const surroundings = surroundingsNow(accepted?.seed);
  const keyFiles = new Map(accepted?.keyFiles);
  const nameFiles = new Map(accepted?.nameFiles);
  const include = (pattern: string, from: string): readonly Source[] => {
    const key = JSON.stringify([pattern, from]);
    const found = includes.get(key) ?? (known === undefined ? resolveInclude(pattern, from) : []);
    includes.set(key, found);
    return found;
  };
  const { configuration, diagnostics, sources, former } = readConfiguration(given, {
    compat: options.compat,
    configId: options.configId ?? defaultConfigId(),
    surroundings,
    inspectScript,
    nowMs: Date.now(),
    readKeyFile: (path, mostBytes) => {
      const file = keyFiles.get(path) ?? readKeyFile(path, mostBytes);
      keyFiles.set(path, file);
      return file;
    },
    readNames: (file, directories) => {
      const text = nameFiles.get(file) ?? readNames(file, directories);
      nameFiles.set(file, text);
      return text;
    },
    include,
    yaml: yamlLibrary,
  });
  if (diagnostics.some(({ severity }) => severity === 'error')) {
    return { ok: false, exitCode: 2, text: renderDiagnostics(sources, diagnostics) };
  }
  const notices = diagnosticNotices(recordDiagnostics(sources, diagnostics));
  return {
    ok: true,
    loaded: {
      configuration,
      accepted: { sources: given, includes, keyFiles, nameFiles, seed: surroundings.seed },
      notices,
      former,
    },
  };
}

/** The first of each code, and how many more there are: a log is no place for 5,000 lines of one kind. */
function diagnosticNotices(records: readonly DiagnosticRecord[]): Notice[] {
  return [...Map.groupBy(records, ({ code }) => code)].flatMap(([code, same]) => {
    const shown = same.slice(0, SHOWN_OF_A_CODE).map(diagnosticNotice);
    const left = same.length - shown.length;
    if (left === 0) return shown;
    const message = `${left} more of ${code}: see \`lvs-director check\``;
    return [...shown, { event: 'config.diagnostic', message, fields: { code, left } }];
  });
}

function diagnosticNotice(record: DiagnosticRecord): Notice {
  const { file, line, column, severity, code, message } = record;
  return {
    event: 'config.diagnostic',
    message: `${file}:${line}:${column}: ${severity}: ${message} [${code}]`,
    fields: { file, line, column, severity, code },
  };
}
