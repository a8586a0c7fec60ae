// A pair with connection sync while its clock is set, its disk is full, one of the two no longer hears the
// other, or its own kernel: on the kernel's IPVS. One guest plays all phases (docs/sync.md, "When something
// fails").
import { beforeAll, expect, test } from 'vitest';
import { factsOf } from './facts.ts';
import type { Report } from './guest/measure.ts';
import { bootGuest, type GuestReport } from './guest.ts';
import { expectNoSessionLost } from './sessions.ts';

type Since = Report & { lost: number; states: number };

let report: GuestReport;
beforeAll(async () => {
  report = await bootGuest({ program: 'adversity.ts' });
});

test('a clock that is set a day on, and two back, changes nothing', () => {
  const facts = factsOf<Since>(report, 'clock');
  expect(facts).toMatchObject({ lost: 0, states: 0 });
  expectNoSessionLost(facts);
});

test('with a full disk a reload is carried out, and what was not written is said', () => {
  const facts = factsOf<Since & { free: number[]; msg: string; plan: number }>(report, 'disk');
  expect(facts.free).toEqual([0, 0]);
  expect(facts.msg).toContain('ENOSPC');
  expect(facts.plan).toBeGreaterThan(0);
  expect(facts).toMatchObject({ lost: 0, states: 0 });
  expectNoSessionLost(facts);
});

test('a connection that is open on one side only is given up by both, and made anew', () => {
  const facts = factsOf<Since & { reasons: string[] }>(report, 'halfOpen');
  expect(facts.reasons).toContain('silent');
  expect(facts.states).toBe(0);
  expectNoSessionLost(facts);
});

test('what the kernel told while nobody listened is looked up in its table', () => {
  const facts = factsOf<Since & { datagrams: number }>(report, 'missed');
  expect(facts.datagrams).toBeGreaterThan(0);
  expect(facts.states).toBe(0);
  expectNoSessionLost(facts);
});

test('after all that a planned stop loses no session', () => {
  const facts = factsOf<Report & { exit: number }>(report, 'handover');
  expect(facts.exit).toBe(0);
  expectNoSessionLost(facts);
  const groups = ['active', 'idle', 'dayLater', 'dayBefore', 'unheard', 'missed'];
  expect(Object.keys(facts.sessions).toSorted()).toEqual(groups.toSorted());
});
