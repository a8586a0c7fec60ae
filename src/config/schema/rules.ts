// Policy rules, entry by entry, in iproute2's words: `from 10.0.0.0/8 table 100 priority 50`. ip-rule(8) and
// keepalived.conf(5).
import type { Arguments } from '../arguments.ts';
import {
  familyOfWord,
  named,
  number,
  pairOfNumbers,
  type RouteValues,
  range,
  readWords,
  reportFamilies,
  SHARED_SHAPES,
  SHARED_WORDS,
  tunnel,
} from './routing-words.ts';
import { nameOf, type Shape, UINT_MAX } from './shape.ts';
import { words } from './table.ts';

const SHAPES = {
  ...SHARED_SHAPES,
  // Table 0 is none.
  table: named(UINT_MAX, 1),
  mark: pairOfNumbers('NUMBER[/MASK]', UINT_MAX),
  users: range(UINT_MAX),
  ports: range(0xffff),
  tunnel,
  maker: number(255),
  group: nameOf('track_group'),
};
const RULE_WORDS = `${SHARED_WORDS}
  acts not               flag         packets that do not match
  acts from              destination  source
  acts to                destination  destination
  acts table             table        routing table
  acts lookup            table        another name of table
  acts preference        number       place among the rules; the lowest comes first
  acts order             number       another name of preference
  acts priority          number       another name of preference
  acts protocol          maker        number of who made it, see rt_protos
  acts tos               byte         type of service
  acts dsfield           byte         another name of tos
  acts realms            realms       realm, see rt_realms
  acts fwmark            mark         mark of the packet
  acts suppress_prefixlength int(0,128) drop routes that are no more special than that
  acts suppress_ifgroup  table        drop routes through interfaces of that group
  acts sup_pl            int(0,128)   short form of suppress_prefixlength
  acts sup_group         table        short form of suppress_ifgroup
  acts dev               iface        interface it came in by
  acts iif               iface        another name of dev
  acts oif               iface        interface it goes out by
  acts tunnel-id         tunnel       id of the tunnel it came through
  acts uidrange          users        users it comes from
  acts l3mdev            flag         the table of its VRF
  acts ipproto           byte         protocol of the packet
  acts sport             ports        source ports
  acts dport             ports        destination ports
  acts goto              number       go on at that rule
  acts nop               flag         do nothing
  acts type              one(blackhole|unreachable|prohibit|nop) what happens to the packet
  acts blackhole         flag         drop it silently
  acts unreachable       flag         drop it and say unreachable
  acts prohibit          flag         drop it and say prohibited
`;
/** A virtual one belongs to its instance; a static one may be followed by others. */
const OF_STATIC = `
  acts track_group       group        instances that are no candidates while it is missing
`;

export const ruleEntry = rule(RULE_WORDS);
export const staticRuleEntry = rule(RULE_WORDS + OF_STATIC, { refersTo: ['track_group'] });

function rule(table: string, more: Pick<Shape<RouteValues>, 'refersTo'> = {}): Shape<RouteValues> {
  const known = words(table, { shapes: SHAPES });
  return {
    syntax: '[not] [from IPADDR[/LENGTH]] [to IPADDR[/LENGTH]] [OPTION …]',
    line: true,
    example: 'from 10.1.0.0/16 table 100 priority 50',
    ...more,
    get options() {
      return known();
    },
    read(given) {
      const first = given.peek();
      const values = readWords(given, { known: known(), actions: ACTIONS });
      if (values === undefined || first === undefined) return undefined;
      reportFamilies(given, values, ['from', 'to']);
      reportActions(given, values);
      reportNumbers(given, values);
      const message = 'a rule without a priority goes where keepalived puts it, from 16384 down';
      if (placeOf(values) === undefined)
        given.complain('CFG_DEFAULT', first.at, message, 'as in `priority 100`; the lowest comes first');
      return values;
    },
  };
}

/** Of these a rule has one. */
const ACTIONS = ['table', 'lookup', 'goto', 'nop', 'type', 'blackhole', 'unreachable', 'prohibit', 'l3mdev'];
const NEED_A_TABLE = ['suppress_prefixlength', 'sup_pl', 'suppress_ifgroup', 'sup_group'];

function reportActions(given: Arguments, values: RouteValues): void {
  const [first, second] = ACTIONS.filter((word) => Object.hasOwn(values, word));
  const hint = 'as in `table 100`, or `blackhole`';
  if (first === undefined)
    return given.complain('CFG_MISSING', given.lastTaken.at, 'a rule needs something to do', hint);
  if (second !== undefined)
    return given.complain(
      'CFG_CONTRADICTION',
      values[second]!.at,
      `a rule does one thing: ${first} is given already`,
    );
  const suppressed = NEED_A_TABLE.find((word) => Object.hasOwn(values, word));
  if (suppressed !== undefined && first !== 'table' && first !== 'lookup')
    given.complain('CFG_CONTRADICTION', values[suppressed]!.at, `${suppressed} needs a table`);
}

function reportNumbers(given: Arguments, values: RouteValues): void {
  const place = placeOf(values);
  const target = values.goto;
  if (target !== undefined && place !== undefined && Number(target.value) <= Number(place.value))
    given.complain(
      'CFG_CONTRADICTION',
      target.at,
      `goto goes on only: rule ${target.value} is not behind ${place.value}`,
    );
  const length = values.suppress_prefixlength ?? values.sup_pl;
  const isIPv6 = ['inet6', 'from', 'to'].some((word) => {
    const option = values[word];
    return option !== undefined && familyOfWord(word, option.value) === 6;
  });
  if (length !== undefined && !isIPv6 && Number(length.value) > 32)
    given.complain('CFG_RANGE', length.at, 'suppress_prefixlength must be 0 to 32 in IPv4');
}

function placeOf({ preference, order, priority }: RouteValues): RouteValues[string] | undefined {
  return preference ?? order ?? priority;
}
