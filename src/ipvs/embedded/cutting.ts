// An IPv4 packet that is too big for its way, and whose sender does not mind, cut into fragments, as the last
// thing before it leaves: outbox frames, each with the packet's own header (RFC 791 §3.2), or, in a tunnel of
// IPv6, with that one's and a fragment header (RFC 8200 §4.5).
import { checksumAdd, checksumFinish } from '../../core/checksum.ts';
import { IPV4, IPV6, PROTOCOL } from '../../core/ip-header.ts';
import { finishHeader } from './checksum.ts';
import {
  ETHERNET,
  ETHERTYPE,
  FRAGMENT,
  readU16,
  VNET,
  VNET_NEEDS_CHECKSUM,
  writeI32,
  writeU16,
} from './frame.ts';
import type { Neighbour } from './neighbours.ts';
import type { Outbox } from './outbox.ts';
import type { Packet } from './packet.ts';

const UNIT = 8;

/** With options the header of later fragments is another one: those are not cut. Nor are super-frames. */
export function isDivisible(packet: Packet): boolean {
  return (packet.bytes[packet.ip]! & 0x0f) * 4 === IPV4.size && !packet.isSuperFrame;
}

/** The fragment whose data begin at `from`; where the next one's do, or −1 when the outbox is full. */
export function putFragment(
  packet: Packet,
  from: number,
  mtu: number,
  outbox: Outbox,
  neighbour: Neighbour,
): number {
  const { bytes, ip, end } = packet;
  const data = ip + IPV4.size;
  const room = Math.floor((mtu - IPV4.size) / UNIT) * UNIT;
  const to = Math.min(from + room, end);
  const at = outbox.reserve(neighbour.link.slot, ETHERNET.size + IPV4.size + to - from);
  if (at === -1) return -1;
  const out = outbox.bytes;
  out.set(neighbour.header, at);
  writeU16(out, at + ETHERNET.type, ETHERTYPE.ipv4);
  const header = at + ETHERNET.size;
  bytes.copy(out, header, ip, data);
  bytes.copy(out, header + IPV4.size, from, to);
  writeU16(out, header + IPV4.totalLength, IPV4.size + to - from);
  // The packet may itself be a fragment, and more of it may come.
  const before = readU16(bytes, ip + IPV4.fragment);
  const offset = (before & FRAGMENT.offset) + (from - data) / UNIT;
  const more = to < end ? FRAGMENT.more : before & FRAGMENT.more;
  writeU16(out, header + IPV4.fragment, offset | more);
  writeU16(out, header + IPV4.checksum, 0);
  finishHeader(out, header);
  return to;
}

const FRAGMENT6 = { next: 0, offset: 2, id: 4, size: 8, more: 1 } as const;

/** The same of a packet in a tunnel of IPv6, whose header it has in front. */
export function putFragment6(
  packet: Packet,
  from: number,
  mtu: number,
  outbox: Outbox,
  neighbour: Neighbour,
  identification: number,
): number {
  const { bytes, ip, end } = packet;
  const data = ip + IPV6.size;
  const headers = IPV6.size + FRAGMENT6.size;
  const room = Math.floor((mtu - headers) / UNIT) * UNIT;
  const to = Math.min(from + room, end);
  const at = outbox.reserve(neighbour.link.slot, ETHERNET.size + headers + to - from);
  if (at === -1) return -1;
  const out = outbox.bytes;
  out.set(neighbour.header, at);
  writeU16(out, at + ETHERNET.type, ETHERTYPE.ipv6);
  const header = at + ETHERNET.size;
  const fragment = header + IPV6.size;
  bytes.copy(out, header, ip, data);
  bytes.copy(out, fragment + FRAGMENT6.size, from, to);
  writeU16(out, header + IPV6.payloadLength, FRAGMENT6.size + to - from);
  writeU16(out, fragment + FRAGMENT6.next, bytes[ip + IPV6.nextHeader]! << 8);
  out[header + IPV6.nextHeader] = PROTOCOL.fragment;
  writeU16(out, fragment + FRAGMENT6.offset, (from - data) | (to < end ? FRAGMENT6.more : 0));
  writeI32(out, fragment + FRAGMENT6.id, identification);
  return to;
}

/** What a network card would do last: after the cut nobody could any more. */
export function completeChecksum(packet: Packet): void {
  if (!packet.hasPartialChecksum) return;
  const { bytes, start, end } = packet;
  const vnet = start - VNET.size;
  const from = start + hostU16(bytes, vnet + VNET.checksumStart);
  const at = from + hostU16(bytes, vnet + VNET.checksumOffset);
  if (at + 2 > end) return;
  writeU16(bytes, at, checksumFinish(checksumAdd(0, bytes, from, end)) || 0xffff);
  bytes[vnet + VNET.flags]! &= ~VNET_NEEDS_CHECKSUM;
}

function hostU16(bytes: Uint8Array, at: number): number {
  return bytes[at]! | (bytes[at + 1]! << 8);
}
