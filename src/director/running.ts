// How the elector is to run: what it is told, and what `diff` says of it.
import type { Configuration } from '../config/model.ts';
import type { ElectorSettings } from '../vrrp/settings.ts';

type Running = Pick<ElectorSettings, 'startup'>;

export function planRunning({ global: { running } }: Configuration): Running {
  const { startupDelayMs, afterBootMs } = running;
  if (startupDelayMs === undefined && afterBootMs === undefined) return {};
  return { startup: { delayMs: startupDelayMs?.value ?? 0, afterBootMs: afterBootMs?.value ?? 0 } };
}

export function runningFacts({ startup }: Running): Readonly<Record<string, number>> {
  if (startup === undefined) return {};
  return { startupDelayMs: startup.delayMs, afterBootMs: startup.afterBootMs };
}
