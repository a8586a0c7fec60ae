// struct packet_mreq and struct ipv6_mreq: what an interface is to hear beside its own.
import { type Address, addressBytes } from '../../core/address.ts';

/** PACKET_MR_MULTICAST, PACKET_MR_UNICAST of <linux/if_packet.h>. */
const KIND = { multicast: 0, unicast: 3 } as const;
const MAC_BYTES = 6;

export function packetMembership(ifindex: number, kind: keyof typeof KIND, mac: Uint8Array): Buffer {
  const request = Buffer.alloc(16);
  request.writeInt32LE(ifindex, 0);
  request.writeUInt16LE(KIND[kind], 4);
  request.writeUInt16LE(MAC_BYTES, 6);
  request.set(mac, 8);
  return request;
}

export function ipv6Membership(group: Address, ifindex: number): Buffer {
  const request = Buffer.alloc(20);
  request.set(addressBytes(group));
  request.writeInt32LE(ifindex, 16);
  return request;
}
