// The demo's last word: what the drill and the crash cost, as a table, and how to go on from here. Pure.
import { DIRECTORS, letterOf } from './layout.ts';
import type { Outcome, Picture } from './picture.ts';
import type { Paint } from './view.ts';

const LABEL_COLUMNS = 32;
const VALUE_COLUMNS = 22;
const COLUMNS = 2;

type Row = { label: string; value(outcome: Outcome): string };

/** One line of the table each; a column is a drill or a crash. */
const ROWS: readonly Row[] = [
  {
    label: 'new master',
    value: ({ from, to, newMasterMs }) =>
      to === undefined || newMasterMs === undefined
        ? 'none'
        : `${letterOf(from)} → ${letterOf(to)} after ${Math.round(newMasterMs)} ms`,
  },
  { label: 'outage for new connections', value: ({ measured }) => `${Math.round(measured.outageMs)} ms` },
  {
    label: 'failed short requests',
    value: ({ measured }) => `${measured.failedRequests} of ${measured.requests}`,
  },
  {
    label: 'sessions that survived',
    value: ({ measured }) => `${measured.survived} of ${measured.sessions}`,
  },
  {
    label: 'longest pause of a session',
    value: ({ measured }) => `${Math.round(measured.longestPauseMs)} ms`,
  },
];

/** Every event found a new master, had sessions to lose, and lost none; none was lost in between either. */
export function isGood({ outcomes, statistics }: Picture): boolean {
  return (
    outcomes.length > 0 &&
    statistics !== undefined &&
    statistics.alive === statistics.sessions &&
    outcomes.every(
      ({ to, measured }) =>
        to !== undefined && measured.sessions > 0 && measured.survived === measured.sessions,
    )
  );
}

function reasons(counts: Record<string, number>): string {
  return Object.entries(counts)
    .map(([reason, count]) => `${count} × ${reason}`)
    .join(', ');
}

/** Why it is not a row of zeros: what a reader would ask next. */
function remarks(outcome: Outcome): string[] {
  const { name, measured } = outcome;
  const lines: string[] = [];
  if (measured.failedRequests > 0) lines.push(`${name}: requests failed by ${reasons(measured.failures)}`);
  if (measured.survived < measured.sessions)
    lines.push(`${name}: sessions lost by ${reasons(measured.losses)}`);
  if (measured.sessions === 0) lines.push(`${name}: no session was open, so nothing was proved`);
  return lines;
}

/** Two columns are as many as a terminal of 80 has room for: more of them go below each other. */
function tables(outcomes: readonly Outcome[], paint: Paint): string[] {
  const starts = outcomes.map((_, index) => index).filter((index) => index % COLUMNS === 0);
  return starts.flatMap((start) => [...table(outcomes.slice(start, start + COLUMNS), paint), '']);
}

function table(outcomes: readonly Outcome[], paint: Paint): string[] {
  const head = outcomes.map(({ name }) => name.padStart(VALUE_COLUMNS)).join('');
  const rows = ROWS.map(
    ({ label, value }) =>
      `  ${label.padEnd(LABEL_COLUMNS)}${outcomes.map((one) => value(one).padStart(VALUE_COLUMNS)).join('')}`,
  );
  return [paint('bold', `  ${''.padEnd(LABEL_COLUMNS)}${head}`), ...rows];
}

export function report(picture: Picture, folder: string, paint: Paint): string[] {
  const { outcomes, statistics } = picture;
  const notes = outcomes.flatMap(remarks).map((line) => `  ${line}`);
  if (statistics !== undefined && statistics.alive < statistics.sessions) {
    notes.push(`  ${statistics.alive} of all ${statistics.sessions} sessions are alive at the end`);
  }
  const engines = DIRECTORS.map(
    (name) => `${letterOf(name)} ${picture.directors[name].engine ?? 'unknown'}`,
  ).join(', ');
  const verdict = isGood(picture)
    ? paint('green', '  No session was lost.')
    : paint('red', '  NOT good: a session was lost, or nobody took over.');
  return [
    '',
    ...tables(outcomes, paint),
    ...notes,
    ...(notes.length > 0 ? [''] : []),
    verdict,
    `  Packet engine: ${engines}.`,
    '',
    `  Go on: copy ${folder}/a.conf and b.conf to your two machines, change addresses`,
    '  and interfaces, then `lvs-director check FILE` and `lvs-director run -f FILE`;',
    '  examples/systemd does it at boot, examples/monitoring follows the log.',
    '',
  ];
}
