// rtnetlink requests that make, change and remove a virtual interface. What an interface is, and what the
// kernel tells of it, is in route.ts. Numbers of <linux/if_link.h>.
import { bytes, encodeAttributes, nested, schema, text, u32 } from './attributes.ts';
import { NLM_F, type Request } from './message.ts';
import { IFF, RTM } from './route.ts';

/**
 * MACVLAN_MODE_PRIVATE. A frame from the device's own MAC, as a peer's advert is, is given to the device in
 * this mode, and to nobody else.
 */
const PRIVATE = 1;

// struct ifinfomsg
const HEADER = { flags: 8, change: 12, size: 16 } as const;
const INFO = schema({
  kind: { id: 1, kind: text },
  data: { id: 2, kind: nested(schema({ mode: { id: 1, kind: u32 } })) },
});
const LINK = schema({
  mac: { id: 1, kind: bytes },
  name: { id: 3, kind: text },
  lower: { id: 5, kind: u32 },
  info: { id: 18, kind: nested(INFO) },
  group: { id: 27, kind: u32 },
});

export type Macvlan = { name: string; mac: Buffer; lowerIndex: number; group?: number };

/** It is down, so that its settings can be made before it speaks. */
export function createMacvlan({ name, mac, lowerIndex, group }: Macvlan): Request {
  const info = { kind: 'macvlan', data: { mode: PRIVATE } };
  const payload = encodeAttributes(LINK, { mac, name, lower: lowerIndex, info, group }, HEADER.size);
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
