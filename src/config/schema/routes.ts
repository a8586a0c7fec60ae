// Routes, entry by entry, in iproute2's words: `10.1.0.0/16 via 10.0.0.1 dev eth0 mtu 1400`. ip-route(8) and
// keepalived.conf(5).
import type { Prefix } from '../../core/address.ts';
import type { Arguments } from '../arguments.ts';
import type { Word } from '../tree.ts';
import { encapsulation } from './encapsulation.ts';
import {
  familyOfWord,
  type RouteValues,
  readWords,
  reportFamilies,
  SHARED_SHAPES,
  SHARED_WORDS,
} from './routing-words.ts';
import { nameOf, prefix, type Shape, UINT_MAX } from './shape.ts';
import { words } from './table.ts';

const ROUTE_TYPES = new Set([
  'unicast',
  'local',
  'broadcast',
  'anycast',
  'multicast',
  'blackhole',
  'unreachable',
  'prohibit',
  'throw',
  'nat',
]);

/** A metric that is held: `mtu lock 1400`. */
function held(inner: Shape<string>): Shape<string> {
  return {
    syntax: `[lock] ${inner.syntax}`,
    line: true,
    example: inner.example!,
    read(given) {
      const isHeld = given.peek()?.text === 'lock';
      if (isHeld) given.optional();
      const value = inner.read(given);
      return value !== undefined && isHeld ? `lock ${value}` : value;
    },
  };
}
const time: Shape<string> = {
  syntax: 'NUMBER[s|ms]',
  example: '200ms',
  read(given) {
    const word = given.take('a time');
    if (word === undefined) return undefined;
    const [, value] = /^(\d+(?:\.\d+)?)(?:s|ms)?$/i.exec(word.text) ?? [];
    if (value === undefined) return given.wrong(word, `takes a time, not "${word.text}"`, 'as in `200ms`');
    return Number(value) <= UINT_MAX ? word.text : given.outside(word, `0 to ${UINT_MAX}`);
  },
};
const algorithm: Shape<string> = {
  syntax: 'NAME',
  example: 'cubic',
  read: (given) => given.take('a name')?.text,
};
const via: Shape<Prefix> = {
  syntax: '[inet|inet6] IPADDR',
  line: true,
  example: '10.0.0.1',
  read(given) {
    const said = given.peek();
    if (said?.text !== 'inet' && said?.text !== 'inet6') return prefix.read(given);
    given.optional();
    const value = prefix.read(given);
    if (value === undefined || familyOfWord(said.text, true) === familyOfWord('via', value)) return value;
    return given.complain('CFG_CONTRADICTION', said.at, `${value.address} is no ${said.text}`);
  },
};
const newDestination: Shape<Prefix> = {
  syntax: '[to] IPADDR',
  line: true,
  example: '10.0.0.1',
  read(given) {
    if (given.peek()?.text === 'to') given.optional();
    return prefix.read(given);
  },
};
const scope: Shape<string> = { ...SHARED_SHAPES.byte, example: 'link' };

const SHAPES = {
  ...SHARED_SHAPES,
  held: held(SHARED_SHAPES.number),
  time: held(time),
  algorithm: held(algorithm),
  via,
  either: prefix,
  newDestination,
  scope,
  encapsulation,
  group: nameOf('track_group'),
};
const ROUTE_WORDS = `${SHARED_WORDS}
  acts src               ip           preferred source address
  acts as                newDestination destination that MPLS gives a packet: left out of routes of IP
  acts to                destination  destination
  acts via               via          next hop
  acts gw                via          another name of via
  acts or                either       a second next hop beside that of via: old, write nexthop
  acts from              destination  source that it holds for (IPv6)
  acts table             table        routing table
  acts protocol          byte         who made it, see rt_protos
  acts tos               byte         type of service
  acts dsfield           byte         another name of tos
  acts realms            realms       realm, see rt_realms
  acts scope             scope        link, host, site, global
  acts metric            number       preference; the lowest wins
  acts priority          number       another name of metric
  acts preference        number       another name of metric
  acts dev               iface        interface
  acts oif               iface        another name of dev
  acts onlink            flag         the next hop is on the link, whatever its address says
  acts encap             encapsulation tunnel it in
  acts expires           number       gone after so many seconds (IPv6)
  acts mtu               held         path MTU
  acts hoplimit          int(0,255)   hop limit
  acts advmss            held         largest TCP segment that is offered
  acts rtt               time         first round trip time estimate
  acts rttvar            time         its variance
  acts reordering        held         reordering that is tolerated
  acts window            number       largest TCP window that is offered
  acts cwnd              held         largest congestion window
  acts ssthresh          held         first slow start threshold
  acts rto_min           time         shortest retransmission timeout
  acts initcwnd          number       first congestion window
  acts initrwnd          number       first receive window
  acts features          one(ecn)     ecn
  acts quickack          int(0,1)     answer at once
  acts congctl           algorithm    congestion control
  acts pref              one(low|medium|high|0|1|3) preference of a router (IPv6)
  acts ttl-propagate     one(enabled|disabled) copy the TTL into the MPLS header
  acts fastopen_no_cookie int(0,1)    TCP fast open without cookie
  acts add               flag         only where there is no equal route
  acts prepend           flag         before equal routes, the default
  acts append            flag         after equal routes
  acts nexthop           flag         one of several next hops: its own via, dev, weight, onlink follow
  acts weight            int(1,256)   share of a next hop
  acts vrf               iface        in the table of that interface, a VRF
`;
/** A virtual one belongs to its instance; a static one may be followed by others. */
const OF_STATIC = `
  acts track_group       group        instances that are no candidates while it is missing
`;
/** Each next hop has its own. */
const OF_A_NEXT_HOP = new Set(['via', 'gw', 'as', 'dev', 'oif', 'weight', 'onlink', 'encap', 'realms']);
const IPV6_ONLY = ['expires', 'pref', 'from'];

export const routeEntry = route(ROUTE_WORDS);
export const staticRouteEntry = route(ROUTE_WORDS + OF_STATIC, { refersTo: ['track_group'] });

function route(table: string, more: Pick<Shape<RouteValues>, 'refersTo'> = {}): Shape<RouteValues> {
  const known = words(table, { shapes: SHAPES });
  return {
    syntax: '[TYPE] IPADDR[/LENGTH]|default|default6 [OPTION …]',
    line: true,
    example: '10.2.0.0/16 via 10.0.0.1 dev eth0',
    ...more,
    get options() {
      return known();
    },
    read(given) {
      const first = given.peek();
      const hasType = first !== undefined && ROUTE_TYPES.has(first.text);
      if (hasType) given.optional();
      const values = readWords(given, { known: known(), bare: 'to', nameOf: inNextHops() });
      if (values === undefined) return undefined;
      if (hasType) values.type = { value: first.text, at: first.at };
      reportFamilies(given, values, ['to', 'from', 'src']);
      reportNextHops(given, values);
      reportOldWords(given, values);
      if (values.to !== undefined) return values;
      const hint = 'as in `default via 10.0.0.1`';
      return given.complain('CFG_MISSING', given.lastTaken.at, 'a route needs a destination', hint);
    },
  };
}

/** `via 1` is of the first of several next hops, `via` of the only one. */
function inNextHops(): (word: Word, given: Arguments) => string | undefined {
  let hops = 0;
  return (word, given) => {
    if (word.text === 'nexthop') {
      hops += 1;
      return `nexthop ${hops}`;
    }
    if (hops > 0 && OF_A_NEXT_HOP.has(word.text)) return `${word.text} ${hops}`;
    if (word.text !== 'weight') return word.text;
    given.rest();
    return given.complain('CFG_UNKNOWN', word.at, 'a weight is of a nexthop', 'write `nexthop` before it');
  };
}

function reportNextHops(given: Arguments, values: RouteValues): void {
  const ofIPv6 = ['inet6', 'to', 'from', 'src'].some((word) => familyIn(values, word) === 6);
  const ofIPv4 = ['inet', 'to', 'src'].some((word) => familyIn(values, word) === 4);
  const wrong = IPV6_ONLY.find((word) => Object.hasOwn(values, word));
  if (ofIPv4 && wrong !== undefined && wrong !== 'from')
    given.complain(
      'CFG_CONTRADICTION',
      values[wrong]!.at,
      `${wrong} is for IPv6, and the addresses are IPv4`,
    );
  else if (ofIPv4 && wrong === 'from')
    given.complain('CFG_CONTRADICTION', values.from!.at, 'from is for IPv6: in IPv4 write a rule');
  const hops = Object.keys(values).filter((name) => /^(via|gw)( |$)/.test(name));
  const families = new Set(hops.map((name) => familyOfWord('via', values[name]!.value)));
  const last = hops.at(-1);
  if (last === undefined) return reportEmptyHop(given, values);
  if (families.size > 1)
    given.complain('CFG_CONTRADICTION', values[last]!.at, 'next hops of one route are of one family');
  else if (ofIPv6 && families.has(4))
    given.complain('CFG_CONTRADICTION', values[last]!.at, 'an IPv6 route has no IPv4 next hop');
  reportEmptyHop(given, values);
}

function reportOldWords(given: Arguments, values: RouteValues): void {
  for (const [word, { at }] of Object.entries(values))
    if (/^as( |$)/.test(word))
      given.complain('CFG_REDUNDANT', at, '`as` is for routes of MPLS: it is left out');
  const { or: either } = values;
  if (either === undefined) return;
  if (values['nexthop 1'] !== undefined)
    given.complain('CFG_CONTRADICTION', either.at, '`or` is an old form of nexthop: a route has one of them');
  else if ((values.via ?? values.gw) === undefined)
    given.complain('CFG_MISSING', either.at, '`or` needs a via that it stands beside');
  else
    given.complain(
      'CFG_DEPRECATED',
      either.at,
      '`or` is an old form of two next hops',
      'write `nexthop via A nexthop via B`',
    );
}

function reportEmptyHop(given: Arguments, values: RouteValues): void {
  for (let hop = 1; values[`nexthop ${hop}`] !== undefined; hop++) {
    if (['via', 'gw', 'dev', 'oif'].some((word) => values[`${word} ${hop}`] !== undefined)) continue;
    const { at } = values[`nexthop ${hop}`]!;
    given.complain(
      'CFG_MISSING',
      at,
      'a nexthop needs a via or a dev',
      'as in `nexthop via 10.0.0.1 weight 1`',
    );
  }
}

function familyIn(values: RouteValues, word: string): 4 | 6 | undefined {
  const option = values[word];
  return option === undefined ? undefined : familyOfWord(word, option.value);
}
