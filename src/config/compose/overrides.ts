// What an instance says for itself that global_defs says for all.
import { type Address, type Family, familyOf } from '../../core/address.ts';
import type { Located } from '../../core/diagnostic.ts';
import type { VrrpInstance } from '../model.ts';
import type { Report } from '../report.ts';
import type { VRRP_INSTANCE } from '../schema/vrrp.ts';
import { last, type Settings } from '../settings.ts';
import { given } from './given.ts';

type Instance = Settings<typeof VRRP_INSTANCE>;

/** The last one given counts; undefined = the global value. */
const WORDS = {
  downTimerAdverts: 'down_timer_adverts',
  plainChecksum: 'v3_checksum_as_v2',
  lowerPriorityNoAdvert: 'lower_prio_no_advert',
  higherPriorityAdvert: 'higher_prio_send_advert',
  ownerIgnoresAdverts: 'owner_ignore_adverts',
  skipsAddressCheck: 'skip_check_adv_addr',
} as const;
type Overrides = Pick<VrrpInstance, keyof typeof WORDS | 'multicastGroup'>;

export function composeOverrides(
  settings: Instance,
  family: Family,
  peers: readonly Located<Address>[],
  report: Report,
): Overrides {
  reportNative(settings, family, report);
  const group = groupFor(settings, family, peers, report);
  return { ...given(settings, WORDS), ...(group === undefined ? {} : { multicastGroup: group }) };
}

function groupFor(
  settings: Instance,
  family: Family,
  peers: readonly Located<Address>[],
  report: Report,
): Located<Address> | undefined {
  const group = last(settings, 'mcast_dst_ip');
  if (group === undefined) return undefined;
  let message: string | undefined;
  if (familyOf(group.value) !== family) message = `the instance is IPv${family}, and ${group.value} is not`;
  else if (peers.length > 0) message = 'adverts go to the unicast peers: mcast_dst_ip is left out';
  if (message === undefined) return group;
  report.add('CFG_CONTRADICTION', group.at, message);
  return undefined;
}

/** It does not make IPv6 of an instance whose addresses are not. */
function reportNative(settings: Instance, family: Family, report: Report): void {
  const native = last(settings, 'native_ipv6');
  if (native === undefined || family === 6) return;
  const message = 'native_ipv6 is left out: the addresses of the instance are IPv4';
  report.add('CFG_REDUNDANT', native.at, message);
}
