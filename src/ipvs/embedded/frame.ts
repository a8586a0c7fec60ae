// Where the fields of Ethernet, ARP, IPv4, IPv6, TCP, UDP and ICMP are, and how they are read and written in
// place. Checks nothing.
//
// Addresses are signed 32-bit integers everywhere in the engine: V8 keeps those unboxed, so a packet
// allocates nothing. Those of IPv6 are numbers that addresses.ts gives them.
import type { Family } from '../../core/address.ts';
import { PROTOCOL } from '../../core/ip-header.ts';

/**
 * struct virtio_net_hdr, in front of every frame of a packet socket with PACKET_VNET_HDR. Words are in host
 * order.
 */
export const VNET = {
  flags: 0,
  gsoType: 1,
  gsoSize: 4,
  checksumStart: 6,
  checksumOffset: 8,
  size: 10,
} as const;
export const GSO = { none: 0, tcpv4: 1, udp: 3, tcpv6: 4, withEcn: 0x80 } as const;
/**
 * The checksum field holds the uncomplemented sum of the pseudo-header; the sum over the payload is still to
 * come.
 */
export const VNET_NEEDS_CHECKSUM = 1;

export const ETHERNET = { destination: 0, source: 6, type: 12, size: 14 } as const;
export const ETHERTYPE = { ipv4: 0x0800, arp: 0x0806, ipv6: 0x86dd } as const;

export const ARP = {
  hardware: 0,
  protocol: 2,
  lengths: 4,
  operation: 6,
  senderMac: 8,
  senderAddress: 14,
  targetMac: 18,
  targetAddress: 24,
  size: 28,
} as const;
export const ARP_OPERATION = { request: 1, reply: 2 } as const;

export const FRAGMENT = { dontFragment: 0x4000, more: 0x2000, offset: 0x1fff, moreOrOffset: 0x3fff } as const;
/**
 * A *flow* is what tables are asked for beside addresses and ports: the protocol's number, with IPV6_FLOW
 * when the addresses are IPv6's.
 */
export const IPV6_FLOW = 0x100;
export function flowOf(protocol: number, family: Family): number {
  return family === 6 ? protocol | IPV6_FLOW : protocol;
}
export function protocolOf(flow: number): number {
  return flow & 0xff;
}
/** A service may be of this protocol. */
export function hasPorts(protocol: number): boolean {
  return protocol === PROTOCOL.tcp || protocol === PROTOCOL.udp || protocol === PROTOCOL.sctp;
}
export function familyOfFlow(flow: number): Family {
  return flow < IPV6_FLOW ? 4 : 6;
}

/** Ports are at the same place in TCP, UDP and SCTP. */
export const PORTS = { source: 0, destination: 2, size: 4 } as const;
export const TCP = {
  sequence: 4,
  acknowledgement: 8,
  offset: 12,
  flags: 13,
  checksum: 16,
  size: 20,
} as const;
export const TCP_FLAG = { fin: 1, syn: 2, rst: 4, push: 8, ack: 0x10, windowReduced: 0x80 } as const;
export const UDP = { length: 4, checksum: 6, size: 8 } as const;
export const ICMP = { type: 0, code: 1, checksum: 2, rest: 4, size: 8 } as const;
export const ICMP_TYPE = {
  echoReply: 0,
  unreachable: 3,
  sourceQuench: 4,
  echoRequest: 8,
  timeExceeded: 11,
} as const;
export const UNREACHABLE = { host: 1, port: 3, fragmentationNeeded: 4 } as const;
/** RFC 4443; what is below `information` is an error. */
export const ICMPV6_TYPE = {
  unreachable: 1,
  tooBig: 2,
  timeExceeded: 3,
  information: 128,
  echoRequest: 128,
  echoReply: 129,
  solicitation: 135,
  advertisement: 136,
  redirect: 137,
} as const;
/** The two families' ways to say the same. */
export const ICMP_ERROR = {
  portUnreachable: { 4: { type: 3, code: 3 }, 6: { type: 1, code: 4 } },
  tooBig: { 4: { type: 3, code: 4 }, 6: { type: 2, code: 0 } },
  timeExceeded: { 4: { type: 11, code: 0 }, 6: { type: 3, code: 0 } },
} as const;

export function readU16(bytes: Uint8Array, at: number): number {
  return (bytes[at]! << 8) | bytes[at + 1]!;
}
export function writeU16(bytes: Uint8Array, at: number, value: number): void {
  bytes[at] = value >> 8;
  bytes[at + 1] = value;
}
/** Signed. */
export function readI32(bytes: Uint8Array, at: number): number {
  return (bytes[at]! << 24) | (bytes[at + 1]! << 16) | (bytes[at + 2]! << 8) | bytes[at + 3]!;
}
export function writeI32(bytes: Uint8Array, at: number, value: number): void {
  bytes[at] = value >> 24;
  bytes[at + 1] = value >> 16;
  bytes[at + 2] = value >> 8;
  bytes[at + 3] = value;
}
export function copyMac(from: Uint8Array, fromAt: number, to: Uint8Array, toAt: number): void {
  for (let i = 0; i < 6; i++) to[toAt + i] = from[fromAt + i]!;
}

/** The fifth byte of a virtual router's MAC, by family. */
const MAC_FAMILY = { 4: 1, 6: 2 } as const;

/** 00-00-5E-00-01-{vrid}, over IPv6 …-02-…, RFC 9568 §7.3: one of a virtual router, whoever is its master. */
export function virtualMac(vrid: number, family: Family): Uint8Array {
  return Uint8Array.of(0x00, 0x00, 0x5e, 0x00, MAC_FAMILY[family], vrid);
}
/** The vrid, with IPV6_FLOW over IPv6, when the MAC at `at` is a virtual router's, else −1. */
export function virtualMacVrid(bytes: Uint8Array, at: number): number {
  if (bytes[at] !== 0 || bytes[at + 1] !== 0 || bytes[at + 2] !== 0x5e || bytes[at + 3] !== 0) return -1;
  if (bytes[at + 4] === MAC_FAMILY[4]) return bytes[at + 5]!;
  return bytes[at + 4] === MAC_FAMILY[6] ? bytes[at + 5]! | IPV6_FLOW : -1;
}
