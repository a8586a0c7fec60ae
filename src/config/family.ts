// Whether an instance speaks over IPv4 or IPv6.
import { type Address, type Family, familyOf } from '../core/address.ts';
import type { Located } from '../core/diagnostic.ts';
import type { GlobalDefs, VrrpInstance } from './model.ts';

type Speaking = Pick<VrrpInstance, 'virtualAddresses' | 'unicastPeers'> & {
  sourceAddress?: Located<Address> | undefined;
};

/** keepalived takes the family of whatever comes first; a file where they differ is wrong anyway. */
export function familyOfInstance({ virtualAddresses, sourceAddress, unicastPeers }: Speaking): Family {
  const first = virtualAddresses[0]?.prefix.value.address ?? sourceAddress?.value ?? unicastPeers[0]?.value;
  return first === undefined ? 4 : familyOf(first);
}

/** Of adverts, where the instance names none. */
export function multicastGroupOf(global: GlobalDefs, family: Family): Located<Address> {
  return family === 4 ? global.multicastGroup4 : global.multicastGroup6;
}
