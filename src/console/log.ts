// The log of one of our processes: notices in, lines out. JSON by pino for programs, or one line an event for
// people. What is said and how grave it is stands in core/events.ts.
import { isatty } from 'node:tty';
import { pino } from 'pino';
import { EVENTS, type EventName, type Notice } from '../core/events.ts';
import { endWindows, limit, type Repeats } from './limit.ts';
import { Output } from './output.ts';
import { type LoggedEvent, renderForPeople } from './people.ts';
import { plainFields } from './plain.ts';

const STANDARD_OUTPUT = 1;
/** For the state dump: enough to see what led to now. */
const RECENT_EVENTS = 200;
/** Every line has these, so a notice's field of that name gets a `_`. */
const OWN_FIELDS = new Set(['level', 'time', 'name', 'process', 'pid', 'event', 'msg']);

export type LogOptions = {
  /** Lines for people, with colours on a terminal; else JSON. */
  people: boolean;
  /** Which of our processes speaks. */
  process: 'director' | 'balancer';
  /** Standard output when it is left out. */
  fd?: number;
};
export type Log = {
  notice: (notice: Notice) => void;
  /** The last events, oldest first, also those that were counted only. */
  recent: () => readonly LoggedEvent[];
  /** How many there were of each, also of those. */
  counts: () => ReadonlyMap<EventName, number>;
};

export function createLog(options: LogOptions): Log {
  const fd = options.fd ?? STANDARD_OUTPUT;
  const recent: LoggedEvent[] = [];
  const counts = new Map<EventName, number>();
  const output = new Output(fd, (lines) =>
    print({
      event: 'log.dropped',
      message: `${lines} log lines were dropped: their reader is too slow`,
      fields: { lines },
    }),
  );
  const print = options.people ? peoplePrinter(output, fd) : jsonPrinter(output, options.process);
  const limited = limitRepeats(print);
  process.on('exit', () => {
    limited.end();
    output.flushSync();
  });
  return {
    notice(notice) {
      recent.push({ atMs: Date.now(), notice });
      if (recent.length > RECENT_EVENTS) recent.shift();
      counts.set(notice.event, (counts.get(notice.event) ?? 0) + 1);
      limited.notice(notice);
    },
    recent: () => recent,
    counts: () => counts,
  };
}

/** Brings limit.ts the time. `end` pays the summaries that are still owed. */
function limitRepeats(print: (notice: Notice) => void) {
  let repeats: Repeats = new Map();
  let waiting = false;
  const wait = () => {
    const [, , nextMs] = endWindows(repeats, performance.now());
    if (waiting || nextMs === undefined) return;
    waiting = true;
    setTimeout(printSummaries, Math.ceil(nextMs - performance.now())).unref();
  };
  const printSummaries = () => {
    waiting = false;
    const [left, summaries] = endWindows(repeats, performance.now());
    repeats = left;
    summaries.forEach(print);
    wait();
  };
  return {
    notice(notice: Notice) {
      const [next, now] = limit(repeats, notice, performance.now());
      now.forEach(print);
      if (next === repeats) return;
      repeats = next;
      wait();
    },
    end: () => endWindows(repeats, Number.POSITIVE_INFINITY)[1].forEach(print),
  };
}

function jsonPrinter(output: Output, process: LogOptions['process']): (notice: Notice) => void {
  const logger = pino(
    {
      level: 'debug',
      base: { name: 'lvs-director', process, pid: globalThis.process.pid },
      formatters: { level: (level) => ({ level }) },
    },
    output,
  );
  return ({ event, message, fields }) => {
    const flat = Object.entries(plainFields(fields ?? {})).map(
      ([name, value]) => [OWN_FIELDS.has(name) ? `${name}_` : name, value] as const,
    );
    logger[EVENTS[event].level]({ event, ...Object.fromEntries(flat) }, message);
  };
}

function peoplePrinter(output: Output, fd: number): (notice: Notice) => void {
  const colour = isatty(fd) && !process.env.NO_COLOR && process.env.TERM !== 'dumb';
  return (notice) => output.write(`${renderForPeople({ atMs: Date.now(), notice }, colour)}\n`);
}
