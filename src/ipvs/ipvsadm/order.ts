// The order in which ipvsadm lists services and servers. It is not quite one: ipvsadm compares by the sign of
// a 32-bit difference, so that addresses more than 2^31 apart compare the wrong way around, and what comes
// out then depends on how the C library sorts. Both are done here as there.
import { type Address, addressBytes } from '../../core/address.ts';
import { SERVICE_PROTOCOL } from '../../core/ip-header.ts';
import type { ListedServer, ListedService } from '../listing.ts';
import { familyOfService } from '../model.ts';

/** What is compared, the most important first; unsigned 32-bit numbers. */
type Key = readonly number[];
/** IANA protocol numbers. */

/** As ipvs_cmp_services() of libipvs has it: firewall marks come last. Returns a new array. */
export function sortListedServices(services: readonly ListedService[]): ListedService[] {
  return sortBy(services, (service) => {
    const family = familyOfService(service);
    if ('mark' in service) return [service.mark, family];
    return [0, family, SERVICE_PROTOCOL[service.protocol], ...placeKey(service.address, service.port)];
  });
}

/** As ipvs_cmp_dests() of libipvs has it: by address, then port. Returns a new array. */
export function sortListedServers(servers: readonly ListedServer[]): ListedServer[] {
  return sortBy(servers, ({ address, port }) => placeKey(address, port));
}

/** An IPv4 address has zeros behind it. */
function placeKey(address: Address, port: number): Key {
  const wide = Buffer.alloc(16);
  wide.set(addressBytes(address));
  return [...[0, 4, 8, 12].map((at) => wide.readUInt32BE(at)), port];
}

function sortBy<T>(items: readonly T[], keyOf: (item: T) => Key): T[] {
  const keyed = items.map((item) => ({ item, key: keyOf(item) }));
  return mergeSort(keyed, (a, b) => compare(a.key, b.key)).map(({ item }) => item);
}

function compare(a: Key, b: Key): number {
  for (const [index, value] of a.entries()) {
    // As C's `int` takes the difference of two unsigned numbers.
    const difference = (value - b[index]!) | 0;
    if (difference !== 0) return difference;
  }
  return 0;
}

/** qsort() of the GNU C library: the upper half is the larger one, equals stay in their order. */
function mergeSort<T>(items: readonly T[], order: (a: T, b: T) => number): T[] {
  if (items.length <= 1) return [...items];
  const middle = items.length >> 1;
  const lower = mergeSort(items.slice(0, middle), order);
  const upper = mergeSort(items.slice(middle), order);
  const merged: T[] = [];
  let [i, j] = [0, 0];
  while (i < lower.length && j < upper.length) {
    merged.push(order(lower[i]!, upper[j]!) <= 0 ? lower[i++]! : upper[j++]!);
  }
  return merged.concat(lower.slice(i), upper.slice(j));
}
