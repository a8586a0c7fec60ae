// What an operator does to a pair, seen from outside: ipvsadm, the sessions, the logs. One guest plays all
// phases.
import { beforeAll, describe, expect, test } from 'vitest';
import { factsOf } from './facts.ts';
import type { LogLine } from './guest/director.ts';
import type { Report } from './guest/measure.ts';
import { bootGuest, type GuestReport } from './guest.ts';
import { expectNoSessionLost } from './sessions.ts';

const SERVICE = '-A -t 10.0.0.50:8080 -s rr';
const serverLine = (n: number) => `-a -t 10.0.0.50:8080 -r 10.1.0.2${n}:8080 -m -w 1`;
const FOREIGN = ['-A -t 192.0.2.1:99 -s wlc', '-a -t 192.0.2.1:99 -r 192.0.2.2:99 -g -w 3'];

/** Linux's own. */
const USUAL = { expire_quiescent_template: '0', sloppy_tcp: '0', schedule_icmp: '0' };

let report: GuestReport;
beforeAll(async () => {
  report = await bootGuest({ program: 'operations.ts' });
});

describe('the programmed table', () => {
  type Table = { table: Record<string, string[]>; sync: Record<string, string[]> };

  test.each(['dirA', 'dirB'])('ipvsadm on %s prints what the configuration says', (node) => {
    const { table } = factsOf<Table>(report, 'table');
    expect(table[node]).toEqual([SERVICE, serverLine(1), serverLine(2)].toSorted());
  });

  test('settings of IPVS are as the configuration says', () => {
    const { settings } = factsOf<{ settings: object }>(report, 'table');
    expect(settings).toEqual({ ...USUAL, expire_quiescent_template: '1', sloppy_tcp: '1' });
  });

  test('one sync thread a node, by its role', () => {
    const { sync } = factsOf<Table>(report, 'table');
    expect(sync.dirA).toEqual([expect.stringMatching(/^master sync daemon \(mcast=eth0, syncid=51\b/)]);
    expect(sync.dirB).toEqual([expect.stringMatching(/^backup sync daemon \(mcast=eth0, syncid=51\b/)]);
  });
});

test('SIGHUP adds a server and loses neither a session nor a request', () => {
  const facts = factsOf<Report & { inForceMs: number; table: string[] }>(report, 'reload');
  expectUndisturbed(facts);
  const ours = [SERVICE, serverLine(1), serverLine(2), serverLine(3)];
  expect(facts.table).toEqual([...ours, ...FOREIGN].toSorted());
  expect(facts.requests.servers.rs3).toBeGreaterThan(0);
});

test('SIGHUP with a broken file changes nothing and says where it is broken', () => {
  type Broken = Report & { text: string; before: string[]; after: string[]; stillMaster: boolean };
  const facts = factsOf<Broken>(report, 'brokenReload');
  expect(facts.text).toMatch(/keepalived\.conf:\d+:\d+: error: .*lb_algorithm/);
  expect(facts.after).toEqual(facts.before);
  expect(facts.stillMaster).toBe(true);
  expectUndisturbed(facts);
});

test('a broken file refuses the start with exit code 2', () => {
  const { status, output } = factsOf<{ status: number; output: string }>(report, 'refusedStart');
  expect(output).toMatch(/broken\.conf:\d+:\d+: error: .*lb_algorithm/);
  expect(status).toBe(2);
});

test('TCP_CHECK takes a dead server out on both directors and puts it back', () => {
  type Death = { without: Report; withIt: Report; logged: { down: number; up: number } };
  const facts = factsOf<Death>(report, 'serverDeath');
  expect(facts.without.requests.failures.ECONNREFUSED).toBeUndefined();
  expect(Object.keys(facts.without.requests.servers).toSorted()).toEqual(['rs2', 'rs3']);
  expect(Object.keys(facts.withIt.requests.servers).toSorted()).toEqual(['rs1', 'rs2', 'rs3']);
  expect(facts.logged.down).toBe(1);
  expect(facts.logged.up).toBeGreaterThanOrEqual(1);
});

test('USR1 writes the whole state as JSON and as text', () => {
  const { files } = factsOf<{ files: Record<string, string> }>(report, 'state');
  const texts = Object.values(files);
  const json = texts.filter((text) => text.startsWith('{'));
  expect(json).not.toHaveLength(0);
  expect(texts.length).toBeGreaterThan(json.length);
  expect(JSON.stringify(json.map((text) => JSON.parse(text)))).toContain('10.0.0.50');
});

describe('USR2', () => {
  test('on a backup: a rehearsal, and nothing moves', () => {
    const facts = factsOf<{ report: LogLine; stillMaster: boolean }>(report, 'rehearsal');
    expect(facts.report).toMatchObject({
      kind: 'rehearsal',
      ready: true,
      services: 1,
      servers: 3,
      serversUp: 3,
    });
    expect(facts.stillMaster).toBe(true);
  });

  test('on a master: hands over, comes back, reports, and no session is lost', () => {
    type Drill = Report & { report: LogLine; awayMs: number; returnedMs: number };
    const facts = factsOf<Drill>(report, 'drill');
    expect(facts.report).toMatchObject({ kind: 'drill', holdMs: 2000 });
    expect(facts.report.results).toEqual([
      {
        instance: 'VI_1',
        relieved: true,
        handoverMs: expect.any(Number),
        awayMs: expect.any(Number),
      },
    ]);
    expectNoSessionLost(facts);
    console.info(`drill: outage ${facts.requests.outageMs} ms, ${JSON.stringify(facts.report.results)}`);
  });
});

test('a file without instance and services: the other takes over, and nobody is refused meanwhile', () => {
  const facts = factsOf<Report & { table: string[] }>(report, 'leave');
  expectUndisturbed(facts);
  expect(facts.table).toEqual(FOREIGN.toSorted());
});

describe('planned stop', () => {
  type Seen = { vip: boolean; table: string[]; sync: string[]; processes: number[]; settings: object };
  type Left = { exit: number; left: Seen };

  test('leaves nothing of ours behind and nothing else touched', () => {
    const { exit, left } = factsOf<Left>(report, 'stop');
    const rest = { processes: [], settings: USUAL };
    expect(left).toEqual({ vip: false, table: FOREIGN.toSorted(), sync: [], ...rest });
    expect(exit).toBe(0);
  });

  test('no session is lost, and the other node is now the sync master', () => {
    const facts = factsOf<Report & { syncB: string[] }>(report, 'stop');
    expectNoSessionLost(facts);
    expect(facts.syncB).toEqual([expect.stringMatching(/^master sync daemon/)]);
  });

  test('of the last director: the same', () => {
    const facts = factsOf<object>(report, 'stopLast');
    expect(facts).toEqual({ exit: 0, vip: false, table: FOREIGN.toSorted(), sync: [] });
  });
});

/**
 * Requests that ran into their 300 ms on a busy machine are printed, not judged: nobody refused or reset
 * them.
 */
function expectUndisturbed(seen: Report): void {
  expectNoSessionLost(seen);
  const { timeout = 0, ...refused } = seen.requests.failures;
  if (timeout > 0) console.info(`${timeout} of ${seen.requests.sent} requests took longer than 300 ms`);
  expect(refused).toEqual({});
}
