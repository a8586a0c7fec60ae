// From the words around `unicast_peer` to what the elector is told, and to what `diff` says of it.
import { familyOfInstance } from '../config/family.ts';
import type { Configuration, VrrpInstance } from '../config/model.ts';
import type { Address } from '../core/address.ts';
import type { ChecksumForm } from '../vrrp/packet.ts';
import type { InstanceSettings } from '../vrrp/settings.ts';
import type { UnicastSettings } from '../vrrp/unicast.ts';

const ANY_TTL = { least: 0, most: 255 };

export function planUnicast(
  { global }: Configuration,
  instance: VrrpInstance,
): Pick<InstanceSettings, 'unicast'> {
  const { unicastPeers, unicastTtl, lacksPeers } = instance;
  if (lacksPeers !== undefined) return { unicast: { lacksPeers: true } };
  if (unicastPeers.length === 0) return {};
  const ttls: Record<Address, readonly [number, number]> = {};
  for (const { value, minTtl, maxTtl } of unicastPeers)
    if (minTtl !== undefined || maxTtl !== undefined)
      ttls[value] = [minTtl?.value ?? ANY_TTL.least, maxTtl?.value ?? ANY_TTL.most];
  const hasRange = Object.keys(ttls).length > 0;
  const checks = (instance.checksUnicastSource ?? global.checksUnicastSource).value || hasRange;
  const refusesOld = instance.oldChecksum?.value === 'never';
  const unicast: UnicastSettings = {
    ...(refusesOld ? { refusesOldChecksum: true } : {}),
    ...(unicastTtl === undefined ? {} : { ttl: unicastTtl.value }),
    ...(checks ? { checksSource: true } : {}),
    ...(hasRange ? { ttls } : {}),
  };
  return Object.keys(unicast).length === 0 ? {} : { unicast };
}

/** As in keepalived, the old form is for version 3 over IPv4, by unicast. */
export function planChecksum({ global }: Configuration, instance: VrrpInstance): ChecksumForm {
  if ((instance.plainChecksum ?? global.plainChecksum).value) return 'plain';
  const isOld = instance.oldChecksum?.value === 'always' && instance.unicastPeers.length > 0;
  return isOld && familyOfInstance(instance) === 4 ? 'old-unicast' : 'pseudo-header';
}

/** `10.0.0.2 TTL 254 to 255` */
export function peerNames({ unicastPeers, unicast }: InstanceSettings): string {
  return unicastPeers
    .map((peer) => {
      const range = unicast?.ttls?.[peer];
      return range === undefined ? peer : `${peer} TTL ${range.join(' to ')}`;
    })
    .join(', ');
}
