// Whether a virtual router speaks over IPv4 or IPv6: the same everywhere, also by unicast.
import { type Address, type Family, familyOf, isLinkLocal } from '../core/address.ts';
import type { InstanceSettings } from './settings.ts';
import { sourceFor } from './unicast.ts';

export function familyOfRouter({ multicastGroup }: InstanceSettings): Family {
  return familyOf(multicastGroup);
}

/**
 * Where its adverts may come from: over IPv6 a link-local address (RFC 9568 §5.1.2.1), which every interface
 * has, and keepalived sends from, or one that its unicast peers can answer. `addresses`: of the interface;
 * `virtual`: ours may be among them.
 */
export function sourceAmong(
  addresses: readonly Address[],
  own: InstanceSettings,
  virtual: ReadonlySet<Address>,
): Address | undefined {
  const family = familyOfRouter(own);
  const candidates = addresses.filter((value) => familyOf(value) === family && !virtual.has(value));
  return family === 4 ? candidates[0] : sourceFor(candidates, own.unicastPeers);
}

/**
 * An advert has room for addresses of its own family only, and over IPv6 a link-local one, if there is any,
 * comes first: RFC 9568 §5.2.9.
 */
export function advertised(own: InstanceSettings): Address[] {
  const family = familyOfRouter(own);
  const addresses = own.vips.map((vip) => vip.address).filter((value) => familyOf(value) === family);
  return addresses.sort((a, b) => Number(isLinkLocal(b)) - Number(isLinkLocal(a)));
}
