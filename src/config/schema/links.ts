// Words about the state of links: interfaces that are polled, and how long a change has to last.
import type { Located } from '../../core/diagnostic.ts';
import { type Block, keyword, list, opens } from './block.ts';
import { inOrder } from './options.ts';
import { interfaceName, nothing, oneOf, type Shape, seconds } from './shape.ts';

/** Seconds: keepalived.conf(5). */
const LONGEST_DELAY = 255;

export const LINK_PROBES = ['MII', 'ETHTOOL', 'IOCTL'] as const;
export type PolledInterface = { interface: Located<string>; by?: Located<(typeof LINK_PROBES)[number]> };
export type LinkDelays = { interface: Located<string>; down: Located<number>; up?: Located<number> };

/** The parts that it names have the types that their shapes read. */
const linkbeat = inOrder({ interface: interfaceName, by: oneOf(LINK_PROBES) }, 1) as Shape<PolledInterface>;
const delays = inOrder(
  { interface: interfaceName, down: seconds(0, LONGEST_DELAY), up: seconds(0, LONGEST_DELAY) },
  2,
) as Shape<LinkDelays>;

export const LINK_BLOCKS = {
  linkbeat_use_polling: keyword(nothing, 'poll every interface in use, as linkbeat_interfaces does'),
  linkbeat_interfaces: opens(
    nothing,
    'interfaces whose link is asked for each second as well, by MII, else ETHTOOL, else IOCTL',
    list('linkbeat_interfaces', linkbeat) satisfies Block,
  ),
  interface_up_down_delays: opens(
    nothing,
    'how long an interface has to be down, or up (at once when not given), before that counts',
    list('interface_up_down_delays', delays) satisfies Block,
  ),
} as const;
