// pcapng files of IP packets, for tcpdump and Wireshark: draft-ietf-opsawg-pcapng. Each interface of its own,
// packets with their direction and, where there is something to say of one, a comment. Bytes only.
//
// The link type is Linux's cooked one, without a link address, as the sockets of adverts show none. Raw IP
// would fit better, but libpcap refuses a second interface of it ("a type 101 different from the first").

/** `atMs` of 1970. */
export type CapturedPacket = {
  atMs: number;
  interface: string;
  inbound: boolean;
  bytes: Buffer;
  /** Before it was cut off. */
  length: number;
  comment?: string;
};

const BLOCK = { section: 0x0a0d0d0a, interface: 1, packet: 6 } as const;
const BYTE_ORDER = 0x1a2b3c4d;
const VERSION = { major: 1, minor: 0 } as const;
/** LINKTYPE_LINUX_SLL. */
const COOKED = 113;
const COOKED_AT = { packetType: 0, deviceType: 2, protocol: 14, size: 16 } as const;
const PACKET_TYPE = { toUs: 0, outgoing: 4 } as const;
const ETHERNET_DEVICE = 1;
const PROTOCOL = { 4: 0x0800, 6: 0x86dd } as const;
const OPTION = { end: 0, comment: 1, application: 4, interfaceName: 2, flags: 2 } as const;
const DIRECTION = { inbound: 1, outbound: 2 } as const;
const US_PER_MS = 1000;

export function encodePcapng(packets: readonly CapturedPacket[], application: string): Buffer {
  const names = [...new Set(packets.map((packet) => packet.interface))];
  return Buffer.concat([
    section(application),
    ...names.map(interfaceBlock),
    ...packets.map((packet) => packetBlock(packet, names.indexOf(packet.interface))),
  ]);
}

function section(application: string): Buffer {
  const head = Buffer.alloc(16, 0xff); // the length of the section: not said
  head.writeUInt32LE(BYTE_ORDER, 0);
  head.writeUInt16LE(VERSION.major, 4);
  head.writeUInt16LE(VERSION.minor, 6);
  return block(BLOCK.section, [head, ...options([OPTION.application, Buffer.from(application)])]);
}

function interfaceBlock(name: string): Buffer {
  const head = Buffer.alloc(8); // no limit of length
  head.writeUInt16LE(COOKED, 0);
  return block(BLOCK.interface, [head, ...options([OPTION.interfaceName, Buffer.from(name)])]);
}

function packetBlock({ atMs, inbound, bytes, length, comment }: CapturedPacket, index: number): Buffer {
  const head = Buffer.alloc(20);
  const us = BigInt(Math.round(atMs * US_PER_MS));
  head.writeUInt32LE(index, 0);
  head.writeUInt32LE(Number(us >> 32n), 4);
  head.writeUInt32LE(Number(us & 0xffffffffn), 8);
  head.writeUInt32LE(COOKED_AT.size + bytes.length, 12);
  head.writeUInt32LE(COOKED_AT.size + length, 16);
  const flags = Buffer.alloc(4);
  flags.writeUInt32LE(inbound ? DIRECTION.inbound : DIRECTION.outbound);
  const said: [number, Buffer][] = [[OPTION.flags, flags]];
  if (comment !== undefined) said.push([OPTION.comment, Buffer.from(comment)]);
  return block(BLOCK.packet, [head, cooked(inbound, bytes), padded(bytes), ...options(...said)]);
}

function cooked(inbound: boolean, packet: Buffer): Buffer {
  const header = Buffer.alloc(COOKED_AT.size);
  header.writeUInt16BE(inbound ? PACKET_TYPE.toUs : PACKET_TYPE.outgoing, COOKED_AT.packetType);
  header.writeUInt16BE(ETHERNET_DEVICE, COOKED_AT.deviceType);
  const isIpv6 = (packet[0] ?? 0) >> 4 === 6;
  header.writeUInt16BE(PROTOCOL[isIpv6 ? 6 : 4], COOKED_AT.protocol);
  return header;
}

function block(type: number, body: readonly Buffer[]): Buffer {
  const length = body.reduce((sum, part) => sum + part.length, 12);
  const [head, tail] = [Buffer.alloc(8), Buffer.alloc(4)];
  head.writeUInt32LE(type, 0);
  head.writeUInt32LE(length, 4);
  tail.writeUInt32LE(length, 0);
  return Buffer.concat([head, ...body, tail]);
}

function options(...list: readonly [number, Buffer][]): Buffer[] {
  return [...list, [OPTION.end, Buffer.alloc(0)] as const].flatMap(([code, value]) => {
    const head = Buffer.alloc(4);
    head.writeUInt16LE(code, 0);
    head.writeUInt16LE(value.length, 2);
    return [head, padded(value)];
  });
}

function padded(bytes: Buffer): Buffer {
  const rest = -bytes.length & 3;
  return rest === 0 ? bytes : Buffer.concat([bytes, Buffer.alloc(rest)]);
}
