// ICMP errors about packets of a connection: whom they are really for, and the addresses inside them put back
// as that host knows them (IPVS: ip_vs_in_icmp, ip_vs_out_icmp). Without it path MTU discovery through the
// director would not work.
import { checksumAdd, checksumFinish } from '../../core/checksum.ts';
import type { Question } from './answers.ts';
import { finishHeader } from './checksum.ts';
import { CONNECTION, type ConnectionTable } from './connections.ts';
import { ICMP, ICMP_TYPE, IPV4, PORTS, PROTOCOL, readI32, readU16, writeI32, writeU16 } from './frame.ts';

/** Where the quoted packet's header begins, or −1 when the message is no error or quotes too little. */
function quoted({ bytes, transport, end }: Question): number {
  if (end - transport < ICMP.size + IPV4.size + PORTS.size) return -1;
  const type = bytes[transport + ICMP.type];
  const isError =
    type === ICMP_TYPE.unreachable || type === ICMP_TYPE.sourceQuench || type === ICMP_TYPE.timeExceeded;
  if (!isError) return -1;
  const inner = transport + ICMP.size;
  const length = (bytes[inner]! & 0x0f) * 4;
  const protocol = bytes[inner + IPV4.protocol];
  const isOurs = protocol === PROTOCOL.tcp || protocol === PROTOCOL.udp;
  if (bytes[inner]! >> 4 !== 4 || !isOurs || length < IPV4.size) return -1;
  return inner + length + PORTS.size <= end ? inner : -1;
}

/**
 * The address to send the (rewritten) error to; undefined when it belongs to no connection and is untouched.
 */
export function relateError(connections: ConnectionTable, question: Question): number | undefined {
  const inner = quoted(question);
  if (inner === -1) return undefined;
  const { bytes } = question;
  const ports = inner + (bytes[inner]! & 0x0f) * 4;
  const protocol = bytes[inner + IPV4.protocol]!;
  const source = readI32(bytes, inner + IPV4.source);
  const destination = readI32(bytes, inner + IPV4.destination);
  const sourcePort = readU16(bytes, ports + PORTS.source);
  const destinationPort = readU16(bytes, ports + PORTS.destination);
  // About a packet from the virtual address to the client: for the real server that sent it.
  const incoming = connections.find(protocol, destination, destinationPort, source, sourcePort, 0);
  if (incoming !== 0) {
    const server = connections.server(incoming);
    if ((connections.flags(incoming) & CONNECTION.methodMask) !== CONNECTION.masquerade) return server;
    rewrite(question, IPV4.destination, inner, IPV4.source, server);
    writeU16(bytes, ports + PORTS.source, connections.serverPort(incoming));
    finishIcmp(question);
    return server;
  }
  // About a packet from the client to the real server: for the client, who knows only the virtual address.
  const outgoing = connections.findReply(protocol, destination, destinationPort, source, sourcePort);
  if (outgoing === 0) return undefined;
  rewrite(question, IPV4.source, inner, IPV4.destination, connections.virtual(outgoing));
  writeU16(bytes, ports + PORTS.destination, connections.virtualPort(outgoing));
  finishIcmp(question);
  return connections.client(outgoing);
}

function rewrite(question: Question, outerAt: number, inner: number, innerAt: number, address: number): void {
  const { bytes, ip } = question;
  writeI32(bytes, ip + outerAt, address);
  writeU16(bytes, ip + IPV4.checksum, 0);
  finishHeader(bytes, ip);
  writeI32(bytes, inner + innerAt, address);
  writeU16(bytes, inner + IPV4.checksum, 0);
  finishHeader(bytes, inner);
}

function finishIcmp({ bytes, transport, end }: Question): void {
  writeU16(bytes, transport + ICMP.checksum, 0);
  writeU16(bytes, transport + ICMP.checksum, checksumFinish(checksumAdd(0, bytes, transport, end)));
}
