// What a director puts between the header of a tunnel and a client's packet: nothing, GRE (RFC 2784), or GUE
// in UDP (draft-ietf-intarea-gue), as ip_vs_xmit.c writes them.

import { type Address, familyOf } from '../../core/address.ts';
import { internetChecksum } from '../../core/checksum.ts';
import type { Tunnel } from '../../core/forwarding.ts';
import { PROTOCOL } from '../../core/ip-header.ts';
import { ETHERTYPE_IP } from './wire.ts';

/** `by`: IP protocol number of the packet around it, or the UDP port. */
export type Wrapped = { by: { protocol: number } | { port: number }; payload: Buffer };
const GRE = { flags: 0, type: 2, size: 4, checksummed: 8, hasChecksum: 0x8000, checksum: 4 } as const;
/** Version 0, no options, the protocol inside, no flags. */
const GUE = { protocol: 1, size: 4 } as const;

export function wrap(inner: Buffer, vip: Address, tunnel: Tunnel | undefined): Wrapped {
  const family = familyOf(vip);
  const protocol = family === 4 ? PROTOCOL.ipip : PROTOCOL.ipv6;
  if (tunnel === undefined) return { by: { protocol }, payload: inner };
  if (tunnel.type === 'gue') {
    const header = Buffer.alloc(GUE.size);
    header.writeUInt8(protocol, GUE.protocol);
    return { by: { port: tunnel.port }, payload: Buffer.concat([header, inner]) };
  }
  const isSummed = tunnel.checksum !== 'none';
  const header = Buffer.alloc(isSummed ? GRE.checksummed : GRE.size);
  header.writeUInt16BE(isSummed ? GRE.hasChecksum : 0, GRE.flags);
  header.writeUInt16BE(ETHERTYPE_IP[family], GRE.type);
  const payload = Buffer.concat([header, inner]);
  if (isSummed) payload.writeUInt16BE(internetChecksum(payload), GRE.checksum);
  return { by: { protocol: PROTOCOL.gre }, payload };
}
