// How long a virtual router waits: RFC 9568 §6.1, and what goes beyond it.
import type { Own } from './router.ts';

/** From the new master's advert to its first gratuitous ARP: 0.3 ms (keepalived) to 4 ms (ours) measured. */
export const LINGER_MS = 20;

/** RFC 9568 §6.1 Skew_Time; RFC 3768 has it in whole seconds whatever the interval. */
export function skewMs(masterAdvertMs: number, own: Own): number {
  return ((256 - own.priority) / 256) * (own.version === 2 ? 1000 : masterAdvertMs);
}
/** RFC 9568 §6.1 Active_Down_Interval, with keepalived's `down_timer_adverts` instead of 3. */
export function masterDownMs(masterAdvertMs: number, own: Own): number {
  return own.downAdverts * masterAdvertMs + skewMs(masterAdvertMs, own);
}
/** How long a master may be silent before it has to assume that another one has taken over. */
export function longestSilenceMs(own: Own): number {
  if (own.yieldsTo === undefined) return peerMasterDownMs(own);
  return masterDownMs(own.advertMs, { ...own, priority: own.yieldsTo });
}
/** The longest master-down time that a peer can have: it hears our interval, its priority is at least 1. */
export function peerMasterDownMs(own: Own): number {
  return masterDownMs(own.advertMs, { ...own, priority: 0 });
}
