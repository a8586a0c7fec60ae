// ARP over Ethernet: gratuitous requests that tell a link where a virtual address is (RFC 5227 §3, in the
// form keepalived sends), probes that ask who has it, and the answers. Sends nothing.
import { type Address, addressBytes, addressFromBytes } from '../core/address.ts';
import { ETHERNET, ETHERTYPE, macText } from './ethernet.ts';

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
/** Protocol 0x0800, addresses of 6 and 4 bytes. */
const IPV4_OVER_ETHERNET = 0x08000604;

export function gratuitousArp(vip: Address, mac: Uint8Array): Buffer {
  const frame = request(vip, mac, BROADCAST);
  frame.set(addressBytes(vip), ARP.sender);
  frame.set(BROADCAST, ARP.targetMac);
  return frame;
}

/**
 * RFC 5227 §2.1.1: from no address, so that nobody's cache changes. `group`: an IPv4 group, for those only
 * that have joined it on the interface which has the address.
 */
export function arpProbe(vip: Address, mac: Uint8Array, group?: Address): Buffer {
  const frame = request(vip, mac, group === undefined ? BROADCAST : groupMac(group));
  frame.set(NOBODY, ARP.targetMac);
  return frame;
}

/** Who says, in a reply, to have which address. */
export function claimInArp(frame: Buffer): { address: Address; mac: string } | undefined {
  if (frame.length < ARP.size || frame.readUInt16BE(ETHERNET.type) !== ETHERTYPE.ARP) return undefined;
  if (frame.readUInt32BE(ARP.protocol) !== IPV4_OVER_ETHERNET) return undefined;
  if (frame.readUInt16BE(ARP.operation) !== REPLY) return undefined;
  const mac = macText(frame.subarray(ARP.senderMac, ARP.sender));
  return { address: addressFromBytes(frame.subarray(ARP.sender, ARP.sender + 4)), mac };
}

function request(vip: Address, mac: Uint8Array, to: Uint8Array): Buffer {
  const frame = Buffer.alloc(ARP.size);
  frame.set(to, ETHERNET.destination);
  frame.set(mac, ETHERNET.source);
  frame.writeUInt16BE(ETHERTYPE.ARP, ETHERNET.type);
  frame.writeUInt16BE(1, ARP.hardware); // Ethernet
  frame.writeUInt32BE(IPV4_OVER_ETHERNET, ARP.protocol);
  frame.writeUInt16BE(REQUEST, ARP.operation);
  frame.set(mac, ARP.senderMac);
  frame.set(addressBytes(vip), ARP.target);
  return frame;
}

/** RFC 1112 §6.4: the last 23 bits of the group. */
function groupMac(group: Address): Buffer {
  const [, high, middle, low] = addressBytes(group);
  return Buffer.from([0x01, 0x00, 0x5e, high! & 0x7f, middle!, low!]);
}
