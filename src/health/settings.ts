// What a health check is told, and what a probe answers. Plain data.
import type { Address } from '../core/address.ts';

/** Times in milliseconds. Defaults are config/schema's, never here. */
export type CheckSettings = {
  type: 'TCP_CHECK';
  address: Address;
  port: number;
  bindAddress?: Address;
  delayLoopMs: number;
  connectTimeoutMs: number;
  /** Further tries after a failed probe before the server is down. */
  retry: number;
  delayBeforeRetryMs: number;
  /** The first probe comes at a random time up to this. */
  warmupMs: number;
  /** Down until the first good probe. */
  alpha: boolean;
};
/** `reason` is stable: refused, timeout, unreachable, reset, …; `detail` is for people. */
export type ProbeResult =
  | { ok: true; ms: number }
  | { ok: false; reason: string; detail: string; ms: number };
