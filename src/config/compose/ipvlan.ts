// `use_ipvlan` → its part of an instance. As keepalived 2.2.7 was measured: adverts leave through the
// interface, from its address; virtual addresses stay where they are without it.
import { type Address, type Family, familyOf, isLinkLocal } from '../../core/address.ts';
import type { Located } from '../../core/diagnostic.ts';
import type { VrrpInstance } from '../model.ts';
import type { VRRP_INSTANCE } from '../schema/vrrp.ts';
import { last, type Settings } from '../settings.ts';
import type { EntryContext } from './routing-words.ts';
import { deviceGroup } from './virtual-mac.ts';

type Instance = Settings<typeof VRRP_INSTANCE>;

export function composeIpvlan(
  settings: Instance,
  family: Family,
  context: EntryContext,
): Pick<VrrpInstance, 'ipvlan'> {
  const said = last(settings, 'use_ipvlan');
  if (said === undefined) return {};
  const { at, value } = said;
  const { report } = context;
  const { mode = 'bridge', group, ...device } = value;
  if (last(settings, 'use_vmac') !== undefined) {
    report.add('CFG_CONTRADICTION', at, 'use_vmac makes another interface: use_ipvlan is left out');
    return {};
  }
  const { address } = device;
  if (address === undefined && family === 4) {
    const hint = 'as in `use_ipvlan 10.0.0.7/24`: an address of this director alone';
    report.add('CFG_INCOMPLETE', at, 'over IPv4 use_ipvlan needs an address to send adverts from', hint);
  } else if (address !== undefined && familyOf(address.address) !== family)
    report.add('CFG_CONTRADICTION', at, `${address.address} is no address of IPv${family}`);
  return { ipvlan: { at, mode, ...device, ...deviceGroup(group, context) } };
}

/** Where adverts come from when nothing else is said; over IPv6 that is a link-local address (RFC 9568). */
export function ipvlanSource(settings: Instance): Located<Address> | undefined {
  const said = last(settings, 'use_ipvlan');
  const address = said?.value.address?.address;
  if (address === undefined || last(settings, 'use_vmac') !== undefined) return undefined;
  const isForAdverts = familyOf(address) === 4 || isLinkLocal(address) || mentionsPeers(settings);
  return isForAdverts ? { value: address, at: said!.at } : undefined;
}

function mentionsPeers(settings: Instance): boolean {
  return last(settings, 'unicast_peer') !== undefined;
}
