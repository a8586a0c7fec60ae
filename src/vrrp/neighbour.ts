// Neighbour discovery (RFC 4861) as far as virtual addresses need it: unsolicited advertisements that tell a
// link where one is (§7.2.6), solicitations that ask who has it, and the answers. Sends nothing.
import { type Address, addressBytes, addressFromBytes, address as parsed } from '../core/address.ts';
import { internetChecksum } from '../core/checksum.ts';
import { ETHERNET, ETHERTYPE, macText } from './ethernet.ts';

/** From the beginning of a frame. */
const IPV6 = {
  payloadLength: 18,
  nextHeader: 20,
  hopLimit: 21,
  source: 22,
  destination: 38,
  size: 54,
} as const;
/** Solicitation and advertisement are laid out alike. Only the latter has flags. */
const ND = { type: 0, code: 1, checksum: 2, flags: 4, target: 8, options: 24, size: 32 } as const;
const ICMPV6 = 58;
const TYPE = { SOLICITATION: 135, ADVERTISEMENT: 136 } as const;
const FLAG = { ROUTER: 0x80, OVERRIDE: 0x20 } as const;
const LINK_ADDRESS = { SOURCE: 1, TARGET: 2 } as const;
/** What has come over no router. */
const HOP_LIMIT = 255;
const OPTION_UNIT = 8;
const ALL_NODES = parsed('ff02::1');

/**
 * `isRouter`: the interface forwards IPv6, and hosts may have it as their router: they would drop it if this
 * said otherwise (RFC 4861 §7.2.5).
 */
export function neighbourAdvertisement(vip: Address, mac: Uint8Array, isRouter: boolean): Buffer {
  const message = messageOf(TYPE.ADVERTISEMENT, vip, LINK_ADDRESS.TARGET, mac);
  message.writeUInt8(FLAG.OVERRIDE | (isRouter ? FLAG.ROUTER : 0), ND.flags);
  return wrap(message, { mac, source: vip, destination: ALL_NODES });
}

/**
 * `source`: a link-local address that `mac` really has, so that the neighbour entry which the answer needs is
 * a true one. From no address, as duplicate address detection asks, the answer would go to all nodes and turn
 * them (RFC 4861 §7.2.4).
 */
export function neighbourSolicitation(vip: Address, mac: Uint8Array, source: Address): Buffer {
  const message = messageOf(TYPE.SOLICITATION, vip, LINK_ADDRESS.SOURCE, mac);
  return wrap(message, { mac, source, destination: solicitedNode(vip) });
}

/** Who hears solicitations for an address: nobody but those that may have it (RFC 4291 §2.7.1). */
export function solicitedNode(value: Address): Address {
  const [high, middle, low] = addressBytes(value).subarray(13);
  const end = [0xff00 | high!, (middle! << 8) | low!].map((word) => word.toString(16));
  return parsed(`ff02::1:${end.join(':')}`);
}

/**
 * Who says, in an advertisement, to have which address: RFC 4861 §7.1.2. `message`: from the ICMPv6 header
 * on, with a checksum that is right.
 */
export function claimInAdvertisement(
  message: Buffer,
  hopLimit: number,
): { address: Address; mac: string } | undefined {
  if (message.length < ND.options || hopLimit !== HOP_LIMIT) return undefined;
  if (message.readUInt8(ND.type) !== TYPE.ADVERTISEMENT || message.readUInt8(ND.code) !== 0) return undefined;
  const address = addressFromBytes(message.subarray(ND.target, ND.options));
  for (let at: number = ND.options; at + OPTION_UNIT <= message.length; ) {
    const length = message.readUInt8(at + 1) * OPTION_UNIT;
    if (length === 0) return undefined;
    const mac = message.subarray(at + 2, at + OPTION_UNIT);
    if (message.readUInt8(at) === LINK_ADDRESS.TARGET && length === OPTION_UNIT)
      return { address, mac: macText(mac) };
    at += length;
  }
  return undefined;
}

function messageOf(type: number, target: Address, option: number, mac: Uint8Array): Buffer {
  const message = Buffer.alloc(ND.size);
  message.writeUInt8(type, ND.type);
  message.set(addressBytes(target), ND.target);
  message.writeUInt8(option, ND.options);
  message.writeUInt8(1, ND.options + 1); // in units of 8 bytes
  message.set(mac, ND.options + 2);
  return message;
}

/** To a group. */
function wrap(message: Buffer, ends: { mac: Uint8Array; source: Address; destination: Address }): Buffer {
  const frame = Buffer.alloc(IPV6.size + message.length);
  const destination = addressBytes(ends.destination);
  frame.set([0x33, 0x33], ETHERNET.destination); // RFC 2464 §7: and the last 32 bits of the group
  frame.set(destination.subarray(12), ETHERNET.destination + 2);
  frame.set(ends.mac, ETHERNET.source);
  frame.writeUInt16BE(ETHERTYPE.IPV6, ETHERNET.type);
  frame.writeUInt8(0x60, ETHERNET.size);
  frame.writeUInt16BE(message.length, IPV6.payloadLength);
  frame.writeUInt8(ICMPV6, IPV6.nextHeader);
  frame.writeUInt8(HOP_LIMIT, IPV6.hopLimit);
  frame.set(addressBytes(ends.source), IPV6.source);
  frame.set(destination, IPV6.destination);
  const addresses = frame.subarray(IPV6.source, IPV6.size);
  const pseudoTail = Buffer.from([0, 0, 0, message.length, 0, 0, 0, ICMPV6]);
  message.writeUInt16BE(internetChecksum(addresses, pseudoTail, message), ND.checksum);
  frame.set(message, IPV6.size);
  return frame;
}
