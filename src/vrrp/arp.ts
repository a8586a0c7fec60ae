// Frames that tell a link where a virtual address is now: gratuitous ARP (RFC 5227 §3, in the form
// keepalived sends) and unsolicited neighbour advertisements (RFC 4861 §7.2.6); and those that ask who has
// it. Makes them and takes them apart; does not send them.
import { type Address, addressBytes, addressFromBytes, familyOf } from '../core/address.ts';
import { internetChecksum } from '../core/checksum.ts';

export const ETHERTYPE = { ARP: 0x0806, IPV6: 0x86dd } as const;
const ETHERNET = { destination: 0, source: 6, type: 12, size: 14 } as const;
const ARP = {
  hardware: 14,
  protocol: 16,
  operation: 20,
  senderMac: 22,
  sender: 28,
  targetMac: 32,
  target: 38,
  size: 42,
} as const;
const BROADCAST = Buffer.from('ffffffffffff', 'hex');
const NOBODY = Buffer.alloc(6);
const REPLY = 2;
const REQUEST = 1; // hosts update what they have from requests and replies alike; keepalived sends requests

/**
 * A whole Ethernet frame for `mac`'s owner to send; ARP or neighbour advertisement by the family of `vip`.
 * `isRouter`: the interface forwards IPv6, and hosts may have it as their router: they would drop it if this
 * said otherwise (RFC 4861 §7.2.5).
 */
export function announcement(vip: Address, mac: Uint8Array, isRouter: boolean): Buffer {
  return familyOf(vip) === 4 ? gratuitousArp(vip, mac) : neighbourAdvertisement(vip, mac, isRouter);
}

function gratuitousArp(vip: Address, mac: Uint8Array): Buffer {
  const frame = arpRequest(vip, mac);
  frame.set(addressBytes(vip), ARP.sender);
  frame.set(BROADCAST, ARP.targetMac);
  return frame;
}

/** RFC 5227 §2.1.1: from no address, so that nobody's cache changes. */
export function arpProbe(vip: Address, mac: Uint8Array): Buffer {
  const frame = arpRequest(vip, mac);
  frame.set(NOBODY, ARP.targetMac);
  return frame;
}

/** Who says, in a reply, to have which address. */
export function claimIn(frame: Buffer): { address: Address; mac: string } | undefined {
  if (frame.length < ARP.size || frame.readUInt16BE(ETHERNET.type) !== ETHERTYPE.ARP) return undefined;
  if (frame.readUInt32BE(ARP.protocol) !== IPV4_OVER_ETHERNET) return undefined;
  if (frame.readUInt16BE(ARP.operation) !== REPLY) return undefined;
  const mac = frame
    .subarray(ARP.senderMac, ARP.sender)
    .toString('hex')
    .replace(/..(?!$)/g, '$&:');
  return { address: addressFromBytes(frame.subarray(ARP.sender, ARP.sender + 4)), mac };
}
/** Protocol 0x0800, addresses of 6 and 4 bytes. */
const IPV4_OVER_ETHERNET = 0x08000604;

function arpRequest(vip: Address, mac: Uint8Array): Buffer {
  const frame = Buffer.alloc(ARP.size);
  frame.set(BROADCAST, ETHERNET.destination);
  frame.set(mac, ETHERNET.source);
  frame.writeUInt16BE(ETHERTYPE.ARP, ETHERNET.type);
  frame.writeUInt16BE(1, ARP.hardware); // Ethernet
  frame.writeUInt32BE(IPV4_OVER_ETHERNET, ARP.protocol);
  frame.writeUInt16BE(REQUEST, ARP.operation);
  frame.set(mac, ARP.senderMac);
  frame.set(addressBytes(vip), ARP.target);
  return frame;
}

const IPV6 = {
  payloadLength: 18,
  nextHeader: 20,
  hopLimit: 21,
  source: 22,
  destination: 38,
  size: 54,
} as const;
const NA = { type: 0, checksum: 2, flags: 4, target: 8, option: 24, optionMac: 26, size: 32 } as const;
const ICMPV6 = 58;
const NEIGHBOUR_ADVERTISEMENT = 136;
const FLAG = { ROUTER: 0x80, OVERRIDE: 0x20 } as const;
const TARGET_LINK_ADDRESS = 2;
const ALL_NODES = Buffer.from('ff020000000000000000000000000001', 'hex');
const ALL_NODES_MAC = Buffer.from('333300000001', 'hex');

function neighbourAdvertisement(vip: Address, mac: Uint8Array, isRouter: boolean): Buffer {
  const frame = Buffer.alloc(IPV6.size + NA.size);
  frame.set(ALL_NODES_MAC, ETHERNET.destination);
  frame.set(mac, ETHERNET.source);
  frame.writeUInt16BE(ETHERTYPE.IPV6, ETHERNET.type);
  frame.writeUInt8(0x60, ETHERNET.size);
  frame.writeUInt16BE(NA.size, IPV6.payloadLength);
  frame.writeUInt8(ICMPV6, IPV6.nextHeader);
  frame.writeUInt8(255, IPV6.hopLimit);
  frame.set(addressBytes(vip), IPV6.source);
  frame.set(ALL_NODES, IPV6.destination);

  const message = frame.subarray(IPV6.size);
  message.writeUInt8(NEIGHBOUR_ADVERTISEMENT, NA.type);
  message.writeUInt8(FLAG.OVERRIDE | (isRouter ? FLAG.ROUTER : 0), NA.flags);
  message.set(addressBytes(vip), NA.target);
  message.writeUInt8(TARGET_LINK_ADDRESS, NA.option);
  message.writeUInt8(1, NA.option + 1); // in units of 8 bytes
  message.set(mac, NA.optionMac);
  const pseudoTail = Buffer.from([0, 0, 0, NA.size, 0, 0, 0, ICMPV6]);
  const addresses = frame.subarray(IPV6.source, IPV6.source + 32);
  message.writeUInt16BE(internetChecksum(addresses, pseudoTail, message), NA.checksum);
  return frame;
}
