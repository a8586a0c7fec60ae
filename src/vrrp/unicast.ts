// Virtual routers that speak to peers by name instead of to a group: where their adverts leave from and how
// far they go, whose adverts count, and which of several with one id an advert is for.
import { type Address, addressBytes, isLinkLocal } from '../core/address.ts';
import { isMulticast } from './envelope.ts';
import { type Advert, type ChecksumForm, type Decoded, VRRP_TTL } from './packet.ts';
import type { InstanceSettings } from './settings.ts';

export type UnicastSettings = {
  /** Of our adverts; undefined = 255, which whoever is not on the link cannot pretend. */
  ttl?: number;
  /** What others than peers say does not count. */
  checksSource?: true;
  /** Least and most TTL, by peer, where the file names a range. */
  ttls?: Readonly<Record<Address, readonly [number, number]>>;
  /** What keepalived up to 1.3.6 sends does not count. */
  refusesOldChecksum?: true;
  /** Unicast is asked for, but no peer: FAULT rather than the multicast group. */
  lacksPeers?: true;
};
type Unicast = Pick<InstanceSettings, 'unicastPeers' | 'unicast' | 'hmac'>;

export function ttlOf({ unicastPeers, unicast }: Unicast): number {
  return unicastPeers.length > 0 ? (unicast?.ttl ?? VRRP_TTL) : VRRP_TTL;
}

export function isPeer({ unicastPeers }: Unicast, source: Address): boolean {
  return unicastPeers.includes(source);
}

/**
 * As in keepalived nobody is asked unless the file says so: peers may have other addresses than they are
 * known by. A signature is checked by sender, so there it is always asked.
 */
export function refuseSender(
  { source, ttl }: Pick<Advert, 'source' | 'ttl'>,
  own: Unicast,
): 'not-a-peer' | 'ttl-out-of-range' | undefined {
  const { checksSource, ttls } = own.unicast ?? {};
  if (!checksSource && own.hmac === undefined) return undefined;
  if (!isPeer(own, source)) return 'not-a-peer';
  const [least, most] = ttls?.[source] ?? [0, VRRP_TTL];
  return ttl < least || ttl > most ? 'ttl-out-of-range' : undefined;
}

/** `old_unicast_checksum never` */
export function refuseOldChecksum(form: ChecksumForm, { unicast }: Unicast): 'bad-checksum' | undefined {
  return form === 'old-unicast' && unicast?.refusesOldChecksum ? 'bad-checksum' : undefined;
}

/** Unicast has a number space for each pair of addresses: of several the peer decides who is meant. */
export function addressees<I extends { own: Unicast }>(known: readonly I[], decoded: Decoded): readonly I[] {
  if (known.length < 2 || !decoded.ok) return known;
  const { source, destination } = decoded.advert;
  const toGroup = known.filter(({ own }) => own.unicastPeers.length === 0);
  if (isMulticast(destination)) return toGroup.length > 0 ? toGroup : known;
  return known.filter(({ own }) => own.unicastPeers.length > 0 && isPeer(own, source));
}

/**
 * Over IPv6 a peer beyond the link cannot be reached from a link-local address, and looks for us at another:
 * of those of its scope the nearest, RFC 6724 rules 2 and 8.
 */
export function sourceFor(candidates: readonly Address[], peers: readonly Address[]): Address | undefined {
  const farthest = peers.find((peer) => !isLinkLocal(peer)) ?? peers[0];
  if (farthest === undefined) return candidates.find(isLinkLocal);
  let nearest: Address | undefined;
  let longest = -1;
  for (const candidate of candidates) {
    const length = isLinkLocal(candidate) === isLinkLocal(farthest) ? commonBits(candidate, farthest) : -1;
    if (length <= longest) continue;
    nearest = candidate;
    longest = length;
  }
  return nearest;
}

function commonBits(a: Address, b: Address): number {
  const [bytes, others] = [addressBytes(a), addressBytes(b)];
  const at = bytes.findIndex((byte, i) => byte !== others[i]);
  return at === -1 ? bytes.length * 8 : at * 8 + Math.clz32(bytes[at]! ^ others[at]!) - 24;
}
