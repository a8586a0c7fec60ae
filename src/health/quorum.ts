// Is there enough weight left in a service? keepalived's rule: it is gained once the weight has reached the
// quorum and the hysteresis on top, and lost once the weight is below the quorum by more than the hysteresis.

/** `hysteresis` is below `quorum`. */
export type Quorum = { quorum: number; hysteresis: number };
export const USUAL_QUORUM: Quorum = { quorum: 1, hysteresis: 0 };

/** The weight from which on, or below which, the state changes. */
export function thresholdOf(isUp: boolean, { quorum, hysteresis }: Quorum): number {
  return isUp ? quorum - hysteresis : quorum + hysteresis;
}

/** `weight`: of servers that are up. A service that nothing has been said of is lost. */
export function stepQuorum(wasUp: boolean, weight: number, quorum: Quorum): boolean {
  return weight > 0 && weight >= thresholdOf(wasUp, quorum);
}
