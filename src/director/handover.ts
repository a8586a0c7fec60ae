// Is it time to hand over? A planned one costs no session that the peer knows; of the others it is said how
// many there are, and a drill, which can wait, does not begin.
import type { Notice } from '../core/events.ts';
import { percent } from '../core/percent.ts';

/** What the peer acknowledged to know of our connections. */
export type Coverage = { isConnected: boolean; connections: number; covered: number };

/** Undefined: nothing speaks against it. `leastPercent`: of the connections, that the peer has to know. */
export function objection(
  { isConnected, connections, covered }: Coverage,
  leastPercent: number,
): string | undefined {
  if (100 * covered >= leastPercent * connections) return undefined;
  const breaking = `${connections - covered} of ${connections} would break`;
  if (!isConnected) return `the peer's balancer is not connected: ${breaking}`;
  const known = percent(covered / connections);
  return `the peer knows ${known} of the connections, ${leastPercent} % are asked for: ${breaking}`;
}

/** A stop does not wait any longer. */
export function uncoveredNotice(why: string, coverage: Coverage): Notice {
  return {
    event: 'handover.uncovered',
    message: `handing over all the same: ${why}`,
    fields: { ...coverage },
  };
}
