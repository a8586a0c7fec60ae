// Services that another director serves, because it has their addresses; with `ha_suspend` it makes their
// checks, too.
import type { Configuration, VrrpInstance } from '../config/model.ts';
import type { Selects } from '../config/model-services.ts';
import { serverOfAddress, serviceName } from '../config/selects.ts';
import type { Address } from '../core/address.ts';
import { rangeContains } from '../core/range.ts';
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

/**
 * Pools that another director serves now: none of the instances that hold an address of theirs does so here,
 * or, where none holds one, no instance at all.
 */
export function restingPools(
  { virtualServers, instances }: Configuration,
  serves: (instance: string) => boolean,
): ReadonlySet<PoolName> {
  if (instances.length === 0) return new Set();
  const serving = instances.filter(({ name }) => serves(name.value));
  const held = new Set(instances.flatMap(addressesOf));
  const heldHere = new Set(serving.flatMap(addressesOf));
  const resting = virtualServers.filter(({ selects }) =>
    selectsAny(selects, held) ? !selectsAny(selects, heldHere) : serving.length === 0,
  );
  return new Set(resting.map(serviceName));
}

function addressesOf({ virtualAddresses, virtualAddressesExcluded }: VrrpInstance): Address[] {
  return [...virtualAddresses, ...virtualAddressesExcluded].map(({ prefix }) => prefix.value.address);
}

function selectsAny(selects: Selects, addresses: ReadonlySet<Address>): boolean {
  if (selects.by === 'mark') return false;
  if (selects.by === 'address') return addresses.has(selects.address.value);
  return selects.members.some(
    (member) =>
      'port' in member && [...addresses].some((address) => rangeContains(member.addresses.value, address)),
  );
}

export function suspendedServices(
  suspensions: Suspensions,
  serves: (instance: string) => boolean,
): ReadonlySet<PoolName> {
  const resting = Object.entries(suspensions).filter(([, holders]) => !holders.some(serves));
  return new Set(resting.map(([service]) => service));
}
