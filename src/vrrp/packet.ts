// VRRP adverts over IPv4 as they are on the wire, IP header included: version 2 (RFC 3768) and version 3
// (RFC 9568, and RFC 5798 before it). Says what a packet is, not whether this router wants it: that is
// accept.ts.
import { type Address, addressBytes, addressFromBytes } from '../core/address.ts';
import { checksumAdd, checksumFinish } from '../core/checksum.ts';

export const VRRP_PROTOCOL = 112;
/** RFC 9568 §5.1.1.3: receivers drop anything else, so nobody outside the link can take part. */
export const VRRP_TTL = 255;
/** RFC 9568 §5.2.4: the master gives up; everybody else answers by electing at once. */
export const RESIGNED = 0;

const IP = {
  versionLength: 0,
  tos: 1,
  totalLength: 2,
  ttl: 8,
  protocol: 9,
  checksum: 10,
  source: 12,
  destination: 16,
} as const;
const IP_LENGTH = 20;
const INTERNETWORK_CONTROL = 0xc0; // the precedence of routing protocols (RFC 791), as keepalived sends

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
/** Version 2 always carries the field of the password, zero without one. RFC 2338 §5.3.6. */
const PASSWORD_LENGTH = 8;
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
 * not to (`plain`). We send what is configured and hear both. Version 2 is always plain.
 */
export type ChecksumForm = 'pseudo-header' | 'plain';
export type DropReason =
  | 'too-short'
  | 'not-ipv4'
  | 'bad-header-checksum'
  | 'not-vrrp'
  | 'length-mismatch'
  | 'unknown-version'
  | 'not-advertisement'
  | 'unknown-auth-type'
  | 'zero-interval'
  | 'bad-checksum';
export type Decoded =
  | { ok: true; advert: Advert; checksumForm: ChecksumForm }
  | { ok: false; drop: DropReason };

/** `packet` is one IPv4 packet as a raw socket delivers it. */
export function decodeAdvert(packet: Buffer): Decoded {
  if (packet.length < IP_LENGTH) return drop('too-short');
  const headerLength = (packet.readUInt8(IP.versionLength) & 0x0f) * 4;
  if (packet.readUInt8(IP.versionLength) >> 4 !== 4 || headerLength < IP_LENGTH) return drop('not-ipv4');
  if (packet.readUInt16BE(IP.totalLength) !== packet.length) return drop('length-mismatch');
  if (packet.length < headerLength + AT.addresses) return drop('too-short');
  if (checksumFinish(checksumAdd(0, packet, 0, headerLength)) !== 0) return drop('bad-header-checksum');
  if (packet.readUInt8(IP.protocol) !== VRRP_PROTOCOL) return drop('not-vrrp');
  return decodeMessage(packet, packet.subarray(headerLength));
}

/** As the field has it: what is longer is cut off, what is shorter filled up with zeros. */
export function passwordField(password: string): Buffer {
  const field = Buffer.alloc(PASSWORD_LENGTH);
  Buffer.from(password).copy(field);
  return field;
}

/** Whose it would be, for a cheap look before decoding; undefined when it is too short to say. */
export function vridOf(packet: Buffer): number | undefined {
  if (packet.length < IP_LENGTH) return undefined;
  return packet[(packet[IP.versionLength]! & 0x0f) * 4 + AT.vrid];
}

function decodeMessage(packet: Buffer, message: Buffer): Decoded {
  const version = message.readUInt8(AT.versionType) >> 4;
  if (version !== 2 && version !== 3) return drop('unknown-version');
  if ((message.readUInt8(AT.versionType) & 0x0f) !== ADVERTISEMENT) return drop('not-advertisement');
  const count = message.readUInt8(AT.count);
  const trailing = version === 2 ? PASSWORD_LENGTH : 0;
  if (message.length !== AT.addresses + 4 * count + trailing) return drop('length-mismatch');
  const checksumForm = checksumFormOf(packet, message, version);
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
    addresses: Array.from({ length: count }, (_, i) => addressAt(message, AT.addresses + 4 * i)),
    source: addressAt(packet, IP.source),
    destination: addressAt(packet, IP.destination),
    ttl: packet.readUInt8(IP.ttl),
    ...(authType === AUTH_PASS ? { password: message.subarray(-PASSWORD_LENGTH) } : {}),
  };
  return { ok: true, advert, checksumForm };
}

/** The whole IPv4 packet. The kernel fills in the identification (IP_HDRINCL), everything else is ours. */
export function encodeAdvert(advert: Advert, form: ChecksumForm = 'pseudo-header'): Buffer {
  const trailing = advert.version === 2 ? PASSWORD_LENGTH : 0;
  const packet = Buffer.alloc(IP_LENGTH + AT.addresses + 4 * advert.addresses.length + trailing);
  packet.writeUInt8(0x45, IP.versionLength);
  packet.writeUInt8(INTERNETWORK_CONTROL, IP.tos);
  packet.writeUInt16BE(packet.length, IP.totalLength);
  packet.writeUInt8(advert.ttl, IP.ttl);
  packet.writeUInt8(VRRP_PROTOCOL, IP.protocol);
  addressBytes(advert.source).copy(packet, IP.source);
  addressBytes(advert.destination).copy(packet, IP.destination);
  packet.writeUInt16BE(checksumFinish(checksumAdd(0, packet, 0, IP_LENGTH)), IP.checksum);

  const message = packet.subarray(IP_LENGTH);
  message.writeUInt8((advert.version << 4) | ADVERTISEMENT, AT.versionType);
  message.writeUInt8(advert.vrid, AT.vrid);
  message.writeUInt8(advert.priority, AT.priority);
  message.writeUInt8(advert.addresses.length, AT.count);
  if (advert.version === 2) {
    message.writeUInt8(advert.password === undefined ? AUTH_NONE : AUTH_PASS, AT.authType);
    message.writeUInt8(advert.intervalMs / 1000, AT.intervalSeconds);
    advert.password?.copy(message, message.length - PASSWORD_LENGTH, 0, PASSWORD_LENGTH);
  } else message.writeUInt16BE(advert.intervalMs / 10, AT.intervalCentis);
  for (const [i, value] of advert.addresses.entries())
    addressBytes(value).copy(message, AT.addresses + 4 * i);
  const header =
    advert.version === 3 && form === 'pseudo-header' ? pseudoHeaderSum(packet, message.length) : 0;
  message.writeUInt16BE(checksumFinish(checksumAdd(header, message)), AT.checksum);
  return packet;
}

function drop(reason: DropReason): Decoded {
  return { ok: false, drop: reason };
}

function addressAt(bytes: Buffer, offset: number): Address {
  return addressFromBytes(bytes.subarray(offset, offset + 4));
}

function intervalOf(message: Buffer, version: 2 | 3): number {
  if (version === 2) return message.readUInt8(AT.intervalSeconds) * 1000;
  return (message.readUInt16BE(AT.intervalCentis) & CENTIS_MAX) * 10;
}

function checksumFormOf(packet: Buffer, message: Buffer, version: 2 | 3): ChecksumForm | undefined {
  const plain = checksumAdd(0, message);
  if (version === 3 && checksumFinish(plain + pseudoHeaderSum(packet, message.length)) === 0)
    return 'pseudo-header';
  return checksumFinish(plain) === 0 ? 'plain' : undefined;
}

/** RFC 5798 §5.2.8: source, destination, protocol and length of the message. */
function pseudoHeaderSum(packet: Buffer, messageLength: number): number {
  return checksumAdd(VRRP_PROTOCOL + messageLength, packet, IP.source, IP.destination + 4);
}
