// Which notices are printed when the same one comes again and again: the first few, then one line that counts
// the rest. Pure; log.ts brings the time and prints.
import type { EventName, Notice } from '../core/events.ts';

type Limit = { burst: number; windowMs: number };
/**
 * Only what the network or a broken kernel can repeat without end. Changes of state are never left out,
 * however often they come: each is news, and somebody's monitor counts on it.
 */
const LIMITS: Partial<Record<EventName, Limit>> = {
  'vrrp.advert.dropped': { burst: 1, windowMs: 10_000 },
  'vrrp.advert.odd': { burst: 1, windowMs: 60_000 },
  'vrrp.advert.lower': { burst: 5, windowMs: 10_000 },
  'sync.dropped': { burst: 1, windowMs: 10_000 },
  'check.failed': { burst: 5, windowMs: 10_000 },
  'check.impossible': { burst: 1, windowMs: 60_000 },
  'ipvs.failed': { burst: 5, windowMs: 10_000 },
  'vip.failed': { burst: 5, windowMs: 10_000 },
};
/** What makes two notices the same; everything else in them may differ. */
const SAME = ['reason', 'oddity', 'instance', 'interface', 'vip', 'service', 'server', 'check'] as const;

type Window = { beganMs: number; endsMs: number; passed: number; more: number; last: Notice };
/** One window for each notice that came lately. */
export type Repeats = ReadonlyMap<string, Window>;

/** The notices to print now, in order. */
export function limit(repeats: Repeats, notice: Notice, nowMs: number): [Repeats, Notice[]] {
  const rule = LIMITS[notice.event];
  if (rule === undefined) return [repeats, [notice]];
  const key = keyOf(notice);
  const window = repeats.get(key);
  if (window === undefined || window.endsMs <= nowMs) {
    const next = { beganMs: nowMs, endsMs: nowMs + rule.windowMs, passed: 1, more: 0, last: notice };
    return [new Map(repeats).set(key, next), [...summaryOf(window, nowMs), notice]];
  }
  if (window.passed < rule.burst) {
    return [new Map(repeats).set(key, { ...window, passed: window.passed + 1, last: notice }), [notice]];
  }
  return [new Map(repeats).set(key, { ...window, more: window.more + 1, last: notice }), []];
}

/** Ends the windows whose time is over: what they held back, and when to look again. */
export function endWindows(repeats: Repeats, nowMs: number): [Repeats, Notice[], number | undefined] {
  const left = new Map<string, Window>();
  const summaries: Notice[] = [];
  let nextMs: number | undefined;
  for (const [key, window] of repeats) {
    if (window.endsMs <= nowMs) {
      summaries.push(...summaryOf(window, nowMs));
      continue;
    }
    left.set(key, window);
    nextMs = Math.min(nextMs ?? window.endsMs, window.endsMs);
  }
  return [left, summaries, nextMs];
}

function summaryOf(window: Window | undefined, nowMs: number): Notice[] {
  if (window === undefined || window.more === 0) return [];
  const { last, more, beganMs, endsMs } = window;
  const seconds = Math.round((Math.min(nowMs, endsMs) - beganMs) / 1000);
  const message = `${last.message} (${more} more in ${seconds} s)`;
  return [{ event: last.event, message, fields: { ...last.fields, more } }];
}

function keyOf({ event, fields }: Notice): string {
  return JSON.stringify([event, ...SAME.map((name) => String(fields?.[name] ?? ''))]);
}
