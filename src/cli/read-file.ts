// A director's configuration read for a command that works with it on this machine: it has to be right, or
// nothing is done.
import type { Configuration } from '../config/model.ts';
import { readConfiguration } from '../config/read.ts';
import { renderDiagnostics } from '../config/render.ts';
import { DirectorError } from '../core/errors.ts';
import { defaultConfigId, readSources, resolveInclude, surroundingsNow } from '../linux/config-files.ts';
import { readNames } from '../linux/routing-names.ts';
import { yamlLibrary } from '../linux/yaml-library.ts';

export type ReadForHere = { ok: true; configuration: Configuration } | { ok: false; text: string };

/** Keys of adverts are not read: a real server does not have them. */
export function readForHere(
  files: readonly string[],
  { configId = defaultConfigId() }: { configId?: string },
): ReadForHere {
  try {
    const { configuration, diagnostics, sources } = readConfiguration(readSources(files), {
      configId,
      include: resolveInclude,
      readNames,
      surroundings: surroundingsNow(),
      yaml: yamlLibrary,
    });
    const errors = diagnostics.filter(({ severity }) => severity === 'error');
    if (errors.length === 0) return { ok: true, configuration };
    return { ok: false, text: `${renderDiagnostics(sources, errors)}\n${files.join(', ')} cannot run\n` };
  } catch (error) {
    if (!(error instanceof DirectorError)) throw error;
    const { message, code, hint } = error;
    return { ok: false, text: `error: ${message} [${code}]\n  = ${hint}\n` };
  }
}
