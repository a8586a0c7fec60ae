// A real server leaves a service and comes back, on real IPVS: no session is cut, nobody new gets to it, it
// goes with its last connection, and grows to its share when it is back.
import { beforeAll, describe, expect, test } from 'vitest';
import { evidence, expectNoRequestLost, factsOf, stalledMs } from './facts.ts';
import type { LogLine } from './guest/director.ts';
import type { Report } from './guest/measure.ts';
import { bootGuest, type GuestReport } from './guest.ts';
import { expectNoSessionLost } from './sessions.ts';

type Quiet = Report & { weight: number; established: number };

let report: GuestReport;
/** Three drains wait for TCP's ten seconds after a reset, and a slow host makes all of it slow. */
const LIMIT_MS = 540_000;
beforeAll(async () => {
  report = await bootGuest({ program: 'drain.ts', timeoutMs: LIMIT_MS });
}, LIMIT_MS + 30_000);

describe('by command', () => {
  type Drain = Report & { quiet: Quiet; goneMs: number; ended: LogLine; exitCode: number; steps: string[] };

  test('nobody new gets to the server, and whoever is there stays', () => {
    const { quiet } = factsOf<Drain>(report, 'drain');
    expectQuiet('drain', quiet, 'rs1');
  });

  test('it goes with its last connection, and the command says so', () => {
    const { ended, exitCode, steps, ...seen } = factsOf<Drain>(report, 'drain');
    expect(ended).toMatchObject({ server: '10.1.0.21:8080', cut: 0 });
    expect(exitCode).toBe(0);
    expect(steps[0]).toBe('plan');
    expect(steps.at(-1)).toBe('result');
    expectUndisturbed('drain', seen);
  });

  test('ready again it grows to its share', () => {
    type Growth = { shares: number[]; requests: Report['requests']; begun: LogLine[] };
    const { shares, requests, begun } = factsOf<Growth>(report, 'slowStart');
    expect(begun).toMatchObject([{ server: '10.1.0.21:8080', overMs: 4000 }]);
    expect(shares).toEqual(shares.toSorted((a, b) => a - b));
    expect(shares.length).toBeGreaterThan(5);
    expect(shares.filter((share) => share > 0 && share < 0.5)).not.toEqual([]);
    expect(requests.servers.rs1).toBeGreaterThan(0);
    expect(requests.servers.rs1).toBeLessThan(0.8 * requests.servers.rs2!);
  });
});

test('a drain goes on when the balancer is killed', () => {
  type Killed = Report & { quiet: Quiet; weights: number[]; exitCode: number };
  const { quiet, weights, exitCode, ...seen } = factsOf<Killed>(report, 'balancerKilled');
  expectQuiet('balancerKilled', quiet, 'rs2');
  expect(weights).toEqual([0]);
  expect(seen.requests.servers.rs2).toBeUndefined();
  expectNoSessionLost(seen);
  expect(exitCode).toBe(0);
});

test('a server that leaves the file is drained', () => {
  const facts = factsOf<{ quiet: Quiet; begun: LogLine; ended: LogLine }>(report, 'removed');
  expectQuiet('removed', facts.quiet, 'rs1');
  expect(facts.begun).toMatchObject({ server: '10.1.0.21:8080', because: 'removed' });
  expect(facts.ended).toMatchObject({ server: '10.1.0.21:8080', cut: 0 });
});

test('a drain that both directors were told of goes on after a failover', () => {
  const { moved, quiet, ended } = factsOf<{ moved: Report; quiet: Quiet; ended: LogLine }>(
    report,
    'failover',
  );
  expectNoSessionLost(moved);
  expect(moved.requests.servers.rs2).toBeUndefined();
  expectQuiet('failover', quiet, 'rs2');
  expect(ended).toMatchObject({ server: '10.1.0.22:8080', cut: 0 });
});

// Without services IPVS has no hooks: until they are back the machine itself resets whoever speaks.
test('a table that somebody empties is back within a second; who is silent meanwhile loses nothing', () => {
  type Drift = Report & { before: string[]; after: string[]; repairedMs: number; repairs: number };
  const { before, after, repairedMs, repairs, sessions } = factsOf<Drift>(report, 'drift');
  expect(before).toHaveLength(2);
  expect(after).toEqual(before);
  expect(repairs).toBe(1);
  expect(repairedMs).toBeLessThan(1000 + stalledMs(report, 'drift'));
  expect(sessions.idle).toMatchObject({ open: expect.any(Number), survivedPercent: 100 });
  expect(sessions.idle!.open).toBeGreaterThan(0);
});

function expectQuiet(phase: string, quiet: Quiet, server: string): void {
  expect(quiet.weight).toBe(0);
  expect(quiet.established, evidence(report)).toBeGreaterThan(0);
  expect(Object.keys(quiet.requests.servers)).not.toContain(server);
  expectUndisturbed(phase, quiet);
}

function expectUndisturbed(phase: string, facts: Report): void {
  expectNoSessionLost(facts);
  expectNoRequestLost(report, phase, facts);
}
