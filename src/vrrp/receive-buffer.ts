// `vrrp_rx_bufs_policy`, `kernel_rx_buf_size`: how much an advert socket keeps for an elector that does not
// come to read. What several instances ask of one socket adds up, as in keepalived.
import type { Family } from '../core/address.ts';
import type { Elector } from './elector.ts';
import { familyOfRouter } from './family.ts';
import { packetLength } from './packet.ts';
import type { InstanceSettings } from './settings.ts';
import { hearingInterface } from './virtual-device.ts';

export type BufferPolicy = { of: 'mtu' | 'advert'; times: number } | { bytes: number };

/** Of the socket that instances of a family share on an interface. 0 = what the system gives. */
export function receiveBufferFor(
  { settings, instances }: Pick<Elector, 'settings' | 'instances'>,
  { name, family }: { name: string; family: Family },
  mtu: number,
): number {
  let bytes = 0;
  for (const { own } of instances.values())
    if (hearingInterface(own) === name && familyOfRouter(own) === family)
      bytes += bytesOf(own, settings.receiveBuffer, mtu);
  return bytes;
}

function bytesOf(own: InstanceSettings, policy: BufferPolicy | undefined, mtu: number): number {
  if (own.receiveBytes) return own.receiveBytes;
  if (policy === undefined) return 0;
  if ('bytes' in policy) return policy.bytes;
  if (policy.of === 'mtu') return policy.times * mtu;
  const isSigned = own.hmac !== undefined;
  return policy.times * packetLength(own.version, familyOfRouter(own), own.vips.length, isSigned);
}
