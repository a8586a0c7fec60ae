// rtnetlink requests that make, change and remove a virtual interface. What an interface is, and what the
// kernel tells of it, is in route.ts. Numbers of <linux/if_link.h>.
import type { Address } from '../core/address.ts';
import {
  bytes,
  encodeAttributes,
  inetAddress,
  nested,
  nestedBytes,
  schema,
  text,
  u16,
  u32,
  type ValuesOf,
} from './attributes.ts';
import { NLM_F, type Request } from './message.ts';
import { IFF, RTM } from './route.ts';

/**
 * MACVLAN_MODE_PRIVATE. A frame from the device's own MAC, as a peer's advert is, is given to the device in
 * this mode, and to nobody else.
 */
const PRIVATE = 1;
/** IPVLAN_MODE_L2: adverts are multicast, and only that mode has them. IPVLAN_F_PRIVATE, IPVLAN_F_VEPA. */
const L2 = 0;
const IPVLAN_FLAGS = { bridge: 0, private: 1, vepa: 2 } as const;

// struct ifinfomsg
const HEADER = { flags: 8, change: 12, size: 16 } as const;
const MACVLAN = schema({ mode: { id: 1, kind: u32 } });
const IPVLAN = schema({ mode: { id: 1, kind: u16 }, flags: { id: 2, kind: u16 } });
/** <linux/if_tunnel.h>: IFLA_IPTUN_LOCAL, IFLA_GRE_LOCAL. */
const IP_TUNNEL = schema({ local: { id: 2, kind: inetAddress } });
const GRE_TUNNEL = schema({ local: { id: 6, kind: inetAddress } });
const INFO = schema({ kind: { id: 1, kind: text }, data: { id: 2, kind: nestedBytes } });
const LINK = schema({
  mac: { id: 1, kind: bytes },
  name: { id: 3, kind: text },
  mtu: { id: 4, kind: u32 },
  lower: { id: 5, kind: u32 },
  info: { id: 18, kind: nested(INFO) },
  group: { id: 27, kind: u32 },
});

type TunnelKind = 'ipip' | 'sit' | 'ip6tnl' | 'gre' | 'ip6gre';
type New = { name: string; lowerIndex: number; group?: number };
export type Macvlan = New & { mac: Buffer };
export type Ipvlan = New & { mode: keyof typeof IPVLAN_FLAGS };

/** It is down, so that its settings can be made before it speaks. */
export function createMacvlan(device: Macvlan): Request {
  return create({ ...device, info: { kind: 'macvlan', data: encodeAttributes(MACVLAN, { mode: PRIVATE }) } });
}
/** The same. It has the MAC of its base. */
export function createIpvlan({ mode, ...device }: Ipvlan): Request {
  const data = encodeAttributes(IPVLAN, { mode: L2, flags: IPVLAN_FLAGS[mode] });
  return create({ ...device, info: { kind: 'ipvlan', data } });
}
/** The end of a tunnel from everywhere to `local`; it is down. The kernel loads the module that it needs. */
export function createTunnel({
  name,
  kind,
  local,
}: {
  name: string;
  kind: TunnelKind;
  local: Address;
}): Request {
  const isGre = kind === 'gre' || kind === 'ip6gre';
  const data = isGre ? encodeAttributes(GRE_TUNNEL, { local }) : encodeAttributes(IP_TUNNEL, { local });
  const info = { kind, data };
  const payload = encodeAttributes(LINK, { name, info }, HEADER.size);
  const flags = NLM_F.ACK | NLM_F.CREATE | NLM_F.EXCL;
  return { name: `RTM_NEWLINK ${name}`, type: RTM.NEWLINK, flags, payload };
}

/** What goes out by it is seen by who watches it, and by nobody else; it is down. */
export function createDummy({ name, mtu }: { name: string; mtu: number }): Request {
  const payload = encodeAttributes(LINK, { name, mtu, info: { kind: 'dummy' } }, HEADER.size);
  const flags = NLM_F.ACK | NLM_F.CREATE | NLM_F.EXCL;
  return { name: `RTM_NEWLINK ${name}`, type: RTM.NEWLINK, flags, payload };
}

function create({ lowerIndex, ...device }: New & Pick<ValuesOf<typeof LINK>, 'mac' | 'info'>): Request {
  const { name } = device;
  const payload = encodeAttributes(LINK, { ...device, lower: lowerIndex }, HEADER.size);
  const flags = NLM_F.ACK | NLM_F.CREATE | NLM_F.EXCL;
  return { name: `RTM_NEWLINK ${name}`, type: RTM.NEWLINK, flags, payload };
}

export function setLinkUp(name: string): Request {
  return setLink(name, IFF.UP);
}
export function setLinkDown(name: string): Request {
  return setLink(name, 0);
}
function setLink(name: string, flags: number): Request {
  const payload = encodeAttributes(LINK, { name }, HEADER.size);
  payload.writeUInt32LE(flags, HEADER.flags);
  payload.writeUInt32LE(IFF.UP, HEADER.change);
  const state = flags === 0 ? 'down' : 'up';
  return { name: `RTM_NEWLINK ${name} ${state}`, type: RTM.NEWLINK, flags: NLM_F.ACK, payload };
}

export function deleteLink(name: string): Request {
  const payload = encodeAttributes(LINK, { name }, HEADER.size);
  return { name: `RTM_DELLINK ${name}`, type: RTM.DELLINK, flags: NLM_F.ACK, payload };
}
