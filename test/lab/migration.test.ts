// docs/migration.md on real IPVS: from a pair of Debian's keepalived to one of ours, with the sessions that
// are open.
import { beforeAll, expect, test } from 'vitest';
import { evidence, expectNoRequestLost, factsOf, stalledMs } from './facts.ts';
import type { Report } from './guest/measure.ts';
import { UNHURRIED_MS } from './guest/pair.ts';
import { bootGuest, type GuestReport } from './guest.ts';

let report: GuestReport;
beforeAll(async () => {
  report = await bootGuest({ program: 'migration.ts' });
});

test('1: the BACKUP becomes ours, and nobody notices', () => {
  expectNobodyNoticed('backup');
});

test('2: keepalived stops on the MASTER, and every session goes on through ours', () => {
  expectEverySession(factsOf<Report>(report, 'master'));
});

test('3: ours starts there and takes the role back: the pair is whole, and nothing is lost', () => {
  expectNothingLost('return');
});

test('4: a reload brings sync of our own, and a drill loses nothing', () => {
  expectNothingLost('stream');
});

test('a kernel is left as it was found, also when a balancer was killed on the way', () => {
  type Settings = { found: string[]; before: string[]; again: string[]; after: string[] };
  const { found, before, again, after } = factsOf<Settings>(report, 'killed');
  expect(before[0]).not.toBe(found[0]);
  expect(before[1]).toContain('777');
  expect(again).toEqual(before);
  expect(after).toEqual(found);
});

/** Nor waited for TCP to repeat a SYN, which it does after a second: where no role moves, none is lost. */
function expectNobodyNoticed(phase: string): void {
  const { requests } = expectNothingLost(phase);
  const limitMs = UNHURRIED_MS + stalledMs(report, phase);
  expect(requests.latencyMs.max, evidence(report)).toBeLessThan(limitMs);
}

function expectNothingLost(phase: string): Report {
  const facts = factsOf<Report>(report, phase);
  expectNoRequestLost(report, phase, facts);
  expectEverySession(facts);
  return facts;
}

function expectEverySession({ sessions }: Report): void {
  expect(sessions, evidence(report)).toMatchObject({
    active: { open: 40, survived: 40, lost: {} },
    idle: { open: 20, survived: 20, lost: {} },
  });
}
