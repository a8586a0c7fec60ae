// Where the fields of an IPv4 header (RFC 791, without options) and of an IPv6 header (RFC 8200) are, in
// bytes; and the numbers of what may follow (IANA's protocol numbers).
import type { Protocol } from './forwarding.ts';

export const IPV4 = {
  versionLength: 0,
  tos: 1,
  totalLength: 2,
  id: 4,
  fragment: 6,
  ttl: 8,
  protocol: 9,
  checksum: 10,
  source: 12,
  destination: 16,
  size: 20,
} as const;
export const IPV6 = {
  versionClass: 0,
  payloadLength: 4,
  nextHeader: 6,
  hopLimit: 7,
  source: 8,
  destination: 24,
  size: 40,
} as const;
export const PROTOCOL = {
  icmp: 1,
  ipip: 4,
  tcp: 6,
  udp: 17,
  ipv6: 41,
  /** IPv6's fragment header. */
  fragment: 44,
  gre: 47,
  icmpv6: 58,
  vrrp: 112,
  sctp: 132,
} as const;
/** Of what virtual services are of. */
export const SERVICE_PROTOCOL = {
  TCP: PROTOCOL.tcp,
  UDP: PROTOCOL.udp,
  SCTP: PROTOCOL.sctp,
} as const satisfies Record<Protocol, number>;
