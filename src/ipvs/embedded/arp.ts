// ARP for IPv4 over Ethernet (RFC 826), as frames: written from scratch, or read in place. Decides nothing.
import { ARP, copyMac, ETHERNET, ETHERTYPE, readU16, writeI32, writeU16 } from './frame.ts';

export const ARP_FRAME = ETHERNET.size + ARP.size;
const HARDWARE_ETHERNET = 1;
const LENGTHS = 0x0604;
const BROADCAST = new Uint8Array(6).fill(0xff);
const NOBODY = new Uint8Array(6);

export type ArpMessage = {
  operation: number;
  senderMac: Uint8Array;
  senderAddress: number;
  targetAddress: number;
  /** Undefined in a question: it goes to everybody. */
  targetMac?: Uint8Array;
};

/** Writes ARP_FRAME bytes at `at`. */
export function writeArp(bytes: Uint8Array, at: number, message: ArpMessage): void {
  copyMac(message.targetMac ?? BROADCAST, 0, bytes, at + ETHERNET.destination);
  copyMac(message.senderMac, 0, bytes, at + ETHERNET.source);
  writeU16(bytes, at + ETHERNET.type, ETHERTYPE.arp);
  const arp = at + ETHERNET.size;
  writeU16(bytes, arp + ARP.hardware, HARDWARE_ETHERNET);
  writeU16(bytes, arp + ARP.protocol, ETHERTYPE.ipv4);
  writeU16(bytes, arp + ARP.lengths, LENGTHS);
  writeU16(bytes, arp + ARP.operation, message.operation);
  copyMac(message.senderMac, 0, bytes, arp + ARP.senderMac);
  writeI32(bytes, arp + ARP.senderAddress, message.senderAddress);
  copyMac(message.targetMac ?? NOBODY, 0, bytes, arp + ARP.targetMac);
  writeI32(bytes, arp + ARP.targetAddress, message.targetAddress);
}

/** Is the frame at `at`, `length` long, an ARP message about IPv4 over Ethernet? */
export function isArpForIpv4(bytes: Uint8Array, at: number, length: number): boolean {
  const arp = at + ETHERNET.size;
  return (
    length >= ARP_FRAME &&
    readU16(bytes, arp + ARP.hardware) === HARDWARE_ETHERNET &&
    readU16(bytes, arp + ARP.protocol) === ETHERTYPE.ipv4 &&
    readU16(bytes, arp + ARP.lengths) === LENGTHS
  );
}
