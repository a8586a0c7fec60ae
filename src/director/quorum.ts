// Whether enough processes run, and not too many: a change counts once it has lasted for the delay of its
// direction.
import type { ProcessTarget } from './trackers.ts';

export type Quorum = { verdict: 'up' | 'down'; changingSinceMs?: number };

/** What is found first counts at once. */
export function stepQuorum(
  quorum: Quorum | undefined,
  count: number,
  target: Pick<ProcessTarget, 'quorum' | 'quorumMax' | 'forkDelayMs' | 'terminateDelayMs'>,
  nowMs: number,
): Quorum {
  const found = count >= target.quorum && count <= target.quorumMax ? 'up' : 'down';
  if (quorum === undefined || quorum.verdict === found) return { verdict: found };
  const sinceMs = quorum.changingSinceMs ?? nowMs;
  const delayMs = found === 'up' ? target.forkDelayMs : target.terminateDelayMs;
  return nowMs - sinceMs >= delayMs ? { verdict: found } : { ...quorum, changingSinceMs: sinceMs };
}
