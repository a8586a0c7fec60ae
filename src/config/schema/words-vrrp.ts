// keepalived's words around VRRP that nothing is done with yet: of vrrp_instance, of the blocks beside it,
// and of the top. A word moves to vrrp.ts or top.ts when it is acted upon.
import { wordBlock, words } from './block.ts';

const AUTHENTICATION = wordBlock(
  'authentication',
  `
  ignored auth_type                          PASS / AH
  ignored auth_pass                          password, 8 bytes used
`,
);
const AUTH_HMAC = wordBlock(
  'auth_hmac',
  `
  ignored key                                id 1-255 + 32-64 byte key: hex:... / file:path / ASCII
  ignored active_key                         key id used for sending
  ignored time_window                        freshness window 1-300 s, default max(3*advert_int,5)
  ignored anti_replay                        time / monotonic
  ignored mode                               enforce / permissive / receive-only
`,
);

export const VRRP_WORDS = words(
  `
  ignored use_vmac                           interface with the MAC of the virtual router
  ignored use_vmac_addr                      also make VMACs for VIPs on other interfaces
  ignored vmac_xmit_base                     send/receive adverts on the base interface
  ignored use_ipvlan                         ipvlan L2 instead of macvlan
  ignored unicast_fault_no_peer              FAULT rather than silent multicast when the list is empty
  ignored check_unicast_src                  drop adverts from non-peers
  none    old_unicast_checksum               pre-1.3.7 checksum compatibility [never]
  ignored native_ipv6                        deprecated: force IPv6
  unsafe  vrf                                VRF for unicast without interface: adverts would go another way
  ignored dont_track_primary                 ignore faults of the primary interface
  ignored track_script{}                     scripts to watch [weight N [reverse/noreverse]]
  ignored track_file{}                       files to watch
  ignored track_process{}                    processes to watch
  ignored track_bfd{}                        BFD sessions to watch
  unsafe  mcast_dst_ip                       other multicast group: the peer would not hear us
  ignored track_src_ip                       FAULT while source address is missing
  ignored unicast_ttl                        TTL of unicast adverts
  ignored no_virtual_ipaddress               allow an instance without VIPs (cloud)
  none    promote_secondaries                set the sysctl so removing one VIP keeps others of the subnet
  none    linkbeat_use_polling               deprecated per-instance link polling
  unsafe  v3_checksum_as_v2                  checksum without pseudo-header: the peer may drop our adverts
  ignored virtual_routes{}                   routes that move with the instance
  ignored virtual_rules{}                    policy rules that move with the instance
  none    accept                             accept packets to VIPs when not owner (default unless strict)
  ignored no_accept                          drop packets to VIPs when not owner (nft/iptables)
  none    skip_check_adv_addr                per-instance form of the global
  none    strict_mode                        per-instance strict RFC mode
  none    debug                              not implemented
  ignored notify_backup                      run on entering BACKUP
  ignored notify_master                      run on entering MASTER
  ignored notify_fault                       run on entering FAULT
  ignored notify_stop                        run when stopping (waited for)
  ignored notify_deleted                     run / report DELETED when instance vanishes at reload
  ignored notify                             run on any transition with 4 extra args
  ignored notify_master_rx_lower_pri         run when master hears a lower-priority advert (cloud IP re-claim)
  none    smtp_alert                         mail on transitions
  none    notify_priority_changes            send priority changes to FIFO
  ignored lvs_sync_daemon_interface          deprecated per-instance form of lvs_sync_daemon
  ignored garp_lower_prio_delay              per-instance
  ignored garp_lower_prio_repeat             per-instance
  unsafe  down_timer_adverts                 adverts missed before takeover; the same on both directors
  ignored timer_expired_backup               with nopreempt: drop to BACKUP after having run very late
  ignored thread_timer_expired               synonym of the above, logs a hint
  ignored garp_extra_if                      per-instance form
  ignored vmac_garp_intvl                    deprecated name
  ignored lower_prio_no_advert               per-instance form
  ignored higher_prio_send_advert            send one advert before yielding
  ignored owner_ignore_adverts               per-instance form
  none    kernel_rx_buf_size                 socket receive buffer
  unsafe  authentication{}                   password in adverts of version 2: the peer drops ours without it
  unsafe  auth_hmac{}                        signature of adverts: the peer drops ours without it
`,
  { authentication: AUTHENTICATION, auth_hmac: AUTH_HMAC },
);

const TRACK_GROUP = wordBlock(
  'track_group',
  `
  ignored group{}                            list of VRRP instances in the track group
`,
);
const SYNC_GROUP = wordBlock(
  'vrrp_sync_group',
  `
  ignored group{}                            list of VRRP instances in the group
  ignored track_interface{} interfaces to watch [weight N [reverse]]; weight 0 = FAULT on loss
  ignored track_script{}                     scripts to watch [weight N [reverse/noreverse]]
  ignored track_file{}                       files to watch
  ignored track_process{}                    processes to watch
  ignored track_bfd{}                        BFD sessions to watch
  ignored notify_backup                      run on entering BACKUP
  ignored notify_master                      run on entering MASTER
  ignored notify_fault                       run on entering FAULT
  ignored notify_stop                        run when stopping (waited for)
  ignored notify                             run on any transition with 4 extra args
  none    smtp_alert                         mail on transitions
  ignored global_tracking                    deprecated
  ignored sync_group_tracking_weight         allow weighted trackers inside a sync group
  none    notify_priority_changes            send priority changes to FIFO
`,
);
const GARP_GROUP = wordBlock(
  'garp_group',
  `
  ignored garp_interval                      GARP pacing for the group
  ignored gna_interval                       NA pacing for the group
  ignored interface                          the one interface
  ignored interfaces{}                       set of interfaces sharing the pacing
`,
);
const VRRP_SCRIPT = wordBlock(
  'vrrp_script',
  `
  ignored script                             command line of tracked script
  ignored interval                           run period (ms resolution since 2.3.2)
  ignored timeout                            run limit, default = interval
  ignored weight                             priority delta, 0 = FAULT [reverse]
  ignored rise                               successes needed for up
  ignored fall                               failures needed for down
  ignored user                               user [:][group] to run as
  ignored init_fail                          start in failed state
`,
);
const TRACK_PROCESS = wordBlock(
  'vrrp_track_process',
  `
  ignored process                            process name/command to count
  ignored param_match                        initial / partial parameter match
  ignored weight                             priority delta
  none    quorum                             minimum process count
  ignored quorum_max                         maximum process count
  ignored delay                              sets both delays below
  ignored terminate_delay                    wait after quorum lost
  ignored fork_delay                         wait after quorum gained
  ignored full_command                       match full /proc/PID/cmdline
`,
);
const TRACK_FILE = wordBlock(
  'track_file',
  `
  ignored file                               path of the file
  ignored weight                             multiplier of the number read
  ignored init_file                          create/initialise file [VALUE] [overwrite]
`,
);
const BFD_INSTANCE = wordBlock(
  'bfd_instance',
  `
  ignored source_ip                          local address
  ignored neighbor_ip                        peer address
  ignored neighbour_ip                       synonym of neighbor_ip
  ignored min_rx                             required min RX interval ms (10)
  ignored min_tx                             desired min TX interval ms (10)
  ignored idle_tx                            TX interval while down (1000)
  ignored multiplier                         detection multiplier (5)
  ignored passive                            passive role
  ignored ttl                                IPv4 TTL of BFD packets
  ignored hoplimit                           IPv6 hop limit
  ignored max_hops                           tolerated hop decrease
  ignored multihop                           port 4784 (RFC 5883)
  ignored weight                             default VRRP priority delta
  ignored vrrp                               send events to VRRP child only
  ignored checker                            send events to checker only
`,
);
const SSL = wordBlock(
  'SSL',
  `
  ignored password                           key pass phrase
  ignored ca                                 CA file
  ignored certificate                        client certificate
  ignored key                                client key
`,
);

export const TOP_WORDS = words(
  `
  none    linkbeat_use_polling poll link state (MII/ethtool/ioctl) instead of netlink events, global
  unsafe  net_namespace                      run in a network namespace (use 'ip netns exec' meanwhile)
  unsafe  net_namespace_ipvs                 keep the IPVS table in another namespace
  none    namespace_with_ipsets              allow ipsets inside a netns on kernels before 3.13
  none    use_pid_dir                        put pid files under /run/keepalived
  ignored instance                           name of this daemon when several run on one host
  none    child_wait_time seconds the parent waits for children at shutdown before SIGKILL (default 5)
  ignored track_group{}                      group of VRRP instances that follow a static address/route/rule
  ignored static_ipaddress{}                 addresses added at start, not moved by VRRP
  ignored static_routes{}                    routes added at start, not moved by VRRP
  ignored static_rules{}                     policy rules added at start, not moved by VRRP
  ignored vrrp_sync_group{}                  set of instances that change state together
  ignored garp_group{}                       per-interface(s) pacing for gratuitous ARP / unsolicited NA
  ignored linkbeat_interfaces{}              list of interfaces to poll for link (optional MII/ETHTOOL/IOCTL)
  ignored vrrp_script{}                      tracked script
  ignored vrrp_track_process{}               tracked process (kernel proc connector, no polling)
  ignored interface_up_down_delays{}         per-interface debounce: ifname down_delay [up_delay]
  ignored SSL{}                              client TLS context used by SSL_GET
  ignored virtual_server_group{}             a named list of addresses and fwmarks that share one pool
  ignored bfd_instance{}                     BFD session definition
  ignored track_file{}                       tracked file (number read via inotify)
  ignored vrrp_track_file{}                  deprecated synonym of track_file
`,
  {
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
);
