// The block `vrrp_instance NAME { … }`. Defaults are keepalived 2.2.7's: keepalived.conf(5). A priority or
// state that is not given follows from the other, which src/config/compose/vrrp.ts does.
import type { Address, Prefix } from '../../core/address.ts';
import type { Located } from '../../core/diagnostic.ts';
import { type Block, keyword, list, opens } from './block.ts';
import { LONGEST_GARP_DELAY, vrrpVersion } from './global.ts';
import { type Options, options } from './options.ts';
import {
  address,
  integer,
  interfaceName,
  located,
  nothing,
  oneOf,
  prefix,
  type Shape,
  seconds,
  text,
  UINT_MAX,
} from './shape.ts';
import { VRRP_WORDS } from './words-vrrp.ts';

/**
 * keepalived.conf(5): preempt_delay 0 to 1,000 s; advert_int from 0.01 s, above 40.95 s only in version 2.
 */
const LONGEST_PREEMPT_DELAY = 1000;
const SHORTEST_ADVERT = 0.01;
const LONGEST_ADVERT = 255;

const ADDRESS_OPTIONS = {
  dev: keyword(interfaceName, "interface it is added to; default the instance's"),
  scope: keyword(oneOf(['global', 'link', 'site', 'host', 'nowhere']), 'rtnetlink scope (IPv4)'),
  label: keyword(text, 'alias name, as in eth0:1 (IPv4)'),
  brd: keyword(text, 'broadcast address, + or -', { standing: 'noEffect' }),
  broadcast: keyword(text, 'the long form of brd', { standing: 'noEffect' }),
  no_track: keyword(nothing, 'do not put the address back when somebody removes it', {
    standing: 'noEffect',
  }),
  '-nodad': keyword(nothing, 'duplicate address detection', { standing: 'noEffect' }),
  home: keyword(nothing, 'home address of mobile IPv6', { standing: 'noEffect' }),
  peer: keyword(address(), 'far end of a point-to-point link', { standing: 'unsupported' }),
  mngtmpaddr: keyword(nothing, 'manage temporary IPv6 addresses', { standing: 'unsupported' }),
  noprefixroute: keyword(nothing, 'add no route for the prefix', { standing: 'unsupported' }),
  autojoin: keyword(nothing, 'join a multicast group', { standing: 'unsupported' }),
  preferred_lft: keyword(text, 'preferred lifetime, or forever', { standing: 'unsupported' }),
  use_vmac: keyword(nothing, "put it on an interface with the virtual router's MAC", {
    standing: 'unsupported',
  }),
} as const satisfies Options;

const addressOptions = options(ADDRESS_OPTIONS);
const addressPrefix = located(prefix);
export type AddressEntry = { prefix: Located<Prefix> } & NonNullable<ReturnType<typeof addressOptions.read>>;

/** `IPADDR[/LENGTH] [dev IF] …`: an entry of virtual_ipaddress. */
const addressEntry: Shape<AddressEntry> = {
  syntax: `${prefix.syntax} ${addressOptions.syntax}`,
  options: addressOptions.options,
  read(words) {
    const address = addressPrefix.read(words);
    if (address === undefined) {
      words.rest();
      return undefined;
    }
    words.subject = address.value.address;
    const named = addressOptions.read(words) ?? {};
    const label = named.label;
    if (label !== undefined && label.value.length > 15)
      words.complain('CFG_RANGE', label.at, `the label "${label.value}" has more than 15 letters`);
    return { prefix: address, ...named };
  },
};

const trackOptions = options({
  weight: keyword(integer(-253, 253), 'change the priority instead of going to FAULT', {
    standing: 'unsupported',
    because: 'without a weight the loss of the interface means FAULT; this interface is not tracked at all',
  }),
  reverse: keyword(nothing, 'turn the sign of the weight', { standing: 'unsupported' }),
  noreverse: keyword(nothing, 'the default', { standing: 'noEffect' }),
} as const satisfies Options);

/**
 * `IF [weight N]`: an entry of track_interface. A weighted one is left out, which the value says by being
 * undefined.
 */
const trackEntry: Shape<{ interface: Located<string>; weighted: boolean }> = {
  syntax: `INTERFACE ${trackOptions.syntax}`,
  options: trackOptions.options,
  read(words) {
    const device = located(interfaceName).read(words);
    const weighted = words.peek()?.text === 'weight';
    if (device !== undefined) trackOptions.read(words);
    return device === undefined ? undefined : { interface: device, weighted };
  },
};

const peerOptions = options({
  min_ttl: keyword(integer(0, 255), 'drop adverts of a smaller TTL', { standing: 'unsupported' }),
  max_ttl: keyword(integer(0, 255), 'drop adverts of a larger TTL', { standing: 'unsupported' }),
} as const satisfies Options);

const peerEntry: Shape<Address> = {
  syntax: `IPADDR ${peerOptions.syntax}`,
  options: peerOptions.options,
  read(words) {
    const peer = address().read(words);
    if (peer !== undefined) peerOptions.read(words);
    return peer;
  },
};

export const VRRP_INSTANCE = {
  name: 'vrrp_instance',
  keywords: {
    state: keyword(
      oneOf(['MASTER', 'BACKUP']),
      'state to start in; default MASTER for priority 255, else BACKUP',
    ),
    interface: keyword(interfaceName, 'interface of adverts, and of addresses without `dev`'),
    virtual_router_id: keyword(integer(1, 255), 'the same on both directors, unique on the network', {
      advice: 'it is one byte of the packet, and 0 is reserved',
    }),
    priority: keyword(
      integer(1, 255),
      'the highest wins the election; default 100, or 255 for `state MASTER`',
      {
        advice: '255 is for the address owner; 0 means "I resign" and is never configured',
      },
    ),
    version: keyword(vrrpVersion(), 'VRRP version; default vrrp_version, for IPv6 always 3'),
    advert_int: keyword(
      seconds(SHORTEST_ADVERT, LONGEST_ADVERT),
      'time between adverts, the same on both directors; parts of a second need version 3',
      {
        default: 1000,
        advice: 'version 3 counts hundredths of a second up to 40.95, version 2 whole seconds',
      },
    ),
    nopreempt: keyword(nothing, 'leave a working MASTER of lower priority alone; needs `state BACKUP`'),
    preempt: keyword(nothing, 'the opposite of nopreempt, and the default'),
    preempt_delay: keyword(
      seconds(0, LONGEST_PREEMPT_DELAY),
      'wait this long before taking over from a MASTER of lower priority',
      { default: 0 },
    ),
    track_interface: opens(
      nothing,
      'interfaces without which this instance is no candidate',
      list('track_interface', trackEntry),
    ),
    virtual_ipaddress: opens(
      nothing,
      'virtual addresses, advertised',
      list('virtual_ipaddress', addressEntry),
    ),
    virtual_ipaddress_excluded: opens(
      nothing,
      'addresses that move along without being advertised',
      list('virtual_ipaddress_excluded', addressEntry),
    ),
    mcast_src_ip: keyword(address(), 'source address of multicast adverts'),
    unicast_src_ip: keyword(address(), 'source address of unicast adverts'),
    unicast_peer: opens(
      nothing,
      'adverts go to these addresses instead of the multicast group',
      list('unicast_peer', peerEntry),
    ),
    garp_master_delay: keyword(seconds(0, LONGEST_GARP_DELAY, true), 'see vrrp_garp_master_delay'),
    garp_master_repeat: keyword(integer(1, UINT_MAX), 'see vrrp_garp_master_repeat'),
    garp_master_refresh: keyword(seconds(0, UINT_MAX, true), 'see vrrp_garp_master_refresh'),
    garp_master_refresh_repeat: keyword(integer(1, UINT_MAX), 'see vrrp_garp_master_refresh_repeat'),
  },
  others: VRRP_WORDS,
} as const satisfies Block;
