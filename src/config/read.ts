// The pipeline: texts → lines of tokens → statements → settings → the typed configuration, and everything
// there is to say about it. Pure; reading files is the edge's.
import type { Diagnostic, Source } from '../core/diagnostic.ts';
import { composeConfiguration } from './compose/configuration.ts';
import { Expander, type Include } from './expand.ts';
import type { Configuration } from './model.ts';
import { parse } from './parser.ts';
import { Report } from './report.ts';
import { checkConfiguration } from './rules/configuration.ts';
import { TOP } from './schema/top.ts';
import { Interpreter } from './settings.ts';

export type ReadOptions = {
  /** As lenient as keepalived: what it logs and drops is `ignored` instead of an error. */
  compat?: boolean;
  /** keepalived's -i: what `@id` lines are compared with. */
  configId?: string;
  /** How `include` gets at files; without it there are none. */
  include?: Include;
};

export type ReadResult = {
  configuration: Configuration;
  diagnostics: Diagnostic[];
  /** Those given, then those included: what `Span.source` counts in. */
  sources: readonly Source[];
};

/** Several texts are read as one. Never throws: any text ends in diagnostics. */
export function readConfiguration(sources: readonly Source[], options: ReadOptions = {}): ReadResult {
  const report = new Report(options.compat ?? false);
  const expander = new Expander(
    sources,
    { configId: options.configId ?? '', include: options.include ?? (() => []) },
    report,
  );
  // Each file closes what it opens: a brace missing in one is not looked for in the next.
  const statements = sources.flatMap((_, i) => parse(expander.expand(i), TOP, report));
  const start = { source: 0, start: 0, end: 0 };
  const settings = new Interpreter(report).read(statements, TOP, start);
  const configuration = composeConfiguration(settings, report);
  checkConfiguration(configuration, report);
  return { configuration, diagnostics: report.sorted(), sources: expander.sources };
}
