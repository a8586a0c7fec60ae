// IP in IP (RFC 2003) as IPVS does it: an outer header right before the packet, with the packet's own TTL,
// type of service and don't-fragment bit.
import { finishHeader } from './checksum.ts';
import { ETHERNET, ETHERTYPE, FRAGMENT, IPV4, PROTOCOL, readU16, VNET, writeI32, writeU16 } from './frame.ts';
import type { Packet } from './packet.ts';

/** How much the wrapping adds. */
export const WRAPPING = IPV4.size;
export type Ends = {
  source: number;
  destination: number;
  /** Only fragments of one packet must not share theirs with another packet's: any counter will do. */
  identification: number;
};

/** Writes the outer header for the packet at `inner` of `bytes` at `outer`, `size` bytes being inside. */
export function writeOuterHeader(
  bytes: Uint8Array,
  outer: number,
  inner: number,
  size: number,
  ends: Ends,
): void {
  bytes[outer] = 0x45;
  bytes[outer + IPV4.tos] = bytes[inner + IPV4.tos]!;
  writeU16(bytes, outer + IPV4.totalLength, size + IPV4.size);
  writeU16(bytes, outer + IPV4.id, ends.identification);
  writeU16(bytes, outer + IPV4.fragment, readU16(bytes, inner + IPV4.fragment) & FRAGMENT.dontFragment);
  bytes[outer + IPV4.ttl] = bytes[inner + IPV4.ttl]!;
  bytes[outer + IPV4.protocol] = PROTOCOL.ipip;
  writeU16(bytes, outer + IPV4.checksum, 0);
  writeI32(bytes, outer + IPV4.source, ends.source);
  writeI32(bytes, outer + IPV4.destination, ends.destination);
  finishHeader(bytes, outer);
}

/** Wraps the packet where it is: its frame begins earlier, in the room before it. */
export function wrap(packet: Packet, ends: Ends): void {
  const { bytes, start, ip, size } = packet;
  const before = start - VNET.size;
  // First of all: the new header begins where it is.
  bytes.copyWithin(before - WRAPPING, before, start);
  writeOuterHeader(bytes, ip - WRAPPING, ip, size, ends);
  packet.start = start - WRAPPING;
  packet.ip = ip - WRAPPING;
  writeU16(bytes, packet.start + ETHERNET.type, ETHERTYPE.ipv4);
  if (packet.hasPartialChecksum) {
    // In host order: little-endian on every machine that runs this.
    const at = before - WRAPPING + VNET.checksumStart;
    const checksumStart = (bytes[at]! | (bytes[at + 1]! << 8)) + WRAPPING;
    bytes[at] = checksumStart;
    bytes[at + 1] = checksumStart >> 8;
  }
  // Without the padding of a short frame: behind a longer header it would be no padding any more.
  packet.length = packet.end - packet.start;
}
