// Routes and policy rules, entry by entry, in iproute2's words: `10.1.0.0/16 via 10.0.0.1 dev eth0 mtu 1400`,
// `from 10.0.0.0/8 table 100 priority 50`. ip-route(8), ip-rule(8) and keepalived.conf(5).
import type { Located } from '../../core/diagnostic.ts';
import type { Arguments } from '../arguments.ts';
import { nearest } from '../nearest.ts';
import { joinSpans, type Word } from '../tree.ts';
import type { Keyword } from './block.ts';
import { oneOf, prefix, type Shape } from './shape.ts';
import { words } from './table.ts';

export type RouteValues = Record<string, Located<unknown>>;
type Values = RouteValues;

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
const EVERYWHERE = ['default', 'default6', 'any', 'all'];
/** `default` is every address; a prefix may be an address alone. */
const destination: Shape<unknown> = {
  syntax: 'IPADDR[/LENGTH]|default|default6|any|all',
  example: '10.0.0.0/8',
  read(given) {
    const word = given.peek();
    return EVERYWHERE.includes(word?.text ?? '') ? given.optional()!.text : prefix.read(given);
  },
};
/** A metric may be held: `mtu lock 1400`, keepalived's `lock` too. */
const metric: Shape<unknown> = {
  syntax: '[lock] NUMBER[s|ms]',
  line: true,
  example: '1400',
  read(given) {
    if (given.peek()?.text === 'lock') given.optional();
    const word = given.take('a number');
    if (word === undefined) return undefined;
    if (/^(0x[0-9a-f]+|\d+(\.\d+)?)(s|ms)?$/i.test(word.text)) return word.text;
    return given.wrong(word, `takes a number, not "${word.text}"`);
  },
};
const via: Shape<unknown> = {
  syntax: '[inet|inet6] IPADDR',
  line: true,
  example: '10.0.0.1',
  read(given) {
    const family = given.peek()?.text;
    if (family === 'inet' || family === 'inet6') given.optional();
    return prefix.read(given);
  },
};
/** A name of iproute2's tables, or a number: which names there are, the machine knows. */
const named: Shape<unknown> = {
  syntax: 'NAME|NUMBER',
  example: '100',
  read: (given) => given.take('a name or a number')?.text,
};
const mark: Shape<unknown> = {
  syntax: 'NUMBER[/MASK]',
  example: '100',
  read(given) {
    const word = given.take('a number');
    if (word === undefined) return undefined;
    if (/^(0x[0-9a-f]+|\d+)(\/(0x[0-9a-f]+|\d+))?$/i.test(word.text)) return word.text;
    return given.wrong(word, `takes a number, not "${word.text}"`);
  },
};
const range: Shape<unknown> = {
  syntax: 'NUMBER[-NUMBER]',
  example: '1000-2000',
  read(given) {
    const word = given.take('a number or a range');
    if (word === undefined) return undefined;
    if (/^\d+(-\d+)?$/.test(word.text)) return word.text;
    return given.wrong(word, `takes a number or a range, not "${word.text}"`);
  },
};
/** What follows is told by the kind of encapsulation, to the end of the line. */
const encapsulation: Shape<unknown> = {
  syntax: 'ip|ip6|mpls|ila [id N] [dst IPADDR] [src IPADDR] [tos|tc N] [ttl N] [flags N] …',
  line: true,
  example: 'mpls 100',
  read(given) {
    const kind = oneOf(['ip', 'ip6', 'mpls', 'ila', 'seg6', 'bpf']).read(given);
    return kind === undefined ? undefined : [kind, ...given.rest().map(({ text }) => text)];
  },
};
const features: Shape<unknown> = {
  syntax: 'ecn',
  example: 'ecn',
  read: (given) => oneOf(['ecn']).read(given),
};
const algorithm: Shape<unknown> = {
  syntax: '[lock] NAME',
  line: true,
  example: 'cubic',
  read(given) {
    const first = given.take('a name')?.text;
    return first === 'lock' ? given.take('a name')?.text : first;
  },
};

const SHAPES = { algorithm, destination, metric, via, named, mark, range, encapsulation, features };

const SHARED = `
  acts inet              flag         IPv4
  acts inet6             flag         IPv6
  acts table             named        routing table
  ignored protocol          named        who made it, see rt_protos
  ignored tos               named        type of service
  ignored dsfield           named        another name of tos
  ignored realms            named        realm, see rt_realms
  acts no_track          flag         do not put it back when somebody removes it
`;
/** A virtual one belongs to its instance; a static one may be followed by others. */
const OF_STATIC = `
  ignored track_group       name         instances that follow its fate
`;
const ROUTE_WORDS = `${SHARED}
  acts src               ip           preferred source address
  ignored as                via          address of the next hop in another family
  acts to                destination  destination
  acts via               via          next hop
  acts gw                via          another name of via
  ignored or                via          a second next hop, for when the first is not there
  ignored from              destination  source that it holds for (IPv6)
  acts scope             named        link, host, site, global
  acts metric            mark         preference; the lowest wins
  acts priority          mark         another name of metric
  acts preference        mark         another name of metric
  acts dev               iface        interface
  acts oif               iface        another name of dev
  acts onlink            flag         the next hop is on the link, whatever its address says
  ignored encap             encapsulation tunnel it in
  ignored expires           metric       gone after so many seconds (IPv6)
  ignored mtu               metric       path MTU
  ignored hoplimit          int(0,255)   hop limit
  ignored advmss            metric       largest TCP segment that is offered
  ignored rtt               metric       first round trip time estimate
  ignored rttvar            metric       its variance
  ignored reordering        metric       reordering that is tolerated
  ignored window            metric       largest TCP window that is offered
  ignored cwnd              metric       largest congestion window
  ignored ssthresh          metric       first slow start threshold
  ignored rto_min           metric       shortest retransmission timeout
  ignored initcwnd          metric       first congestion window
  ignored initrwnd          metric       first receive window
  ignored features          features     ecn
  ignored quickack          int(0,1)     answer at once
  ignored congctl           algorithm    congestion control
  ignored pref              named        preference of a router (IPv6): low, medium, high
  ignored ttl-propagate     one(enabled|disabled) copy the TTL into the MPLS header
  ignored fastopen_no_cookie int(0,1)    TCP fast open without cookie
  acts add               flag         add it, the default
  ignored prepend           flag         before equal routes
  ignored append            flag         after equal routes
  ignored nexthop           flag         one of several next hops: its own via, dev, weight, onlink follow
  ignored weight            int(1,256)   share of a next hop
  ignored vrf               iface        VRF
`;
const RULE_WORDS = `${SHARED}
  ignored not               flag         packets that do not match
  ignored from              destination  source
  ignored to                destination  destination
  ignored lookup            named        another name of table
  ignored preference        mark         place among the rules; the lowest comes first
  ignored order             mark         another name of preference
  ignored priority          mark         another name of preference
  ignored fwmark            mark         mark of the packet
  ignored suppress_prefixlength int(0,128) drop routes that are no more special than that
  ignored suppress_ifgroup  named        drop routes through interfaces of that group
  ignored sup_pl            int(0,128)   short form of suppress_prefixlength
  ignored sup_group         named        short form of suppress_ifgroup
  ignored dev               iface        interface it came in by
  ignored iif               iface        another name of dev
  ignored oif               iface        interface it goes out by
  ignored tunnel-id         mark         id of the tunnel it came through
  ignored uidrange          range        users it comes from
  ignored l3mdev            flag         the table of its VRF
  ignored ipproto           named        protocol of the packet
  ignored sport             range        source ports
  ignored dport             range        destination ports
  ignored goto              mark         go on at that rule
  ignored nop               flag         do nothing
  ignored type              one(blackhole|unreachable|prohibit|nop) what happens to the packet
  ignored blackhole         flag         drop it silently
  ignored unreachable       flag         drop it and say unreachable
  ignored prohibit          flag         drop it and say prohibited
`;
/** Each next hop has its own. */
const OF_A_NEXT_HOP = new Set([
  'nexthop',
  'via',
  'gw',
  'as',
  'dev',
  'oif',
  'weight',
  'onlink',
  'encap',
  'realms',
]);

function route(table: string): Shape<Values> {
  const known = words(table, { shapes: SHAPES });
  return {
    syntax: '[TYPE] IPADDR[/LENGTH]|default|default6 [OPTION …]',
    line: true,
    example: '10.2.0.0/16 via 10.0.0.1 dev eth0',
    get options() {
      return known();
    },
    read(given) {
      const values: Values = {};
      const first = given.peek();
      if (first !== undefined && ROUTE_TYPES.has(first.text)) take(given, 'type', values);
      readWords(given, known(), values);
      reportFamily(given, values);
      if (values.to !== undefined || values.nexthop !== undefined) return values;
      const hint = 'as in `default via 10.0.0.1`';
      return given.complain('CFG_MISSING', given.lastTaken.at, 'a route needs a destination', hint);
    },
  };
}

function rule(table: string): Shape<Values> {
  const known = words(table, { shapes: SHAPES });
  return {
    syntax: '[not] [from IPADDR[/LENGTH]] [to IPADDR[/LENGTH]] [OPTION …]',
    line: true,
    example: 'from 10.1.0.0/16 table 100 priority 50',
    get options() {
      return known();
    },
    read(given) {
      const values: Values = {};
      const first = given.peek();
      readWords(given, known(), values);
      reportFamily(given, values);
      reportActions(given, values);
      const placed = ['preference', 'order', 'priority'].some((word) => Object.hasOwn(values, word));
      const message = 'a rule without a priority goes where keepalived puts it, from 16384 down';
      if (!placed && first !== undefined)
        given.complain('CFG_DEFAULT', first.at, message, 'as in `priority 100`; the lowest comes first');
      return values;
    },
  };
}

export const routeEntry = route(ROUTE_WORDS);
export const staticRouteEntry = route(ROUTE_WORDS + OF_STATIC);
export const ruleEntry = rule(RULE_WORDS);
export const staticRuleEntry = rule(RULE_WORDS + OF_STATIC);

/** Of these a rule has one at most. */
const ACTIONS = ['table', 'lookup', 'goto', 'nop', 'type', 'blackhole', 'unreachable', 'prohibit', 'l3mdev'];
const IPV6_ONLY = ['expires', 'pref'];

function reportActions(given: Arguments, values: Values): void {
  const [first, second] = ACTIONS.filter((word) => Object.hasOwn(values, word));
  if (first === undefined || second === undefined) return;
  given.complain('CFG_CONTRADICTION', values[second]!.at, `a rule does one thing: ${first} is given already`);
}

function reportFamily(given: Arguments, values: Values): void {
  const isIPv4 = ['to', 'from', 'src'].some((word) => isIPv4Prefix(values[word]?.value));
  if (!isIPv4) return;
  const wrong = ['inet6', ...IPV6_ONLY].find((word) => Object.hasOwn(values, word));
  if (wrong !== undefined)
    given.complain(
      'CFG_CONTRADICTION',
      values[wrong]!.at,
      `${wrong} is for IPv6, and the addresses are IPv4`,
    );
}

function isIPv4Prefix(value: unknown): boolean {
  const text = typeof value === 'object' && value !== null && 'address' in value ? value.address : value;
  return typeof text === 'string' && /^\d+\.\d+\.\d+\.\d+$/.test(text);
}

function take(given: Arguments, name: string, values: Values): void {
  const word = given.optional()!;
  values[name] = { value: word.text, at: word.at };
}

/** Options in any order; the one word that is none is the destination. */
function readWords(given: Arguments, table: Readonly<Record<string, Keyword>>, values: Values): void {
  const { subject } = given;
  let hops = 0;
  for (let word = given.peek(); word !== undefined; word = given.peek()) {
    const option = Object.hasOwn(table, word.text) ? table[word.text] : undefined;
    if (option === undefined && values.to === undefined && isAddress(word)) {
      readOne(given, 'to', destination, values);
    } else if (option === undefined) return unknown(given, word, table);
    else if (word.text === 'weight' && hops === 0) {
      given.rest();
      given.complain('CFG_UNKNOWN', word.at, 'a weight is of a nexthop', 'write `nexthop` before it');
    } else {
      given.optional();
      given.subject = word.text;
      if (word.text === 'nexthop') hops += 1;
      const name = hops > 0 && OF_A_NEXT_HOP.has(word.text) ? `${word.text} ${hops}` : word.text;
      readOne(given, name === 'nexthop 1' ? 'nexthop' : name, option.takes, values);
    }
    given.subject = subject;
  }
}

function readOne(given: Arguments, name: string, shape: Shape<unknown>, values: Values): void {
  const before = given.lastTaken;
  const value = shape.read(given);
  if (Object.hasOwn(values, name))
    given.complain(
      ACTIONS.includes(name) ? 'CFG_CONTRADICTION' : 'CFG_REPEATED',
      before.at,
      `${name} is given twice`,
    );
  if (value !== undefined) values[name] = { value, at: joinSpans(before.at, given.lastTaken.at) };
}

function isAddress({ text }: Word): boolean {
  return EVERYWHERE.includes(text) || /^[0-9a-f:]+[.:0-9a-f]*(\/\d+)?$/i.test(text);
}

function unknown(given: Arguments, word: Word, table: Readonly<Record<string, Keyword>>): void {
  const close = nearest(word.text, Object.keys(table));
  given.rest();
  const hint = close === undefined ? undefined : `did you mean \`${close}\`?`;
  given.complain('CFG_UNKNOWN', word.at, `unknown word "${word.text}" of ${given.subject}`, hint);
}
