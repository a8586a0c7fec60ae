// ICMP errors about packets of a connection: whom they are really for, and the addresses inside them put back
// as that host knows them (IPVS: ip_vs_in_icmp, ip_vs_out_icmp). Without it path MTU discovery through the
// director would not work.
import { checksumAdd, checksumFinish } from '../../core/checksum.ts';
import { IPV4, IPV6, PROTOCOL } from '../../core/ip-header.ts';
import type { Addresses } from './addresses.ts';
import { finishHeader, pseudoHeaderSum } from './checksum.ts';
import type { ConnectionTable } from './connections.ts';
import { wrappedAt } from './encapsulation.ts';
import {
  FRAGMENT,
  hasPorts,
  ICMP,
  ICMP_TYPE,
  ICMPV6_TYPE,
  IPV6_FLOW,
  PORTS,
  readI32,
  readU16,
  UNREACHABLE,
  writeI32,
  writeU16,
} from './frame.ts';
import { walked, walkHeaders } from './ipv6.ts';
import type { Packet } from './packet.ts';

function isError({ bytes, transport, family }: Packet): boolean {
  const type = bytes[transport + ICMP.type]!;
  if (family === 6) return type < ICMPV6_TYPE.information;
  return type === ICMP_TYPE.unreachable || type === ICMP_TYPE.sourceQuench || type === ICMP_TYPE.timeExceeded;
}

export function isTooBig({ bytes, transport, family }: Packet): boolean {
  const type = bytes[transport + ICMP.type];
  if (family === 6) return type === ICMPV6_TYPE.tooBig;
  return type === ICMP_TYPE.unreachable && bytes[transport + ICMP.code] === UNREACHABLE.fragmentationNeeded;
}

/**
 * Where the header at `at` is followed by the next one, when `protocol` allows what that is and so many bytes
 * of it are there; else −1.
 */
function nextHeader(
  packet: Packet,
  at: number,
  bytesMin: number,
  isWanted: (protocol: number) => boolean,
): number {
  const { bytes, end } = packet;
  if (packet.family === 6) {
    if (end - at < IPV6.size || bytes[at]! >> 4 !== 6 || walkHeaders(bytes, at, end) !== -1) return -1;
    if (walked.isLaterFragment || !isWanted(walked.protocol)) return -1;
    return walked.at + bytesMin <= end ? walked.at : -1;
  }
  if (end - at < IPV4.size || bytes[at]! >> 4 !== 4 || !isWanted(bytes[at + IPV4.protocol]!)) return -1;
  const length = (bytes[at]! & 0x0f) * 4;
  return length >= IPV4.size && at + length + bytesMin <= end ? at + length : -1;
}
const isWrapping = (protocol: number) =>
  protocol === PROTOCOL.ipip ||
  protocol === PROTOCOL.ipv6 ||
  protocol === PROTOCOL.gre ||
  protocol === PROTOCOL.udp;

/** Where the quoted packet's ports are, or −1 when the message is no error or quotes too little. */
function quotedPorts(packet: Packet): number {
  if (!isError(packet)) return -1;
  return nextHeader(packet, packet.transport + ICMP.size, PORTS.size, hasPorts);
}

/** Is the quoted packet one that a tunnel might be, whatever it carries? */
export function quotesTunnel(packet: Packet): boolean {
  return nextHeader(packet, packet.transport + ICMP.size, 0, isWrapping) !== -1;
}

/** What an error about a tunnel's packet quotes: one for all, so that none is allocated. */
export const quotedTunnel = {
  /** Of the outer header. */
  protocol: 0,
  /** Where that ends. */
  at: 0,
};

/**
 * The same of what a tunnel of ours carried, when the error is about the tunnel's packet;
 * {@link quotedTunnel} is filled then.
 */
export function quotedInTunnel(packet: Packet): number {
  if (!isError(packet)) return -1;
  const { bytes, end, transport } = packet;
  const outer = transport + ICMP.size;
  const isIpv4 = packet.family === 4;
  const at = nextHeader(packet, outer, 0, isWrapping);
  if (at === -1) return -1;
  // What came behind the first fragment has no header of the tunnel's.
  if (isIpv4 && (readU16(bytes, outer + IPV4.fragment) & FRAGMENT.offset) !== 0) return -1;
  const protocol = isIpv4 ? bytes[outer + IPV4.protocol]! : walked.protocol;
  const inner = wrappedAt(bytes, { at, end, protocol, isIpv4 });
  if (inner === -1 || nextHeader(packet, inner, PORTS.size, hasPorts) === -1) return -1;
  quotedTunnel.protocol = protocol;
  quotedTunnel.at = at;
  return inner;
}

/**
 * The connection that the error belongs to: as it is when it is for the real server, negative when it is for
 * the client; 0 = none.
 */
export function findRelated(connections: ConnectionTable, packet: Packet): number {
  const ports = quotedPorts(packet);
  if (ports === -1) return 0;
  const { bytes, family } = packet;
  const { addresses } = connections;
  const inner = packet.transport + ICMP.size;
  const isIpv4 = family === 4;
  const flow = isIpv4 ? bytes[inner + IPV4.protocol]! : walked.protocol | IPV6_FLOW;
  const source = isIpv4 ? readI32(bytes, inner + IPV4.source) : addresses.find(bytes, inner + IPV6.source);
  const destination = isIpv4
    ? readI32(bytes, inner + IPV4.destination)
    : addresses.find(bytes, inner + IPV6.destination);
  const sourcePort = readU16(bytes, ports + PORTS.source);
  const destinationPort = readU16(bytes, ports + PORTS.destination);
  // About a packet from the virtual address to the client: for the real server that sent it.
  const incoming = connections.find(flow, destination, destinationPort, source, sourcePort, 0);
  if (incoming !== 0) return incoming;
  // About a packet from the client to the real server: for the client, who knows only the virtual address.
  return -connections.findReply(flow, destination, destinationPort, source, sourcePort);
}

/** Is its checksum right? Once rewritten it would be, whatever had happened on the way. */
export function isIntact(packet: Packet): boolean {
  return checksumFinish(sumOf(packet)) === 0;
}

/** Over IPv6 the pseudo-header is in it. */
function sumOf({ bytes, ip, transport, end, family }: Packet): number {
  const before = family === 4 ? 0 : pseudoHeaderSum(bytes, ip, PROTOCOL.icmpv6, end - transport);
  return checksumAdd(before, bytes, transport, end);
}

/** Puts the real server's address in place of the virtual one, outside and in the quoted packet. */
export function rewriteForServer(
  addresses: Addresses,
  packet: Packet,
  server: number,
  serverPort: number,
): void {
  writeU16(packet.bytes, quotedPorts(packet) + PORTS.source, serverPort);
  if (packet.family === 6) rewrite6(addresses, packet, IPV6.destination, IPV6.source, server);
  else rewrite(packet, IPV4.destination, IPV4.source, server);
  finishIcmp(packet);
}

/** The other way round. */
export function rewriteForClient(
  addresses: Addresses,
  packet: Packet,
  virtual: number,
  virtualPort: number,
): void {
  writeU16(packet.bytes, quotedPorts(packet) + PORTS.destination, virtualPort);
  if (packet.family === 6) rewrite6(addresses, packet, IPV6.source, IPV6.destination, virtual);
  else rewrite(packet, IPV4.source, IPV4.destination, virtual);
  finishIcmp(packet);
}

function rewrite6(
  addresses: Addresses,
  { bytes, ip, transport }: Packet,
  outerAt: number,
  innerAt: number,
  address: number,
): void {
  addresses.write(address, bytes, ip + outerAt);
  addresses.write(address, bytes, transport + ICMP.size + innerAt);
}

function rewrite({ bytes, ip, transport }: Packet, outerAt: number, innerAt: number, address: number): void {
  const inner = transport + ICMP.size;
  writeI32(bytes, ip + outerAt, address);
  writeU16(bytes, ip + IPV4.checksum, 0);
  finishHeader(bytes, ip);
  writeI32(bytes, inner + innerAt, address);
  writeU16(bytes, inner + IPV4.checksum, 0);
  finishHeader(bytes, inner);
}

export function finishIcmp(packet: Packet): void {
  const at = packet.transport + ICMP.checksum;
  writeU16(packet.bytes, at, 0);
  writeU16(packet.bytes, at, checksumFinish(sumOf(packet)));
}
