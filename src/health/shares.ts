// Thousands of services in shares of a few dozen, each configured as a pool of its own: a reload that changes
// one service then costs a share, not all. A service stays in the share it came into as long as it is there.
import type { HealthTarget } from './shape.ts';

export type Shares = {
  /** By service. */
  shareOf: ReadonlyMap<string, number>;
  /** Of each share, in the order of the file. */
  targets: readonly (readonly HealthTarget[])[];
};

export const NO_SHARES: Shares = { shareOf: new Map(), targets: [] };
const SERVICES_MOST = 64;

export function divided(targets: readonly HealthTarget[], before: Shares): Shares {
  const shareOf = shared(targets, before);
  const shares: HealthTarget[][] = [];
  for (const target of targets) {
    const share = shareOf.get(target.service)!;
    while (shares.length <= share) shares.push([]);
    shares[share]!.push(target);
  }
  while (shares.length < before.targets.length) shares.push([]);
  return { shareOf, targets: shares };
}

function shared(targets: readonly HealthTarget[], before: Shares): Shares['shareOf'] {
  if (areKnown(targets, before.shareOf)) return before.shareOf;
  const shareOf = new Map<string, number>();
  const counts: number[] = before.targets.map(() => 0);
  const join = (service: string, share: number) => {
    shareOf.set(service, share);
    counts[share] = (counts[share] ?? 0) + 1;
  };
  for (const { service } of targets) {
    const share = before.shareOf.get(service);
    if (share !== undefined && !shareOf.has(service)) join(service, share);
  }
  let free = 0;
  for (const { service } of targets) {
    if (shareOf.has(service)) continue;
    while ((counts[free] ?? 0) >= SERVICES_MOST) free++;
    join(service, free);
  }
  return shareOf;
}

/** The same services as before: of one that is no more a share may be remembered. */
function areKnown(targets: readonly HealthTarget[], shareOf: Shares['shareOf']): boolean {
  let last: string | undefined;
  let count = 0;
  for (const { service } of targets) {
    if (service === last) continue;
    if (!shareOf.has(service)) return false;
    last = service;
    count++;
  }
  return count === shareOf.size;
}

/** Plans leave what did not change the same object. */
export function areSame(some: readonly HealthTarget[], others: readonly HealthTarget[]): boolean {
  return some.length === others.length && some.every((target, i) => target === others[i]);
}
