// `ha_suspend`: services whose checks another director makes, because it has their addresses.
import type { Configuration } from '../config/model.ts';
import { serverOfAddress, serviceName } from '../config/selects.ts';
import type { PoolName } from '../ipvs/pool.ts';

/** By the names of the instances that hold an address of the service: while none of them serves, it rests. */
export type Suspensions = Readonly<Record<PoolName, readonly string[]>>;

export function planSuspensions({ virtualServers, instances }: Configuration): Suspensions {
  const suspensions: Record<PoolName, string[]> = {};
  for (const service of virtualServers.filter(({ suspends }) => suspends.value)) {
    const serverOf = serverOfAddress([service]);
    const holders = instances.filter(({ virtualAddresses, virtualAddressesExcluded }) =>
      [...virtualAddresses, ...virtualAddressesExcluded].some(({ prefix }) => serverOf(prefix.value.address)),
    );
    if (holders.length > 0) suspensions[serviceName(service)] = holders.map(({ name }) => name.value);
  }
  return suspensions;
}

export function suspendedServices(
  suspensions: Suspensions,
  serves: (instance: string) => boolean,
): ReadonlySet<PoolName> {
  const resting = Object.entries(suspensions).filter(([, holders]) => !holders.some(serves));
  return new Set(resting.map(([service]) => service));
}
