// By which numbers services are found.
import { type Address, addressFromBytes, type Family } from '../../core/address.ts';
import { PROTOCOL } from '../../core/ip-header.ts';
import { familyOfFlow, IPV6_FLOW, protocolOf } from './frame.ts';
import type { ServiceRecord } from './service-records.ts';

/** IPPROTO_IP: what services by firewall mark, and their templates, have for a protocol. */
export const ANY_PROTOCOL = 0;
const BYTES = { 4: 4, 6: 16 } as const;

export function markKey(mark: number, family: Family): number {
  return mark * 2 + (family === 4 ? 0 : 1);
}
export function markKeyOf({ mark, flow }: ServiceRecord): number {
  return markKey(mark, familyOfFlow(flow));
}

/** The mark where a virtual address would be: its first word, in network order. */
export function markAddress(mark: number, family: Family): Address {
  const bytes = Buffer.alloc(BYTES[family]);
  bytes.writeUInt32BE(mark);
  return addressFromBytes(bytes);
}

/** Exact: 51 bits. */
export function tupleKey(flow: number, address: number, port: number): number {
  const protocol = protocolOf(flow);
  const kind =
    protocol === PROTOCOL.tcp ? 0 : protocol === PROTOCOL.udp ? 1 : protocol === PROTOCOL.sctp ? 2 : 3;
  return ((address >>> 0) * 0x10000 + port) * 8 + (flow < IPV6_FLOW ? 0 : 4) + kind;
}
