// What is between a tunnel's outer header and the packet in it: nothing, or GRE (RFC 2784), or UDP and GUE
// (draft-ietf-intarea-gue, version 0) as the kernel's IPVS writes them.

import { checksumAdd, checksumFinish } from '../../core/checksum.ts';
import { PROTOCOL } from '../../core/ip-header.ts';
import type { Tunnel } from '../model.ts';
import { pseudoHeaderSum } from './checksum.ts';
import { ETHERTYPE, PORTS, readU16, UDP, writeU16 } from './frame.ts';

const GRE = { flags: 0, protocol: 2, checksum: 4, size: 4, withChecksum: 8, hasChecksum: 0x8000 } as const;
const GUE = { protocol: UDP.size + 1, size: 4, lengthMask: 0x1f } as const;
/** Of the usual range of ephemeral ports: switches and network cards spread flows by it. */
const SOURCE_PORT = { first: 32_768, count: 28_232 } as const;

/** Bytes; undefined = the packet follows the outer header. */
export function encapsulationSize(tunnel: Tunnel | undefined): number {
  if (tunnel === undefined) return 0;
  if (tunnel.type === 'gue') return UDP.size + GUE.size;
  return sumsUp(tunnel) ? GRE.withChecksum : GRE.size;
}

/** Of the outer header, around a packet of IPv4 or of IPv6. */
export function outerProtocol(tunnel: Tunnel | undefined, isIpv4: boolean): number {
  if (tunnel !== undefined) return tunnel.type === 'gre' ? PROTOCOL.gre : PROTOCOL.udp;
  return isIpv4 ? PROTOCOL.ipip : PROTOCOL.ipv6;
}

/**
 * Does it sum up what is inside, which must be complete then? With remcsum the kernel leaves the checksum
 * inside to the other end where the packet had none yet, and else adds nothing; here each has its own.
 */
export function sumsUp(tunnel: Tunnel | undefined): boolean {
  return tunnel?.checksum === 'csum';
}

/**
 * Writes it at `at`, behind the outer header at `outer` that is complete, before the `size` bytes of the
 * packet. `flow`: any number that the packets of one connection share.
 */
export function writeEncapsulation(
  bytes: Uint8Array,
  {
    outer,
    at,
    size,
    flow,
    tunnel,
  }: { outer: number; at: number; size: number; flow: number; tunnel: Tunnel },
): void {
  const inner = at + encapsulationSize(tunnel);
  const isIpv4 = bytes[inner]! >> 4 === 4;
  if (tunnel.type === 'gre') writeGre(bytes, at, inner + size, { isIpv4, isSummed: sumsUp(tunnel) });
  else {
    writeU16(bytes, at, SOURCE_PORT.first + ((flow >>> 0) % SOURCE_PORT.count));
    writeU16(bytes, at + 2, tunnel.port);
    writeU16(bytes, at + UDP.length, UDP.size + GUE.size + size);
    writeU16(bytes, at + UDP.checksum, 0);
    // Version 0, no options; flags.
    bytes[at + UDP.size] = 0;
    bytes[at + UDP.size + 1] = isIpv4 ? PROTOCOL.ipip : PROTOCOL.ipv6;
    writeU16(bytes, at + UDP.size + 2, 0);
    if (!sumsUp(tunnel)) return;
    const before = pseudoHeaderSum(bytes, outer, PROTOCOL.udp, inner + size - at);
    const sum = checksumFinish(checksumAdd(before, bytes, at, inner + size));
    writeU16(bytes, at + UDP.checksum, sum || 0xffff);
  }
}

/**
 * Where the packet begins that is wrapped behind the outer header that says `protocol`; −1 when it is not of
 * that header's family, or nothing that is written here. As IPVS reads it (ipvs_gre_decap, ipvs_udp_decap).
 */
export function wrappedAt(
  bytes: Uint8Array,
  { at, end, protocol, isIpv4 }: { at: number; end: number; protocol: number; isIpv4: boolean },
): number {
  const inner = isIpv4 ? PROTOCOL.ipip : PROTOCOL.ipv6;
  if (protocol === inner) return at;
  if (protocol === PROTOCOL.gre && at + GRE.size <= end) {
    const flags = readU16(bytes, at + GRE.flags);
    const isOurs = readU16(bytes, at + GRE.protocol) === (isIpv4 ? ETHERTYPE.ipv4 : ETHERTYPE.ipv6);
    if (!isOurs || (flags & ~GRE.hasChecksum) !== 0) return -1;
    return at + (flags === 0 ? GRE.size : GRE.withChecksum);
  }
  if (protocol === PROTOCOL.udp && at + UDP.size + GUE.size <= end) {
    // The other bits are its version, and that it carries no packet.
    const first = bytes[at + UDP.size]!;
    if ((first & ~GUE.lengthMask) !== 0 || bytes[at + GUE.protocol] !== inner) return -1;
    return at + UDP.size + GUE.size + first * 4;
  }
  return -1;
}

/** Is what is at `at` behind an outer header that says `protocol` of this tunnel? */
export function isOfTunnel(
  tunnel: Tunnel | undefined,
  bytes: Uint8Array,
  at: number,
  protocol: number,
): boolean {
  if (tunnel === undefined) return protocol === PROTOCOL.ipip || protocol === PROTOCOL.ipv6;
  if (tunnel.type === 'gre') return protocol === PROTOCOL.gre;
  return protocol === PROTOCOL.udp && readU16(bytes, at + PORTS.destination) === tunnel.port;
}

function writeGre(
  bytes: Uint8Array,
  at: number,
  end: number,
  { isIpv4, isSummed }: { isIpv4: boolean; isSummed: boolean },
): void {
  writeU16(bytes, at + GRE.flags, isSummed ? GRE.hasChecksum : 0);
  writeU16(bytes, at + GRE.protocol, isIpv4 ? ETHERTYPE.ipv4 : ETHERTYPE.ipv6);
  if (!isSummed) return;
  bytes.fill(0, at + GRE.checksum, at + GRE.withChecksum);
  writeU16(bytes, at + GRE.checksum, checksumFinish(checksumAdd(0, bytes, at, end)));
}
