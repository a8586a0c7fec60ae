// Requests that add and remove routes, and what is in them. Does no input or output. struct rtmsg, struct
// rtnexthop and the attributes of <linux/rtnetlink.h>.
import { type Address, addressBytes, addressFromBytes, familyOf, type Prefix } from '../core/address.ts';
import {
  METRIC_NUMBERS,
  type Metrics,
  type NextHop,
  type Route,
  RTAX_CC_ALGO,
  RTAX_LOCK,
  routeName,
} from '../core/route.ts';
import {
  bytes,
  type Decoded,
  decodeAttributes,
  encodeAttributes,
  inetAddress,
  type Kind,
  nested,
  nestedBytes,
  schema,
  text,
  u8,
  u16,
  u32,
  type ValuesOf,
} from './attributes.ts';
import { decodeEncapsulation, ENCAPSULATIONS, encodeEncapsulation } from './encapsulation.ts';
import { type Message, NLM_F, type Request } from './message.ts';
import { RTM } from './route.ts';

const AT = {
  family: 0,
  toLength: 1,
  fromLength: 2,
  tos: 3,
  table: 4,
  protocol: 5,
  scope: 6,
  type: 7,
  flags: 8,
  size: 12,
} as const;
/** struct rtnexthop; its weight is one less. */
const HOP_AT = { length: 0, flags: 2, weight: 3, index: 4, size: 8 } as const;
const AF = { 4: 2, 6: 10 } as const;
const RTNH_F_ONLINK = 4;
/** Larger numbers of a table are in an attribute only. */
const TABLE_UNSPECIFIED = 0;

/** struct rtvia: a next hop of another family. */
const foreignHop: Kind<Address> = {
  size: (value) => 2 + addressBytes(value).length,
  write: (value, to, at) => {
    to.writeUInt16LE(AF[familyOf(value)], at);
    to.set(addressBytes(value), at + 2);
  },
  read: (payload) => inetAddress.read(payload.subarray(2)),
};
const METRICS = schema({
  lock: { id: RTAX_LOCK, kind: u32 },
  mtu: { id: METRIC_NUMBERS.mtu, kind: u32 },
  window: { id: METRIC_NUMBERS.window, kind: u32 },
  rtt: { id: METRIC_NUMBERS.rtt, kind: u32 },
  rttvar: { id: METRIC_NUMBERS.rttvar, kind: u32 },
  ssthresh: { id: METRIC_NUMBERS.ssthresh, kind: u32 },
  cwnd: { id: METRIC_NUMBERS.cwnd, kind: u32 },
  advmss: { id: METRIC_NUMBERS.advmss, kind: u32 },
  reordering: { id: METRIC_NUMBERS.reordering, kind: u32 },
  hoplimit: { id: METRIC_NUMBERS.hoplimit, kind: u32 },
  initcwnd: { id: METRIC_NUMBERS.initcwnd, kind: u32 },
  features: { id: METRIC_NUMBERS.features, kind: u32 },
  rto_min: { id: METRIC_NUMBERS.rto_min, kind: u32 },
  initrwnd: { id: METRIC_NUMBERS.initrwnd, kind: u32 },
  quickack: { id: METRIC_NUMBERS.quickack, kind: u32 },
  congctl: { id: RTAX_CC_ALGO, kind: text },
  fastopen_no_cookie: { id: METRIC_NUMBERS.fastopen_no_cookie, kind: u32 },
});
/** Of a next hop alone, or of one of several. */
const HOP_FIELDS = {
  gateway: { id: 5, kind: inetAddress },
  realms: { id: 11, kind: u32 },
  foreign: { id: 18, kind: foreignHop },
  encapsulationType: { id: 21, kind: u16 },
  encapsulation: { id: 22, kind: nestedBytes },
} as const;
const HOP = schema(HOP_FIELDS);
const ATTRIBUTES = schema({
  to: { id: 1, kind: inetAddress },
  from: { id: 2, kind: inetAddress },
  outInterface: { id: 4, kind: u32 },
  priority: { id: 6, kind: u32 },
  source: { id: 7, kind: inetAddress },
  metrics: { id: 8, kind: nested(METRICS) },
  hops: { id: 9, kind: bytes },
  table: { id: 15, kind: u32 },
  preference: { id: 20, kind: u8 },
  expiresSeconds: { id: 23, kind: u32 },
  copiesTtl: { id: 26, kind: u8 },
  ...HOP_FIELDS,
});

/** Of interfaces; whoever asks has made sure that they exist. */
export type IndexOf = (name: string) => number;

/** One that is there is EEXIST. */
export function addRoute(route: Route, indexOf: IndexOf): Request {
  const where = { alone: NLM_F.EXCL, behind: NLM_F.APPEND };
  const flags = NLM_F.ACK | NLM_F.CREATE | (route.place === undefined ? 0 : where[route.place]);
  const name = `RTM_NEWROUTE ${routeName(route)}`;
  return { name, type: RTM.NEWROUTE, flags, payload: encode(route, indexOf) };
}
/**
 * In place of the one with the same destination, type of service and metric; where there is none it is
 * added.
 */
export function replaceRoute(route: Route, indexOf: IndexOf): Request {
  const added = addRoute(route, indexOf);
  return { ...added, flags: NLM_F.ACK | NLM_F.CREATE | NLM_F.REPLACE };
}
/** The way to an address: the kernel answers with one route, ENETUNREACH and the like when there is none. */
export function getRoute(to: Address): Request {
  const family = familyOf(to);
  const payload = encodeAttributes(ATTRIBUTES, { to }, AT.size);
  payload.writeUInt8(AF[family], AT.family);
  payload.writeUInt8(family === 4 ? 32 : 128, AT.toLength);
  return { name: `RTM_GETROUTE ${to}`, type: RTM.GETROUTE, flags: 0, payload };
}
/** Only one of this very kind; none is ESRCH. The kernel has limited what it found too large of a metric. */
export function deleteRoute({ metrics: _, ...route }: Route, indexOf: IndexOf): Request {
  const name = `RTM_DELROUTE ${routeName(route)}`;
  return { name, type: RTM.DELROUTE, flags: NLM_F.ACK, payload: encode(route, indexOf) };
}

function encode(route: Route, indexOf: IndexOf): Buffer {
  const { to, from, interface: device, hops, copiesTtl } = route;
  const payload = encodeAttributes(
    ATTRIBUTES,
    {
      to: to.length === 0 ? undefined : networkOf(to),
      from: from === undefined || from.length === 0 ? undefined : networkOf(from),
      outInterface: device === undefined ? undefined : indexOf(device),
      priority: route.priority,
      source: route.source,
      metrics: route.metrics,
      hops: hops && Buffer.concat(hops.map((hop) => encodeHop(hop, route.family, indexOf))),
      table: route.table,
      preference: route.preference,
      expiresSeconds: route.expiresSeconds,
      copiesTtl: copiesTtl === undefined ? undefined : Number(copiesTtl),
      ...hopValues(route, route.family),
    },
    AT.size,
  );
  payload.writeUInt8(AF[route.family], AT.family);
  payload.writeUInt8(to.length, AT.toLength);
  payload.writeUInt8(from?.length ?? 0, AT.fromLength);
  payload.writeUInt8(route.tos ?? 0, AT.tos);
  payload.writeUInt8(route.table < 256 ? route.table : TABLE_UNSPECIFIED, AT.table);
  payload.writeUInt8(route.origin, AT.protocol);
  payload.writeUInt8(route.scope, AT.scope);
  payload.writeUInt8(route.type, AT.type);
  payload.writeUInt32LE(route.onlink ? RTNH_F_ONLINK : 0, AT.flags);
  return payload;
}

function hopValues({ via, realms, encapsulation }: NextHop, family: 4 | 6): ValuesOf<typeof HOP> {
  const isForeign = via !== undefined && familyOf(via) !== family;
  return {
    gateway: isForeign ? undefined : via,
    foreign: isForeign ? via : undefined,
    realms,
    encapsulationType: encapsulation && ENCAPSULATIONS[encapsulation.kind],
    encapsulation: encapsulation && encodeEncapsulation(encapsulation),
  };
}

function encodeHop(hop: NextHop & { weight: number }, family: 4 | 6, indexOf: IndexOf): Buffer {
  const bytes = encodeAttributes(HOP, hopValues(hop, family), HOP_AT.size);
  bytes.writeUInt16LE(bytes.length, HOP_AT.length);
  bytes.writeUInt8(hop.onlink ? RTNH_F_ONLINK : 0, HOP_AT.flags);
  bytes.writeUInt8(hop.weight - 1, HOP_AT.weight);
  bytes.writeUInt32LE(hop.interface === undefined ? 0 : indexOf(hop.interface), HOP_AT.index);
  return bytes;
}

/** Of a request, and of an answer or event of the kernel. `nameOf`: of an interface by its index. */
export function decodeRoute(
  { type, flags, payload }: Pick<Message, 'type' | 'flags' | 'payload'>,
  nameOf: (index: number) => string,
): Decoded<Route> {
  if (type !== RTM.NEWROUTE && type !== RTM.DELROUTE) return { ok: false, drop: 'unexpected-type' };
  if (payload.length < AT.size) return { ok: false, drop: 'header-truncated' };
  const number = payload.readUInt8(AT.family);
  if (number !== AF[4] && number !== AF[6]) return { ok: false, drop: 'unexpected-type' };
  const decoded = decodeAttributes(ATTRIBUTES, payload.subarray(AT.size));
  if (!decoded.ok) return decoded;
  const { to, from, outInterface, hops, copiesTtl, table, source, metrics, ...rest } = decoded.value;
  const several = hops === undefined ? undefined : decodeHops(hops, nameOf);
  if (hops !== undefined && several === undefined) return { ok: false, drop: 'attribute-bad-value' };
  const family = number === AF[4] ? 4 : 6;
  const route: Record<keyof Route, Route[keyof Route] | undefined> = {
    family,
    type: payload.readUInt8(AT.type),
    to: {
      address: to ?? addressFromBytes(Buffer.alloc(family === 4 ? 4 : 16)),
      length: payload.readUInt8(AT.toLength),
    },
    from: from === undefined ? undefined : { address: from, length: payload.readUInt8(AT.fromLength) },
    table: table ?? payload.readUInt8(AT.table),
    vrf: undefined,
    origin: payload.readUInt8(AT.protocol),
    scope: payload.readUInt8(AT.scope),
    tos: payload.readUInt8(AT.tos) || undefined,
    source,
    priority: rest.priority,
    metrics: metrics as Metrics | undefined,
    interface: outInterface === undefined ? undefined : nameOf(outInterface),
    hops: several,
    expiresSeconds: rest.expiresSeconds,
    preference: rest.preference,
    copiesTtl: copiesTtl === undefined ? undefined : copiesTtl !== 0,
    place: type === RTM.NEWROUTE ? placeOf(flags) : undefined,
    ...NO_HOP,
    ...hopOf(rest, payload.readUInt32LE(AT.flags)),
    untracked: undefined,
  };
  const said = Object.entries(route).filter(([, each]) => each !== undefined);
  return { ok: true, value: Object.fromEntries(said) as Route };
}

const NO_HOP = { via: undefined, onlink: undefined, realms: undefined, encapsulation: undefined };

function placeOf(flags: number): Route['place'] {
  if ((flags & NLM_F.EXCL) !== 0) return 'alone';
  return (flags & NLM_F.APPEND) === 0 ? undefined : 'behind';
}

function hopOf(values: ValuesOf<typeof HOP>, flags: number): NextHop {
  const { gateway, foreign, realms, encapsulationType, encapsulation } = values;
  const via = gateway ?? foreign;
  const wrapped = encapsulation && decodeEncapsulation(encapsulationType ?? 0, encapsulation);
  return {
    ...(via === undefined ? {} : { via }),
    ...((flags & RTNH_F_ONLINK) === 0 ? {} : { onlink: true }),
    ...(realms === undefined ? {} : { realms }),
    ...(wrapped === undefined ? {} : { encapsulation: wrapped }),
  };
}

function decodeHops(payload: Buffer, nameOf: (index: number) => string): Route['hops'] {
  const hops: (NextHop & { weight: number })[] = [];
  for (let at = 0; at < payload.length; ) {
    if (payload.length - at < HOP_AT.size) return undefined;
    const length = payload.readUInt16LE(at + HOP_AT.length);
    if (length < HOP_AT.size || length > payload.length - at) return undefined;
    const decoded = decodeAttributes(HOP, payload.subarray(at + HOP_AT.size, at + length));
    if (!decoded.ok) return undefined;
    const index = payload.readUInt32LE(at + HOP_AT.index);
    hops.push({
      ...hopOf(decoded.value, payload.readUInt8(at + HOP_AT.flags)),
      ...(index === 0 ? {} : { interface: nameOf(index) }),
      weight: payload.readUInt8(at + HOP_AT.weight) + 1,
    });
    at += (length + 3) & ~3;
  }
  return hops;
}

/** The kernel refuses bits behind the prefix. */
export function networkOf({ address, length }: Prefix): Address {
  const bytes = Buffer.from(addressBytes(address));
  for (const [at, byte] of bytes.entries()) {
    const bits = Math.min(8, Math.max(0, length - 8 * at));
    bytes[at] = byte & (0xff00 >> bits);
  }
  return addressFromBytes(bytes);
}
