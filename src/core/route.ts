// A route as a file gives it and the kernel takes it, by the names of its interfaces. Numbers of
// <linux/rtnetlink.h>.
import type { Address, Prefix } from './address.ts';

/** What packets are wrapped in on their way to a next hop. */
export type Encapsulation =
  /** The outermost label first. */
  | { kind: 'mpls'; labels: readonly number[] }
  | {
      kind: 'ip' | 'ip6';
      /** 64 bits, in decimal. */
      id?: string;
      to?: Address;
      from?: Address;
      tos?: number;
      ttl?: number;
      flags?: number;
    }
  /** 64 bits in four hexadecimal parts. */
  | { kind: 'ila'; locator: string };

export type NextHop = {
  interface?: string;
  /** May be an IPv6 address in a route of IPv4. */
  via?: Address;
  /** It is on the link, whatever its address says. */
  onlink?: true;
  /** The first of two in the upper half. */
  realms?: number;
  encapsulation?: Encapsulation;
};

/** RTAX_*, in the kernel's units: eighths of a millisecond of `rtt`, quarters of `rttvar`. */
export type Metrics = Partial<Record<MetricName, number>> & {
  /** RTAX_LOCK: a bit for each that is held. */
  lock?: number;
  /** Congestion control. */
  congctl?: string;
};
export const METRIC_NUMBERS = {
  mtu: 2,
  window: 3,
  rtt: 4,
  rttvar: 5,
  ssthresh: 6,
  cwnd: 7,
  advmss: 8,
  reordering: 9,
  hoplimit: 10,
  initcwnd: 11,
  features: 12,
  rto_min: 13,
  initrwnd: 14,
  quickack: 15,
  fastopen_no_cookie: 17,
} as const;
export const RTAX_LOCK = 1;
export const RTAX_CC_ALGO = 16;
export type MetricName = keyof typeof METRIC_NUMBERS;

export type Route = NextHop & {
  family: 4 | 6;
  /** RTN_*: 1 unicast, 6 blackhole, 7 unreachable, 8 prohibit, 9 throw. */
  type: number;
  /** Length 0 = the default route. */
  to: Prefix;
  /** Of packets from there (IPv6). */
  from?: Prefix;
  table: number;
  /** The table is that of this interface. */
  vrf?: string;
  /** 0 global, 200 site, 253 link, 254 host. */
  scope: number;
  tos?: number;
  source?: Address;
  /** The lowest wins. */
  priority?: number;
  /** RTPROT_*: who made it. */
  origin: number;
  metrics?: Metrics;
  /** Instead of one next hop. */
  hops?: readonly (NextHop & { weight: number })[];
  expiresSeconds?: number;
  /** ICMPV6_ROUTER_PREF_*: 0 medium, 1 high, 3 low. */
  preference?: number;
  /** Into the header of MPLS. */
  copiesTtl?: boolean;
  /** Where there is an equal one: not at all, or behind it. Undefined = before it. */
  place?: 'alone' | 'behind';
  /** Not put back when somebody else removes it. */
  untracked?: true;
};

const TYPE_NAMES: Readonly<Record<number, string>> = {
  2: 'local',
  3: 'broadcast',
  4: 'anycast',
  5: 'multicast',
  6: 'blackhole',
  7: 'unreachable',
  8: 'prohibit',
  9: 'throw',
};

/** In iproute2's words. */
export function routeName(route: Route): string {
  const { to, from, source, table, vrf, priority, metrics = {}, hops = [] } = route;
  const words = [`${to.address}/${to.length}`];
  const type = TYPE_NAMES[route.type];
  if (type !== undefined) words.unshift(type);
  const say = (word: string, value: string | number | undefined) => {
    if (value !== undefined) words.push(`${word} ${value}`);
  };
  say('from', from === undefined ? undefined : `${from.address}/${from.length}`);
  say('tos', route.tos);
  words.push(...hopWords(route));
  say('src', source);
  say(vrf === undefined ? 'table' : 'vrf', vrf ?? table);
  say('metric', priority);
  for (const [name, value] of Object.entries(metrics)) say(name, value);
  say('expires', route.expiresSeconds);
  say('pref', route.preference);
  say('ttl-propagate', route.copiesTtl === undefined ? undefined : String(route.copiesTtl));
  for (const hop of hops) words.push('nexthop', ...hopWords(hop), `weight ${hop.weight}`);
  return words.join(' ');
}

function hopWords({ via, interface: device, onlink, realms, encapsulation }: NextHop): string[] {
  return [
    ...(encapsulation === undefined ? [] : [`encap ${encapsulationName(encapsulation)}`]),
    ...(via === undefined ? [] : [`via ${via}`]),
    ...(device === undefined ? [] : [`dev ${device}`]),
    ...(onlink ? ['onlink'] : []),
    ...(realms === undefined ? [] : [`realms ${realms >>> 16}/${realms & 0xffff}`]),
  ];
}

function encapsulationName(encapsulation: Encapsulation): string {
  if (encapsulation.kind === 'mpls') return `mpls ${encapsulation.labels.join('/')}`;
  if (encapsulation.kind === 'ila') return `ila ${encapsulation.locator}`;
  return Object.entries(encapsulation)
    .map(([name, value]) => (name === 'kind' ? value : `${name} ${value}`))
    .join(' ');
}
