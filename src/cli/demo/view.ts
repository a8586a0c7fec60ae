// The demo's picture as lines of text for a terminal. Pure: writes nothing, knows no cursor.
import type { Statistics } from './client.ts';
import { addressOf, DIRECTORS, type DirectorName, letterOf, PORT, SERVERS, VIP } from './layout.ts';
import type { Happening, Outcome, Picture } from './picture.ts';

export type Style = 'bold' | 'dim' | 'green' | 'yellow' | 'red' | 'cyan';
/** Puts a style around a text, or does not when the output has no colours. */
export type Paint = (style: Style, text: string) => string;
export type Size = { columns: number; rows: number };

const BARS = '▁▂▃▄▅▆▇█';
/** A full bar: the client's time limit for a short request. */
const FULL_BAR_MS = 300;
/** Time and name before the text of an event. */
const EVENT_COLUMNS = 19;
const OUTCOME_ROWS = 2;

/** `00:07`, or `00:07.120` with milliseconds. */
export function elapsed(ms: number, exact = false): string {
  const whole = Math.max(0, Math.floor(ms));
  const minutes = String(Math.floor(whole / 60_000)).padStart(2, '0');
  const seconds = String(Math.floor(whole / 1000) % 60).padStart(2, '0');
  return exact ? `${minutes}:${seconds}.${String(whole % 1000).padStart(3, '0')}` : `${minutes}:${seconds}`;
}

/** Shortens to what fits; only for texts without styles. */
export function shorten(text: string, columns: number): string {
  const line = text.replaceAll(/\s+/g, ' ');
  return line.length <= columns ? line : `${line.slice(0, Math.max(0, columns - 1))}…`;
}

/** States that are none of these are dim. */
const STATE_STYLES: Record<string, Style> = {
  MASTER: 'green',
  LEAVING: 'yellow',
  BACKUP: 'cyan',
  FAULT: 'red',
  CRASHED: 'red',
};

const DIRECTOR_HEAD = '       director       state     priority  since  adverts  holds';

function directorLine(picture: Picture, name: DirectorName, paint: Paint): string {
  const { state, sinceMs, priority, adverts, vips } = picture.directors[name];
  const arrow = state === 'MASTER' || state === 'LEAVING' ? '──►' : '   ';
  return [
    `  ${arrow}  ${letterOf(name)} ${addressOf(picture.mode, name).padEnd(11)} `,
    paint(STATE_STYLES[state] ?? 'dim', state.padEnd(8)),
    ` ${String(priority ?? '-').padStart(8)}`,
    ` ${elapsed(sinceMs - picture.startedMs)}`,
    ` ${String(adverts).padStart(7)}`,
    ` ${vips.join(' ')}`,
  ].join(' ');
}

const SERVER_HEAD = '       real server    state     requests  sessions';

/** In service or not is what the master says: it alone sends anybody there. */
function serverLines(picture: Picture, statistics: Statistics | undefined, paint: Paint): string[] {
  const master = DIRECTORS.find((name) => picture.directors[name].state === 'MASTER');
  return SERVERS.map((name) => {
    const load = statistics?.servers[name] ?? { requests: 0, sessions: 0 };
    const down = master !== undefined && picture.directors[master].servers[name] === 'down';
    return [
      `       ${name} ${addressOf(picture.mode, name).padEnd(10)}`,
      down ? paint('red', 'down    ') : paint('green', 'up      '),
      `${String(load.requests).padStart(8)}  ${String(load.sessions).padStart(8)}`,
    ].join(' ');
  });
}

/** One character a request: its height is the time it took, × one that failed. */
export function sparkline(recent: readonly (number | null)[], paint: Paint): string {
  return recent
    .map((tookMs) => {
      if (tookMs === null) return paint('red', '×');
      const level = Math.min(BARS.length - 1, Math.floor((tookMs / FULL_BAR_MS) * BARS.length));
      return paint(level > 1 ? 'yellow' : 'green', BARS[level] ?? '');
    })
    .join('');
}

function trafficLines(statistics: Statistics | undefined, columns: number, paint: Paint): string[] {
  if (statistics === undefined) return ['  sessions   -', '  requests   -', ''];
  const { sessions, alive, requests, failed, outageMs, recent } = statistics;
  const whole = alive === sessions;
  return [
    `  sessions   ${paint(whole ? 'green' : 'red', `${alive} of ${sessions}`)} alive`,
    `  requests   ${requests} sent, ${paint(failed === 0 ? 'green' : 'yellow', `${failed} failed`)}` +
      `, longest outage since the last fault ${Math.round(outageMs)} ms`,
    `             ${sparkline(recent.slice(-Math.max(1, columns - 14)), paint)}`,
  ];
}

/** The newest ones; empty lines keep their place before there are any. */
function outcomeLines(outcomes: readonly Outcome[], columns: number): string[] {
  const lines = outcomes.slice(-OUTCOME_ROWS).map((one) => `  ${shorten(outcomeLine(one), columns - 2)}`);
  return [...lines, ...Array.from({ length: OUTCOME_ROWS - lines.length }, () => '')];
}

function happeningLine(picture: Picture, happening: Happening, columns: number, paint: Paint): string {
  const time = elapsed(happening.atMs - picture.startedMs, true);
  const line = shorten(happening.text, columns - EVENT_COLUMNS);
  const text = happening.grave ? paint('yellow', line) : line;
  return `  ${paint('dim', time)}  ${happening.who.padEnd(4)} ${text}`;
}

/** What a finished drill or crash cost, in one line. */
export function outcomeLine({ name, measured, from, to, newMasterMs }: Outcome): string {
  const { outageMs, failedRequests, requests, survived, sessions } = measured;
  const taken =
    to === undefined || newMasterMs === undefined
      ? `nobody took over from ${letterOf(from)}`
      : `${letterOf(from)} → ${letterOf(to)} after ${Math.round(newMasterMs)} ms`;
  return (
    `${name}: ${taken}, outage ${Math.round(outageMs)} ms, ` +
    `${failedRequests} of ${requests} requests failed, ${survived} of ${sessions} sessions survived`
  );
}

/** The line above everything: what runs here. */
export function heading(picture: Picture): string {
  const engines = new Set(DIRECTORS.map((name) => picture.directors[name].engine).filter(Boolean));
  const engine = engines.size === 0 ? 'engine not chosen yet' : `${[...engines].join(' and ')} engine`;
  return `lvs-director demo: ${VIP}:${PORT}, ${picture.mode.toUpperCase()}, ${engine}`;
}

/** Always of the same height for one terminal, so that it can be drawn over itself. */
export function view(picture: Picture, nowMs: number, size: Size, keys: string, paint: Paint): string[] {
  const { statistics } = picture;
  const fixed = [
    `${paint('bold', heading(picture))}   ${elapsed(nowMs - picture.startedMs)}`,
    `${paint('cyan', picture.phase)}`,
    '',
    paint('dim', DIRECTOR_HEAD),
    ...DIRECTORS.map((name) => directorLine(picture, name, paint)),
    '',
    paint('dim', SERVER_HEAD),
    ...serverLines(picture, statistics, paint),
    '',
    ...trafficLines(statistics, size.columns, paint),
    '',
    ...outcomeLines(picture.outcomes, size.columns),
    '',
  ];
  const room = Math.max(2, Math.min(14, size.rows - fixed.length - 3));
  const happenings = picture.happenings
    .slice(-room)
    .map((happening) => happeningLine(picture, happening, size.columns, paint));
  const empty = Array.from({ length: room - happenings.length }, () => '');
  return [...fixed, ...happenings, ...empty, '', paint('dim', keys)];
}
