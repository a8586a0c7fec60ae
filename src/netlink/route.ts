// rtnetlink: links, addresses and routes as values, and the requests and events about them. Does no input or
// output. Numbers of <linux/rtnetlink.h>, <linux/if_link.h>, <linux/if_addr.h>.
import { type Address, familyOf } from '../core/address.ts';
import {
  bytes,
  type Decoded,
  decodeAttributes,
  encodeAttributes,
  inetAddress,
  type Kind,
  nested,
  schema,
  text,
  u8,
  u32,
  type ValuesOf,
} from './attributes.ts';
import { type Message, NLM_F, type Request } from './message.ts';

export const NETLINK_ROUTE = 0;
export const RTM = {
  NEWLINK: 16,
  DELLINK: 17,
  GETLINK: 18,
  NEWADDR: 20,
  DELADDR: 21,
  GETADDR: 22,
  NEWROUTE: 24,
  DELROUTE: 25,
  GETROUTE: 26,
} as const;
/** Bits of the multicast groups to listen to. */
export const RTMGRP = {
  LINK: 0x1,
  IPV4_IFADDR: 0x10,
  IPV4_ROUTE: 0x40,
  IPV6_IFADDR: 0x100,
  IPV6_ROUTE: 0x400,
} as const;
const AF_UNSPEC = 0;
const AF_INET = 2;
const AF_INET6 = 10;
export const IFF = { UP: 0x1, LOOPBACK: 0x8, RUNNING: 0x40, NOARP: 0x80, LOWER_UP: 0x10000 } as const;
export const IFA_F = {
  SECONDARY: 0x1,
  NODAD: 0x2,
  DADFAILED: 0x8,
  HOMEADDRESS: 0x10,
  DEPRECATED: 0x20,
  TENTATIVE: 0x40,
  PERMANENT: 0x80,
  MANAGETEMPADDR: 0x100,
  NOPREFIXROUTE: 0x200,
  MCAUTOJOIN: 0x400,
} as const;

// struct ifinfomsg, ifaddrmsg, rtmsg.
const LINK_AT = { family: 0, type: 2, index: 4, flags: 8, size: 16 } as const;
const ADDRESS_AT = { family: 0, prefixLength: 1, flags: 2, scope: 3, index: 4, size: 8 } as const;
const ROUTE_AT = { family: 0, prefixLength: 1, table: 4, protocol: 5, scope: 6, type: 7, size: 12 } as const;

const VRF = schema({ table: { id: 1, kind: u32 } });
/** <linux/if_tunnel.h>: IFLA_IPTUN_LOCAL and REMOTE; IFLA_GRE_LOCAL and REMOTE. */
const TUNNEL_ENDS = {
  ip: schema({ local: { id: 2, kind: inetAddress }, remote: { id: 3, kind: inetAddress } }),
  gre: schema({ local: { id: 6, kind: inetAddress }, remote: { id: 7, kind: inetAddress } }),
} as const;
const TUNNEL_KINDS: Readonly<Record<string, keyof typeof TUNNEL_ENDS>> = {
  ipip: 'ip',
  sit: 'ip',
  ip6tnl: 'ip',
  gre: 'gre',
  ip6gre: 'gre',
};
const ANYWHERE = ['0.0.0.0', '::'];
const INFO = schema({ kind: { id: 1, kind: text }, data: { id: 2, kind: bytes } });
const LINK = schema({
  mac: { id: 1, kind: bytes },
  name: { id: 3, kind: text },
  mtu: { id: 4, kind: u32 },
  lower: { id: 5, kind: u32 },
  master: { id: 10, kind: u32 },
  operstate: { id: 16, kind: u8 },
  info: { id: 18, kind: nested(INFO) },
});

/** INFINITY_LIFE_TIME of <net/addrconf.h>, in seconds. */
export const FOREVER = 0xffffffff;
/** struct ifa_cacheinfo. Seconds; both ages, which the kernel alone sets, are not read. */
type Lifetimes = { preferredSeconds: number; validSeconds: number };
const lifetimes: Kind<Lifetimes> = {
  size: () => 16,
  write: (value, to, at) => {
    to.writeUInt32LE(value.preferredSeconds, at);
    to.writeUInt32LE(value.validSeconds, at + 4);
  },
  read: (payload) =>
    payload.length < 16
      ? undefined
      : { preferredSeconds: payload.readUInt32LE(0), validSeconds: payload.readUInt32LE(4) },
};
const ADDRESS = schema({
  address: { id: 1, kind: inetAddress },
  local: { id: 2, kind: inetAddress },
  label: { id: 3, kind: text },
  broadcast: { id: 4, kind: inetAddress },
  lifetimes: { id: 6, kind: lifetimes },
  flags: { id: 8, kind: u32 },
  origin: { id: 11, kind: u8 },
});
const ROUTE = schema({
  destination: { id: 1, kind: inetAddress },
  outInterface: { id: 4, kind: u32 },
  gateway: { id: 5, kind: inetAddress },
  metric: { id: 6, kind: u32 },
  preferredSource: { id: 7, kind: inetAddress },
  table: { id: 15, kind: u32 },
});

/** RFC 2863 states as the kernel numbers them. */
const OPERSTATES = ['unknown', 'notpresent', 'down', 'lowerlayerdown', 'testing', 'dormant', 'up'] as const;
export type Operstate = (typeof OPERSTATES)[number];

export type Link = {
  index: number;
  name: string;
  /** Administratively up (IFF_UP). */
  up: boolean;
  /** Carrier, here and below (IFF_UP, IFF_RUNNING and IFF_LOWER_UP): packets can go out. */
  running: boolean;
  loopback: boolean;
  operstate: Operstate;
  mtu: number;
  /** 6 bytes on Ethernet; empty where the device has none. */
  mac: Buffer;
  /** Index of the interface that it is a part of: of a macvlan, a VLAN; of a veth the other end. */
  lower?: number;
  /** Of an IP or GRE tunnel: its ends; undefined = any. */
  tunnel?: { local?: Address; remote?: Address };
  /** Index of the bridge or bond it belongs to. */
  master?: number;
  /** veth, bridge, macvlan …; undefined for hardware. */
  kind?: string;
  /** Of a VRF: where its routes are. */
  table?: number;
};
export type InterfaceAddress = {
  interfaceIndex: number;
  address: Address;
  prefixLength: number;
  /** 0 global, 200 site, 253 link, 254 host, 255 nowhere. */
  scope: number;
  /** IFA_F bits. */
  flags: number;
  label?: string;
  broadcast?: Address;
  /** The other end of a point-to-point address. */
  peer?: Address;
  /** Seconds left; undefined = for ever. */
  validSeconds?: number;
  preferredSeconds?: number;
  /** Who made it (IFA_PROTO), as far as anybody said. */
  origin?: number;
};
export type Route = {
  family: 4 | 6;
  /** Undefined = the default route. */
  destination?: Address;
  prefixLength: number;
  table: number;
  /** RTPROT: who made it. */
  origin: number;
  scope: number;
  /** RTN: 1 unicast, 2 local, 3 broadcast … */
  type: number;
  interfaceIndex?: number;
  gateway?: Address;
  metric?: number;
  preferredSource?: Address;
};
export type RouteEvent =
  | { type: 'link'; link: Link }
  | { type: 'linkGone'; link: Link }
  | { type: 'address'; address: InterfaceAddress }
  | { type: 'addressGone'; address: InterfaceAddress }
  | { type: 'route'; route: Route }
  | { type: 'routeGone'; route: Route };

/** `replace`: renew what is there, its lifetimes included; without it an address that is there is EEXIST. */
export function addAddress(address: InterfaceAddress, how: { replace: boolean }): Request {
  const flags = NLM_F.ACK | NLM_F.CREATE | (how.replace ? NLM_F.REPLACE : NLM_F.EXCL);
  return { name: `RTM_NEWADDR ${named(address)}`, type: RTM.NEWADDR, flags, payload: encodeAddress(address) };
}
export function deleteAddress(address: InterfaceAddress): Request {
  const payload = encodeAddress(address);
  return { name: `RTM_DELADDR ${named(address)}`, type: RTM.DELADDR, flags: NLM_F.ACK, payload };
}
export function dumpLinks(): Request {
  return { name: 'RTM_GETLINK', type: RTM.GETLINK, flags: NLM_F.DUMP, payload: Buffer.alloc(LINK_AT.size) };
}
/** One link by its name; the kernel answers ENODEV when there is none. */
export function getLink(name: string): Request {
  const payload = encodeAttributes(LINK, { name }, LINK_AT.size);
  return { name: `RTM_GETLINK ${name}`, type: RTM.GETLINK, flags: NLM_F.ACK, payload };
}
export function dumpAddresses(family?: 4 | 6): Request {
  const payload = Buffer.alloc(ADDRESS_AT.size);
  payload.writeUInt8(familyNumber(family), ADDRESS_AT.family);
  return { name: 'RTM_GETADDR', type: RTM.GETADDR, flags: NLM_F.DUMP, payload };
}
export function dumpRoutes(family?: 4 | 6): Request {
  const payload = Buffer.alloc(ROUTE_AT.size);
  payload.writeUInt8(familyNumber(family), ROUTE_AT.family);
  return { name: 'RTM_GETROUTE', type: RTM.GETROUTE, flags: NLM_F.DUMP, payload };
}

/** Any message of rtnetlink, answer or event; other types than the above are `unexpected-type`. */
export function decodeRouteMessage(message: Message): Decoded<RouteEvent> {
  const { type, payload } = message;
  switch (type) {
    case RTM.NEWLINK:
    case RTM.DELLINK: {
      const link = decodeLink(payload);
      if (!link.ok) return link;
      return { ok: true, value: { type: type === RTM.NEWLINK ? 'link' : 'linkGone', link: link.value } };
    }
    case RTM.NEWADDR:
    case RTM.DELADDR: {
      const address = decodeAddress(payload);
      if (!address.ok) return address;
      const gone = type === RTM.DELADDR;
      return { ok: true, value: { type: gone ? 'addressGone' : 'address', address: address.value } };
    }
    case RTM.NEWROUTE:
    case RTM.DELROUTE: {
      const route = decodeRoute(payload);
      if (!route.ok) return route;
      return { ok: true, value: { type: type === RTM.NEWROUTE ? 'route' : 'routeGone', route: route.value } };
    }
    default:
      return { ok: false, drop: 'unexpected-type' };
  }
}

function encodeAddress(of: InterfaceAddress): Buffer {
  const values: ValuesOf<typeof ADDRESS> = {
    address: of.peer ?? of.address,
    local: of.address,
    label: of.label,
    broadcast: of.broadcast,
    flags: of.flags === 0 ? undefined : of.flags,
    origin: of.origin,
  };
  if (of.validSeconds !== undefined) {
    values.lifetimes = {
      validSeconds: of.validSeconds,
      preferredSeconds: of.preferredSeconds ?? of.validSeconds,
    };
  }
  const payload = encodeAttributes(ADDRESS, values, ADDRESS_AT.size);
  payload.writeUInt8(familyNumber(familyOf(of.address)), ADDRESS_AT.family);
  payload.writeUInt8(of.prefixLength, ADDRESS_AT.prefixLength);
  payload.writeUInt8(of.flags & 0xff, ADDRESS_AT.flags);
  payload.writeUInt8(of.scope, ADDRESS_AT.scope);
  payload.writeUInt32LE(of.interfaceIndex, ADDRESS_AT.index);
  return payload;
}

function decodeLink(payload: Buffer): Decoded<Link> {
  if (payload.length < LINK_AT.size) return { ok: false, drop: 'header-truncated' };
  const decoded = decodeAttributes(LINK, payload.subarray(LINK_AT.size));
  if (!decoded.ok) return decoded;
  const { name, mtu, mac, operstate, lower, master, info } = decoded.value;
  if (name === undefined) return { ok: false, drop: 'attribute-missing' };
  const flags = payload.readUInt32LE(LINK_AT.flags);
  const link: Link = {
    index: payload.readInt32LE(LINK_AT.index),
    name,
    up: (flags & IFF.UP) !== 0,
    running: (flags & IFF.UP) !== 0 && (flags & IFF.RUNNING) !== 0 && (flags & IFF.LOWER_UP) !== 0,
    loopback: (flags & IFF.LOOPBACK) !== 0,
    operstate: OPERSTATES[operstate ?? 0] ?? 'unknown',
    mtu: mtu ?? 0,
    mac: mac ?? Buffer.alloc(0),
  };
  if (lower !== undefined) link.lower = lower;
  if (master !== undefined) link.master = master;
  if (info?.kind !== undefined) link.kind = info.kind;
  if (info?.kind === 'vrf' && info.data !== undefined) {
    const vrf = decodeAttributes(VRF, info.data);
    if (vrf.ok && vrf.value.table !== undefined) link.table = vrf.value.table;
  }
  const tunnel = TUNNEL_KINDS[link.kind ?? ''];
  if (tunnel !== undefined) link.tunnel = tunnelEnds(tunnel, info?.data ?? Buffer.alloc(0));
  return { ok: true, value: link };
}

function tunnelEnds(form: 'ip' | 'gre', data: Buffer): NonNullable<Link['tunnel']> {
  const decoded =
    form === 'ip' ? decodeAttributes(TUNNEL_ENDS.ip, data) : decodeAttributes(TUNNEL_ENDS.gre, data);
  if (!decoded.ok) return {};
  const ends = Object.entries(decoded.value).filter(
    ([, end]) => end !== undefined && !ANYWHERE.includes(end),
  );
  return Object.fromEntries(ends);
}

function decodeAddress(payload: Buffer): Decoded<InterfaceAddress> {
  if (payload.length < ADDRESS_AT.size) return { ok: false, drop: 'header-truncated' };
  const decoded = decodeAttributes(ADDRESS, payload.subarray(ADDRESS_AT.size));
  if (!decoded.ok) return decoded;
  const { value } = decoded;
  // IPv6 has `local` only where there is a peer; IPv4 always has both.
  const own = value.local ?? value.address;
  if (own === undefined) return { ok: false, drop: 'attribute-missing' };
  const address: InterfaceAddress = {
    interfaceIndex: payload.readUInt32LE(ADDRESS_AT.index),
    address: own,
    prefixLength: payload.readUInt8(ADDRESS_AT.prefixLength),
    scope: payload.readUInt8(ADDRESS_AT.scope),
    flags: value.flags ?? payload.readUInt8(ADDRESS_AT.flags),
  };
  if (value.label !== undefined) address.label = value.label;
  if (value.broadcast !== undefined) address.broadcast = value.broadcast;
  if (value.address !== undefined && value.address !== own) address.peer = value.address;
  if (value.lifetimes && value.lifetimes.validSeconds !== FOREVER) {
    address.validSeconds = value.lifetimes.validSeconds;
    address.preferredSeconds = value.lifetimes.preferredSeconds;
  }
  if (value.origin !== undefined) address.origin = value.origin;
  return { ok: true, value: address };
}

function decodeRoute(payload: Buffer): Decoded<Route> {
  if (payload.length < ROUTE_AT.size) return { ok: false, drop: 'header-truncated' };
  const family = payload.readUInt8(ROUTE_AT.family);
  if (family !== AF_INET && family !== AF_INET6) return { ok: false, drop: 'unexpected-type' };
  const decoded = decodeAttributes(ROUTE, payload.subarray(ROUTE_AT.size));
  if (!decoded.ok) return decoded;
  const { table, outInterface, ...rest } = decoded.value;
  const route: Route = {
    family: family === AF_INET ? 4 : 6,
    prefixLength: payload.readUInt8(ROUTE_AT.prefixLength),
    table: table ?? payload.readUInt8(ROUTE_AT.table),
    origin: payload.readUInt8(ROUTE_AT.protocol),
    scope: payload.readUInt8(ROUTE_AT.scope),
    type: payload.readUInt8(ROUTE_AT.type),
  };
  if (outInterface !== undefined) route.interfaceIndex = outInterface;
  return { ok: true, value: Object.assign(route, rest) };
}

function familyNumber(family: 4 | 6 | undefined): number {
  if (family === undefined) return AF_UNSPEC;
  return family === 4 ? AF_INET : AF_INET6;
}
function named(of: InterfaceAddress): string {
  return `${of.address}/${of.prefixLength} on interface ${of.interfaceIndex}`;
}
