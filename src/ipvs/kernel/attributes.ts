// The attributes of the generic netlink family "IPVS", as <linux/ip_vs.h> numbers them. Tables only.
import {
  bytes,
  i32,
  inetAddress,
  type Kind,
  nested,
  schema,
  text,
  u8,
  u16,
  u16be,
  u32,
  u64,
} from '../../netlink/attributes.ts';

export const FAMILY_NAME = 'IPVS';
export const FAMILY_VERSION = 1;
export const CMD = {
  NEW_SERVICE: 1,
  SET_SERVICE: 2,
  DEL_SERVICE: 3,
  GET_SERVICE: 4,
  NEW_DEST: 5,
  SET_DEST: 6,
  DEL_DEST: 7,
  GET_DEST: 8,
  NEW_DAEMON: 9,
  DEL_DAEMON: 10,
  GET_DAEMON: 11,
  SET_CONFIG: 12,
  GET_CONFIG: 13,
  SET_INFO: 14,
  GET_INFO: 15,
  ZERO: 16,
  FLUSH: 17,
} as const;
/** IP_VS_SVC_F: the three SCHED bits belong to the scheduler. */
export const SERVICE_FLAG = { PERSISTENT: 0x1, HASHED: 0x2, ONEPACKET: 0x4, SCHED: 0x38 } as const;
/** IP_VS_CONN_F: MASQ, TUNNEL and DROUTE. LOCALNODE (1) and BYPASS (4) are the kernel's own. */
export const FORWARD = { NAT: 0, TUN: 2, DR: 3 } as const;
/** IP_VS_CONN_F_TUNNEL_TYPE, and IP_VS_TUNNEL_ENCAP_FLAG of its checksum. */
export const TUNNEL = { ipip: 0, gue: 1, gre: 2 } as const;
export const TUNNEL_CHECKSUM = { none: 0, csum: 1, remcsum: 2 } as const;
export const AF = { INET: 2, INET6: 10 } as const;
/** Room for an address of either family; IPv4 takes the first four bytes. */
export const ADDRESS_SIZE = 16;
/** IP_VS_STATE. */
export const DAEMON_STATE = { MASTER: 1, BACKUP: 2 } as const;

/** `struct ip_vs_flags`: only bits of the mask are changed. */
const flags: Kind<{ value: number; mask: number }> = {
  size: () => 8,
  write: ({ value, mask }, to, at) => {
    to.writeUInt32LE(value, at);
    to.writeUInt32LE(mask, at + 4);
  },
  read: (payload) =>
    payload.length < 8 ? undefined : { value: payload.readUInt32LE(0), mask: payload.readUInt32LE(4) },
};

/** Counters are 32 bits wide (bytes 64) in `stats`, 64 in `stats64`; rates per second 32 and 64. */
const STATS = schema({
  connections: { id: 1, kind: u32 },
  inPackets: { id: 2, kind: u32 },
  outPackets: { id: 3, kind: u32 },
  inBytes: { id: 4, kind: u64 },
  outBytes: { id: 5, kind: u64 },
  connectionRate: { id: 6, kind: u32 },
  inPacketRate: { id: 7, kind: u32 },
  outPacketRate: { id: 8, kind: u32 },
  inByteRate: { id: 9, kind: u32 },
  outByteRate: { id: 10, kind: u32 },
});
const STATS64 = schema({
  connections: { id: 1, kind: u64 },
  inPackets: { id: 2, kind: u64 },
  outPackets: { id: 3, kind: u64 },
  inBytes: { id: 4, kind: u64 },
  outBytes: { id: 5, kind: u64 },
  connectionRate: { id: 6, kind: u64 },
  inPacketRate: { id: 7, kind: u64 },
  outPacketRate: { id: 8, kind: u64 },
  inByteRate: { id: 9, kind: u64 },
  outByteRate: { id: 10, kind: u64 },
});

/** Addresses are 16 bytes wide, whatever the family. */
export const SERVICE = schema({
  family: { id: 1, kind: u16 },
  protocol: { id: 2, kind: u16 },
  address: { id: 3, kind: bytes },
  port: { id: 4, kind: u16be },
  firewallMark: { id: 5, kind: u32 },
  scheduler: { id: 6, kind: text },
  flags: { id: 7, kind: flags },
  persistenceSeconds: { id: 8, kind: u32 },
  /** IPv4: a mask in network order. IPv6: a prefix length in host order. */
  netmask: { id: 9, kind: bytes },
  stats: { id: 10, kind: nested(STATS) },
  persistenceEngine: { id: 11, kind: text },
  stats64: { id: 12, kind: nested(STATS64) },
});
export const DESTINATION = schema({
  address: { id: 1, kind: bytes },
  port: { id: 2, kind: u16be },
  forward: { id: 3, kind: u32 },
  weight: { id: 4, kind: i32 },
  upperThreshold: { id: 5, kind: u32 },
  lowerThreshold: { id: 6, kind: u32 },
  activeConnections: { id: 7, kind: u32 },
  inactiveConnections: { id: 8, kind: u32 },
  persistentConnections: { id: 9, kind: u32 },
  stats: { id: 10, kind: nested(STATS) },
  /** Absent before Linux 3.18: then it is the service's. */
  family: { id: 11, kind: u16 },
  stats64: { id: 12, kind: nested(STATS64) },
  /** Linux 5.3 and later (flags: 5.4); the port is GUE's. Absent = ipip. */
  tunnelType: { id: 13, kind: u8 },
  tunnelPort: { id: 14, kind: u16be },
  tunnelFlags: { id: 15, kind: u16 },
});
export const DAEMON = schema({
  state: { id: 1, kind: u32 },
  interface: { id: 2, kind: text },
  id: { id: 3, kind: u32 },
  maxlen: { id: 4, kind: u16 },
  group: { id: 5, kind: inetAddress },
  group6: { id: 6, kind: inetAddress },
  port: { id: 7, kind: u16 },
  ttl: { id: 8, kind: u8 },
});
/** The first level of every command; timeouts in seconds. */
export const COMMAND = schema({
  service: { id: 1, kind: nested(SERVICE) },
  destination: { id: 2, kind: nested(DESTINATION) },
  daemon: { id: 3, kind: nested(DAEMON) },
  tcpTimeoutSeconds: { id: 4, kind: u32 },
  tcpFinTimeoutSeconds: { id: 5, kind: u32 },
  udpTimeoutSeconds: { id: 6, kind: u32 },
});
/** The answer to GET_INFO has attributes of its own on the first level. */
export const INFO = schema({ version: { id: 1, kind: u32 }, connectionTableSize: { id: 2, kind: u32 } });
