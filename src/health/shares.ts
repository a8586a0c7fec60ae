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
  const shares: HealthTarget[][] = counts.map(() => []);
  for (const target of targets) shares[shareOf.get(target.service)!]!.push(target);
  return { shareOf, targets: shares };
}

/** Plans leave what did not change the same object. */
export function areSame(some: readonly HealthTarget[], others: readonly HealthTarget[]): boolean {
  return some.length === others.length && some.every((target, i) => target === others[i]);
}
