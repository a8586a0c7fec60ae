// Incremental Internet checksums (RFC 1624) for a frame rewritten in place: an address, a port and the TTL
// change, and the sum follows without the payload being read. Works on fields as they are on the wire.
import { checksumAdd, checksumFinish } from '../../core/checksum.ts';
import { IPV4, IPV6, PROTOCOL } from '../../core/ip-header.ts';
import { finishSctp } from './crc32c.ts';
import { readI32, readU16, TCP, UDP, writeI32, writeU16 } from './frame.ts';
import type { Packet } from './packet.ts';

/** Of at most a few dozen words: two folds are enough. */
function fold(sum: number): number {
  const once = (sum & 0xffff) + (sum >>> 16);
  return (once & 0xffff) + (once >>> 16);
}

/** What replacing `before` by `after` adds to a one's complement sum; both are signed 32-bit. */
export function delta(before: number, after: number): number {
  return (~before & 0xffff) + ((~before >>> 16) & 0xffff) + (after & 0xffff) + (after >>> 16);
}

/**
 * Replaces the address at `addressAt` (in the IPv4 header at `ip`), takes one off the TTL, and brings the
 * header's checksum up to date.
 */
export function rewriteHeader(bytes: Uint8Array, ip: number, addressAt: number, address: number): void {
  const change = delta(readI32(bytes, ip + addressAt), address);
  writeI32(bytes, ip + addressAt, address);
  decrementTtl(bytes, ip, change);
}

/** `change`: what else in the header has changed, as a sum. */
export function decrementTtl(bytes: Uint8Array, ip: number, change = 0): void {
  bytes[ip + IPV4.ttl]!--;
  // TTL is the high byte of its word: one less is 0x0100 less, in one's complement 0xfeff more.
  const sum = (~readU16(bytes, ip + IPV4.checksum) & 0xffff) + change + 0xfeff;
  writeU16(bytes, ip + IPV4.checksum, ~fold(sum) & 0xffff);
}

/**
 * Replaces the port at `portAt` (of the transport header) and accounts for `change` of the pseudo-header's
 * addresses, as {@link delta}. With a partial checksum the field holds only the pseudo-header's sum, so ports
 * have no part in it yet.
 */
export function rewriteTransport(packet: Packet, portAt: number, port: number, change: number): void {
  const { bytes, transport } = packet;
  if (packet.protocol === PROTOCOL.sctp) {
    writeU16(bytes, transport + portAt, port);
    finishSctp(bytes, transport, packet.end);
    return;
  }
  const isUdp = packet.protocol === PROTOCOL.udp;
  const portBefore = readU16(bytes, transport + portAt);
  writeU16(bytes, transport + portAt, port);
  const at = transport + (isUdp ? UDP.checksum : TCP.checksum);
  const before = readU16(bytes, at);
  if (packet.hasPartialChecksum) {
    writeU16(bytes, at, fold(before + change));
    return;
  }
  // UDP over IPv4, and in tunnels over IPv6, may go without a checksum: then there is none to keep right.
  if (before === 0 && isUdp) return;
  const sum = (~before & 0xffff) + change + (~portBefore & 0xffff) + port;
  const after = ~fold(sum) & 0xffff;
  writeU16(bytes, at, after === 0 && isUdp ? 0xffff : after);
}

/** Computes and writes the checksum of an IPv4 header made from scratch; the field must be zero. */
export function finishHeader(bytes: Uint8Array, ip: number): void {
  const length = (bytes[ip]! & 0x0f) * 4;
  writeU16(bytes, ip + IPV4.checksum, checksumFinish(checksumAdd(0, bytes, ip, ip + length)));
}

/** The sum of the pseudo-header of the packet at `ip`, for a transport of `length` bytes. */
export function pseudoHeaderSum(bytes: Uint8Array, ip: number, protocol: number, length: number): number {
  const isIpv4 = bytes[ip]! >> 4 === 4;
  const from = ip + (isIpv4 ? IPV4.source : IPV6.source);
  return checksumAdd(protocol + length, bytes, from, ip + (isIpv4 ? IPV4.size : IPV6.size));
}
