// The two directors of a pair, side by side: what only works, or is only meant, if both say the same.
import type { Diagnostic, Source } from '../core/diagnostic.ts';
import type { ReadResult } from './read.ts';
import { Report } from './report.ts';
import { compareServices } from './rules/pair-ipvs.ts';
import { PairReport } from './rules/pair-report.ts';
import { compareSync } from './rules/pair-sync.ts';
import { compareSyncStreams } from './rules/pair-sync-stream.ts';
import { compareInstances } from './rules/pair-vrrp.ts';

/** The sources are those of the first, then those of the second. */
export function comparePair(
  a: ReadResult,
  b: ReadResult,
  compat: boolean,
): { sources: readonly Source[]; diagnostics: Diagnostic[] } {
  const report = new Report(compat);
  const pair = new PairReport(report, a.sources.length);
  const matches = compareInstances(a.configuration, b.configuration, pair);
  compareSync(a.configuration, b.configuration, matches, pair);
  compareSyncStreams(a.configuration.director.sync, b.configuration.director.sync, pair);
  compareServices(a.configuration, b.configuration, pair);
  return { sources: [...a.sources, ...b.sources], diagnostics: report.sorted() };
}
