// From a guest's report to the facts of one phase. A phase that failed or is missing fails every test that
// asks for it.
import { expect } from 'vitest';
import type { Report } from './guest/measure.ts';
import type { Phase } from './guest/phases.ts';
import type { GuestReport } from './guest.ts';

export function factsOf<T>(report: GuestReport, phase: string): T {
  const result = phaseOf<T>(report, phase);
  if ('error' in result) throw new Error(`phase ${phase}: ${result.error}\n${evidence(report)}`);
  return result.facts;
}

/** For how long of a phase the guest stood still; a time that was measured in it may be that much longer. */
export function stalledMs(report: GuestReport, phase: string): number {
  const { stalledMs: ms } = phaseOf(report, phase);
  if (ms > 0) console.info(`${phase}: the guest stood still for ${ms} ms, its machine was busy`);
  return ms;
}

/** What a client that had time lost: one that the guest's machine let wait is printed. */
export function expectNoRequestLost(report: GuestReport, phase: string, { requests }: Report): void {
  const { timeout = 0, ...lost } = requests.failures;
  if (timeout > 0 && stalledMs(report, phase) > 0)
    console.info(`${phase}: ${timeout} of ${requests.sent} requests timed out`);
  else expect(requests.failures, evidence(report)).toEqual({});
  expect(lost, evidence(report)).toEqual({});
}

function phaseOf<T>(report: GuestReport, phase: string): Phase<T> {
  const result = (report.result as Record<string, Phase<T>> | undefined)?.[phase];
  if (result === undefined) throw new Error(`phase ${phase} did not run\n${evidence(report)}`);
  return result;
}

/** What a person wants to see under a failed assertion: the ends of all logs. */
export function evidence({ log, files }: GuestReport): string {
  const logs = Object.entries(files).filter(([name]) => name.endsWith('.log'));
  return [['output', log] as const, ...logs]
    .map(([name, text]) => `--- ${name}\n${text.split('\n').slice(-25).join('\n')}`)
    .join('\n');
}
