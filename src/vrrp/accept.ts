// Whether an advert that is well formed is for this virtual router, and what about it is worth telling the
// operator. Does not decide what the advert changes: that is machine.ts.
import { timingSafeEqual } from 'node:crypto';
import { type Address, addressBytes } from '../core/address.ts';
import { isMulticast } from './envelope.ts';
import { familyOfRouter } from './family.ts';
import { type Advert, type ChecksumForm, OWNER, passwordField, VRRP_TTL } from './packet.ts';
import type { InstanceSettings } from './settings.ts';
import { isPeer, refuseSender } from './unicast.ts';

export type Refusal =
  | 'other-version'
  | 'wrong-ttl'
  | 'multicast-for-unicast'
  | 'other-destination'
  | 'not-a-peer'
  | 'ttl-out-of-range'
  | 'no-password'
  | 'unexpected-password'
  | 'wrong-password'
  | 'interval-mismatch'
  | 'our-own-address'
  | 'we-own-the-addresses';

/** Undefined = it counts. `source` is the address that we advertise from. */
export function refuse(advert: Advert, own: InstanceSettings, source: Address): Refusal | undefined {
  if (advert.version !== own.version) return 'other-version';
  if (own.unicastPeers.length > 0) {
    if (isMulticast(advert.destination)) return 'multicast-for-unicast';
    const refusal = refuseSender(advert, own);
    if (refusal !== undefined) return refusal;
  } else {
    if (advert.destination !== own.multicastGroup) return 'other-destination';
    if (advert.ttl !== VRRP_TTL) return 'wrong-ttl';
  }
  const refusal = advert.version === 2 ? refusePassword(advert.password, own.password) : undefined;
  if (refusal !== undefined) return refusal;
  // RFC 3768 §7.1: discard. Version 3 learns the master's interval instead.
  if (advert.version === 2 && advert.intervalMs !== own.advertMs) return 'interval-mismatch';
  // An echo of ours, or two machines with one address: either way not another router's vote.
  if (advert.source === source) return 'our-own-address';
  if (own.deafOwner && own.priority === OWNER) return 'we-own-the-addresses';
  return undefined;
}

/** RFC 2338 §7.1: another kind of authentication than one's own is discarded, too, and keepalived does so. */
function refusePassword(given: Buffer | undefined, own: string | undefined): Refusal | undefined {
  if (own === undefined) return given === undefined ? undefined : 'unexpected-password';
  if (given === undefined) return 'no-password';
  return timingSafeEqual(given, passwordField(own)) ? undefined : 'wrong-password';
}

export type Oddity =
  | 'addresses-differ'
  | 'interval-differs'
  | 'not-a-peer'
  | 'plain-checksum'
  | 'old-unicast-checksum'
  | 'pseudo-header-checksum';

/**
 * What two well configured directors would not do to each other. The advert counts nevertheless, as in
 * keepalived ≥ 2.3.3.
 */
export function oddities(
  advert: Advert,
  form: ChecksumForm,
  own: InstanceSettings,
  comparesAddresses = true,
): Oddity[] {
  const found: Oddity[] = [];
  if (comparesAddresses && !sameAddresses(advert, own)) found.push('addresses-differ');
  if (advert.intervalMs !== own.advertMs) found.push('interval-differs');
  if (own.unicastPeers.length > 0 && !isPeer(own, advert.source)) found.push('not-a-peer');
  // Over IPv6 there is one form only.
  if (advert.version === 3 && familyOfRouter(own) === 4 && form !== own.checksumForm)
    found.push(`${form}-checksum`);
  return found;
}

export const ODDITY_MESSAGES: Readonly<Record<Oddity, string>> = {
  'addresses-differ': 'advertises other virtual addresses than this configuration has',
  'interval-differs': 'advertises at another interval; its interval is used while it is master',
  'not-a-peer': 'is no unicast_peer; its adverts count nevertheless, without check_unicast_src',
  'plain-checksum': 'sends RFC 9568 checksums; keepalived would drop them unless v3_checksum_as_v2 is set',
  'old-unicast-checksum': 'sends checksums of keepalived 1.3.6; it hears ours only with old_unicast_checksum',
  'pseudo-header-checksum':
    'sends checksums with pseudo-header (RFC 5798); keepalived takes ours only with v3_checksum_as_v2',
};

/** RFC 9568 §6.4.3: of two equal priorities the higher address, as a number, is master. */
export function isHigherAddress(theirs: Address, ours: Address): boolean {
  return Buffer.compare(addressBytes(theirs), addressBytes(ours)) > 0;
}

function sameAddresses(advert: Advert, own: InstanceSettings): boolean {
  if (advert.addresses.length !== own.vips.length) return false;
  return own.vips.every((vip) => advert.addresses.includes(vip.address));
}
