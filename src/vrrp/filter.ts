// What the elector's packet filter has to keep back, from the settings alone: so it stands before an address
// comes, and a takeover does not wait for it.

import { type Address, familyOf, isLinkLocal } from '../core/address.ts';
import { OWNER } from './packet.ts';
import type { ElectorSettings, VirtualAddress } from './settings.ts';
import { devicesOf } from './virtual-device.ts';

/** keepalived's `nftables…`; undefined = what {@link filterFor} says. */
export type FilterSettings = { table?: string; priority?: number; counters?: true };
export type Filter = {
  table: string;
  /** Of the chains: smaller numbers come first. */
  priority: { in: number; out: number };
  counters: boolean;
  /**
   * Interfaces that send no reports of multicast groups, and ask for no router. They have the MAC of the
   * virtual router on every director, and a switch would take the BACKUP for its owner. The base reports the
   * same groups.
   */
  silent: readonly { name: string; family: 4 | 6 }[];
  /** `no_accept`: packets to them are forwarded, as IPVS does, but not taken in. */
  refused: readonly Refused[];
};
/** A link-local address is another one on another interface. */
export type Refused = { address: Address; interface?: string };

const TABLE = 'lvs-director';
/** NF_IP_PRI_NAT_SRC is 100, and IPVS is right before it. */
const AFTER_IPVS = 101;
const BEFORE_FILTERS = -1;

export function filterFor({ instances, addresses, filter = {} }: ElectorSettings): Filter {
  const { table = TABLE, priority, counters = false } = filter;
  const how = {
    table,
    priority: { in: priority ?? AFTER_IPVS, out: priority ?? BEFORE_FILTERS },
    counters,
  };
  if (addresses === 'engine') return { ...how, silent: [], refused: [] };
  // RFC 9568 §6.1: the owner accepts whatever its Accept_Mode says.
  const refusing = instances.filter((own) => own.refuses === true && own.priority !== OWNER);
  const refused = refusing.flatMap((own) => [...own.vips, ...own.excludedVips]).map(refusedOf);
  return {
    ...how,
    silent: instances
      .flatMap(devicesOf)
      .flatMap(({ name, mac, family }) => (mac === undefined ? [] : [{ name, family }])),
    refused: [...new Map(refused.map((each) => [JSON.stringify(each), each])).values()],
  };
}

export function isEmptyFilter({ silent, refused }: Filter): boolean {
  return silent.length === 0 && refused.length === 0;
}

function refusedOf({ address, interface: device }: VirtualAddress): Refused {
  return familyOf(address) === 6 && isLinkLocal(address) ? { address, interface: device } : { address };
}
