// Words about when gratuitous ARPs and unsolicited neighbour advertisements are sent, beside how many: the
// pauses between them, and the extra ones of interfaces that no advert goes through.
import { type Block, keyword, list, opens } from './block.ts';
import { interfaceName, nothing, type Shape, seconds } from './shape.ts';

/** Seconds: keepalived keeps these pauses as microseconds in 32 bits, signed ones of a group. */
const LONGEST_PAUSE = 4294.967295;
const LONGEST_GROUP_PAUSE = 2147.483647;
const LONGEST_EXTRA = 86_400;
const SHORTEST_PAUSE = 0.000001;

type ExtraInterfaces = { everywhere: boolean; eachMs: number };

/** `[all] SECONDS`: on every interface, or on those with a virtual MAC only. */
function extraInterfaces(least: 0 | 1): Shape<ExtraInterfaces> {
  const each = seconds(least, LONGEST_EXTRA);
  return {
    syntax: `[all] ${each.syntax}`,
    example: '10',
    line: true,
    read(given) {
      const everywhere = given.peek()?.text === 'all';
      if (everywhere) given.optional();
      const eachMs = each.read(given);
      return eachMs === undefined ? undefined : { everywhere, eachMs };
    },
  };
}
const extra = extraInterfaces(1);
/** An instance may say that it wants none. */
const extraOrNone = extraInterfaces(0);

export const GLOBAL_GARP_WORDS = {
  vrrp_garp_interval: keyword(
    seconds(SHORTEST_PAUSE, LONGEST_PAUSE),
    'pause between gratuitous ARPs on an interface, of all instances together; default none',
  ),
  vrrp_gna_interval: keyword(
    seconds(SHORTEST_PAUSE, LONGEST_PAUSE),
    'the same between unsolicited neighbour advertisements',
  ),
  vrrp_garp_extra_if: keyword(
    extra,
    'time between gratuitous ARPs on interfaces with virtual MACs (all: on any) that no advert goes through',
  ),
  vrrp_vmac_garp_intvl: keyword(extra, 'old name of vrrp_garp_extra_if', {
    oldNameOf: 'vrrp_garp_extra_if',
  }),
} as const;

export const GARP_WORDS = {
  garp_extra_if: keyword(extraOrNone, 'see vrrp_garp_extra_if; 0 = none'),
  vmac_garp_intvl: keyword(extraOrNone, 'old name of garp_extra_if', { oldNameOf: 'garp_extra_if' }),
} as const;

export const GARP_GROUP = {
  name: 'garp_group',
  keywords: {
    garp_interval: keyword(seconds(0, LONGEST_GROUP_PAUSE), 'pause between gratuitous ARPs; default none'),
    gna_interval: keyword(
      seconds(0, LONGEST_GROUP_PAUSE),
      'pause between unsolicited neighbour advertisements; default none',
    ),
    interface: keyword(interfaceName, 'the one interface'),
    interfaces: opens(
      nothing,
      'interfaces that share the pauses, as those behind one switch',
      list('interfaces', interfaceName),
    ),
  },
} as const satisfies Block;
