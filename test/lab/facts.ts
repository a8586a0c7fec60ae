// From a guest's report to the facts of one phase. A phase that failed or is missing fails every test that
// asks for it.
import type { Phase } from './guest/phases.ts';
import type { GuestReport } from './guest.ts';

export function factsOf<T>(report: GuestReport, phase: string): T {
  const result = (report.result as Record<string, Phase<T>> | undefined)?.[phase];
  if (result === undefined) throw new Error(`phase ${phase} did not run\n${evidence(report)}`);
  if ('error' in result) throw new Error(`phase ${phase}: ${result.error}\n${evidence(report)}`);
  return result.facts;
}

/** What a person wants to see under a failed assertion: the ends of all logs. */
export function evidence({ log, files }: GuestReport): string {
  const logs = Object.entries(files).filter(([name]) => name.endsWith('.log'));
  return [['output', log] as const, ...logs]
    .map(([name, text]) => `--- ${name}\n${text.split('\n').slice(-25).join('\n')}`)
    .join('\n');
}
