// keepalived's words around VRRP that nothing is done with yet: of vrrp_instance, of the blocks beside it,
// and of the top. A word moves to vrrp.ts or top.ts when it is acted upon.
import { staticAddressEntry } from './addresses.ts';
import { list } from './block.ts';
import { groupMember } from './members.ts';
import { inOrder } from './options.ts';
import { routeEntry, ruleEntry } from './routes.ts';
import { script, user } from './scripts.ts';
import {
  INT_MAX,
  inParts,
  integer,
  interfaceName,
  many,
  name,
  oneOf,
  type Shape,
  seconds,
  text,
} from './shape.ts';
import { wordBlock, words } from './table.ts';
import { TRACK_INTERFACE, TRACKS } from './tracks.ts';
import { extraInterfaces } from './words-global.ts';

const MAC = /^[0-9a-f]{2}(:[0-9a-f]{2}){5}$/i;
const ADDRESS = /^[0-9a-f.:]+\/\d+$|^\d+(\.\d+){3}$|:/i;

/** A MAC address, a name, and options: which is which shows in how it is written. */
function macvlan(extra: readonly string[]): Shape<string[]> {
  return {
    syntax: `[NAME] [MAC] ${extra.map((word) => `[${word}]`).join(' ')} [group NUMBER]`,
    line: true,
    isBareAllowed: true,
    example: 'vrrp.51',
    read(given) {
      const values: string[] = [];
      for (let word = given.peek(); word !== undefined; word = given.peek()) {
        if (word.text === 'name' || word.text === 'group') {
          given.optional();
          const value = word.text === 'name' ? interfaceName.read(given) : integer(0, INT_MAX).read(given);
          if (value === undefined) return undefined;
          values.push(word.text, String(value));
        } else if (extra.includes(word.text) || MAC.test(word.text) || ADDRESS.test(word.text))
          values.push(given.optional()!.text);
        else {
          const value = interfaceName.read(given);
          if (value === undefined) return undefined;
          values.push(value);
        }
      }
      return values;
    },
  };
}

/** A secret is never shown, also not as what is wrong with it. */
const hmacKey: Shape<{ id: number }> = {
  syntax: 'ID hex:DIGITS|file:PATH|TEXT',
  isSecret: true,
  line: true,
  ...inParts({ id: integer(1, 255), key: text }, 2),
  example: '1 file:/etc/lvs-director/key',
  read(given) {
    const id = integer(1, 255).read(given);
    if (id === undefined) return void given.rest();
    const word = given.take('a key');
    if (word === undefined) return undefined;
    const { text: key } = word;
    if (key.startsWith('file:')) return { id };
    const isHex = key.startsWith('hex:');
    if (isHex && !/^hex:([0-9a-f]{2})*$/i.test(key))
      return given.wrong(word, 'has a digit that is not hexadecimal');
    const length = isHex ? (key.length - 4) / 2 : Buffer.byteLength(key);
    if (length < 32 || length > 64)
      return given.complain('CFG_RANGE', word.at, `a key has 32 to 64 bytes, and this one ${length}`);
    return { id };
  },
};

const initFile: Shape<unknown> = {
  syntax: '[NUMBER] [overwrite]',
  line: true,
  example: '0 overwrite',
  isBareAllowed: true,
  read(given) {
    const word = given.peek();
    const value =
      word === undefined || word.text === 'overwrite' ? 0 : integer(-INT_MAX, INT_MAX).read(given);
    if (value === undefined || given.peek() === undefined) return value === undefined ? undefined : { value };
    return oneOf(['overwrite']).read(given) === undefined ? undefined : { value, overwrite: true };
  },
};

const linkbeat = inOrder({ interface: interfaceName, by: oneOf(['MII', 'ETHTOOL', 'IOCTL']) }, 1);
const delays = inOrder({ interface: interfaceName, down: seconds(0), up: seconds(0) }, 2);

/** `N [reverse|noreverse]`. */
const weight = inOrder({ weight: integer(-253, 253), direction: oneOf(['reverse', 'noreverse']) }, 1);
const SHAPES = {
  script,
  user,
  extraInterfaces,
  weight,
  vmac: macvlan(['netlink_notify_msg']),
  ipvlan: macvlan(['bridge', 'private', 'vepa']),
  hmacKey,
  process: many(text),
  initFile,
};
const ROUTES = list('virtual_routes', routeEntry);
const RULES = list('virtual_rules', ruleEntry);
const NAMES = list('group', name);
const INTERFACES = list('interfaces', interfaceName);

const AUTHENTICATION = wordBlock(
  'authentication',
  `
  ignored auth_type                     one(PASS|AH) PASS / AH
  ignored auth_pass                     secret      password, 8 bytes used
`,
  { shapes: SHAPES },
);
const AUTH_HMAC = wordBlock(
  'auth_hmac',
  `
  ignored key                           hmacKey     id 1-255 + 32-64 byte key: hex:... / file:path / ASCII
  ignored active_key                    int(1,255)  key id used for sending
  ignored time_window                   int(1,300)  freshness window 1-300 s, default max(3*advert_int,5)
  ignored anti_replay                   one(time|monotonic) time / monotonic
  ignored mode one(enforce|permissive|receive-only) enforce / permissive / receive-only
`,
  { shapes: SHAPES },
);

export const VRRP_WORDS = words(
  `
  ignored use_vmac                      vmac        interface with the MAC of the virtual router
  ignored use_vmac_addr                 flag        also make VMACs for VIPs on other interfaces
  ignored vmac_xmit_base                flag        send/receive adverts on the base interface
  ignored use_ipvlan                    ipvlan      ipvlan L2 instead of macvlan
  ignored unicast_fault_no_peer flag FAULT rather than silent multicast when the list is empty
  ignored check_unicast_src             bool        drop adverts from non-peers
  none    old_unicast_checksum          ?one(never) pre-1.3.7 checksum compatibility [never]
  ignored native_ipv6                   flag        deprecated: force IPv6
  unsafe  vrf iface VRF for unicast without interface: adverts would go another way
  ignored dont_track_primary            flag        ignore faults of the primary interface
  ignored track_script{}                flag        scripts to watch [weight N [reverse/noreverse]]
  ignored track_file{}                  flag        files to watch
  ignored track_process{}               flag        processes to watch
  ignored track_bfd{}                   flag        BFD sessions to watch
  unsafe  mcast_dst_ip                  mcast       other multicast group: the peer would not hear us
  ignored track_src_ip                  flag        FAULT while source address is missing
  ignored unicast_ttl                   int(0,255)  TTL of unicast adverts
  ignored no_virtual_ipaddress          flag        allow an instance without VIPs (cloud)
  none    promote_secondaries flag set the sysctl so removing one VIP keeps others of the subnet
  none    linkbeat_use_polling          flag        deprecated per-instance link polling
  unsafe  v3_checksum_as_v2 bool=off checksum without pseudo-header: the peer may drop our adverts
  ignored virtual_routes{}              flag        routes that move with the instance
  ignored virtual_rules{}               flag        policy rules that move with the instance
  none    accept flag accept packets to VIPs when not owner (default unless strict)
  ignored no_accept                     flag        drop packets to VIPs when not owner (nft/iptables)
  none    skip_check_adv_addr           bool        per-instance form of the global
  none    strict_mode                   bool        per-instance strict RFC mode
  none    debug                         ?int(0,4)   not implemented
  ignored notify_backup                 script      run on entering BACKUP
  ignored notify_master                 script      run on entering MASTER
  ignored notify_fault                  script      run on entering FAULT
  ignored notify_stop                   script      run when stopping (waited for)
  ignored notify_deleted                ?script     run / report DELETED when instance vanishes at reload
  ignored notify                        script      run on any transition with 4 extra args
  ignored notify_master_rx_lower_pri script run when a master hears a lower-priority advert
  none    smtp_alert                    bool        mail on transitions
  none    notify_priority_changes       bool        send priority changes to FIFO
  ignored lvs_sync_daemon_interface     iface       deprecated per-instance form of lvs_sync_daemon
  ignored garp_lower_prio_delay         sec()       per-instance
  ignored garp_lower_prio_repeat        int()       per-instance
  unsafe  down_timer_adverts int(1,100)=3 adverts missed before takeover; the same on both directors
  ignored timer_expired_backup flag with nopreempt: drop to BACKUP after having run very late
  ignored thread_timer_expired          flag        synonym of the above, logs a hint
  ignored garp_extra_if                 extraInterfaces per-instance form
  ignored vmac_garp_intvl               extraInterfaces deprecated name
  ignored lower_prio_no_advert          bool        per-instance form
  ignored higher_prio_send_advert       bool        send one advert before yielding
  ignored owner_ignore_adverts          bool        per-instance form
  none    kernel_rx_buf_size            int(1)      socket receive buffer
  unsafe  authentication{} flag password in adverts of version 2: the peer drops ours without it
  unsafe  auth_hmac{}                   flag        signature of adverts: the peer drops ours without it
`,
  {
    blocks: {
      authentication: AUTHENTICATION,
      auth_hmac: AUTH_HMAC,
      virtual_routes: ROUTES,
      virtual_rules: RULES,
      ...TRACKS,
    },
    shapes: SHAPES,
  },
);

const TRACK_GROUP = wordBlock(
  'track_group',
  `
  ignored group{}                       flag        list of VRRP instances in the track group
`,
  { blocks: { group: NAMES }, shapes: SHAPES },
);
const SYNC_GROUP = wordBlock(
  'vrrp_sync_group',
  `
  ignored group{}                       flag        list of VRRP instances in the group
  ignored track_interface{} flag interfaces to watch [weight N [reverse]]; weight 0 = FAULT on loss
  ignored track_script{}                flag        scripts to watch [weight N [reverse/noreverse]]
  ignored track_file{}                  flag        files to watch
  ignored track_process{}               flag        processes to watch
  ignored track_bfd{}                   flag        BFD sessions to watch
  ignored notify_backup                 script      run on entering BACKUP
  ignored notify_master                 script      run on entering MASTER
  ignored notify_fault                  script      run on entering FAULT
  ignored notify_stop                   script      run when stopping (waited for)
  ignored notify                        script      run on any transition with 4 extra args
  none    smtp_alert                    bool        mail on transitions
  ignored global_tracking               flag        deprecated
  ignored sync_group_tracking_weight    flag        allow weighted trackers inside a sync group
  none    notify_priority_changes       bool        send priority changes to FIFO
`,
  { blocks: { group: NAMES, track_interface: TRACK_INTERFACE, ...TRACKS }, shapes: SHAPES },
);
const GARP_GROUP = wordBlock(
  'garp_group',
  `
  ignored garp_interval                 sec()       GARP pacing for the group
  ignored gna_interval                  sec()       NA pacing for the group
  ignored interface                     iface       the one interface
  ignored interfaces{}                  flag        set of interfaces sharing the pacing
`,
  { blocks: { interfaces: INTERFACES }, shapes: SHAPES },
);
const VRRP_SCRIPT = wordBlock(
  'vrrp_script',
  `
  ignored script                        script      command line of tracked script
  ignored interval                      sec(0.001,4294) run period (ms resolution since 2.3.2)
  ignored timeout                       sec(0.001,4294) run limit, default = interval
  ignored weight                        weight      priority delta, 0 = FAULT [reverse]
  ignored rise                          int(1)      successes needed for up
  ignored fall                          int(1)      failures needed for down
  ignored user                          user        user [:][group] to run as
  ignored init_fail                     flag        start in failed state
`,
  { shapes: SHAPES },
);
const TRACK_PROCESS = wordBlock(
  'vrrp_track_process',
  `
  ignored process                       process     process name/command to count
  ignored param_match                   ?one(initial|partial) initial / partial parameter match
  ignored weight                        weight      priority delta
  none    quorum                        int(0,65535) minimum process count
  ignored quorum_max                    int(0,65535) maximum process count
  ignored delay                         sec()       sets both delays below
  ignored terminate_delay               sec()       wait after quorum lost
  ignored fork_delay                    sec()       wait after quorum gained
  ignored full_command                  flag        match full /proc/PID/cmdline
`,
  { shapes: SHAPES },
);
const TRACK_FILE = wordBlock(
  'track_file',
  `
  ignored file                          text        path of the file
  ignored weight                        weight      multiplier of the number read
  ignored init_file                     initFile    create/initialise file [VALUE] [overwrite]
`,
  { shapes: SHAPES },
);
const BFD_INSTANCE = wordBlock(
  'bfd_instance',
  `
  ignored source_ip                     ip          local address
  ignored neighbor_ip                   ip          peer address
  ignored neighbour_ip                  ip          synonym of neighbor_ip
  ignored min_rx                        int(1,10000) required min RX interval ms (10)
  ignored min_tx                        int(1,10000) desired min TX interval ms (10)
  ignored idle_tx                       int(1000,10000) TX interval while down (1000)
  ignored multiplier                    int(1,255)  detection multiplier (5)
  ignored passive                       flag        passive role
  ignored ttl                           int(1,255)  IPv4 TTL of BFD packets
  ignored hoplimit                      int(1,255)  IPv6 hop limit
  ignored max_hops                      int(-1,255) tolerated hop decrease
  ignored multihop                      flag        port 4784 (RFC 5883)
  ignored weight                        weight      default VRRP priority delta
  ignored vrrp                          flag        send events to VRRP child only
  ignored checker                       flag        send events to checker only
`,
  { shapes: SHAPES },
);
const SSL = wordBlock(
  'SSL',
  `
  ignored password                      secret      key pass phrase
  ignored ca                            text        CA file
  ignored certificate                   text        client certificate
  ignored key                           hmacKey     client key
`,
  { shapes: SHAPES },
);

export const TOP_WORDS = words(
  `
  none    linkbeat_use_polling flag poll link state (MII/ethtool/ioctl) instead of netlink events, global
  unsafe  net_namespace text run in a network namespace (use 'ip netns exec' meanwhile)
  unsafe  net_namespace_ipvs            text        keep the IPVS table in another namespace
  none    namespace_with_ipsets         flag        allow ipsets inside a netns on kernels before 3.13
  none    use_pid_dir                   flag        put pid files under /run/keepalived
  ignored instance                      text        name of this daemon when several run on one host
  none    child_wait_time int(1,300) seconds children get to stop (default 5)
  ignored track_group{} name group of VRRP instances that follow a static address/route/rule
  ignored static_ipaddress{}            flag        addresses added at start, not moved by VRRP
  ignored static_routes{}               flag        routes added at start, not moved by VRRP
  ignored static_rules{}                flag        policy rules added at start, not moved by VRRP
  ignored vrrp_sync_group{}             name        set of instances that change state together
  ignored garp_group{} flag per-interface(s) pacing for gratuitous ARP / unsolicited NA
  ignored linkbeat_interfaces{} flag list of interfaces to poll for link (optional MII/ETHTOOL/IOCTL)
  ignored vrrp_script{}                 name        tracked script
  ignored vrrp_track_process{}          name        tracked process (kernel proc connector, no polling)
  ignored interface_up_down_delays{}    flag        per-interface debounce: ifname down_delay [up_delay]
  ignored SSL{}                         flag        client TLS context used by SSL_GET
  ignored virtual_server_group{} name a named list of addresses and fwmarks that share one pool
  ignored bfd_instance{}                name        BFD session definition
  ignored track_file{}                  flag        tracked file (number read via inotify)
  ignored vrrp_track_file{}             name        deprecated synonym of track_file
`,
  {
    blocks: {
      static_ipaddress: list('static_ipaddress', staticAddressEntry),
      static_routes: list('static_routes', routeEntry),
      static_rules: list('static_rules', ruleEntry),
      linkbeat_interfaces: list('linkbeat_interfaces', linkbeat),
      interface_up_down_delays: list('interface_up_down_delays', delays),
      virtual_server_group: list('virtual_server_group', groupMember),
      track_group: TRACK_GROUP,
      vrrp_sync_group: SYNC_GROUP,
      garp_group: GARP_GROUP,
      vrrp_script: VRRP_SCRIPT,
      vrrp_track_process: TRACK_PROCESS,
      track_file: TRACK_FILE,
      vrrp_track_file: TRACK_FILE,
      bfd_instance: BFD_INSTANCE,
      SSL,
    },
    shapes: SHAPES,
  },
);
