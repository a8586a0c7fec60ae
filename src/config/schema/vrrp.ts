// The block `vrrp_instance NAME { … }`. Defaults are keepalived 2.2.7's: keepalived.conf(5). A priority or
// state that is not given follows from the other, which src/config/compose/vrrp.ts does.
import { addressEntry, peerEntry } from './addresses.ts';
import { AUTH_HMAC } from './auth-hmac.ts';
import { AUTHENTICATION } from './authentication.ts';
import { type Block, keyword, list, opens } from './block.ts';
import { GARP_WORDS } from './garp.ts';
import { LONGEST_GARP_DELAY, vrrpVersion } from './global.ts';
import { NOTIFY_WORDS } from './notify.ts';
import { routeEntry } from './routes.ts';
import { ruleEntry } from './rules.ts';
import { RUNNING_WORDS } from './running.ts';
import {
  address,
  INT_MAX,
  integer,
  interfaceName,
  multicast,
  nothing,
  oneOf,
  orBare,
  seconds,
  toggle,
  UINT_MAX,
} from './shape.ts';
import { TRACK_INTERFACE, TRACKS } from './tracks.ts';
import { ipvlan, virtualMac } from './virtual-device.ts';

/**
 * keepalived.conf(5): preempt_delay 0 to 1,000 s; advert_int from 0.01 s, above 40.95 s only in version 2.
 */
const LONGEST_PREEMPT_DELAY = 1000;
const SHORTEST_ADVERT = 0.01;
const LONGEST_ADVERT = 255;

export const VRRP_INSTANCE = {
  name: 'vrrp_instance',
  keywords: {
    state: keyword(
      oneOf(['MASTER', 'BACKUP']),
      'state to start in; default MASTER for priority 255, else BACKUP',
    ),
    interface: keyword(interfaceName, 'interface of adverts, and of addresses without `dev`'),
    vrf: keyword(
      interfaceName,
      'by unicast, instead of an interface: adverts go by the routes of this VRF; addresses need a dev',
    ),
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
    authentication: opens(nothing, 'a password in adverts of version 2', AUTHENTICATION),
    auth_hmac: opens(nothing, 'keys that sign adverts; both directors need the same', AUTH_HMAC),
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
      TRACK_INTERFACE,
    ),
    track_file: opens(nothing, 'files whose number changes the priority, or means FAULT', TRACKS.track_file),
    track_script: opens(nothing, 'scripts to watch', TRACKS.track_script),
    track_bfd: opens(nothing, 'BFD sessions to watch', TRACKS.track_bfd),
    track_process: opens(nothing, 'processes to watch', TRACKS.track_process),
    linkbeat_use_polling: keyword(
      nothing,
      'old: poll the link of the own interface, see linkbeat_interfaces',
    ),
    dont_track_primary: keyword(nothing, 'stay a candidate while the own interface has no link'),
    virtual_ipaddress: opens(
      nothing,
      'virtual addresses, advertised',
      list('virtual_ipaddress', addressEntry),
    ),
    no_virtual_ipaddress: keyword(
      nothing,
      'none of them on purpose, in version 3, too: something else follows the state, as in a cloud',
    ),
    virtual_ipaddress_excluded: opens(
      nothing,
      'addresses that move along without being advertised',
      list('virtual_ipaddress_excluded', addressEntry),
    ),
    use_vmac: keyword(
      virtualMac,
      'hold the addresses on an interface with the MAC of the virtual router, vrrp.VRID',
    ),
    use_ipvlan: keyword(
      ipvlan,
      'send adverts through an ipvlan interface with an address of its own, vrrp.VRID; IPv4 needs one',
    ),
    vmac_xmit_base: keyword(nothing, 'send adverts from the base interface, with its MAC'),
    use_vmac_addr: keyword(nothing, 'such an interface also for virtual addresses on other interfaces'),
    accept: keyword(nothing, 'take in packets to the addresses, also when not their owner; the default'),
    no_accept: keyword(
      nothing,
      'forward packets to the addresses (IPVS), take in none; answers to ARP and NDP go on',
    ),
    promote_secondaries: keyword(
      nothing,
      'removing an address keeps the others of its subnet: sysctl of the interface, put back at the end',
    ),
    virtual_routes: opens(
      nothing,
      'routes that move with the instance: added behind its addresses',
      list('virtual_routes', routeEntry),
    ),
    virtual_rules: opens(
      nothing,
      'policy rules that move with the instance: added behind its routes',
      list('virtual_rules', ruleEntry),
    ),
    down_timer_adverts: keyword(integer(1, 100), 'see vrrp_down_timer_adverts'),
    v3_checksum_as_v2: keyword(toggle, 'see v3_checksum_as_v2 of global_defs'),
    lower_prio_no_advert: keyword(toggle, 'see vrrp_lower_prio_no_advert'),
    higher_prio_send_advert: keyword(toggle, 'see vrrp_higher_prio_send_advert'),
    owner_ignore_adverts: keyword(toggle, 'see vrrp_owner_ignore_adverts'),
    strict_mode: keyword(toggle, 'see vrrp_strict'),
    skip_check_adv_addr: keyword(toggle, 'see vrrp_skip_check_adv_addr'),
    native_ipv6: keyword(nothing, 'old: IPv6, which the addresses say as well'),
    mcast_dst_ip: keyword(multicast(), 'group of multicast adverts; default vrrp_mcast_group4 or 6'),
    mcast_src_ip: keyword(address(), 'source address of multicast adverts'),
    unicast_src_ip: keyword(address(), 'source address of unicast adverts'),
    unicast_peer: opens(
      nothing,
      'adverts go to these addresses instead of the multicast group',
      list('unicast_peer', peerEntry),
    ),
    old_unicast_checksum: keyword(
      orBare(oneOf(['never']), 'always' as const),
      'version 3: unicast adverts with the checksum of keepalived up to 1.3.6; never: such ones do not count',
    ),
    unicast_ttl: keyword(
      integer(0, 255),
      'TTL or hop limit of unicast adverts; default 255 (over IPv6 keepalived leaves it to the kernel: 64)',
    ),
    check_unicast_src: keyword(
      toggle,
      'drop unicast adverts of others than the peers; min_ttl, max_ttl and auth_hmac do so, too',
    ),
    unicast_fault_no_peer: keyword(nothing, 'unicast without a peer: FAULT, not the multicast group'),
    track_src_ip: keyword(nothing, 'FAULT while the configured source address is not on the interface'),
    garp_lower_prio_delay: keyword(seconds(0, LONGEST_GARP_DELAY, true), 'see vrrp_garp_lower_prio_delay'),
    garp_lower_prio_repeat: keyword(integer(0, INT_MAX), 'see vrrp_garp_lower_prio_repeat'),
    garp_master_delay: keyword(seconds(0, LONGEST_GARP_DELAY, true), 'see vrrp_garp_master_delay'),
    garp_master_repeat: keyword(integer(1, UINT_MAX), 'see vrrp_garp_master_repeat'),
    garp_master_refresh: keyword(seconds(0, UINT_MAX, true), 'see vrrp_garp_master_refresh'),
    garp_master_refresh_repeat: keyword(integer(1, UINT_MAX), 'see vrrp_garp_master_refresh_repeat'),
    ...GARP_WORDS,
    lvs_sync_daemon_interface: keyword(interfaceName, 'old form of lvs_sync_daemon: its interface'),
    debug: keyword(integer(0, 4), 'nothing, as in keepalived'),
    ...RUNNING_WORDS,
    ...NOTIFY_WORDS,
  },
} as const satisfies Block;
