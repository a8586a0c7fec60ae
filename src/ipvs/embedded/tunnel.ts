// IP in IP (RFC 2003), IPv6 in IPv6 and either in the other (RFC 2473, RFC 4213) as IPVS does it: an outer
// header right before the packet, with the packet's own TTL, type of service and don't-fragment bit.
import type { Family } from '../../core/address.ts';
import { IPV4, IPV6 } from '../../core/ip-header.ts';
import type { Tunnel } from '../model.ts';
import type { Addresses } from './addresses.ts';
import { finishHeader } from './checksum.ts';
import { completeChecksum } from './cutting.ts';
import { encapsulationSize, outerProtocol, sumsUp, writeEncapsulation } from './encapsulation.ts';
import { ETHERNET, ETHERTYPE, FRAGMENT, readU16, VNET, writeI32, writeU16 } from './frame.ts';
import type { Packet } from './packet.ts';

/** How much the wrapping adds. */
const OUTER = { 4: IPV4.size, 6: IPV6.size } as const;
export function wrappingSize({ family, tunnel }: Pick<Ends, 'family' | 'tunnel'>): number {
  return OUTER[family] + encapsulationSize(tunnel);
}
export type Ends = {
  /** What is between the two headers; undefined = nothing. */
  tunnel: Tunnel | undefined;
  /** Any number that the packets of one connection share. */
  flow: number;
  /** Of both ends; what is inside may be of the other. */
  family: Family;
  source: number;
  destination: number;
  /** Only fragments of one packet must not share theirs with another packet's: any counter will do. */
  identification: number;
};

/** Writes all that is around the `size` bytes of the packet. */
export function writeWrapping(
  addresses: Addresses,
  bytes: Uint8Array,
  outer: number,
  size: number,
  ends: Ends,
): void {
  const { tunnel, flow } = ends;
  writeOuterHeader(addresses, bytes, outer, size + encapsulationSize(tunnel), ends);
  if (tunnel === undefined) return;
  writeEncapsulation(bytes, { outer, at: outer + OUTER[ends.family], size, flow, tunnel });
}

function writeOuterHeader(
  addresses: Addresses,
  bytes: Uint8Array,
  outer: number,
  size: number,
  ends: Ends,
): void {
  if (ends.family === 6) {
    writeOuterHeader6(addresses, bytes, outer, size, ends);
    return;
  }
  const inner = outer + wrappingSize(ends);
  const isIpv4 = bytes[inner]! >> 4 === 4;
  bytes[outer] = 0x45;
  bytes[outer + IPV4.tos] = isIpv4 ? bytes[inner + IPV4.tos]! : trafficClass(bytes, inner);
  writeU16(bytes, outer + IPV4.totalLength, size + IPV4.size);
  writeU16(bytes, outer + IPV4.id, ends.identification);
  const fragment = isIpv4 ? readU16(bytes, inner + IPV4.fragment) & FRAGMENT.dontFragment : 0;
  writeU16(bytes, outer + IPV4.fragment, fragment);
  bytes[outer + IPV4.ttl] = bytes[inner + (isIpv4 ? IPV4.ttl : IPV6.hopLimit)]!;
  bytes[outer + IPV4.protocol] = outerProtocol(ends.tunnel, isIpv4);
  writeU16(bytes, outer + IPV4.checksum, 0);
  writeI32(bytes, outer + IPV4.source, ends.source);
  writeI32(bytes, outer + IPV4.destination, ends.destination);
  finishHeader(bytes, outer);
}

/** Whatever the inner packet's flow label was: it is not the tunnel's. */
function writeOuterHeader6(
  addresses: Addresses,
  bytes: Uint8Array,
  outer: number,
  size: number,
  ends: Ends,
): void {
  const inner = outer + wrappingSize(ends);
  const isIpv4 = bytes[inner]! >> 4 === 4;
  const service = isIpv4 ? bytes[inner + IPV4.tos]! : trafficClass(bytes, inner);
  bytes[outer] = 0x60 | (service >> 4);
  bytes[outer + 1] = service << 4;
  writeU16(bytes, outer + 2, 0);
  writeU16(bytes, outer + IPV6.payloadLength, size);
  bytes[outer + IPV6.nextHeader] = outerProtocol(ends.tunnel, isIpv4);
  bytes[outer + IPV6.hopLimit] = bytes[inner + (isIpv4 ? IPV4.ttl : IPV6.hopLimit)]!;
  addresses.write(ends.source, bytes, outer + IPV6.source);
  addresses.write(ends.destination, bytes, outer + IPV6.destination);
}

function trafficClass(bytes: Uint8Array, ip: number): number {
  return ((bytes[ip]! & 0x0f) << 4) | (bytes[ip + 1]! >> 4);
}

/** Wraps the packet where it is: its frame begins earlier, in the room before it. */
export function wrap(addresses: Addresses, packet: Packet, ends: Ends): void {
  const { bytes, start, ip, size } = packet;
  const wrapping = wrappingSize(ends);
  const before = start - VNET.size;
  // First of all: the new header begins where it is, when nothing in it changes any more.
  if (sumsUp(ends.tunnel)) completeChecksum(packet);
  bytes.copyWithin(before - wrapping, before, start);
  writeWrapping(addresses, bytes, ip - wrapping, size, ends);
  packet.start = start - wrapping;
  packet.ip = ip - wrapping;
  writeU16(bytes, packet.start + ETHERNET.type, ends.family === 4 ? ETHERTYPE.ipv4 : ETHERTYPE.ipv6);
  if (packet.hasPartialChecksum) {
    // In host order: little-endian on every machine that runs this.
    const at = before - wrapping + VNET.checksumStart;
    const checksumStart = (bytes[at]! | (bytes[at + 1]! << 8)) + wrapping;
    bytes[at] = checksumStart;
    bytes[at + 1] = checksumStart >> 8;
  }
  // Without the padding of a short frame: behind a longer header it would be no padding any more.
  packet.length = packet.end - packet.start;
}
