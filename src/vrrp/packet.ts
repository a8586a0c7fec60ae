// VRRP adverts as they are on the wire: version 2 (RFC 3768) over IPv4, version 3 (RFC 9568, and RFC 5798
// before it) over both families. The IP header around them is envelope.ts. Says what a packet is, not whether
// this router wants it: that is accept.ts.
import {
  type Address,
  address,
  addressBytes,
  addressFromBytes,
  type Family,
  familyOf,
} from '../core/address.ts';
import { checksumAdd, checksumFinish } from '../core/checksum.ts';
import { TRAILER_LENGTH } from './auth.ts';
import {
  type Datagram,
  headerLengthOf,
  isMulticast,
  openPacket,
  pseudoHeaderSum,
  type Torn,
  wrapMessage,
} from './envelope.ts';

/** RFC 9568 §5.1.1.3: receivers drop anything else, so nobody outside the link can take part. */
export const VRRP_TTL = 255;
/** RFC 9568 §5.2.4: the master gives up; everybody else answers by electing at once. */
export const RESIGNED = 0;
/** RFC 9568 §5.2.4: of the router that has the addresses as its own. */
export const OWNER = 255;

/**
 * From the start of the VRRP message. Version 2 has authType and interval where version 3 has 16 bits of
 * interval.
 */
const AT = {
  versionType: 0,
  vrid: 1,
  priority: 2,
  count: 3,
  authType: 4,
  intervalSeconds: 5,
  intervalCentis: 4,
  checksum: 6,
  addresses: 8,
} as const;
const ADVERTISEMENT = 1;
const ADDRESS_SIZE = { 4: 4, 6: 16 } as const;
const IP_HEADER = { 4: 20, 6: 40 } as const;
/** Version 2 always carries the field of the password, zero without one. RFC 2338 §5.3.6. */
const PASSWORD_LENGTH = 8;
/** Whatever vrrp_mcast_group4 says: nobody has both that word and a keepalived of 2017. */
const OLD_DESTINATION = address('224.0.0.18');
const AUTH_NONE = 0;
const AUTH_PASS = 1;
const CENTIS_MAX = 0x0fff; // 12 bits; the 4 above are reserved and ignored

export type Advert = {
  version: 2 | 3;
  vrid: number;
  priority: number;
  intervalMs: number;
  addresses: readonly Address[];
  source: Address;
  destination: Address;
  ttl: number;
  /** Version 2 with authentication PASS: the eight bytes of the field. */
  password?: Buffer;
};
/**
 * RFC 5798 was read in two ways: keepalived sums the IPv4 pseudo-header too (`pseudo-header`), RFC 9568 says
 * not to (`plain`). keepalived up to 1.3.6 did so by unicast with the multicast group as destination
 * (`old-unicast`). We send what is configured and hear all. Version 2 is always plain; IPv6 never is.
 */
export type ChecksumForm = 'pseudo-header' | 'plain' | 'old-unicast';
export type DropReason =
  | Torn
  | 'unknown-version'
  | 'not-advertisement'
  | 'unknown-auth-type'
  | 'zero-interval'
  | 'bad-checksum';
export type Decoded =
  | { ok: true; advert: Advert; checksumForm: ChecksumForm; signature?: Signature }
  | { ok: false; drop: DropReason };
/** Of a packet that is as much longer: auth.ts says whether it is one, and of whom. */
export type Signature = { message: Buffer; trailer: Buffer };

/** `packet` is one IP packet of either family, header included. */
export function decodeAdvert(packet: Buffer): Decoded {
  const opened = openPacket(packet);
  return opened.ok ? decodeMessage(opened.datagram) : opened;
}

/** As the field has it: what is longer is cut off, what is shorter filled up with zeros. */
export function passwordField(password: string): Buffer {
  const field = Buffer.alloc(PASSWORD_LENGTH);
  Buffer.from(password).copy(field);
  return field;
}

/** Whose it would be, for a cheap look before decoding; undefined when it is too short to say. */
export function vridOf(packet: Buffer): number | undefined {
  return packet[headerLengthOf(packet) + AT.vrid];
}

function decodeMessage(datagram: Datagram): Decoded {
  const { source, destination, ttl } = datagram;
  const family = familyOf(source);
  if (datagram.message.length < AT.addresses) return drop('too-short');
  const version = datagram.message.readUInt8(AT.versionType) >> 4;
  // There is no version 2 over IPv6.
  if (version !== 3 && !(version === 2 && family === 4)) return drop('unknown-version');
  if ((datagram.message.readUInt8(AT.versionType) & 0x0f) !== ADVERTISEMENT) return drop('not-advertisement');
  const parts = takeApart(datagram.message, version, ADDRESS_SIZE[family]);
  if (parts === undefined) return drop('length-mismatch');
  const { message, trailer } = parts;
  // Over IPv6 it is the transport's checksum, which covers the trailer, too; over IPv4 it is the message's.
  const checksumForm = checksumFormOf(family === 6 ? datagram : { ...datagram, message }, version);
  if (checksumForm === undefined) return drop('bad-checksum');
  const authType = version === 2 ? message.readUInt8(AT.authType) : AUTH_NONE;
  if (authType !== AUTH_NONE && authType !== AUTH_PASS) return drop('unknown-auth-type');
  const intervalMs = intervalOf(message, version);
  if (intervalMs === 0) return drop('zero-interval');
  const advert: Advert = {
    version,
    vrid: message.readUInt8(AT.vrid),
    priority: message.readUInt8(AT.priority),
    intervalMs,
    addresses: addressesOf(message, ADDRESS_SIZE[family]),
    source,
    destination,
    ttl,
    ...(authType === AUTH_PASS ? { password: message.subarray(-PASSWORD_LENGTH) } : {}),
  };
  if (trailer.length === 0) return { ok: true, advert, checksumForm };
  return { ok: true, advert, checksumForm, signature: { message, trailer } };
}

/** The message is as long as it says, and the trailer, where there is one, as long as they are. */
function takeApart(bytes: Buffer, version: 2 | 3, size: number): Signature | undefined {
  const end = lengthOf(version, bytes.readUInt8(AT.count), size);
  if (bytes.length !== end && bytes.length !== end + TRAILER_LENGTH) return undefined;
  return { message: bytes.subarray(0, end), trailer: bytes.subarray(end) };
}

/** The whole IP packet, of the family of the source. `room`: bytes after the message, zero as yet. */
export function encodeAdvert(advert: Advert, form: ChecksumForm = 'pseudo-header', room = 0): Buffer {
  const { version, source, destination, ttl, addresses } = advert;
  const size = ADDRESS_SIZE[familyOf(source)];
  const length = lengthOf(version, addresses.length, size);
  const message = Buffer.alloc(length + room);
  message.writeUInt8((version << 4) | ADVERTISEMENT, AT.versionType);
  message.writeUInt8(advert.vrid, AT.vrid);
  message.writeUInt8(advert.priority, AT.priority);
  message.writeUInt8(addresses.length, AT.count);
  if (version === 2) {
    message.writeUInt8(advert.password === undefined ? AUTH_NONE : AUTH_PASS, AT.authType);
    message.writeUInt8(advert.intervalMs / 1000, AT.intervalSeconds);
    advert.password?.copy(message, length - PASSWORD_LENGTH, 0, PASSWORD_LENGTH);
  } else message.writeUInt16BE(advert.intervalMs / 10, AT.intervalCentis);
  for (const [i, value] of addresses.entries()) addressBytes(value).copy(message, AT.addresses + size * i);
  const summed = version === 3 && (form !== 'plain' || size === ADDRESS_SIZE[6]);
  const covered = size === ADDRESS_SIZE[6] ? message.length : length;
  const summedTo = form === 'old-unicast' ? OLD_DESTINATION : destination;
  const header = summed ? pseudoHeaderSum(source, summedTo, covered) : 0;
  message.writeUInt16BE(checksumFinish(checksumAdd(header, message)), AT.checksum);
  return wrapMessage({ source, destination, ttl, message });
}

/**
 * For eyes that must not see a password: the same packet, or a copy without what follows the addresses in
 * version 2. Its checksum is as right or wrong as before, but does not give the sum of the password away.
 */
export function withoutPassword(packet: Buffer): Buffer {
  const at = headerLengthOf(packet);
  if (packet.length <= at + AT.addresses || packet[at + AT.versionType]! >> 4 !== 2) return packet;
  const copy = Buffer.from(packet);
  const message = copy.subarray(at);
  const length = lengthOf(2, message[AT.count]!, ADDRESS_SIZE[4]);
  // Where the lengths do not fit, nobody knows where it is.
  const from = message.length === length ? length - PASSWORD_LENGTH : AT.addresses;
  const without = checksumFinish(checksumAdd(0, message, from));
  message.fill(0, from);
  const sum = (~message.readUInt16BE(AT.checksum) & 0xffff) + without;
  message.writeUInt16BE(checksumFinish(sum), AT.checksum);
  return copy;
}

/** The message of a packet with room for a trailer. */
export function messageBeforeTrailer(packet: Buffer): Buffer {
  return packet.subarray(headerLengthOf(packet), -TRAILER_LENGTH);
}

/** A copy of the packet with its trailer in the room for it. */
export function withTrailer(packet: Buffer, trailer: Buffer): Buffer {
  const signed = Buffer.from(packet);
  trailer.copy(signed, signed.length - TRAILER_LENGTH);
  const headerLength = headerLengthOf(packet);
  if (packet.readUInt8(0) >> 4 === 6) {
    const without = ~packet.readUInt16BE(headerLength + AT.checksum) & 0xffff;
    signed.writeUInt16BE(checksumFinish(checksumAdd(without, trailer)), headerLength + AT.checksum);
  }
  return signed;
}

/** Of an advert with so many addresses, IP header included. */
export function packetLength(version: 2 | 3, family: Family, count: number, isSigned: boolean): number {
  const message = lengthOf(version, count, ADDRESS_SIZE[family]);
  return IP_HEADER[family] + message + (isSigned ? TRAILER_LENGTH : 0);
}

function drop(reason: DropReason): Decoded {
  return { ok: false, drop: reason };
}

function lengthOf(version: 2 | 3, count: number, size: number): number {
  return AT.addresses + size * count + (version === 2 ? PASSWORD_LENGTH : 0);
}

function addressesOf(message: Buffer, size: number): Address[] {
  const at = (i: number) => AT.addresses + size * i;
  const length = message.readUInt8(AT.count);
  return Array.from({ length }, (_, i) => addressFromBytes(message.subarray(at(i), at(i + 1))));
}

function intervalOf(message: Buffer, version: 2 | 3): number {
  if (version === 2) return message.readUInt8(AT.intervalSeconds) * 1000;
  return (message.readUInt16BE(AT.intervalCentis) & CENTIS_MAX) * 10;
}

function checksumFormOf(datagram: Datagram, version: 2 | 3): ChecksumForm | undefined {
  const { source, destination, message } = datagram;
  const plain = checksumAdd(0, message);
  if (version === 3 && checksumFinish(plain + pseudoHeaderSum(source, destination, message.length)) === 0)
    return 'pseudo-header';
  if (familyOf(source) === 6) return undefined;
  if (checksumFinish(plain) === 0) return 'plain';
  if (version === 2 || isMulticast(destination)) return undefined;
  const old = plain + pseudoHeaderSum(source, OLD_DESTINATION, message.length);
  return checksumFinish(old) === 0 ? 'old-unicast' : undefined;
}
