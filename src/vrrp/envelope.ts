// What a VRRP message travels in: the IPv4 and the IPv6 header. Takes them off and puts them on; knows
// nothing of the message inside.
import { type Address, addressBytes, addressFromBytes, type Family, familyOf } from '../core/address.ts';
import { checksumAdd, checksumFinish } from '../core/checksum.ts';
import { IPV4, IPV6 } from '../core/ip-header.ts';

export const VRRP_PROTOCOL = 112;

/** `message`: what follows the header. */
export type Datagram = { source: Address; destination: Address; ttl: number; message: Buffer };
export type Torn = 'too-short' | 'not-ip' | 'bad-header-checksum' | 'not-vrrp' | 'length-mismatch';
export type Opened = { ok: true; datagram: Datagram } | { ok: false; drop: Torn };

const INTERNETWORK_CONTROL = 0xc0; // the precedence of routing protocols (RFC 791), as keepalived sends

/** `packet` is one IP packet of either family, header included. */
export function openPacket(packet: Buffer): Opened {
  if (packet.length < IPV4.size) return torn('too-short');
  const family = familyOfPacket(packet);
  if (family === 4) return openIpv4(packet);
  return family === 6 ? openIpv6(packet) : torn('not-ip');
}

/** By its first byte; a cheap look before the packet is taken apart. */
export function familyOfPacket(packet: Buffer): Family | undefined {
  const version = (packet[0] ?? 0) >> 4;
  return version === 4 || version === 6 ? version : undefined;
}

/** Where the message begins, for a look at it before the packet is taken apart. */
export function headerLengthOf(packet: Buffer): number {
  return familyOfPacket(packet) === 6 ? IPV6.size : ((packet[0] ?? 0) & 0x0f) * 4;
}

function openIpv4(packet: Buffer): Opened {
  const headerLength = headerLengthOf(packet);
  if (headerLength < IPV4.size) return torn('not-ip');
  if (packet.readUInt16BE(IPV4.totalLength) !== packet.length) return torn('length-mismatch');
  if (packet.length < headerLength) return torn('too-short');
  if (checksumFinish(checksumAdd(0, packet, 0, headerLength)) !== 0) return torn('bad-header-checksum');
  if (packet.readUInt8(IPV4.protocol) !== VRRP_PROTOCOL) return torn('not-vrrp');
  const source = addressFromBytes(packet.subarray(IPV4.source, IPV4.source + 4));
  const destination = addressFromBytes(packet.subarray(IPV4.destination, IPV4.destination + 4));
  const message = packet.subarray(headerLength);
  return { ok: true, datagram: { source, destination, ttl: packet.readUInt8(IPV4.ttl), message } };
}

/** RFC 9568 has no extension headers before the message. */
function openIpv6(packet: Buffer): Opened {
  if (packet.length < IPV6.size) return torn('too-short');
  if (packet.readUInt16BE(IPV6.payloadLength) !== packet.length - IPV6.size) return torn('length-mismatch');
  if (packet.readUInt8(IPV6.nextHeader) !== VRRP_PROTOCOL) return torn('not-vrrp');
  const source = addressFromBytes(packet.subarray(IPV6.source, IPV6.source + 16));
  const destination = addressFromBytes(packet.subarray(IPV6.destination, IPV6.destination + 16));
  const message = packet.subarray(IPV6.size);
  return { ok: true, datagram: { source, destination, ttl: packet.readUInt8(IPV6.hopLimit), message } };
}

/** The whole packet. Of IPv4 the kernel fills in the identification (IP_HDRINCL), everything else is ours. */
export function wrapMessage({ source, destination, ttl, message }: Datagram): Buffer {
  if (familyOf(source) === 6) {
    const header = ipv6Header(source, destination, { ttl, length: message.length });
    return Buffer.concat([header, message]);
  }
  const packet = Buffer.alloc(IPV4.size + message.length);
  packet.writeUInt8(0x45, IPV4.versionLength);
  packet.writeUInt8(INTERNETWORK_CONTROL, IPV4.tos);
  packet.writeUInt16BE(packet.length, IPV4.totalLength);
  packet.writeUInt8(ttl, IPV4.ttl);
  packet.writeUInt8(VRRP_PROTOCOL, IPV4.protocol);
  addressBytes(source).copy(packet, IPV4.source);
  addressBytes(destination).copy(packet, IPV4.destination);
  packet.writeUInt16BE(checksumFinish(checksumAdd(0, packet, 0, IPV4.size)), IPV4.checksum);
  message.copy(packet, IPV4.size);
  return packet;
}

function ipv6Header(source: Address, destination: Address, { ttl, length }: { ttl: number; length: number }) {
  const header = Buffer.alloc(IPV6.size);
  header.writeUInt16BE(0x6000 | (INTERNETWORK_CONTROL << 4), IPV6.versionClass);
  header.writeUInt16BE(length, IPV6.payloadLength);
  header.writeUInt8(VRRP_PROTOCOL, IPV6.nextHeader);
  header.writeUInt8(ttl, IPV6.hopLimit);
  addressBytes(source).copy(header, IPV6.source);
  addressBytes(destination).copy(header, IPV6.destination);
  return header;
}

/**
 * Not yet folded. RFC 5798 §5.2.8 for IPv4, RFC 8200 §8.1 for IPv6: the same sum, since the zeros between do
 * not count.
 */
export function pseudoHeaderSum(source: Address, destination: Address, length: number): number {
  const addresses = checksumAdd(checksumAdd(0, addressBytes(source)), addressBytes(destination));
  return addresses + VRRP_PROTOCOL + length;
}

export function isMulticast(value: Address): boolean {
  const first = addressBytes(value)[0]!;
  return familyOf(value) === 6 ? first === 0xff : first >= 224 && first <= 239;
}

function torn(reason: Torn): Opened {
  return { ok: false, drop: reason };
}
