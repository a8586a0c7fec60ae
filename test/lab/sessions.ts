// What every test with open sessions asks of a report.
import { expect } from 'vitest';
import type { Report } from './guest/measure.ts';

export function expectNoSessionLost({ sessions }: Pick<Report, 'sessions'>): void {
  for (const [group, { open, survived, lost }] of Object.entries(sessions))
    expect({ group, survived, lost }).toEqual({ group, survived: open, lost: {} });
  expect(sessions.active!.open).toBeGreaterThan(0);
}
