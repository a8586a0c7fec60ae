// Services that another director serves, because it has their addresses; with `ha_suspend` it makes their
// checks, too.
import type { Configuration, VrrpInstance } from '../config/model.ts';
import type { Selects } from '../config/model-services.ts';
import { addressesOf } from '../config/rules/vrrp.ts';
import { serviceName } from '../config/selects.ts';
import type { Address } from '../core/address.ts';
import { rangeContains } from '../core/range.ts';
import type { PoolName } from '../ipvs/pool.ts';

/** By the names of the instances that hold an address of the service: while none of them serves, it rests. */
export type Suspensions = Readonly<Record<PoolName, readonly string[]>>;

export function planSuspensions({ virtualServers, instances }: Configuration): Suspensions {
  const suspensions: Record<PoolName, readonly string[]> = {};
  const suspended = virtualServers.filter(({ suspends }) => suspends.value);
  if (suspended.length === 0) return suspensions;
  const holdersOf = holders(instances);
  for (const service of suspended) {
    const found = holdersOf(service.selects);
    if (found.length > 0) suspensions[serviceName(service)] = found;
  }
  return suspensions;
}

/** Of every pool, by whom it is served: where none holds an address of it, that is any instance. */
export function planServing({
  virtualServers,
  instances,
}: Configuration): ReadonlyMap<PoolName, readonly string[]> {
  const holdersOf = holders(instances);
  const all = instances.map(({ name }) => name.value);
  const serving = new Map<PoolName, readonly string[]>();
  for (const service of virtualServers) {
    const found = holdersOf(service.selects);
    serving.set(serviceName(service), found.length > 0 ? found : all);
  }
  return serving;
}

/** Pools that another director serves now. */
export function restingPools(
  serving: ReadonlyMap<PoolName, readonly string[]>,
  serves: (instance: string) => boolean,
): ReadonlySet<PoolName> {
  const resting = new Set<PoolName>();
  for (const [pool, names] of serving) if (names.length > 0 && !names.some(serves)) resting.add(pool);
  return resting;
}

/** The names of the instances that hold an address of a service. */
function holders(instances: readonly VrrpInstance[]): (selects: Selects) => string[] {
  const byAddress = Map.groupBy(
    instances.flatMap((instance) =>
      addressesOf(instance).map(({ prefix }) => ({
        address: prefix.value.address,
        name: instance.name.value,
      })),
    ),
    ({ address }) => address,
  );
  const namesOf = (addresses: Iterable<Address>) => [
    ...new Set([...addresses].flatMap((each) => byAddress.get(each) ?? []).map(({ name }) => name)),
  ];
  return (selects) => {
    if (selects.by === 'mark') return [];
    if (selects.by === 'address') return namesOf([selects.address.value]);
    const ranges = selects.members.flatMap((member) => ('port' in member ? [member.addresses.value] : []));
    return namesOf(
      [...byAddress.keys()].filter((address) => ranges.some((range) => rangeContains(range, address))),
    );
  };
}

export function suspendedServices(
  suspensions: Suspensions,
  serves: (instance: string) => boolean,
): ReadonlySet<PoolName> {
  const resting = Object.entries(suspensions).filter(([, holders]) => !holders.some(serves));
  return new Set(resting.map(([service]) => service));
}
