// One check of one real server: when to probe, and when what the probes said becomes a verdict. No sockets,
// no clock.
//
// Theory of operation, which is keepalived's (2.4.3: in 2.2.7 a check that is down retried, too):
//
//   start ──▶ waiting (≤ warmup) ──due──▶ probing ──probed──▶ waiting (delay_loop, delay_before_retry) ──▶ …
//
// - A check without `alpha` is up before its first probe, one with it is down.
// - The first probe decides alone: of a server nobody has seen alive, one failure is enough.
// - Later a failure is followed by `retry` more tries, delay_before_retry apart; when all fail the check is
//   down.
// - A check that is down is probed every delay_loop, and one good probe puts it up.
// - A probe that could not be made (reasons.ts) says nothing: the next one comes after delay_loop.
//
// There is always exactly one thing under way, a timer or a probe, so a check can never fall asleep.
import type { Random } from '../core/time.ts';
import { saysNothing } from './reasons.ts';
import type { CheckSettings, ProbeResult } from './settings.ts';

export type Check = {
  phase: 'waiting' | 'probing';
  up: boolean;
  /** Has a probe said anything of this server yet? */
  tested: boolean;
  /** Failed tries in a row while the check is up. */
  failures: number;
};
export type CheckEvent =
  | { type: 'start' }
  /** The settings are not those of the last step; what is known of the server stays. */
  | { type: 'changed' }
  | { type: 'due' }
  | { type: 'probed'; result: ProbeResult };
export type CheckEffect =
  | { do: 'probe' }
  /** Replaces the timer that is armed, if one is. */
  | { do: 'arm'; ms: number }
  /** A new verdict, or the first that rests on a probe. `tries`: probes it took. */
  | { do: 'verdict'; up: true; reason: string }
  | { do: 'verdict'; up: false; reason: string; tries: number }
  /** A probe failed, but there are tries left. */
  | { do: 'retry'; reason: string; tries: number }
  | { do: 'unknown'; reason: string };
type Failure = Extract<ProbeResult, { ok: false }>;

/** `up`: what is believed until the first probe. */
export function newCheck(up: boolean): Check {
  return { phase: 'waiting', up, tested: false, failures: 0 };
}

export function stepCheck(
  check: Check,
  event: CheckEvent,
  settings: CheckSettings,
  random: Random,
): [Check, CheckEffect[]] {
  switch (event.type) {
    case 'start':
      return [check, [{ do: 'arm', ms: random() * settings.warmupMs }]];
    case 'changed': {
      // Enough tries for the new settings: the next one decides.
      const known = { ...check, failures: Math.min(check.failures, settings.retry) };
      // A probe under way is of the same server: its answer counts, and then the new times hold.
      if (check.phase === 'probing') return [known, []];
      return [known, [{ do: 'arm', ms: random() * settings.warmupMs }]];
    }
    case 'due':
      if (check.phase === 'probing') return [check, []];
      return [{ ...check, phase: 'probing' }, [{ do: 'probe' }]];
    case 'probed':
      if (check.phase === 'waiting') return [check, []];
      return event.result.ok ? passed(check, settings) : failed(check, event.result, settings);
  }
}

function passed(check: Check, settings: CheckSettings): [Check, CheckEffect[]] {
  const next: Check = { phase: 'waiting', up: true, tested: true, failures: 0 };
  const arm: CheckEffect = { do: 'arm', ms: settings.delayLoopMs };
  if (check.up && check.tested) return [next, [arm]];
  return [next, [arm, { do: 'verdict', up: true, reason: 'connected' }]];
}

function failed(check: Check, { reason }: Failure, settings: CheckSettings): [Check, CheckEffect[]] {
  const waiting: Check = { ...check, phase: 'waiting' };
  const later: CheckEffect = { do: 'arm', ms: settings.delayLoopMs };
  if (saysNothing(reason)) return [waiting, [later, { do: 'unknown', reason }]];
  if (check.tested && !check.up) return [waiting, [later]];
  const tries = check.failures + 1;
  if (check.tested && tries <= settings.retry) {
    const soon: CheckEffect = { do: 'arm', ms: settings.delayBeforeRetryMs };
    return [{ ...waiting, failures: tries }, [soon, { do: 'retry', reason, tries }]];
  }
  const down: Check = { phase: 'waiting', up: false, tested: true, failures: 0 };
  return [down, [later, { do: 'verdict', up: false, reason, tries }]];
}
