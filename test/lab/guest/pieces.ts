// Packets in fragments for same-packets.ts: cut as a sender cuts them, and put together again as a receiver
// does, out of tunnels, too, which one director puts around each fragment and the other around the whole.
import { internetChecksum } from '../../../src/core/checksum.ts';
import { IPV6, PROTOCOL } from '../../../src/core/ip-header.ts';
import { VNET } from '../../ipvs/embedded/frames.ts';

const IP = 14;
const MORE = 0x2000;
const FRAGMENT6 = { size: 8, more: 1 } as const;
/** Each 8 bytes: PadN; a routing header with nothing left to visit; PadN. */
export const EXTENSIONS = {
  hopByHop: { type: 0, bytes: Buffer.from('0000010400000000', 'hex') },
  routing: { type: 43, bytes: Buffer.from('0000040000000000', 'hex') },
  destination: { type: 60, bytes: Buffer.from('0000010400000000', 'hex') },
} as const;
export type ExtensionName = keyof typeof EXTENSIONS;
const EXTENSION_TYPES: readonly number[] = Object.values(EXTENSIONS).map(({ type }) => type);
export const GUE_PORT = 6080;
const GUE_SIZE = 12;
let identification = 0;

/**
 * Of a frame with an IPv4 packet without options, or an IPv6 one whose first `before` bytes of extension
 * headers are in each fragment; each carries `each` bytes.
 */
export function fragmentsOf(whole: Buffer, each: number, before = 0): Buffer[] {
  identification++;
  const isIpv4 = whole[VNET + IP]! >> 4 === 4;
  const head = VNET + IP + (isIpv4 ? 20 : IPV6.size + before);
  const fragments: Buffer[] = [];
  for (let from = head; from < whole.length; from += each) {
    const part = whole.subarray(from, from + each);
    const place = { offset: from - head, isLast: from + each >= whole.length };
    fragments.push(isIpv4 ? fragment4(whole, head, part, place) : fragment6(whole, head, part, place));
  }
  return fragments;
}

type Place = { offset: number; isLast: boolean };

function fragment4(whole: Buffer, head: number, part: Buffer, { offset, isLast }: Place): Buffer {
  const piece = Buffer.concat([whole.subarray(0, head), part]);
  const packet = piece.subarray(VNET + IP);
  packet.writeUInt16BE(packet.length, 2);
  packet.writeUInt16BE(identification & 0xffff, 4);
  packet.writeUInt16BE((offset / 8) | (isLast ? 0 : MORE), 6);
  packet.writeUInt16BE(0, 10);
  packet.writeUInt16BE(internetChecksum(packet.subarray(0, 20)), 10);
  return piece;
}

function fragment6(whole: Buffer, head: number, part: Buffer, { offset, isLast }: Place): Buffer {
  const extension = Buffer.alloc(FRAGMENT6.size);
  extension.writeUInt16BE(offset | (isLast ? 0 : FRAGMENT6.more), 2);
  extension.writeUInt32BE(identification, 4);
  const piece = Buffer.concat([whole.subarray(0, head), extension, part]);
  // Who said what follows says that it is a fragment.
  const says = head === VNET + IP + IPV6.size ? VNET + IP + IPV6.nextHeader : VNET + IP + IPV6.size;
  piece[head] = piece[says]!;
  piece[says] = PROTOCOL.fragment;
  piece.writeUInt16BE(piece.length - VNET - IP - IPV6.size, VNET + IP + IPV6.payloadLength);
  return piece;
}

/** What a receiver has of these frames in the end, and of what is still to come how much. */
export function received(frames: readonly Buffer[]): string[] {
  const packets = frames.flatMap((bytes) => {
    const type = bytes.readUInt16BE(12);
    // To groups the kernel says on its own which ones it listens to.
    if ((type !== 0x0800 && type !== 0x86dd) || (bytes[0]! & 1) !== 0) return [];
    return [{ to: bytes.toString('hex', 0, 6), packet: packetOf(bytes.subarray(IP)) }];
  });
  const places = new Map<string, Buffer[]>();
  for (const { to, packet } of packets) places.set(to, [...(places.get(to) ?? []), packet]);
  return [...places].flatMap(([to, all]) => together(all).map((one) => `${to} ${textOf(one)}`)).toSorted();
}

/** A packet that was in fragments has no checksum of its header. */
function textOf(packet: Buffer): string {
  if (packet[0]! >> 4 === 4) packet.fill(0, 10, 12);
  return packet.toString(packet[0]! >> 4 > 6 ? 'latin1' : 'hex');
}

function packetOf(bytes: Buffer): Buffer {
  const isIpv4 = bytes[0]! >> 4 === 4;
  return Buffer.from(bytes.subarray(0, isIpv4 ? bytes.readUInt16BE(2) : IPV6.size + bytes.readUInt16BE(4)));
}

/** Undefined: no tunnel's packet. */
function unwrapped(packet: Buffer): Buffer | undefined {
  const isIpv4 = packet[0]! >> 4 === 4;
  const protocol = isIpv4 ? packet[9]! : packet[IPV6.nextHeader]!;
  const at = isIpv4 ? 20 : IPV6.size;
  if (protocol === PROTOCOL.ipip || protocol === PROTOCOL.ipv6) return packet.subarray(at);
  if (protocol === PROTOCOL.gre) return packet.subarray(at + ((packet[at]! & 0x80) === 0 ? 4 : 8));
  const isGue = protocol === PROTOCOL.udp && packet.readUInt16BE(at + 2) === GUE_PORT;
  return isGue ? packet.subarray(at + GUE_SIZE) : undefined;
}

type Piece = { offset: number; isLast: boolean; data: Buffer; head: Buffer };

/** Inside a tunnel there may be fragments again. */
function together(packets: readonly Buffer[]): Buffer[] {
  const pieces = new Map<string, Piece[]>();
  const done: Buffer[] = [];
  for (const packet of packets) {
    const found = pieceOf(packet);
    if (found === undefined) done.push(packet);
    else pieces.set(found.key, [...(pieces.get(found.key) ?? []), found.piece]);
  }
  for (const [key, all] of pieces) done.push(joined(key, all));
  const inner = done.map(unwrapped);
  if (inner.every((one) => one === undefined)) return done;
  return together(done.map((one, i) => inner[i] ?? one));
}

function joined(key: string, all: readonly Piece[]): Buffer {
  const sorted = [...all].sort((a, b) => a.offset - b.offset);
  let end = 0;
  for (const { offset, data } of sorted) {
    if (offset !== end) return Buffer.from(`\x7fincomplete at ${end}: ${key}`);
    end += data.length;
  }
  if (!sorted.at(-1)!.isLast) return Buffer.from(`\x7fincomplete at ${end}: ${key}`);
  const packet = Buffer.concat([sorted[0]!.head, ...sorted.map(({ data }) => data)]);
  if (packet[0]! >> 4 === 4) {
    packet.writeUInt16BE(packet.length, 2);
    packet.fill(0, 6, 8).fill(0, 10, 12);
  } else packet.writeUInt16BE(packet.length - IPV6.size, IPV6.payloadLength);
  return packet;
}

function pieceOf(packet: Buffer): { key: string; piece: Piece } | undefined {
  if (packet[0]! >> 4 === 4) {
    const word = packet.readUInt16BE(6) & 0x3fff;
    if (word === 0) return undefined;
    if (internetChecksum(packet.subarray(0, 20)) !== 0) throw new Error('a fragment with a wrong checksum');
    const key = `${packet.toString('hex', 4, 6)} ${packet.toString('hex', 12, 20)} ${packet[9]}`;
    const place = { offset: (word & 0x1fff) * 8, isLast: (word & MORE) === 0 };
    return { key, piece: { ...place, data: packet.subarray(20), head: packet.subarray(0, 20) } };
  }
  let says: number = IPV6.nextHeader;
  let at: number = IPV6.size;
  while (EXTENSION_TYPES.includes(packet[says]!)) {
    says = at;
    at += (packet[at + 1]! + 1) * 8;
  }
  if (packet[says] !== PROTOCOL.fragment) return undefined;
  const head = Buffer.from(packet.subarray(0, at));
  head[says] = packet[at]!;
  const word = packet.readUInt16BE(at + 2);
  const key = `${packet.toString('hex', at + 4, at + 8)} ${packet.toString('hex', 8, 40)}`;
  const place = { offset: word & 0xfff8, isLast: (word & FRAGMENT6.more) === 0 };
  return { key, piece: { ...place, data: packet.subarray(at + FRAGMENT6.size), head } };
}
