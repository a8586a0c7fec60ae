// Takeovers in the lab, ours beside keepalived's: the same scenario at the same time in two guests, so that
// whatever else the machine does disturbs both. Short by default; `--all` runs every scenario three times.
import type { Mode } from '../lab/guest/addresses.ts';
import type { Program } from '../lab/guest/director.ts';
import type { How, TakeoverResult } from '../lab/guest/takeover.ts';
import { bootGuest } from '../lab/guest.ts';
import type { Row } from './row.ts';

type Scenario = { how: How; mode: Mode; advert: number };

const SHORT: readonly Scenario[] = [
  { how: 'power', mode: 'nat', advert: 0.1 },
  { how: 'power', mode: 'nat', advert: 0.05 },
  { how: 'power', mode: 'dr', advert: 0.1 },
  { how: 'power', mode: 'tun', advert: 0.1 },
  { how: 'stop', mode: 'nat', advert: 1 },
  { how: 'reboot-backup', mode: 'nat', advert: 0.1 },
];
const ALL: readonly Scenario[] = (['nat', 'dr', 'tun'] as const).flatMap((mode) =>
  (['power', 'stop', 'kill9', 'linkdown', 'reboot-backup'] as const).flatMap((how) =>
    [0.05, 0.1, 1].map((advert) => ({ how, mode, advert })),
  ),
);
const ATTEMPTS = 3;
const REPETITIONS = { short: 1, all: 3 };

export async function run(all = process.argv.includes('--all')): Promise<Row[]> {
  const rows: Row[] = [];
  for (const scenario of all ? ALL : SHORT) {
    const results: Record<Program, TakeoverResult[]> = { 'lvs-director': [], keepalived: [] };
    for (let i = 0; i < (all ? REPETITIONS.all : REPETITIONS.short); i++) {
      const [ours, theirs] = await Promise.all([
        measure(scenario, 'lvs-director'),
        measure(scenario, 'keepalived'),
      ]);
      results['lvs-director'].push(ours);
      results.keepalived.push(theirs);
    }
    rows.push(...compare(scenario, results['lvs-director'], results.keepalived));
  }
  return rows;
}

/**
 * The quietest of a few attempts: one with a false takeover before the fault measures the host, not the
 * pair.
 */
async function measure({ how, mode, advert }: Scenario, program: Program): Promise<TakeoverResult> {
  const args = [`how=${how}`, `mode=${mode}`, `advert=${advert}`, `dirA=${program}`, `dirB=${program}`];
  const attempts: TakeoverResult[] = [];
  for (let i = 0; i < ATTEMPTS; i++) {
    const { exitCode, result, log } = await bootGuest({ program: 'takeover.ts', args });
    if (exitCode !== 0) throw new Error(`${program} ${args.join(' ')}: exit code ${exitCode}\n${log}`);
    const attempt = result as TakeoverResult;
    if (attempt.falseTakeovers === 0) return attempt;
    attempts.push(attempt);
  }
  return attempts.toSorted((a, b) => a.falseTakeovers - b.falseTakeovers)[0]!;
}

function compare(scenario: Scenario, ours: TakeoverResult[], theirs: TakeoverResult[]): Row[] {
  const name = `${scenario.how} ${scenario.mode}, advert ${scenario.advert} s`;
  const row = (
    what: string,
    unit: string,
    figure: (result: TakeoverResult) => number,
    bound?: string,
  ): Row => {
    const figures = { ours: median(ours.map(figure)), theirs: median(theirs.map(figure)) };
    const ratio = figures.theirs === 0 ? undefined : Math.round((100 * figures.ours) / figures.theirs) / 100;
    const rest = { ...(ratio === undefined ? {} : { ratio }), ...(bound === undefined ? {} : { bound }) };
    return { name: `${name}: ${what}`, unit, ...figures, ...rest };
  };
  return [
    row('outage', 'ms', ({ requests }) => requests.outageMs, 'keepalived + 50 ms'),
    row(
      'announced later than the protocol allows',
      'ms',
      ({ handover }) => handover.announcedMs - handover.allowedMs,
      '≤ 50',
    ),
    row('active sessions surviving', '%', ({ sessions }) => sessions.active!.survivedPercent, 'as good'),
    row('idle sessions surviving', '%', ({ sessions }) => sessions.idle!.survivedPercent, 'as good'),
  ];
}

function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.floor((sorted.length - 1) / 2)] ?? 0;
}
