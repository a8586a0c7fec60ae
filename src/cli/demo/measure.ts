// What an event cost its users, computed from what the client saw. Pure: times come in as numbers
// (milliseconds of one clock).

/** One short request; `server` = it was answered, by that one. */
export type ShortRequest = { startedMs: number; server?: string; failure?: string };
/** One long-lived session as it stood at the end of a window. */
export type SessionRecord = {
  /** Undefined = it never got an answer. */
  firstAnswerMs?: number;
  /** When the answers came; the oldest may be forgotten. */
  answersMs: readonly number[];
  lost?: { atMs: number; reason: string };
  /** It answered a request that was sent after the window's end. */
  confirmed: boolean;
};
export type Window = { fromMs: number; toMs: number };
export type Measured = {
  outageMs: number;
  requests: number;
  failedRequests: number;
  failures: Record<string, number>;
  sessions: number;
  survived: number;
  /** Why sessions were lost, and how many for each reason. */
  losses: Record<string, number>;
  /** The longest time a surviving session waited for an answer beyond its usual period. */
  longestPauseMs: number;
};

/**
 * The longest stretch of start times between two answered requests with a failed one between them,
 * less the period in which they are sent. It needs no mark of when the fault happened; `fromMs` only
 * says which stretches count. A pause of the client itself, in which it sent nothing, is no outage.
 */
export function outageMs(requests: readonly ShortRequest[], window: Window, periodMs: number): number {
  let answeredMs = window.fromMs;
  let failing = false;
  let longest = 0;
  const end = (endMs: number): void => {
    if (failing) longest = Math.max(longest, endMs - answeredMs - periodMs);
  };
  for (const { startedMs, server } of requests) {
    if (startedMs > window.toMs) break;
    if (server === undefined) {
      failing ||= startedMs >= window.fromMs;
      continue;
    }
    if (startedMs >= window.fromMs) end(startedMs);
    answeredMs = startedMs;
    failing = false;
  }
  const last = requests.findLast(({ startedMs }) => startedMs <= window.toMs);
  if (last !== undefined) end(last.startedMs);
  return longest;
}

function longestPauseMs(session: SessionRecord, window: Window, periodMs: number): number {
  let longest = 0;
  for (const [index, answeredMs] of session.answersMs.entries()) {
    const previous = session.answersMs[index - 1];
    if (previous === undefined || answeredMs < window.fromMs) continue;
    longest = Math.max(longest, answeredMs - previous);
  }
  return Math.max(0, longest - periodMs);
}

function countBy(reasons: readonly string[]): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const reason of reasons) counts[reason] = (counts[reason] ?? 0) + 1;
  return counts;
}

/**
 * Sessions that were alive at the window's start count; those opened or lost before it, or opened
 * in it, do not.
 */
export function measure(
  requests: readonly ShortRequest[],
  sessions: readonly SessionRecord[],
  window: Window,
  periods: { requestMs: number; sessionMs: number },
): Measured {
  const inWindow = requests.filter(
    (request) => request.startedMs >= window.fromMs && request.startedMs <= window.toMs,
  );
  const failed = inWindow.filter((request) => request.server === undefined);
  const counted = sessions.filter((session) => {
    const wasOpen = session.firstAnswerMs !== undefined && session.firstAnswerMs < window.fromMs;
    return wasOpen && (session.lost === undefined || session.lost.atMs >= window.fromMs);
  });
  const survivors = counted.filter((session) => session.lost === undefined && session.confirmed);
  const lost = counted.filter((session) => !survivors.includes(session));
  return {
    outageMs: outageMs(requests, window, periods.requestMs),
    requests: inWindow.length,
    failedRequests: failed.length,
    failures: countBy(failed.map((request) => request.failure ?? 'no answer')),
    sessions: counted.length,
    survived: survivors.length,
    losses: countBy(lost.map((session) => session.lost?.reason ?? 'no answer')),
    longestPauseMs: Math.max(
      0,
      ...survivors.map((session) => longestPauseMs(session, window, periods.sessionMs)),
    ),
  };
}
