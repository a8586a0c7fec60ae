// From the words around `unicast_peer` to what the elector is told, and to what `diff` says of it.
import type { Configuration, VrrpInstance } from '../config/model.ts';
import type { Address } from '../core/address.ts';
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
  const unicast: UnicastSettings = {
    ...(unicastTtl === undefined ? {} : { ttl: unicastTtl.value }),
    ...(checks ? { checksSource: true } : {}),
    ...(hasRange ? { ttls } : {}),
  };
  return Object.keys(unicast).length === 0 ? {} : { unicast };
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
