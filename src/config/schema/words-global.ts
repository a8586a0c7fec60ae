// keepalived's words of global_defs that nothing is done with yet. A word moves to global.ts when it is acted
// upon.
import { words } from './block.ts';

export const GLOBAL_WORDS = words(`
  none    process_names                      use default per-process names
  none    process_name                       name of parent process
  none    vrrp_process_name                  name of VRRP child
  none    checker_process_name               name of checker child
  none    lvs_process_name                   deprecated synonym of checker_process_name
  none    bfd_process_name                   name of BFD child
  none    use_symlink_paths                  keep symlinks in script paths instead of resolving them
  none    set_supplementary_groups           give scripts the user's supplementary groups
  none    notification_email_from            From address of alert mails
  none    smtp_server                        mail relay host [port]; no TLS, no login
  none    smtp_helo_name                     HELO name
  none    smtp_connect_timeout               connect timeout to mail relay, s
  none    notification_email{}               block: list of alert recipients
  none    smtp_alert                         default for all mail alerts
  ignored startup_script                     run once before children start
  ignored startup_script_timeout             its limit, 1-1000 s, default 10
  ignored shutdown_script                    run once after children end
  ignored shutdown_script_timeout            its limit
  none    max_auto_priority                  raise the own real-time priority when scheduled late
  none    min_auto_priority_delay            lateness in us that triggers it (default 1 s)
  none    smtp_alert_vrrp                    default for VRRP mails
  none    smtp_alert_checker                 default for checker mails
  none    checker_log_all_failures           log every failed probe, not only transitions
  ignored dynamic_interfaces accept interfaces that do not exist yet / come and go; [allow_if_changes]
  none    no_email_faults                    no mail on FAULT
  ignored default_interface                  interface for static addresses lacking dev (default eth0)
  ignored disable_local_igmp                 sysctl igmp_link_local_mcast_reports=0
  unsafe  v3_checksum_as_v2                  checksum without pseudo-header: the peer may drop our adverts
  ignored lvs_timeouts                       IPVS tcp / tcpfin / udp timeouts
  ignored lvs_flush                          clear whole IPVS table at start
  ignored lvs_flush_on_stop clear IPVS at stop ([VS] = only own services, without per-RS deletes)
  ignored lvs_flush_onstop                   deprecated synonym
  ignored vrrp_mcast_group6                  IPv6 advert group (ff02::12)
  ignored vrrp_garp_lower_prio_delay         second burst delay after a lower-priority advert was heard
  ignored vrrp_garp_lower_prio_repeat GARPs after a lower-priority advert was heard (split-brain healing)
  unsafe  vrrp_down_timer_adverts            adverts missed before takeover; the same on both directors
  ignored vrrp_garp_interval                 spacing between GARPs on an interface
  ignored vrrp_gna_interval                  spacing between unsolicited NAs
  ignored vrrp_garp_extra_if periodic GARP on VIP interfaces other than the instance's ([all] N)
  ignored vrrp_vmac_garp_intvl               deprecated name of vrrp_garp_extra_if
  ignored vrrp_lower_prio_no_advert          do not answer a lower-priority advert
  ignored vrrp_higher_prio_send_advert       send one advert before yielding so that the winner re-GARPs
  ignored vrrp_iptables                      use iptables chains (in [out]) for no_accept/VMAC filtering
  ignored vrrp_ipsets                        ipset names used with vrrp_iptables
  ignored nftables                           use nftables [table] for no_accept/VMAC filtering
  ignored nftables_priority                  base-chain priority
  ignored nftables_ifindex                   key link-local sets by ifindex
  ignored vrrp_check_unicast_src             default: drop unicast adverts from non-peers
  none    vrrp_skip_check_adv_addr           do not recheck VIP list when the same master advertises
  none    vrrp_strict                        strict RFC mode for all instances
  none    vrrp_priority                      nice value of VRRP child
  none    vrrp_no_swap                       mlock the VRRP child
  none    vrrp_cpu_affinity                  CPU set of VRRP child
  none    vrrp_rlimit_rttime                 RT CPU time limit in us
  none    vrrp_rlimit_rtime                  deprecated spelling
  ignored nftables_ipvs one fwmark service per virtual_server_group, marks set by nftables (scale)
  ignored nftables_ipvs_priority             chain priority for it
  ignored nftables_ipvs_start_fwmark         first mark (default 1000)
  ignored nftables_counters                  add counters to generated rules
  ignored notify_fifo                        FIFO [user [group]] receiving all events
  ignored notify_fifo_script                 reader program started by the daemon (FIFO path is last arg)
  ignored vrrp_notify_fifo                   FIFO with VRRP events only
  ignored vrrp_notify_fifo_script            its reader
  none    vrrp_notify_priority_changes       also write priority changes to the FIFO
  ignored fifo_write_vrrp_states_on_reload   repeat states to FIFO after reload
  ignored lvs_notify_fifo                    FIFO with VS/RS events
  ignored lvs_notify_fifo_script             its reader
  none    checker_priority                   nice value of checker child
  none    checker_no_swap                    mlock checker
  none    checker_rt_priority                SCHED_RR for checker
  none    checker_cpu_affinity               CPU set of checker
  none    checker_rlimit_rttime              RT limit of checker
  none    checker_rlimit_rtime               deprecated spelling
  none    bfd_priority                       nice value of BFD child
  none    bfd_no_swap                        mlock BFD child
  none    bfd_rt_priority                    SCHED_RR for BFD
  none    bfd_cpu_affinity                   CPU set of BFD
  none    bfd_rlimit_rttime                  RT limit of BFD
  none    bfd_rlimit_rtime                   deprecated spelling
  ignored snmp_socket                        AgentX master socket
  ignored enable_traps                       send SNMP traps
  ignored enable_snmp_vrrp                   KEEPALIVED-MIB, VRRP part
  ignored enable_snmp_keepalived             deprecated synonym of enable_snmp_vrrp
  ignored enable_snmp_rfc                    both RFC MIBs
  ignored enable_snmp_rfcv2                  RFC 2787 MIB
  ignored enable_snmp_rfcv3                  RFC 6527 MIB
  ignored enable_snmp_checker                KEEPALIVED-MIB, IPVS/checker part
  none    snmp_vs_stats_update_interval      max age of VS counters (5 s)
  none    snmp_rs_stats_update_interval      max age of RS counters
  ignored enable_dbus                        start D-Bus service
  ignored dbus_service_name                  bus name (org.keepalived.Vrrp1)
  ignored dbus_no_interface_name             path word for instances without interface (none)
  none    script_user                        default user [:][group] for scripts
  none    enable_script_security             refuse root scripts whose path is writable by others
  none    vrrp_netlink_cmd_rcv_bufs          netlink command socket buffer of VRRP child
  none    vrrp_netlink_cmd_rcv_bufs_force    ... beyond rmem_max
  none    vrrp_netlink_monitor_rcv_bufs      netlink monitor socket buffer of VRRP child
  none    vrrp_netlink_monitor_rcv_bufs_force ... beyond rmem_max
  none    process_monitor_rcv_bufs           proc-connector socket buffer
  none    process_monitor_rcv_bufs_force     ... beyond rmem_max
  none    lvs_netlink_cmd_rcv_bufs           netlink command socket buffer of checker
  none    lvs_netlink_cmd_rcv_bufs_force     ... beyond rmem_max
  none    lvs_netlink_monitor_rcv_bufs       netlink monitor buffer of checker
  none    lvs_netlink_monitor_rcv_bufs_force ... beyond rmem_max
  ignored rs_init_notifies                   run notify scripts for the initial RS state
  none    no_checker_emails                  mail only on RS add/remove, not per checker
  none    vrrp_rx_bufs_policy                VRRP socket buffer: MTU / ADVERT / number
  none    vrrp_rx_bufs_multiplier            factor for it (3)
  ignored vrrp_startup_delay                 seconds before any VRRP instance starts (bond/STP settle)
  ignored vrrp_delay_after_boot              same, counted from system boot (2.4.0)
  none    log_unknown_vrids                  log adverts for VRIDs not configured
  ignored vrrp_owner_ignore_adverts          address owner drops received adverts (strict RFC)
  ignored vmac_prefix                        prefix of generated VMAC interface names (vrrp)
  ignored vmac_addr_prefix                   same for per-VIP VMACs
  none    umask                              umask for created files
  none    random_seed                        seed for _RANDOM
  none    reload_check_config                test new config in a child before reloading [LOGFILE]
  ignored reload_time_file file holding a time at which to reload (lockstep reload on both nodes)
  ignored reload_repeat                      keep the time file and reload daily
  ignored reload_file                        marker file: present while config is being read
  ignored include_check                      which missing-include cases are errors
  none    config_save_dir                    debug: save config/state around each reload
  none    tmp_config_directory               where the consolidated config copy is held
  none    data_use_instance                  put instance/netns name into dump file names
  none    json_version                       JSON layout 1 or 2
  none    iproute_usr_dir                    location of iproute2 name tables
  none    iproute_etc_dir                    location of iproute2 name tables (override)
  ignored state_dump_file                    path of the SIGUSR1 dump
  ignored stats_dump_file                    path of SIGUSR2 dump (man page: stats_file_location)
  ignored json_dump_file                     path of JSON dump (man page: json_file_location)
`);
