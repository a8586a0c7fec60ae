// How the real servers of each pool come into service and leave it, as the configuration says.
import type { Configuration } from '../../config/model.ts';
import type { ServerPolicy } from '../../config/model-services.ts';
import { serviceName } from '../../config/selects.ts';
import { policyFor, sharesByWeight } from '../../config/server-policy.ts';
import type { PoolName } from '../../ipvs/pool.ts';

export type Policy = {
  /** 0 = the whole weight at once. */
  slowStartMs: number;
  drainsRemoved: boolean;
  drainDeadlineMs: number;
  expiresTemplates: boolean;
};
export type Policies = {
  usual: Policy;
  /** Of pools that do otherwise. */
  others: Readonly<Record<PoolName, Policy>>;
};

export const NO_POLICIES: Policies = {
  usual: { slowStartMs: 0, drainsRemoved: false, drainDeadlineMs: 0, expiresTemplates: false },
  others: {},
};

export function policyOf({ usual, others }: Policies, pool: PoolName): Policy {
  return others[pool] ?? usual;
}

export function planPolicies({ virtualServers, director }: Configuration): Policies {
  const usual = valuesOf(director.servers);
  const others: Record<PoolName, Policy> = {};
  // A scheduler only tells whether servers start slowly.
  if (director.servers.exceptions.length === 0 && usual.slowStartMs === 0) return { usual, others };
  for (const setting of virtualServers) {
    const policy = valuesOf(policyFor(setting, director.servers));
    if (!sharesByWeight(setting.scheduler.value)) policy.slowStartMs = 0;
    if (!isSame(policy, usual)) others[serviceName(setting)] = policy;
  }
  return { usual, others };
}

function valuesOf({ slowStartMs, drainsRemoved, drainDeadlineMs, expiresTemplates }: ServerPolicy): Policy {
  return {
    slowStartMs: slowStartMs.value,
    drainsRemoved: drainsRemoved.value,
    drainDeadlineMs: drainDeadlineMs.value,
    expiresTemplates: expiresTemplates.value,
  };
}

function isSame(one: Policy, other: Policy): boolean {
  return (
    one.slowStartMs === other.slowStartMs &&
    one.drainsRemoved === other.drainsRemoved &&
    one.drainDeadlineMs === other.drainDeadlineMs &&
    one.expiresTemplates === other.expiresTemplates
  );
}
