// struct sockaddr_in, _in6, _ll and _nl as bytes, made and taken apart. Does no system calls.
import { type Address, addressBytes, addressFromBytes, familyOf } from '../core/address.ts';
import { AF } from './libc.ts';

// <netinet/in.h>, <linux/if_packet.h>, <linux/netlink.h>: family is in host order, ports and protocols in
// network order.
const INET = { family: 0, port: 2, address: 4, size: 16 } as const;
const INET6 = { family: 0, port: 2, flow: 4, address: 8, scope: 24, size: 28 } as const;
const LL = {
  family: 0,
  protocol: 2,
  ifindex: 4,
  hatype: 8,
  pkttype: 10,
  halen: 11,
  mac: 12,
  size: 20,
} as const;
const NL = { family: 0, port: 4, groups: 8, size: 12 } as const;

/** `scope` is the interface index that a link-local IPv6 address belongs to. */
export function sockaddrInet(address: Address, port: number, scope = 0): Buffer {
  if (familyOf(address) === 4) {
    const bytes = Buffer.alloc(INET.size);
    bytes.writeUInt16LE(AF.INET, INET.family);
    bytes.writeUInt16BE(port, INET.port);
    addressBytes(address).copy(bytes, INET.address);
    return bytes;
  }
  const bytes = Buffer.alloc(INET6.size);
  bytes.writeUInt16LE(AF.INET6, INET6.family);
  bytes.writeUInt16BE(port, INET6.port);
  addressBytes(address).copy(bytes, INET6.address);
  bytes.writeUInt32LE(scope, INET6.scope);
  return bytes;
}

export type InetName = { address: Address; port: number; scope: number };
/** Undefined when the family is neither. */
export function decodeSockaddrInet(bytes: Buffer): InetName | undefined {
  const family = bytes.readUInt16LE(INET.family);
  if (family === AF.INET) {
    const address = addressFromBytes(bytes.subarray(INET.address, INET.address + 4));
    return { address, port: bytes.readUInt16BE(INET.port), scope: 0 };
  }
  if (family !== AF.INET6) return undefined;
  const address = addressFromBytes(bytes.subarray(INET6.address, INET6.address + 16));
  return { address, port: bytes.readUInt16BE(INET6.port), scope: bytes.readUInt32LE(INET6.scope) };
}

/** Of the interface that a frame came in by. */
export function indexOf(linkLayerName: Buffer): number {
  return linkLayerName.readInt32LE(LL.ifindex);
}

/**
 * For packet sockets: `protocol` is an EtherType (0x0003 = every one), `mac` the destination of frames sent
 * without header.
 */
export function sockaddrLl(ifindex: number, protocol: number, mac?: Uint8Array): Buffer {
  const bytes = Buffer.alloc(LL.size);
  bytes.writeUInt16LE(AF.PACKET, LL.family);
  bytes.writeUInt16BE(protocol, LL.protocol);
  bytes.writeInt32LE(ifindex, LL.ifindex);
  if (mac) {
    bytes.writeUInt8(mac.length, LL.halen);
    bytes.set(mac, LL.mac);
  }
  return bytes;
}

/** `port` 0 is the kernel (as a destination) or a port of the kernel's choice (in bind). */
export function sockaddrNl(port: number, groups: number): Buffer {
  const bytes = Buffer.alloc(NL.size);
  bytes.writeUInt16LE(AF.NETLINK, NL.family);
  bytes.writeUInt32LE(port, NL.port);
  bytes.writeUInt32LE(groups >>> 0, NL.groups);
  return bytes;
}
export function sockaddrNlPort(bytes: Buffer): number {
  return bytes.readUInt32LE(NL.port);
}
