// `vrrp_rx_bufs_policy`, `kernel_rx_buf_size`: how much an advert socket keeps for an elector that does not
// come to read. What several instances ask of one socket adds up, as in keepalived. Where nobody says it is
// what the system gives, or enough for all: 255 routers that became MASTER together advertise in one burst,
// of which the usual 208 KiB keep 277, and whoever loses some of three in a row takes over for nothing.
import type { Family } from '../core/address.ts';
import type { Elector } from './elector.ts';
import { familyOfRouter } from './family.ts';
import { packetLength } from './packet.ts';
import type { InstanceSettings } from './settings.ts';
import { hearingInterface } from './virtual-device.ts';

export type BufferPolicy = { of: 'mtu' | 'advert'; times: number } | { bytes: number };

/** As many as a backup may miss. */
const ADVERTS = 3;
/** The kernel counts the whole page fragment that a frame is in, and doubles what it is asked for. */
const FRAME_BYTES = 2304 / 2;

type Routers = Pick<Elector, 'settings' | 'instances'>;
type Place = { name: string; family: Family };

/** Of the socket that instances of a family share on an interface. 0 = nobody says. */
export function receiveBufferFor(routers: Routers, place: Place, mtu: number): number {
  const { receiveBuffer } = routers.settings;
  return sharers(routers, place).reduce((bytes, own) => bytes + bytesOf(own, receiveBuffer, mtu), 0);
}

/** Where nobody says: at least so many bytes. */
export function leastReceiveBuffer(routers: Routers, place: Place): number {
  return sharers(routers, place).length * ADVERTS * FRAME_BYTES;
}

function sharers({ instances }: Routers, { name, family }: Place): InstanceSettings[] {
  const all = [...instances.values()].map(({ own }) => own);
  return all.filter((own) => hearingInterface(own) === name && familyOfRouter(own) === family);
}

function bytesOf(own: InstanceSettings, policy: BufferPolicy | undefined, mtu: number): number {
  if (own.receiveBytes) return own.receiveBytes;
  if (policy === undefined) return 0;
  if ('bytes' in policy) return policy.bytes;
  if (policy.of === 'mtu') return policy.times * mtu;
  const isSigned = own.hmac !== undefined;
  return policy.times * packetLength(own.version, familyOfRouter(own), own.vips.length, isSigned);
}
