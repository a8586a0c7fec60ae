// What the elector's packet filter has to keep back, from the settings alone: so it stands before an address
// comes, and a takeover does not wait for it.

import type { Address } from '../core/address.ts';
import { OWNER } from './packet.ts';
import type { ElectorSettings } from './settings.ts';
import { devicesOf } from './virtual-device.ts';

export type Filter = {
  /**
   * Interfaces that send no reports of IGMP. They have the MAC of the virtual router on every director, and a
   * switch would take the BACKUP for its owner. The base reports the same groups.
   */
  silent: readonly string[];
  /** `no_accept`: packets to them are forwarded, as IPVS does, but not taken in. */
  refused: readonly Address[];
};

export function filterFor({ instances, addresses }: ElectorSettings): Filter {
  if (addresses === 'engine') return { silent: [], refused: [] };
  const silent = instances.flatMap(devicesOf).filter(({ family }) => family === 4);
  // RFC 9568 §6.1: the owner accepts whatever its Accept_Mode says.
  const refusing = instances.filter((own) => own.refuses === true && own.priority !== OWNER);
  const vips = refusing.flatMap((own) => [...own.vips, ...own.excludedVips]);
  return {
    silent: silent.map(({ name }) => name),
    refused: [...new Set(vips.map(({ address }) => address))],
  };
}
