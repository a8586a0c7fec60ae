// Requests that add and remove routes. Does no input or output. struct rtmsg and the attributes of
// <linux/rtnetlink.h>.
import { type Address, addressBytes, addressFromBytes } from '../core/address.ts';
import type { Route } from '../core/route.ts';
import { encodeAttributes, inetAddress, schema, u32 } from './attributes.ts';
import { NLM_F, type Request } from './message.ts';
import { RTM } from './route.ts';

const AT = { family: 0, length: 1, table: 4, protocol: 5, scope: 6, type: 7, flags: 8, size: 12 } as const;
const AF = { 4: 2, 6: 10 } as const;
const RTNH_F_ONLINK = 4;
/** RTPROT_KEEPALIVED: by it a later director, and the guardian, know what is VRRP's. */
const RTPROT_KEEPALIVED = 18;
/** Larger numbers of a table are in an attribute only. */
const TABLE_UNSPECIFIED = 0;
const ATTRIBUTES = schema({
  destination: { id: 1, kind: inetAddress },
  outInterface: { id: 4, kind: u32 },
  gateway: { id: 5, kind: inetAddress },
  priority: { id: 6, kind: u32 },
  preferredSource: { id: 7, kind: inetAddress },
  table: { id: 15, kind: u32 },
});

/** `index`: of its interface. A route that is there is EEXIST. */
export function addRoute(route: Route, index: number | undefined): Request {
  const flags = NLM_F.ACK | NLM_F.CREATE | NLM_F.EXCL;
  return { name: `RTM_NEWROUTE ${named(route)}`, type: RTM.NEWROUTE, flags, payload: encode(route, index) };
}
/** Only one of this very kind, made by VRRP; none is ESRCH. */
export function deleteRoute(route: Route, index: number | undefined): Request {
  const payload = encode(route, index);
  return { name: `RTM_DELROUTE ${named(route)}`, type: RTM.DELROUTE, flags: NLM_F.ACK, payload };
}

function encode(route: Route, index: number | undefined): Buffer {
  const payload = encodeAttributes(
    ATTRIBUTES,
    {
      destination: route.to.length === 0 ? undefined : networkOf(route.to),
      outInterface: index,
      gateway: route.via,
      priority: route.priority,
      preferredSource: route.source,
      table: route.table,
    },
    AT.size,
  );
  payload.writeUInt8(AF[route.family], AT.family);
  payload.writeUInt8(route.to.length, AT.length);
  payload.writeUInt8(route.table < 256 ? route.table : TABLE_UNSPECIFIED, AT.table);
  payload.writeUInt8(RTPROT_KEEPALIVED, AT.protocol);
  payload.writeUInt8(route.scope, AT.scope);
  payload.writeUInt8(route.type, AT.type);
  payload.writeUInt32LE(route.onlink ? RTNH_F_ONLINK : 0, AT.flags);
  return payload;
}

/** The kernel refuses bits behind the prefix. */
export function networkOf({ address, length }: Route['to']): Address {
  const bytes = Buffer.from(addressBytes(address));
  for (const [at, byte] of bytes.entries()) {
    const bits = Math.min(8, Math.max(0, length - 8 * at));
    bytes[at] = byte & (0xff00 >> bits);
  }
  return addressFromBytes(bytes);
}
function named({ to, table }: Route): string {
  return `${to.address}/${to.length} table ${table}`;
}
