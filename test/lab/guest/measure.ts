// From what a client saw to figures: which sessions survived a window, and how long no new connection was
// answered. Pure.

export type SessionLog = {
  group: string;
  /** Idle sessions say one line, and one more each time they are woken: their gap means nothing. */
  kind: 'active' | 'idle';
  /** Numbered lines sent, and the last one whose echo came back. */
  sent: number;
  received: number;
  sentAt: number;
  echoes: number[];
  server?: string;
  death?: { at: number; reason: string };
};
export type RequestLog = { startedAt: number; tookMs?: number; server?: string; failure?: string };

/** From the moment of the fault until the report. */
export type Window = { from: number; to: number };
export type Traffic = { everyMs: number; requestEveryMs: number };

export type Spread = { median: number; p99: number; max: number };
export type SessionReport = {
  /** Open when the window began. */
  open: number;
  survived: number;
  survivedPercent: number;
  lost: Record<string, number>;
  gapMs: Spread;
};
export type RequestReport = {
  sent: number;
  failed: number;
  failures: Record<string, number>;
  /** Longest stretch of start times between two answered requests, less the period. */
  outageMs: number;
  servers: Record<string, number>;
  latencyMs: Spread;
};
export type Report = { sessions: Record<string, SessionReport>; requests: RequestReport };

/** An echo that is still on its way when the window closes does not count as a stall before this. */
const STALLED_MS = 1500;
/** What a request started just before the fault suffers belongs to the fault. */
const RUN_UP_MS = 100;

export function report(
  sessions: readonly SessionLog[],
  requests: readonly RequestLog[],
  window: Window,
  traffic: Traffic,
): Report {
  const groups = Map.groupBy(sessions, (session) => session.group);
  return {
    sessions: Object.fromEntries(
      [...groups].map(([group, members]) => [group, reportSessions(members, window, traffic)]),
    ),
    requests: reportRequests(requests, window, traffic),
  };
}

export function reportSessions(
  sessions: readonly SessionLog[],
  window: Window,
  { everyMs }: Traffic,
): SessionReport {
  const open = sessions.filter((s) => s.received > 0 && !(s.death && s.death.at < window.from - RUN_UP_MS));
  const survivors = open.filter((session) => survived(session, window));
  const losers = open.filter((session) => !survived(session, window));
  const gaps = survivors
    .filter((s) => s.kind === 'active')
    .map((s) => longestGap(s.echoes, window) - everyMs);
  return {
    open: open.length,
    survived: survivors.length,
    survivedPercent: open.length === 0 ? 0 : round((100 * survivors.length) / open.length),
    lost: count(losers.map((session) => session.death?.reason ?? 'stalled')),
    gapMs: spread(gaps),
  };
}

/** Something sent after the window began was echoed, and nothing has been waiting for long. */
function survived(session: SessionLog, window: Window): boolean {
  if (session.death !== undefined) return false;
  const lastEcho = session.echoes.at(-1) ?? 0;
  const waiting = session.received < session.sent && window.to - session.sentAt > STALLED_MS;
  return lastEcho > window.from && !waiting;
}

function longestGap(echoes: readonly number[], window: Window): number {
  let longest = 0;
  for (const [i, at] of echoes.entries())
    if (i > 0 && at > window.from - RUN_UP_MS) longest = Math.max(longest, at - echoes[i - 1]!);
  return longest;
}

export function reportRequests(
  requests: readonly RequestLog[],
  window: Window,
  { requestEveryMs }: Traffic,
): RequestReport {
  const done = requests.filter((request) => request.tookMs !== undefined);
  const inWindow = done.filter((request) => request.startedAt > window.from - RUN_UP_MS);
  const answered = inWindow.filter((request) => request.failure === undefined);
  const before = done.findLast((r) => r.startedAt <= window.from - RUN_UP_MS && r.failure === undefined);
  const failed = inWindow.filter((request) => request.failure !== undefined);
  const moments = [before?.startedAt ?? window.from, ...answered.map((request) => request.startedAt)];
  // An outage that lasts to the end has no answered request after it.
  const last = inWindow.at(-1);
  if (last !== undefined) moments.push(last.startedAt);
  const stretches = moments.slice(1).map((at, i) => at - moments[i]!);
  return {
    sent: inWindow.length,
    failed: failed.length,
    failures: count(failed.map((request) => request.failure!)),
    outageMs: Math.round(Math.max(0, Math.max(0, ...stretches) - requestEveryMs)),
    servers: count(answered.map((request) => request.server ?? 'unknown')),
    latencyMs: spread(answered.map((request) => request.tookMs!)),
  };
}

function spread(values: readonly number[]): Spread {
  const sorted = values.toSorted((a, b) => a - b);
  const at = (share: number) =>
    round(sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))] ?? 0);
  return { median: at(0.5), p99: at(0.99), max: at(1) };
}

function count(words: readonly string[]): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const word of words) counts[word] = (counts[word] ?? 0) + 1;
  return counts;
}

function round(value: number): number {
  return Math.round(value * 10) / 10;
}
