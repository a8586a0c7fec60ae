// Neighbour discovery (RFC 4861) as frames: solicitations and advertisements written from scratch, or read in
// place. Decides nothing.
import { checksumAdd, checksumFinish } from '../../core/checksum.ts';
import { IPV6, PROTOCOL } from '../../core/ip-header.ts';
import type { Addresses } from './addresses.ts';
import { pseudoHeaderSum } from './checksum.ts';
import { copyMac, ETHERNET, ETHERTYPE, ICMP, ICMPV6_TYPE, writeU16 } from './frame.ts';
import type { Packet } from './packet.ts';

/** From the ICMPv6 header on; solicitation and advertisement are laid out alike. */
export const DISCOVERY = { flags: 4, target: 8, options: 24, size: 32 } as const;
export const DISCOVERY_FRAME = ETHERNET.size + IPV6.size + DISCOVERY.size;
export const LINK_ADDRESS = { source: 1, target: 2 } as const;
const FLAG = { router: 0x80, solicited: 0x40, override: 0x20 } as const;
/** What has come over no router. */
const HOP_LIMIT = 255;
const OPTION_UNIT = 8;
/** ff02::1 and ff02::1:ff00:0/104, and what Ethernet calls a group (RFC 2464 §7). */
const ALL_NODES = Uint8Array.of(0xff, 2, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1);
const SOLICITED_NODE = Uint8Array.of(0xff, 2, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0xff, 0, 0, 0);
const GROUP_HEAD = 0x3333;

/** Asks all that may have `target` (a number, as the asker's address). */
export function writeSolicitation(
  addresses: Addresses,
  bytes: Uint8Array,
  at: number,
  { target, asker }: { target: number; asker: { address: number; mac: Uint8Array } },
): void {
  const ip = at + ETHERNET.size;
  const message = ip + IPV6.size;
  writeHead(bytes, at, asker.mac);
  addresses.write(asker.address, bytes, ip + IPV6.source);
  addresses.write(target, bytes, message + DISCOVERY.target);
  bytes.set(SOLICITED_NODE, ip + IPV6.destination);
  for (let i = 13; i < 16; i++) bytes[ip + IPV6.destination + i] = bytes[message + DISCOVERY.target + i]!;
  writeGroup(bytes, at);
  finish(bytes, message, ICMPV6_TYPE.solicitation, LINK_ADDRESS.source, asker.mac);
}

/** `to`: the solicitation that it answers, undefined = everybody is told. */
type Advertised = { address: number; mac: Uint8Array; to: Packet | undefined };

export function writeAdvertisement(
  addresses: Addresses,
  bytes: Uint8Array,
  at: number,
  { address, mac, to }: Advertised,
): void {
  const ip = at + ETHERNET.size;
  const message = ip + IPV6.size;
  writeHead(bytes, at, mac);
  addresses.write(address, bytes, ip + IPV6.source);
  addresses.write(address, bytes, message + DISCOVERY.target);
  // Hosts may have the address as their router, and would drop it if this said otherwise (§7.2.5).
  bytes[message + DISCOVERY.flags] = FLAG.router | FLAG.override;
  if (to && !isUnspecified(to.bytes, to.ip + IPV6.source)) {
    bytes[message + DISCOVERY.flags]! |= FLAG.solicited;
    for (let i = 0; i < 16; i++) bytes[ip + IPV6.destination + i] = to.bytes[to.ip + IPV6.source + i]!;
    copyMac(to.bytes, to.start + ETHERNET.source, bytes, at + ETHERNET.destination);
  } else {
    bytes.set(ALL_NODES, ip + IPV6.destination);
    writeGroup(bytes, at);
  }
  finish(bytes, message, ICMPV6_TYPE.advertisement, LINK_ADDRESS.target, mac);
}

function writeHead(bytes: Uint8Array, at: number, mac: Uint8Array): void {
  copyMac(mac, 0, bytes, at + ETHERNET.source);
  writeU16(bytes, at + ETHERNET.type, ETHERTYPE.ipv6);
  const ip = at + ETHERNET.size;
  bytes.fill(0, ip, ip + IPV6.size + DISCOVERY.size);
  bytes[ip] = 0x60;
  writeU16(bytes, ip + IPV6.payloadLength, DISCOVERY.size);
  bytes[ip + IPV6.nextHeader] = PROTOCOL.icmpv6;
  bytes[ip + IPV6.hopLimit] = HOP_LIMIT;
}

/** The Ethernet group of the destination that is written already. */
function writeGroup(bytes: Uint8Array, at: number): void {
  writeU16(bytes, at + ETHERNET.destination, GROUP_HEAD);
  const last = at + ETHERNET.size + IPV6.destination + 12;
  for (let i = 0; i < 4; i++) bytes[at + ETHERNET.destination + 2 + i] = bytes[last + i]!;
}

function finish(bytes: Uint8Array, message: number, type: number, option: number, mac: Uint8Array): void {
  bytes[message + ICMP.type] = type;
  bytes[message + DISCOVERY.options] = option;
  bytes[message + DISCOVERY.options + 1] = 1; // in units of 8 bytes
  copyMac(mac, 0, bytes, message + DISCOVERY.options + 2);
  const sum = pseudoHeaderSum(bytes, message - IPV6.size, PROTOCOL.icmpv6, DISCOVERY.size);
  const whole = checksumAdd(sum, bytes, message, message + DISCOVERY.size);
  writeU16(bytes, message + ICMP.checksum, checksumFinish(whole));
}

/** Is it a solicitation or an advertisement that §7.1 lets pass? The caller looks at its checksum. */
export function isDiscovery({ bytes, protocol, transport, end, ip }: Packet): boolean {
  if (protocol !== PROTOCOL.icmpv6 || bytes[ip + IPV6.hopLimit] !== HOP_LIMIT) return false;
  if (end - transport < DISCOVERY.options || bytes[transport + ICMP.code] !== 0) return false;
  const type = bytes[transport + ICMP.type];
  return type === ICMPV6_TYPE.solicitation || type === ICMPV6_TYPE.advertisement;
}

/** Where the MAC of a link-layer address option is; −1 = there is none. */
export function linkAddressAt({ bytes, transport, end }: Packet, option: number): number {
  for (let at = transport + DISCOVERY.options; at + OPTION_UNIT <= end; ) {
    const units = bytes[at + 1]!;
    if (units === 0) return -1;
    if (bytes[at] === option && units === 1) return at + 2;
    at += units * OPTION_UNIT;
  }
  return -1;
}

/** May the advertisement replace what is known? */
export function isOverriding({ bytes, transport }: Packet): boolean {
  return (bytes[transport + DISCOVERY.flags]! & FLAG.override) !== 0;
}

export function isUnspecified(bytes: Uint8Array, at: number): boolean {
  for (let i = 0; i < 16; i++) if (bytes[at + i] !== 0) return false;
  return true;
}
