// struct ip_mreqn of <linux/in.h>: which multicast group, and on which interface.
import { type Address, addressBytes } from '../core/address.ts';

const AT = { group: 0, index: 8, size: 12 } as const;

/** `group`: undefined where only the interface counts (IP_MULTICAST_IF). */
export function ipv4Membership(group: Address | undefined, index: number): Buffer {
  const bytes = Buffer.alloc(AT.size);
  if (group !== undefined) addressBytes(group).copy(bytes, AT.group);
  bytes.writeInt32LE(index, AT.index);
  return bytes;
}
