// From log lines, adverts and statistics to what the demo shows and concludes.
import { describe, expect, test } from 'vitest';
import { type LogLine, parseLogLine } from '../../src/cli/demo/director.ts';
import { type DirectorName, PORT, VIP } from '../../src/cli/demo/layout.ts';
import {
  firstPicture,
  hear,
  masterOf,
  type Outcome,
  type Picture,
  paintAdvert,
  paintCrash,
} from '../../src/cli/demo/picture.ts';
import { isGood, report } from '../../src/cli/demo/report.ts';
import { elapsed, type Paint, shorten, sparkline, view } from '../../src/cli/demo/view.ts';

const plain: Paint = (_, text) => text;
const STARTED_MS = 1_000_000;
const master = (time: number): LogLine => ({
  level: 'info',
  time,
  event: 'vrrp.state',
  from: 'BACKUP',
  to: 'MASTER',
  priority: 150,
  msg: '(VI_1) Entering MASTER STATE',
});

function heard(name: DirectorName, ...lines: LogLine[]): Picture {
  return lines.reduce(
    (picture, line) => hear(picture, name, line, STARTED_MS),
    firstPicture('nat', STARTED_MS),
  );
}

describe('a director', () => {
  test('is what its log says', () => {
    const picture = heard(
      'dirB',
      { level: 'info', event: 'ipvs.engine', engine: 'embedded', msg: 'engine' },
      master(STARTED_MS + 70),
      { level: 'info', event: 'vip.added', address: '10.0.0.50', msg: 'added' },
      { level: 'info', event: 'vip.added', msg: '(VI_1) added 10.1.0.1/24 dev eth1' },
      { level: 'warn', event: 'server.down', server: '10.1.0.22:80', msg: 'down' },
      { level: 'info', event: 'sync.daemon', role: 'master', verb: 'started', msg: 'started' },
      { level: 'info', event: 'sync.daemon', role: 'backup', verb: 'stopped', msg: 'stopped' },
    );
    expect(picture.directors.dirB).toEqual({
      state: 'MASTER',
      sinceMs: STARTED_MS + 70,
      priority: 150,
      adverts: 0,
      engine: 'embedded',
      syncs: 'master',
      vips: ['10.0.0.50', '10.1.0.1'],
      servers: { rs2: 'down' },
    });
    const told = { level: 'info', event: 'sync.complete', direction: 'in', msg: 'knows all' };
    expect(hear(picture, 'dirB', told, STARTED_MS).directors.dirB.syncs).toBe('stream');
    expect(masterOf(picture)).toBe('dirB');
    expect(picture.happenings.map(({ who, grave }) => `${who} ${grave}`)).toEqual([
      'B false',
      'B false',
      'B false',
      'B false',
      'B true',
      'B false',
      'B false',
    ]);
  });

  test('that is crashed is no master and holds nothing', () => {
    const crashed = paintCrash(heard('dirA', master(STARTED_MS)), 'dirA', STARTED_MS + 5);
    expect(masterOf(crashed)).toBeUndefined();
    expect(crashed.directors.dirA).toMatchObject({ state: 'CRASHED', sinceMs: STARTED_MS + 5, vips: [] });
  });

  test('that claims the role later is the master of two', () => {
    const one = heard('dirA', master(STARTED_MS));
    expect(masterOf(hear(one, 'dirB', master(STARTED_MS + 9), 0))).toBe('dirB');
  });

  test('is counted by its adverts, and keeps its priority when it resigns', () => {
    let picture = firstPicture('nat', STARTED_MS);
    const advert = { source: '10.0.0.11', priority: 150, addresses: [VIP] };
    picture = hear(picture, 'dirA', master(STARTED_MS), 0);
    for (const _ of [1, 2]) picture = paintAdvert(picture, advert);
    picture = hear(picture, 'dirA', { ...master(STARTED_MS), to: 'LEAVING' }, 0);
    picture = paintAdvert(picture, { ...advert, priority: 0 });
    picture = paintAdvert(picture, { ...advert, source: '10.0.0.77', priority: 200 });
    expect(picture.directors.dirA).toMatchObject({ adverts: 3, priority: 150, vips: [VIP] });
    expect(picture.directors.dirB).toMatchObject({ adverts: 0, vips: [] });
    picture = hear(picture, 'dirA', { ...master(STARTED_MS), to: 'BACKUP' }, 0);
    expect(picture.directors.dirA.vips).toEqual([]);
  });

  test('may say things that are not JSON', () => {
    expect(parseLogLine('Segmentation fault')).toEqual({ msg: 'Segmentation fault' });
    expect(parseLogLine('null')).toEqual({ msg: 'null' });
    expect(parseLogLine('{"msg":"x","event":"vrrp.state"}')).toEqual({ msg: 'x', event: 'vrrp.state' });
    expect(heard('dirA', { msg: 'Segmentation fault' }).happenings[0]?.grave).toBe(true);
  });
});

describe('the view', () => {
  const size = { columns: 80, rows: 30 };
  test('shows who is master, who holds the addresses, and how the client fares', () => {
    const statistics = {
      requests: 120,
      failed: 2,
      outageMs: 40.4,
      sessions: 10,
      alive: 9,
      servers: { rs1: { requests: 40, sessions: 3 } },
      recent: [1, null, 299],
    };
    const line = { level: 'info', event: 'vip.added', address: VIP, msg: `added ${VIP}` };
    const picture = { ...heard('dirA', master(STARTED_MS + 2_000), line), statistics };
    const text = view(picture, STARTED_MS + 61_000, size, 'q quit', plain).join('\n');
    expect(text).toContain(`${VIP}:${PORT}`);
    expect(text).toMatch(/──►.*A 10\.0\.0\.11.*MASTER.*150.*00:02.*10\.0\.0\.50/);
    expect(text).toMatch(/rs1 10\.1\.0\.21.*40.*3/);
    expect(text).toContain('9 of 10 alive');
    expect(text).toContain('2 failed, longest outage since the last fault 40 ms');
    expect(text).toContain('▁×█');
    expect(text).toContain('Entering MASTER STATE');
  });

  test('fits the terminal and keeps its height', () => {
    const noisy = heard(
      'dirA',
      ...Array.from({ length: 50 }, (_, i) => ({ msg: `line ${i} ${'x'.repeat(300)}` })),
    );
    const quiet = firstPicture('dr', STARTED_MS);
    const heights = [noisy, quiet].map((picture) => {
      const lines = view(picture, STARTED_MS, size, 'q quit', plain);
      expect(Math.max(...lines.map((line) => line.length))).toBeLessThanOrEqual(size.columns);
      return lines.length;
    });
    expect(heights[0]).toBe(heights[1]);
    expect(heights[0]).toBeLessThan(size.rows);
  });

  test('counts time and shortens texts', () => {
    expect(elapsed(61_005, true)).toBe('01:01.005');
    expect(elapsed(-3)).toBe('00:00');
    expect(shorten('a\nb   c', 10)).toBe('a b c');
    expect(shorten('abcdef', 4)).toBe('abc…');
    expect(sparkline([0, 100_000], plain)).toBe('▁█');
  });
});

describe('the report', () => {
  const measured = {
    outageMs: 0,
    requests: 300,
    failedRequests: 0,
    failures: {},
    sessions: 40,
    survived: 40,
    losses: {},
    longestPauseMs: 12.4,
  };
  const good: Outcome = { name: 'drill', measured, newMasterMs: 61.2, from: 'dirA', to: 'dirB' };
  const lossy: Outcome = { ...good, measured: { ...measured, survived: 39, losses: { ECONNRESET: 1 } } };
  const { to: _, newMasterMs: __, ...headless } = good;
  const empty: Outcome = { ...good, measured: { ...measured, sessions: 0, survived: 0 } };

  const quiet = { requests: 1, failed: 0, outageMs: 0, servers: {}, recent: [] };
  const concluded = (outcomes: readonly Outcome[], alive = 50): Picture => ({
    ...firstPicture('nat', STARTED_MS),
    outcomes,
    statistics: { ...quiet, sessions: 50, alive },
  });

  test('is good only when nothing was lost, somebody took over, and there was something to lose', () => {
    expect(isGood(concluded([good, good]))).toBe(true);
    for (const bad of [lossy, headless, empty]) expect(isGood(concluded([good, bad]))).toBe(false);
    expect(isGood(concluded([]))).toBe(false);
  });

  test('is not good when a session was lost that no drill and no crash counts', () => {
    expect(isGood(concluded([good], 49))).toBe(false);
    expect(report(concluded([good], 49), 'examples/nat', plain).join()).toContain(
      '49 of all 50 sessions are alive',
    );
  });

  test('gives the figures and the reasons of losses', () => {
    const text = report(concluded([good, lossy]), 'examples/nat', plain).join('\n');
    expect(text).toMatch(/new master +A → B after 61 ms/);
    expect(text).toMatch(/survived +40 of 40 +39 of 40/);
    expect(text).toContain('sessions lost by 1 × ECONNRESET');
    expect(text).toContain('NOT good');
  });
});
