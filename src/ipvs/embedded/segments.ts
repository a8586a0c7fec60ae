// A TCP super-frame cut into the segments that it stands for, each in a tunnel's header: what a network card
// or the kernel does elsewhere, but a virtio_net_hdr cannot describe a super-frame inside a tunnel. Checksums
// stay partial: whoever sends the frame completes them.
import { checksumAdd, checksumFinish } from '../../core/checksum.ts';
import { IPV4, IPV6, PROTOCOL } from '../../core/ip-header.ts';
import type { Addresses } from './addresses.ts';
import { finishHeader, pseudoHeaderSum } from './checksum.ts';
import { sumsUp } from './encapsulation.ts';
import {
  ETHERNET,
  ETHERTYPE,
  GSO,
  readI32,
  readU16,
  TCP,
  TCP_FLAG,
  VNET,
  VNET_NEEDS_CHECKSUM,
  writeI32,
  writeU16,
} from './frame.ts';
import type { Neighbour } from './neighbours.ts';
import type { Outbox } from './outbox.ts';
import type { Packet } from './packet.ts';
import { type Ends, wrappingSize, writeWrapping } from './tunnel.ts';

export function isCuttable(packet: Packet): boolean {
  const type = packet.bytes[packet.start - VNET.size + VNET.gsoType]! & ~GSO.withEcn;
  const kind = packet.family === 4 ? GSO.tcpv4 : GSO.tcpv6;
  return type === kind && packet.protocol === PROTOCOL.tcp && packet.segmentSize > 0;
}

/** The segment whose payload begins at `from`, into the outbox; false when that is full. */
export function putSegment(
  addresses: Addresses,
  packet: Packet,
  from: number,
  outbox: Outbox,
  neighbour: Neighbour,
  ends: Ends,
): boolean {
  const { bytes, ip, payload, end, segmentSize, family } = packet;
  const wrapping = wrappingSize(ends);
  const to = Math.min(from + segmentSize, end);
  const size = payload - ip + (to - from);
  const at = outbox.reserve(neighbour.link.slot, ETHERNET.size + wrapping + size);
  if (at === -1) return false;
  const out = outbox.bytes;
  out.set(neighbour.header, at);
  writeU16(out, at + ETHERNET.type, ends.family === 4 ? ETHERTYPE.ipv4 : ETHERTYPE.ipv6);
  const outer = at + ETHERNET.size;
  const inner = outer + wrapping;
  bytes.copy(out, inner, ip, payload);
  bytes.copy(out, inner + payload - ip, from, to);
  if (family === 6) writeU16(out, inner + IPV6.payloadLength, size - IPV6.size);
  else {
    writeU16(out, inner + IPV4.totalLength, size);
    const segment = Math.floor((from - payload) / segmentSize);
    writeU16(out, inner + IPV4.id, readU16(bytes, ip + IPV4.id) + segment);
    writeU16(out, inner + IPV4.checksum, 0);
    finishHeader(out, inner);
  }
  finishSegment(packet, out, inner, from, to);
  if (sumsUp(ends.tunnel)) {
    const tcp = inner + packet.transport - ip;
    const sum = checksumFinish(checksumAdd(0, out, tcp, inner + size));
    writeU16(out, tcp + TCP.checksum, sum);
    writeWrapping(addresses, out, outer, size, ends);
    return true;
  }
  writeWrapping(addresses, out, outer, size, ends);
  const vnet = at - VNET.size;
  const checksumStart = inner - at + packet.transport - ip;
  out[vnet + VNET.flags] = VNET_NEEDS_CHECKSUM;
  out[vnet + VNET.checksumStart] = checksumStart;
  out[vnet + VNET.checksumOffset] = TCP.checksum;
  return true;
}

function finishSegment(packet: Packet, out: Buffer, inner: number, from: number, to: number): void {
  const { ip, transport, payload, end } = packet;
  const tcp = inner + transport - ip;
  writeI32(out, tcp + TCP.sequence, readI32(out, tcp + TCP.sequence) + from - payload);
  // The last one ends what the sender said, the first one says that the window was reduced.
  if (to < end) out[tcp + TCP.flags]! &= ~(TCP_FLAG.fin | TCP_FLAG.push);
  if (from > payload) out[tcp + TCP.flags]! &= ~TCP_FLAG.windowReduced;
  const sum = pseudoHeaderSum(out, inner, PROTOCOL.tcp, payload - transport + to - from);
  writeU16(out, tcp + TCP.checksum, ~checksumFinish(sum));
}
