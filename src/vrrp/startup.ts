// `vrrp_startup_delay` and `vrrp_delay_after_boot`: no instance begins before. Until then each is in INIT,
// where nothing is sent and nothing counts that is heard: a port of a switch that does not forward yet, or a
// bond that is not yet up, would let two directors be MASTER.
import type { Elector } from './elector.ts';
import type { Turn } from './instance.ts';

export type Startup = {
  /** From the first settings on. */
  delayMs: number;
  /** From the boot of the system on. */
  afterBootMs: number;
};

/** Nobody waits. */
export const STARTED = Number.POSITIVE_INFINITY;

/** Before instances are looked at. Settings that come while all wait still count, later ones do not. */
export function holdBack(elector: Elector, startup: Startup | undefined, turn: Turn): void {
  const isFirst = elector.begunAtMs === undefined;
  elector.begunAtMs ??= turn.nowMs;
  if (!isFirst && elector.startAtMs === STARTED) return;
  const { delayMs, afterBootMs } = startup ?? { delayMs: 0, afterBootMs: 0 };
  // CLOCK_MONOTONIC begins with the system.
  const startAtMs = Math.max(elector.begunAtMs + delayMs, afterBootMs);
  if (startAtMs === elector.startAtMs) return;
  elector.startAtMs = startAtMs > turn.nowMs ? startAtMs : STARTED;
  if (elector.startAtMs === STARTED) return;
  const restMs = Math.round(startAtMs - turn.nowMs);
  // In keepalived's words.
  const message = `Delaying startup for ${restMs / 1000} seconds`;
  const told = { event: 'vrrp.delayed' as const, message, fields: { ms: restMs } };
  turn.actions.push({ do: 'report', report: { type: 'notice', notice: told } });
}
