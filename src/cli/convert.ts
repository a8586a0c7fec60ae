// `lvs-director convert FILE… --to yaml|keepalived`: the same configuration in the other form. What had to be
// written out on the way is named: the new file has it in full, or not at all.
import { writeFileSync } from 'node:fs';
import { type Converted, convertConfiguration, type Form, isMistake } from '../config/convert.ts';
import { renderDiagnostics } from '../config/render.ts';
import { DirectorError } from '../core/errors.ts';
import { defaultConfigId, readSources, resolveInclude, surroundingsNow } from '../linux/config-files.ts';
import { yamlLibrary } from '../linux/yaml-library.ts';

export type ConvertFlags = { to: Form; output?: string; configId?: string };
/** `output` is for standard output, `messages` are for people. */
export type ConvertResult = { exitCode: 0 | 4; output: string; messages: string };

export function convert(files: readonly string[], { to, output, configId }: ConvertFlags): ConvertResult {
  try {
    const converted = convertConfiguration(readSources(files), to, {
      configId: configId ?? defaultConfigId(),
      include: resolveInclude,
      surroundings: surroundingsNow(),
      yaml: yamlLibrary,
    });
    const { text } = converted;
    if (text === undefined) return { exitCode: 4, output: '', messages: mistakes(converted) };
    const messages = writtenOut(files, converted, configId ?? defaultConfigId());
    if (output === undefined) return { exitCode: 0, output: text, messages };
    writeFileSync(output, text);
    return { exitCode: 0, output: '', messages };
  } catch (error) {
    return { exitCode: 4, output: '', messages: inPlainWords(error) };
  }
}

function mistakes({ sources, diagnostics }: Converted): string {
  const found = diagnostics.filter(isMistake);
  if (found.length > 0) return renderDiagnostics(sources, found);
  return 'error: this configuration cannot be said in that form\n';
}

function writtenOut(files: readonly string[], { carriedOut, sources }: Converted, id: string): string {
  const { definitions, repetitions, otherIds } = carriedOut;
  const included = sources.length - files.length;
  const counts = [
    [included, 'included file', 'included files'],
    [definitions, 'definition', 'definitions'],
    [repetitions, 'repetition', 'repetitions'],
  ] as const;
  const lines: string[] = [];
  const said = counts.flatMap(([n, one, many]) => (n === 0 ? [] : [`${n} ${n === 1 ? one : many}`]));
  if (said.length > 0) lines.push(`written out: ${said.join(', ')}`);
  if (otherIds > 0) {
    const what = otherIds === 1 ? '1 line that is' : `${otherIds} lines that are`;
    lines.push(`left out: ${what} for another id than "${id}"`);
  }
  return lines.map((line) => `${files.join(', ')}: ${line}\n`).join('');
}

function inPlainWords(error: unknown): string {
  if (error instanceof DirectorError) return `error: ${error.message} [${error.code}]\n  = ${error.hint}\n`;
  if (error instanceof Error && 'syscall' in error) return `error: ${error.message}\n`;
  throw error;
}
