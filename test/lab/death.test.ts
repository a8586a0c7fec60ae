// SIGKILL on the master's processes: what the others notice, what is left behind, whether a session is lost.
import { beforeAll, describe, expect, test } from 'vitest';
import { factsOf, stalledMs } from './facts.ts';
import type { Report } from './guest/measure.ts';
import { bootGuest, type GuestReport } from './guest.ts';
import { expectNoSessionLost } from './sessions.ts';

/** What is promised: nothing left of one process after a second, nothing of all of them after five. */
const PROMISED_MS = { guardian: 1000, lease: 5000 };
/** Linux's own. */
const USUAL = { expire_nodest_conn: '0', conn_reuse_mode: '1', pmtu_disc: '1' };
/** On a busy machine the guest's one CPU is late, the runner to look as well as the guardian to act. */
const LATE_MS = 1000;

let report: GuestReport;
beforeAll(async () => {
  report = await bootGuest({ program: 'death.ts' });
});

describe('the balancer child dies', () => {
  type Facts = Report & {
    killed: number;
    emptiest: number;
    before: string[];
    after: string[];
    adoptedMs: number;
    sameDirector: boolean;
    settings: object[];
  };

  test('the kernel forwards on, a new balancer adopts the same table, no connection is lost', () => {
    const facts = factsOf<Facts>(report, 'balancerKilled');
    console.info(`balancer killed: adopted after ${facts.adoptedMs} ms`);
    expect(facts.killed).toBe(1);
    expect(facts.sameDirector).toBe(true);
    expect(facts.emptiest, 'real servers in the table at its emptiest').toBe(2);
    expect(facts.after).toEqual(facts.before);
    expectNoSessionLost(facts);
    expect(facts.requests.failures).not.toHaveProperty('ECONNREFUSED');
    expect(facts.requests.failures).not.toHaveProperty('ECONNRESET');
  });

  test('what the file says of IPVS’s settings is in force before and after', () => {
    const set = { ...USUAL, expire_nodest_conn: '1', conn_reuse_mode: '2' };
    expect(factsOf<Facts>(report, 'balancerKilled').settings).toEqual([set, set]);
  });

  test('a word that leaves the file leaves what was there before the first of the two balancers', () => {
    const { settings } = factsOf<{ settings: object }>(report, 'reloadAfterwards');
    expect(settings).toEqual({ ...USUAL, conn_reuse_mode: '2', pmtu_disc: '0' });
  });

  test('the new one goes on: SIGHUP works', () => {
    const facts = factsOf<Report>(report, 'reloadAfterwards');
    expectNoSessionLost(facts);
    expect(facts.requests.servers.rs3).toBeGreaterThan(0);
  });
});

describe('the director process dies', () => {
  type Facts = Report & {
    vipGoneMs: number;
    tableGoneMs: number;
    allGoneMs: number;
    left: { vip: boolean; table: string[]; sync: string[]; settings: object };
  };

  test('the balancer removes everything of ours within a second', () => {
    const { left, vipGoneMs, tableGoneMs, allGoneMs } = factsOf<Facts>(report, 'directorKilled');
    console.info(`director killed: VIP gone ${vipGoneMs} ms, table ${tableGoneMs} ms, all ${allGoneMs} ms`);
    expect(left).toEqual({ vip: false, table: [], sync: [], settings: USUAL });
    expect(allGoneMs).toBeLessThanOrEqual(
      PROMISED_MS.guardian + LATE_MS + stalledMs(report, 'directorKilled'),
    );
  });

  test('the peer takes over and no session is lost', () => {
    const facts = factsOf<Facts>(report, 'directorKilled');
    expectNoSessionLost(facts);
    console.info(`director killed: outage ${facts.requests.outageMs} ms`);
  });
});

test('all processes die at once: the kernel drops the VIP of the dead node within 5 s', () => {
  const facts = factsOf<Report & { vipMovedMs: number; vipGoneMs: number }>(report, 'allKilled');
  console.info(
    `all killed: VIP moved ${facts.vipMovedMs} ms, left the dead node after ${facts.vipGoneMs} ms`,
  );
  expect(facts.vipGoneMs).toBeLessThanOrEqual(PROMISED_MS.lease + LATE_MS + stalledMs(report, 'allKilled'));
  expect(facts.sessions.afterReturn).toMatchObject({ open: 40, survived: 40, lost: {} });
});
