// Frames for the engine's tests: built from plain values with every checksum right, taken apart again, and
// judged by computing their checksums anew. Shares no arithmetic with the engine's incremental updates.
import { address, addressBytes, addressFromBytes } from '../../../src/core/address.ts';
import { internetChecksum } from '../../../src/core/checksum.ts';

export const VNET = 10;
const TCP_CHECKSUM = 16;
const UDP_CHECKSUM = 6;
const SCTP_CHECKSUM = 8;

export type Segment = {
  protocol: 'TCP' | 'UDP' | 'SCTP';
  /** SCTP only: types, each an empty chunk. */
  chunks?: readonly number[];
  from: string;
  fromPort: number;
  to: string;
  toPort: number;
  flags?: number;
  ttl?: number;
  payload?: Buffer;
  fragment?: number;
  destinationMac?: string;
  sourceMac?: string;
  /** As a sender with checksum offload leaves it: only the pseudo-header is summed. */
  partial?: boolean;
  /** UDP only: no checksum at all. */
  unchecked?: boolean;
  /** Makes it a super-frame, to be cut into segments of so many bytes. */
  gsoSize?: number;
  ipOptions?: Buffer;
  /** IPv6: each of a multiple of 8 bytes; the first one is left to {@link frame}. */
  extensions?: readonly { type: number; bytes: Buffer }[];
  trafficClass?: number;
};

export const VIRTUAL_MAC = '00:00:5e:00:01:33';
export const CLIENT_MAC = '02:00:00:00:00:0c';
export const mac = (text: string) => Buffer.from(text.replaceAll(':', ''), 'hex');
export const macText = (bytes: Uint8Array) =>
  Buffer.from(bytes)
    .toString('hex')
    .replace(/..(?=.)/g, '$&:');

function pseudoHeader(from: Buffer, to: Buffer, protocol: number, length: number): Buffer {
  const end = Buffer.from([0, 0, 0, protocol, 0, 0, length >> 8, length & 255]);
  return Buffer.concat([from, to, end]);
}

function transportOf(segment: Segment): Buffer {
  if (segment.protocol === 'SCTP') return sctpOf(segment);
  const payload = segment.payload ?? Buffer.alloc(0);
  const head = Buffer.alloc(segment.protocol === 'TCP' ? 20 : 8);
  head.writeUInt16BE(segment.fromPort, 0);
  head.writeUInt16BE(segment.toPort, 2);
  if (segment.protocol === 'TCP') {
    head.writeUInt32BE(1000, 4);
    head.writeUInt32BE(2000, 8);
    head[12] = 0x50;
    head[13] = segment.flags ?? 0x10;
    head.writeUInt16BE(0xffff, 14);
  } else head.writeUInt16BE(8 + payload.length, 4);
  return Buffer.concat([head, payload]);
}

function sctpOf(segment: Segment): Buffer {
  const head = Buffer.alloc(12);
  head.writeUInt16BE(segment.fromPort, 0);
  head.writeUInt16BE(segment.toPort, 2);
  head.writeUInt32BE(0x1234567, 4);
  const chunks = (segment.chunks ?? [1]).map((type) => Buffer.from([type, 0, 0, 4]));
  const whole = Buffer.concat([head, ...chunks, segment.payload ?? Buffer.alloc(0)]);
  if (!segment.partial) whole.writeUInt32LE(crc32c(whole), 8);
  return whole;
}

/** Bit by bit: shares nothing with the engine's. */
export function crc32c(bytes: Uint8Array): number {
  let crc = 0xffffffff;
  for (const byte of bytes) {
    crc ^= byte;
    for (let bit = 0; bit < 8; bit++) crc = crc & 1 ? (crc >>> 1) ^ 0x82f63b78 : crc >>> 1;
  }
  return ~crc >>> 0;
}

/** An IPv4 or IPv6 packet in an Ethernet frame behind its virtio_net_hdr. */
export function frame(segment: Segment): Buffer {
  const number = { TCP: 6, UDP: 17, SCTP: 132 }[segment.protocol];
  const checksumAt = { TCP: TCP_CHECKSUM, UDP: UDP_CHECKSUM, SCTP: SCTP_CHECKSUM }[segment.protocol];
  const transport = transportOf(segment);
  const from = addressBytes(address(segment.from));
  const to = addressBytes(address(segment.to));
  const pseudo = pseudoHeader(from, to, number, transport.length);
  const vnet = Buffer.alloc(VNET);
  const header = segment.from.includes(':') ? header6 : header4;
  const whole = header(segment, { from, to, number, size: transport.length });
  if (segment.partial) {
    if (number !== 132) transport.writeUInt16BE(~internetChecksum(pseudo) & 0xffff, checksumAt);
    vnet[0] = 1;
    vnet.writeUInt16LE(14 + whole.length, 6);
    vnet.writeUInt16LE(checksumAt, 8);
  } else if (!segment.unchecked && number !== 132) {
    const sum = internetChecksum(pseudo, transport);
    transport.writeUInt16BE(sum === 0 && number === 17 ? 0xffff : sum, checksumAt);
  }
  if (segment.gsoSize !== undefined) {
    vnet[1] = segment.from.includes(':') ? 4 : 1;
    vnet.writeUInt16LE(segment.gsoSize, 4);
  }
  const ethernet = Buffer.concat([
    mac(segment.destinationMac ?? VIRTUAL_MAC),
    mac(segment.sourceMac ?? CLIENT_MAC),
    Buffer.from(segment.from.includes(':') ? [0x86, 0xdd] : [0x08, 0x00]),
  ]);
  return Buffer.concat([vnet, ethernet, whole, transport]);
}

type Ends = { from: Buffer; to: Buffer; number: number; size: number };

function header4(segment: Segment, { from, to, number, size }: Ends): Buffer {
  const options = segment.ipOptions ?? Buffer.alloc(0);
  const headerLength = 20 + options.length;
  const header = Buffer.alloc(20);
  header[0] = 0x40 | (headerLength / 4);
  header.writeUInt16BE(headerLength + size, 2);
  header.writeUInt16BE(segment.fragment ?? 0x4000, 6);
  header[8] = segment.ttl ?? 64;
  header[9] = number;
  from.copy(header, 12);
  to.copy(header, 16);
  const whole = Buffer.concat([header, options]);
  whole.writeUInt16BE(internetChecksum(whole), 10);
  return whole;
}

function header6(segment: Segment, { from, to, number, size }: Ends): Buffer {
  const extensions = segment.extensions ?? [];
  const types = [...extensions.map(({ type }) => type), number];
  const chain = Buffer.concat(
    extensions.map(({ bytes }, i) => Buffer.concat([Buffer.from([types[i + 1]!]), bytes.subarray(1)])),
  );
  const header = Buffer.alloc(8);
  header.writeUInt32BE(0x60000000 | ((segment.trafficClass ?? 0) << 20) | 0x12345);
  header.writeUInt16BE(chain.length + size, 4);
  header[6] = types[0]!;
  header[7] = segment.ttl ?? 64;
  return Buffer.concat([header, from, to, chain]);
}

export type Seen = {
  destinationMac: string;
  sourceMac: string;
  from: string;
  fromPort: number;
  to: string;
  toPort: number;
  ttl: number;
  protocol: number;
  /** TCP only. */
  flags: number;
  /** Headers and, unless it is partial, transport. */
  checksumsRight: boolean;
  payload: string;
};

const EXTENSIONS = [0, 43, 44, 60];
const dotted = (bytes: Uint8Array) => addressFromBytes(bytes);

function parts4(ip: Buffer) {
  const headerLength = (ip[0]! & 15) * 4;
  return {
    protocol: ip[9]!,
    from: ip.subarray(12, 16),
    to: ip.subarray(16, 20),
    transport: ip.subarray(headerLength, ip.readUInt16BE(2)),
    ttl: ip[8]!,
    headerRight: internetChecksum(ip.subarray(0, headerLength)) === 0,
  };
}
function parts6(ip: Buffer) {
  let protocol = ip[6]!;
  let at = 40;
  while (EXTENSIONS.includes(protocol)) {
    const size = protocol === 44 ? 8 : (ip[at + 1]! + 1) * 8;
    protocol = ip[at]!;
    at += size;
  }
  return {
    protocol,
    from: ip.subarray(8, 24),
    to: ip.subarray(24, 40),
    transport: ip.subarray(at, 40 + ip.readUInt16BE(4)),
    ttl: ip[7]!,
    headerRight: true,
  };
}

/** What is in a TCP or UDP frame (with its virtio_net_hdr); every checksum computed from scratch. */
export function look(bytes: Uint8Array): Seen {
  const whole = Buffer.from(bytes);
  const ip = whole.subarray(VNET + 14);
  const { protocol, from, to, transport, ttl, headerRight } = ip[0]! >> 4 === 6 ? parts6(ip) : parts4(ip);
  const pseudo = pseudoHeader(from, to, protocol, transport.length);
  const checksumAt = protocol === 6 ? TCP_CHECKSUM : UDP_CHECKSUM;
  const given = transport.readUInt16BE(checksumAt);
  const isPartial = (whole[0]! & 1) !== 0;
  const transportRight =
    protocol === 132
      ? isSctpRight(transport)
      : isPartial
        ? given === (~internetChecksum(pseudo) & 0xffff) ||
          (given === 0) === (internetChecksum(pseudo) === 0xffff)
        : (given === 0 && protocol === 17) || internetChecksum(pseudo, transport) === 0;
  return {
    destinationMac: macText(whole.subarray(VNET, VNET + 6)),
    sourceMac: macText(whole.subarray(VNET + 6, VNET + 12)),
    from: addressFromBytes(from),
    fromPort: transport.readUInt16BE(0),
    to: addressFromBytes(to),
    toPort: transport.readUInt16BE(2),
    ttl,
    protocol,
    flags: protocol === 6 ? transport[13]! : 0,
    checksumsRight: headerRight && transportRight,
    payload: transport.subarray({ 6: 20, 132: 12 }[protocol] ?? 8).toString('latin1'),
  };
}

function isSctpRight(transport: Buffer): boolean {
  const zeroed = Buffer.from(transport).fill(0, 8, 12);
  return crc32c(zeroed) === transport.readUInt32LE(8);
}

/** A frame with an IPv4 ICMP message whose checksums are right. */
export function icmpFrame(
  ends: { from: string; to: string; destinationMac: string },
  message: Buffer,
): Buffer {
  const whole = Buffer.from(message);
  whole.writeUInt16BE(0, 2);
  whole.writeUInt16BE(internetChecksum(whole), 2);
  const header = Buffer.from('450000000000400040010000', 'hex');
  header.writeUInt16BE(20 + whole.length, 2);
  const addresses = [ends.from, ends.to].map((text) => addressBytes(address(text)));
  const packet = Buffer.concat([header, ...addresses, whole]);
  packet.writeUInt16BE(internetChecksum(packet.subarray(0, 20)), 10);
  const ethernet = [mac(ends.destinationMac), mac(CLIENT_MAC), Buffer.from([0x08, 0x00])];
  return Buffer.concat([Buffer.alloc(VNET), ...ethernet, packet]);
}

export type Arp = {
  operation: number;
  senderMac: string;
  sender: string;
  targetMac: string;
  target: string;
  destinationMac: string;
};

export function arpFrame(arp: Arp): Buffer {
  const fixed = Buffer.from('0001080006040000', 'hex');
  fixed.writeUInt16BE(arp.operation, 6);
  return Buffer.concat([
    Buffer.alloc(VNET),
    mac(arp.destinationMac),
    mac(arp.senderMac),
    Buffer.from([0x08, 0x06]),
    fixed,
    mac(arp.senderMac),
    addressBytes(address(arp.sender)),
    mac(arp.targetMac),
    addressBytes(address(arp.target)),
  ]);
}

/** Undefined when the frame is no ARP message. */
export function lookArp(bytes: Uint8Array): Arp | undefined {
  const frame = Buffer.from(bytes).subarray(VNET);
  if (frame.readUInt16BE(12) !== 0x0806) return undefined;
  return {
    operation: frame.readUInt16BE(20),
    senderMac: macText(frame.subarray(22, 28)),
    sender: dotted(frame.subarray(28, 32)),
    targetMac: macText(frame.subarray(32, 38)),
    target: dotted(frame.subarray(38, 42)),
    destinationMac: macText(frame.subarray(0, 6)),
  };
}
