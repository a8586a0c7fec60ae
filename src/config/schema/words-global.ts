// keepalived's words of global_defs that nothing is done with yet. A word moves to global.ts when it is acted
// upon.
import { keyword, list } from './block.ts';
import { inOrder, options } from './options.ts';
import { fifo, script, user } from './scripts.ts';
import { integer, oneOf, type Shape, seconds, text } from './shape.ts';
import { words } from './table.ts';

/** <linux/ip_vs.h>: timeouts are whole seconds; keepalived.conf(5) allows up to 31 days. */
const LONGEST_TIMEOUT = 86_400 * 31;

const timeout = integer(1, LONGEST_TIMEOUT);
const timeouts = options({
  tcp: keyword(timeout, 'of established TCP connections'),
  tcpfin: keyword(timeout, 'of TCP connections after a FIN'),
  udp: keyword(timeout, 'of UDP'),
});

/** `[all] SECONDS`: on every interface, or on those of virtual addresses only. */
export const extraInterfaces: Shape<unknown> = {
  syntax: '[all] SECONDS',
  example: '10',
  line: true,
  read(given) {
    if (given.peek()?.text === 'all') given.optional();
    return seconds(0).read(given);
  },
};

const policies = oneOf(['MTU', 'ADVERT']);
const receiveBuffers: Shape<unknown> = {
  syntax: 'MTU|ADVERT|BYTES',
  json: { anyOf: [policies.json, integer(1, 65_535).json] },
  example: 'MTU',
  read: (given) =>
    /^\d/.test(given.peek()?.text ?? '') ? integer(1, 65_535).read(given) : policies.read(given),
};

/** Octal, or `u=rw,g=r` as in chmod(1). */
const mode: Shape<string> = {
  syntax: 'MASK',
  json: { type: ['string', 'integer'] },
  example: '022',
  read(given) {
    const word = given.take('a mask');
    if (word === undefined) return undefined;
    if (/^0?[0-7]{1,3}$|^[IRWXUGO|_S]+$/.test(word.text)) return word.text;
    return given.wrong(word, `takes an octal mask, not "${word.text}"`, 'as in umask 022');
  },
};

const SHAPES = {
  server: {
    ...inOrder({ host: text, port: integer(1, 65_535) }, 1),
    syntax: 'HOST [PORT]',
    example: '10.0.0.25 25',
  },
  script,
  user,
  fifo,
  timeouts,
  extraInterfaces,
  receiveBuffers,
  mode,
};
const BLOCKS = { notification_email: list('notification_email', text) };

export const GLOBAL_WORDS = words(
  `
  none    process_names                 flag        use default per-process names
  none    process_name                  text        name of parent process
  none    vrrp_process_name             text        name of VRRP child
  none    checker_process_name          text        name of checker child
  none    lvs_process_name              text        deprecated synonym of checker_process_name
  none    bfd_process_name              text        name of BFD child
  none    use_symlink_paths             bool        keep symlinks in script paths instead of resolving them
  none    set_supplementary_groups      bool        give scripts the user's supplementary groups
  none    notification_email_from       text        From address of alert mails
  none    smtp_server                   server      mail relay host [port]; no TLS, no login
  none    smtp_helo_name                text        HELO name
  none    smtp_connect_timeout          sec()       connect timeout to mail relay, s
  none    notification_email{}          flag        block: list of alert recipients
  none    smtp_alert                    bool        default for all mail alerts
  ignored startup_script                script      run once before children start
  ignored startup_script_timeout        int(1,1000) its limit, 1-1000 s, default 10
  ignored shutdown_script               script      run once after children end
  ignored shutdown_script_timeout       int(1,1000) its limit
  none    max_auto_priority             ?int(-1,99) raise the own real-time priority when scheduled late
  none    min_auto_priority_delay       int(1,10000000) lateness in us that triggers it (default 1 s)
  none    smtp_alert_vrrp               bool        default for VRRP mails
  none    smtp_alert_checker            bool        default for checker mails
  none    checker_log_all_failures      bool        log every failed probe, not only transitions
  ignored dynamic_interfaces ?one(allow_if_changes) accept interfaces that come and go
  none    no_email_faults               flag        no mail on FAULT
  ignored default_interface iface interface for static addresses lacking dev (default eth0)
  ignored disable_local_igmp            flag        sysctl igmp_link_local_mcast_reports=0
  unsafe  v3_checksum_as_v2 bool=off checksum without pseudo-header: the peer may drop our adverts
  ignored lvs_timeouts                  timeouts    IPVS tcp / tcpfin / udp timeouts
  ignored lvs_flush                     flag        clear whole IPVS table at start
  ignored lvs_flush_on_stop ?one(VS) clear IPVS at stop ([VS] = only own services, without per-RS deletes)
  ignored lvs_flush_onstop              ?one(VS)    deprecated synonym
  ignored vrrp_mcast_group6             mcast6      IPv6 advert group (ff02::12)
  ignored vrrp_garp_lower_prio_delay sec() second burst delay after a lower-priority advert was heard
  ignored vrrp_garp_lower_prio_repeat int() GARPs after a lower-priority advert was heard
  unsafe  vrrp_down_timer_adverts int(1,100)=3 adverts missed before takeover; the same on both directors
  ignored vrrp_garp_interval            sec()       spacing between GARPs on an interface
  ignored vrrp_gna_interval             sec()       spacing between unsolicited NAs
  ignored vrrp_garp_extra_if extraInterfaces periodic GARP on other interfaces of the VIPs
  ignored vrrp_vmac_garp_intvl          extraInterfaces deprecated name of vrrp_garp_extra_if
  ignored vrrp_lower_prio_no_advert     bool        do not answer a lower-priority advert
  ignored vrrp_higher_prio_send_advert bool send one advert before yielding so that the winner re-GARPs
  ignored vrrp_iptables ?texts(2) use iptables chains (in [out]) for no_accept/VMAC filtering
  ignored vrrp_ipsets                   ?texts(6)   ipset names used with vrrp_iptables
  ignored nftables                      ?text       use nftables [table] for no_accept/VMAC filtering
  ignored nftables_priority             int(-2147483648) base-chain priority
  ignored nftables_ifindex              flag        key link-local sets by ifindex
  ignored vrrp_check_unicast_src        bool        default: drop unicast adverts from non-peers
  none    vrrp_skip_check_adv_addr      bool        do not recheck VIP list when the same master advertises
  none    vrrp_strict                   bool        strict RFC mode for all instances
  none    vrrp_priority                 int(-20,19) nice value of VRRP child
  none    vrrp_no_swap                  flag        mlock the VRRP child
  none    vrrp_cpu_affinity             ints(0)     CPU set of VRRP child
  none    vrrp_rlimit_rttime            int(1)      RT CPU time limit in us
  none    vrrp_rlimit_rtime             int(1)      deprecated spelling
  ignored nftables_ipvs ?text one fwmark service per virtual_server_group, marks set by nftables (scale)
  ignored nftables_ipvs_priority        int(-2147483648) chain priority for it
  ignored nftables_ipvs_start_fwmark    int(1)      first mark (default 1000)
  ignored nftables_counters             flag        add counters to generated rules
  ignored notify_fifo                   fifo        FIFO [user [group]] receiving all events
  ignored notify_fifo_script script reader program started by the daemon (FIFO path is last arg)
  ignored vrrp_notify_fifo              fifo        FIFO with VRRP events only
  ignored vrrp_notify_fifo_script       script      its reader
  none    vrrp_notify_priority_changes  bool        also write priority changes to the FIFO
  ignored fifo_write_vrrp_states_on_reload flag        repeat states to FIFO after reload
  ignored lvs_notify_fifo               fifo        FIFO with VS/RS events
  ignored lvs_notify_fifo_script        script      its reader
  none    checker_priority              int(-20,19) nice value of checker child
  none    checker_no_swap               flag        mlock checker
  none    checker_rt_priority           int(1,99)   SCHED_RR for checker
  none    checker_cpu_affinity          ints(0)     CPU set of checker
  none    checker_rlimit_rttime         int(1)      RT limit of checker
  none    checker_rlimit_rtime          int(1)      deprecated spelling
  none    bfd_priority                  int(-20,19) nice value of BFD child
  none    bfd_no_swap                   flag        mlock BFD child
  none    bfd_rt_priority               int(1,99)   SCHED_RR for BFD
  none    bfd_cpu_affinity              ints(0)     CPU set of BFD
  none    bfd_rlimit_rttime             int(1)      RT limit of BFD
  none    bfd_rlimit_rtime              int(1)      deprecated spelling
  ignored snmp_socket                   text        AgentX master socket
  ignored enable_traps                  flag        send SNMP traps
  ignored enable_snmp_vrrp              flag        KEEPALIVED-MIB, VRRP part
  ignored enable_snmp_keepalived        flag        deprecated synonym of enable_snmp_vrrp
  ignored enable_snmp_rfc               flag        both RFC MIBs
  ignored enable_snmp_rfcv2             flag        RFC 2787 MIB
  ignored enable_snmp_rfcv3             flag        RFC 6527 MIB
  ignored enable_snmp_checker           flag        KEEPALIVED-MIB, IPVS/checker part
  none    snmp_vs_stats_update_interval sec()       max age of VS counters (5 s)
  none    snmp_rs_stats_update_interval sec()       max age of RS counters
  ignored enable_dbus                   flag        start D-Bus service
  ignored dbus_service_name             text        bus name (org.keepalived.Vrrp1)
  ignored dbus_no_interface_name        text        path word for instances without interface (none)
  none    script_user                   user        default user [:][group] for scripts
  none    enable_script_security        flag        refuse root scripts whose path is writable by others
  none    vrrp_netlink_cmd_rcv_bufs     int()       netlink command socket buffer of VRRP child
  none    vrrp_netlink_cmd_rcv_bufs_force bool        ... beyond rmem_max
  none    vrrp_netlink_monitor_rcv_bufs int()       netlink monitor socket buffer of VRRP child
  none    vrrp_netlink_monitor_rcv_bufs_force bool        ... beyond rmem_max
  none    process_monitor_rcv_bufs      int()       proc-connector socket buffer
  none    process_monitor_rcv_bufs_force bool        ... beyond rmem_max
  none    lvs_netlink_cmd_rcv_bufs      int()       netlink command socket buffer of checker
  none    lvs_netlink_cmd_rcv_bufs_force bool        ... beyond rmem_max
  none    lvs_netlink_monitor_rcv_bufs  int()       netlink monitor buffer of checker
  none    lvs_netlink_monitor_rcv_bufs_force bool        ... beyond rmem_max
  ignored rs_init_notifies              flag        run notify scripts for the initial RS state
  none    no_checker_emails             flag        mail only on RS add/remove, not per checker
  none    vrrp_rx_bufs_policy           receiveBuffers VRRP socket buffer: MTU / ADVERT / number
  none    vrrp_rx_bufs_multiplier       int(1)      factor for it (3)
  ignored vrrp_startup_delay sec() seconds before any VRRP instance starts (bond/STP settle)
  ignored vrrp_delay_after_boot         sec()       same, counted from system boot (2.4.0)
  none    log_unknown_vrids             flag        log adverts for VRIDs not configured
  ignored vrrp_owner_ignore_adverts     bool        address owner drops received adverts (strict RFC)
  ignored vmac_prefix                   text        prefix of generated VMAC interface names (vrrp)
  ignored vmac_addr_prefix              text        same for per-VIP VMACs
  none    umask                         mode        umask for created files
  none    random_seed                   int()       seed for _RANDOM
  none    reload_check_config           ?text       test new config in a child before reloading [LOGFILE]
  ignored reload_time_file text file holding a time at which to reload (lockstep reload on both nodes)
  ignored reload_repeat                 flag        keep the time file and reload daily
  ignored reload_file                   ?text       marker file: present while config is being read
  ignored include_check                 texts()     which missing-include cases are errors
  none    config_save_dir               text        debug: save config/state around each reload
  none    tmp_config_directory          text        where the consolidated config copy is held
  none    data_use_instance             bool        put instance/netns name into dump file names
  none    json_version                  one(1|2)    JSON layout 1 or 2
  none    iproute_usr_dir               text        location of iproute2 name tables
  none    iproute_etc_dir               text        location of iproute2 name tables (override)
  ignored state_dump_file               text        path of the SIGUSR1 dump
  ignored stats_dump_file               text        path of SIGUSR2 dump (man page: stats_file_location)
  ignored json_dump_file                text        path of JSON dump (man page: json_file_location)
`,
  { blocks: BLOCKS, shapes: SHAPES },
);
