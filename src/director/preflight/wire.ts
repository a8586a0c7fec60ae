// Packets that ask a real server whether it is one, and what its answers say: IPv4 (RFC 791) and IPv6 (RFC
// 8200) with ICMP echo (RFC 792, 4443), TCP (RFC 9293) and UDP in them. What is no answer of these is none.
import { type Address, addressBytes, addressFromBytes, familyOf } from '../../core/address.ts';
import { internetChecksum } from '../../core/checksum.ts';
import { IPV4, IPV6, PROTOCOL } from '../../core/ip-header.ts';
import { ETHERNET, macText } from '../../vrrp/ethernet.ts';

export const ETHERTYPE_IP = { 4: 0x0800, 6: 0x86dd } as const;
const DONT_FRAGMENT = 0x4000;
const TTL = 64;
const TCP = {
  from: 0,
  to: 2,
  sequence: 4,
  acknowledged: 8,
  offset: 12,
  flags: 13,
  window: 14,
  checksum: 16,
  size: 20,
};
const FLAG = { SYN: 2, RST: 4, ACK: 16 } as const;
const OPTION = { END: 0, NOTHING: 1, SEGMENT: 2 } as const;
const UDP = { from: 0, to: 2, length: 4, checksum: 6, size: 8 } as const;
const ICMP = { type: 0, code: 1, checksum: 2, id: 4, sequence: 6, size: 8 } as const;
/** By family: ICMP and ICMPv6. */
const ECHO = { 4: { request: 8, reply: 0 }, 6: { request: 128, reply: 129 } } as const;
const UNREACHABLE = { 4: 3, 6: 1 } as const;
/** ICMPv6: a next header that nobody knows. */
const PARAMETER_PROBLEM_6 = 4;

export type Ends = { source: Address; destination: Address };
export type Ports = { from: number; to: number };

/** `length`: of the whole packet, filled with zeros. */
export function echoRequest(ends: Ends, id: number, length = 0): Buffer {
  const family = familyOf(ends.source);
  const header = family === 4 ? IPV4.size : IPV6.size;
  const message = Buffer.alloc(Math.max(ICMP.size, length - header));
  message.writeUInt8(ECHO[family].request, ICMP.type);
  message.writeUInt16BE(id, ICMP.id);
  message.writeUInt16BE(1, ICMP.sequence);
  const protocol = family === 4 ? PROTOCOL.icmp : PROTOCOL.icmpv6;
  const sum = family === 4 ? internetChecksum(message) : pseudoChecksum(ends, protocol, message);
  message.writeUInt16BE(sum, ICMP.checksum);
  return ipPacket(ends, protocol, message);
}

/** A connection is begun; `segment`: the largest that the sender takes. */
export function tcpSyn(ends: Ends, ports: Ports, sequence: number, segment: number): Buffer {
  const options = Buffer.from([OPTION.SEGMENT, 4, segment >> 8, segment & 0xff]);
  return tcp(ends, ports, { sequence, acknowledged: 0, flags: FLAG.SYN }, options);
}
/** And given up: the other end forgets it at once. */
export function tcpReset(ends: Ends, ports: Ports, sequence: number): Buffer {
  return tcp(ends, ports, { sequence, acknowledged: 0, flags: FLAG.RST }, Buffer.alloc(0));
}

function tcp(
  ends: Ends,
  { from, to }: Ports,
  { sequence, acknowledged, flags }: { sequence: number; acknowledged: number; flags: number },
  options: Buffer,
): Buffer {
  const segment = Buffer.alloc(TCP.size + options.length);
  segment.writeUInt16BE(from, TCP.from);
  segment.writeUInt16BE(to, TCP.to);
  segment.writeUInt32BE(sequence >>> 0, TCP.sequence);
  segment.writeUInt32BE(acknowledged >>> 0, TCP.acknowledged);
  segment.writeUInt8((segment.length / 4) << 4, TCP.offset);
  segment.writeUInt8(flags, TCP.flags);
  segment.writeUInt16BE(0xffff, TCP.window);
  options.copy(segment, TCP.size);
  segment.writeUInt16BE(pseudoChecksum(ends, PROTOCOL.tcp, segment), TCP.checksum);
  return ipPacket(ends, PROTOCOL.tcp, segment);
}

/** With nothing in it. */
export function udpDatagram(ends: Ends, { from, to }: Ports): Buffer {
  const datagram = Buffer.alloc(UDP.size);
  datagram.writeUInt16BE(from, UDP.from);
  datagram.writeUInt16BE(to, UDP.to);
  datagram.writeUInt16BE(UDP.size, UDP.length);
  datagram.writeUInt16BE(pseudoChecksum(ends, PROTOCOL.udp, datagram) || 0xffff, UDP.checksum);
  return ipPacket(ends, PROTOCOL.udp, datagram);
}

export function frameOf(packet: Buffer, { from, to }: { from: Uint8Array; to: Uint8Array }): Buffer {
  const frame = Buffer.alloc(ETHERNET.size + packet.length);
  frame.set(to, ETHERNET.destination);
  frame.set(from, ETHERNET.source);
  frame.writeUInt16BE(packet[0]! >> 4 === 4 ? ETHERTYPE_IP[4] : ETHERTYPE_IP[6], ETHERNET.type);
  frame.set(packet, ETHERNET.size);
  return frame;
}

function ipPacket({ source, destination }: Ends, protocol: number, payload: Buffer): Buffer {
  const isSix = familyOf(source) === 6;
  const header = Buffer.alloc(isSix ? IPV6.size : IPV4.size);
  if (isSix) {
    header.writeUInt8(0x60, 0);
    header.writeUInt16BE(payload.length, IPV6.payloadLength);
    header.writeUInt8(protocol, IPV6.nextHeader);
    header.writeUInt8(TTL, IPV6.hopLimit);
    header.set(addressBytes(source), IPV6.source);
    header.set(addressBytes(destination), IPV6.destination);
  } else {
    header.writeUInt8(0x45, 0);
    header.writeUInt16BE(IPV4.size + payload.length, IPV4.totalLength);
    header.writeUInt16BE(DONT_FRAGMENT, IPV4.fragment);
    header.writeUInt8(TTL, IPV4.ttl);
    header.writeUInt8(protocol, IPV4.protocol);
    header.set(addressBytes(source), IPV4.source);
    header.set(addressBytes(destination), IPV4.destination);
    header.writeUInt16BE(internetChecksum(header), IPV4.checksum);
  }
  return Buffer.concat([header, payload]);
}

/** Both families' pseudo-headers add up alike: addresses, length, protocol. */
function pseudoChecksum({ source, destination }: Ends, protocol: number, payload: Buffer): number {
  const tail = Buffer.from([payload.length >> 8, payload.length & 0xff, 0, protocol]);
  return internetChecksum(addressBytes(source), addressBytes(destination), tail, payload);
}

export type Answer =
  | { type: 'echo'; id: number }
  | { type: 'synAck'; ports: Ports; sequence: number; acknowledged: number; segment?: number }
  | { type: 'reset'; ports: Ports }
  | { type: 'udp'; ports: Ports }
  /** Of a packet of ours: where that one went, and what was in it. */
  | { type: 'unreachable'; code: number; to: Address; protocol: number; ports?: Ports };
/** `mac`: who put it on the link. */
export type Heard = Ends & { mac: string; answer: Answer };

/** Of a frame with its Ethernet header; undefined when it is none of these. */
export function readAnswer(frame: Buffer): Heard | undefined {
  if (frame.length < ETHERNET.size) return undefined;
  const packet = readPacket(frame.subarray(ETHERNET.size));
  if (packet === undefined) return undefined;
  const { protocol, payload, ...ends } = packet;
  const answer = answerIn(protocol, payload);
  if (answer === undefined) return undefined;
  return { ...ends, mac: macText(frame.subarray(ETHERNET.source, ETHERNET.type)), answer };
}

type Packet = Ends & { protocol: number; payload: Buffer };
/** A quoted packet may be cut short: lengths are not compared. */
function readPacket(bytes: Buffer): Packet | undefined {
  const version = (bytes[0] ?? 0) >> 4;
  if (version === 4 && bytes.length >= IPV4.size) {
    const header = (bytes[0]! & 0x0f) * 4;
    if (header < IPV4.size || bytes.length < header) return undefined;
    const end = Math.max(header, Math.min(bytes.length, bytes.readUInt16BE(IPV4.totalLength)));
    return {
      source: addressFromBytes(bytes.subarray(IPV4.source, IPV4.destination)),
      destination: addressFromBytes(bytes.subarray(IPV4.destination, IPV4.size)),
      protocol: bytes.readUInt8(IPV4.protocol),
      payload: bytes.subarray(header, end),
    };
  }
  if (version !== 6 || bytes.length < IPV6.size) return undefined;
  return {
    source: addressFromBytes(bytes.subarray(IPV6.source, IPV6.destination)),
    destination: addressFromBytes(bytes.subarray(IPV6.destination, IPV6.size)),
    protocol: bytes.readUInt8(IPV6.nextHeader),
    payload: bytes.subarray(IPV6.size),
  };
}

function answerIn(protocol: number, payload: Buffer): Answer | undefined {
  switch (protocol) {
    case PROTOCOL.tcp:
      return readTcp(payload);
    case PROTOCOL.udp:
      return payload.length < UDP.size ? undefined : { type: 'udp', ports: portsIn(payload) };
    case PROTOCOL.icmp:
      return readIcmp(payload, 4);
    case PROTOCOL.icmpv6:
      return readIcmp(payload, 6);
    default:
      return undefined;
  }
}

function readTcp(payload: Buffer): Answer | undefined {
  if (payload.length < TCP.size) return undefined;
  const flags = payload.readUInt8(TCP.flags);
  const ports = portsIn(payload);
  if ((flags & FLAG.RST) !== 0) return { type: 'reset', ports };
  if ((flags & FLAG.SYN) === 0 || (flags & FLAG.ACK) === 0) return undefined;
  const options = payload.subarray(TCP.size, (payload.readUInt8(TCP.offset) >> 4) * 4);
  const segment = segmentIn(options);
  return {
    type: 'synAck',
    ports,
    sequence: payload.readUInt32BE(TCP.sequence),
    acknowledged: payload.readUInt32BE(TCP.acknowledged),
    ...(segment === undefined ? {} : { segment }),
  };
}

function segmentIn(options: Buffer): number | undefined {
  for (let at = 0; at + 1 < options.length; ) {
    const kind = options[at]!;
    if (kind === OPTION.END) return undefined;
    if (kind === OPTION.NOTHING) {
      at++;
      continue;
    }
    const length = options[at + 1]!;
    if (length < 2) return undefined;
    if (kind === OPTION.SEGMENT && length === 4 && at + 4 <= options.length)
      return options.readUInt16BE(at + 2);
    at += length;
  }
  return undefined;
}

function readIcmp(message: Buffer, family: 4 | 6): Answer | undefined {
  if (message.length < ICMP.size) return undefined;
  const type = message.readUInt8(ICMP.type);
  if (type === ECHO[family].reply) return { type: 'echo', id: message.readUInt16BE(ICMP.id) };
  if (type !== UNREACHABLE[family] && !(family === 6 && type === PARAMETER_PROBLEM_6)) return undefined;
  const quoted = readPacket(message.subarray(ICMP.size));
  if (quoted === undefined) return undefined;
  const hasPorts = quoted.protocol === PROTOCOL.tcp || quoted.protocol === PROTOCOL.udp;
  return {
    type: 'unreachable',
    code: message.readUInt8(ICMP.code),
    to: quoted.destination,
    protocol: quoted.protocol,
    ...(hasPorts && quoted.payload.length >= 4 ? { ports: portsIn(quoted.payload) } : {}),
  };
}

function portsIn(payload: Buffer): Ports {
  return { from: payload.readUInt16BE(0), to: payload.readUInt16BE(2) };
}
