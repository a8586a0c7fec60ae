// Blocks of the top level about what is this machine's whatever is elected: `static_ipaddress`,
// `static_routes`, `static_rules`, and `track_group NAME` with the instances that follow some of it.
import { staticAddressEntry } from './addresses.ts';
import { type Block, list, opens } from './block.ts';
import { staticRouteEntry } from './routes.ts';
import { staticRuleEntry } from './rules.ts';
import { name, nameOf, nothing } from './shape.ts';

export const TRACK_GROUP = {
  name: 'track_group',
  keywords: {
    group: opens(nothing, 'its instances', list('group', nameOf('vrrp_instance'))),
  },
} as const satisfies Block;

export const STATIC_BLOCKS = {
  static_ipaddress: opens(
    nothing,
    'addresses of this machine: added at the start, put back, removed at the end',
    list('static_ipaddress', staticAddressEntry),
  ),
  static_routes: opens(nothing, 'routes of this machine', list('static_routes', staticRouteEntry)),
  static_rules: opens(nothing, 'policy rules of this machine', list('static_rules', staticRuleEntry)),
  track_group: opens(
    name,
    'instances that are no candidates while a static address, route or rule of the group is missing',
    TRACK_GROUP,
  ),
} as const;
