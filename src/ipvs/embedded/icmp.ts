// ICMP errors about packets of a connection: whom they are really for, and the addresses inside them put back
// as that host knows them (IPVS: ip_vs_in_icmp, ip_vs_out_icmp). Without it path MTU discovery through the
// director would not work.
import { checksumAdd, checksumFinish } from '../../core/checksum.ts';
import { finishHeader } from './checksum.ts';
import type { ConnectionTable } from './connections.ts';
import { ICMP, ICMP_TYPE, IPV4, PORTS, PROTOCOL, readI32, readU16, writeI32, writeU16 } from './frame.ts';
import type { Packet } from './packet.ts';

function isError({ bytes, transport }: Packet): boolean {
  const type = bytes[transport + ICMP.type];
  return type === ICMP_TYPE.unreachable || type === ICMP_TYPE.sourceQuench || type === ICMP_TYPE.timeExceeded;
}

/**
 * Where the header at `at` is followed by the next one, when `protocol` allows what that is and so many bytes
 * of it are there; else −1.
 */
function nextHeader(
  { bytes, end }: Packet,
  at: number,
  bytesMin: number,
  isWanted: (protocol: number) => boolean,
) {
  if (end - at < IPV4.size || bytes[at]! >> 4 !== 4 || !isWanted(bytes[at + IPV4.protocol]!)) return -1;
  const length = (bytes[at]! & 0x0f) * 4;
  return length >= IPV4.size && at + length + bytesMin <= end ? at + length : -1;
}
const hasPorts = (protocol: number) => protocol === PROTOCOL.tcp || protocol === PROTOCOL.udp;
const isTunnel = (protocol: number) => protocol === PROTOCOL.ipip;

/** Where the quoted packet's header begins, or −1 when the message is no error or quotes too little. */
function quoted(packet: Packet): number {
  const inner = packet.transport + ICMP.size;
  return isError(packet) && nextHeader(packet, inner, PORTS.size, hasPorts) !== -1 ? inner : -1;
}

/** The same of what a tunnel of ours carried, when the error is about the tunnel's packet. */
export function quotedInTunnel(packet: Packet): number {
  if (!isError(packet)) return -1;
  const inner = nextHeader(packet, packet.transport + ICMP.size, IPV4.size, isTunnel);
  return inner !== -1 && nextHeader(packet, inner, PORTS.size, hasPorts) !== -1 ? inner : -1;
}

/**
 * The connection that the error belongs to: as it is when it is for the real server, negative when it is for
 * the client; 0 = none.
 */
export function findRelated(connections: ConnectionTable, packet: Packet): number {
  const inner = quoted(packet);
  if (inner === -1) return 0;
  const { bytes } = packet;
  const ports = inner + (bytes[inner]! & 0x0f) * 4;
  const protocol = bytes[inner + IPV4.protocol]!;
  const source = readI32(bytes, inner + IPV4.source);
  const destination = readI32(bytes, inner + IPV4.destination);
  const sourcePort = readU16(bytes, ports + PORTS.source);
  const destinationPort = readU16(bytes, ports + PORTS.destination);
  // About a packet from the virtual address to the client: for the real server that sent it.
  const incoming = connections.find(protocol, destination, destinationPort, source, sourcePort, 0);
  if (incoming !== 0) return incoming;
  // About a packet from the client to the real server: for the client, who knows only the virtual address.
  return -connections.findReply(protocol, destination, destinationPort, source, sourcePort);
}

/** Is its checksum right? Once rewritten it would be, whatever had happened on the way. */
export function isIntact({ bytes, transport, end }: Packet): boolean {
  return checksumFinish(checksumAdd(0, bytes, transport, end)) === 0;
}

/** Puts the real server's address in place of the virtual one, outside and in the quoted packet. */
export function rewriteForServer(packet: Packet, server: number, serverPort: number): void {
  const inner = packet.transport + ICMP.size;
  rewrite(packet, IPV4.destination, inner, IPV4.source, server);
  writeU16(packet.bytes, inner + (packet.bytes[inner]! & 0x0f) * 4 + PORTS.source, serverPort);
  finishIcmp(packet);
}

/** The other way round. */
export function rewriteForClient(packet: Packet, virtual: number, virtualPort: number): void {
  const inner = packet.transport + ICMP.size;
  rewrite(packet, IPV4.source, inner, IPV4.destination, virtual);
  writeU16(packet.bytes, inner + (packet.bytes[inner]! & 0x0f) * 4 + PORTS.destination, virtualPort);
  finishIcmp(packet);
}

function rewrite(packet: Packet, outerAt: number, inner: number, innerAt: number, address: number): void {
  const { bytes, ip } = packet;
  writeI32(bytes, ip + outerAt, address);
  writeU16(bytes, ip + IPV4.checksum, 0);
  finishHeader(bytes, ip);
  writeI32(bytes, inner + innerAt, address);
  writeU16(bytes, inner + IPV4.checksum, 0);
  finishHeader(bytes, inner);
}

function finishIcmp({ bytes, transport, end }: Packet): void {
  writeU16(bytes, transport + ICMP.checksum, 0);
  writeU16(bytes, transport + ICMP.checksum, checksumFinish(checksumAdd(0, bytes, transport, end)));
}
