// rtnetlink requests that make, change and remove a virtual interface. What an interface is, and what the
// kernel tells of it, is in route.ts. Numbers of <linux/if_link.h>.
import {
  bytes,
  encodeAttributes,
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
const INFO = schema({ kind: { id: 1, kind: text }, data: { id: 2, kind: nestedBytes } });
const LINK = schema({
  mac: { id: 1, kind: bytes },
  name: { id: 3, kind: text },
  lower: { id: 5, kind: u32 },
  info: { id: 18, kind: nested(INFO) },
  group: { id: 27, kind: u32 },
});

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

function create({ lowerIndex, ...device }: New & Pick<ValuesOf<typeof LINK>, 'mac' | 'info'>): Request {
  const { name } = device;
  const payload = encodeAttributes(LINK, { ...device, lower: lowerIndex }, HEADER.size);
  const flags = NLM_F.ACK | NLM_F.CREATE | NLM_F.EXCL;
  return { name: `RTM_NEWLINK ${name}`, type: RTM.NEWLINK, flags, payload };
}

export function setLinkUp(name: string): Request {
  const payload = encodeAttributes(LINK, { name }, HEADER.size);
  payload.writeUInt32LE(IFF.UP, HEADER.flags);
  payload.writeUInt32LE(IFF.UP, HEADER.change);
  return { name: `RTM_NEWLINK ${name} up`, type: RTM.NEWLINK, flags: NLM_F.ACK, payload };
}

export function deleteLink(name: string): Request {
  const payload = encodeAttributes(LINK, { name }, HEADER.size);
  return { name: `RTM_DELLINK ${name}`, type: RTM.DELLINK, flags: NLM_F.ACK, payload };
}
