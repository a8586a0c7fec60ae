// keepalived's words of global_defs that nothing is done with yet. A word moves to global.ts when it is acted
// upon.
import { fifo, script, user } from './scripts.ts';
import type { Shape } from './shape.ts';
import { words } from './table.ts';

const PERMISSION = 'I[RWX](?:USR|GRP|OTH)';
const MASK = new RegExp(`^(?:0x[0-9a-f]+|\\d+|${PERMISSION}(?:\\|${PERMISSION})*)$`, 'i');

/** A number as in C, or the names of <sys/stat.h> without their S_. */
const mode: Shape<string> = {
  syntax: 'MASK|PERMISSION[|PERMISSION …]',
  line: true,
  json: { type: ['string', 'integer'] },
  example: '022',
  read(given) {
    const word = given.take('a mask');
    if (word === undefined) return undefined;
    const mask = [word, ...given.rest()].map((part) => part.text).join('');
    if (MASK.test(mask)) return mask;
    return given.wrong(word, `takes a mask, not "${mask}"`, 'as in umask 022, or IWGRP|IWOTH');
  },
};

const CHECKS = ['readable', 'match', 'wildcard_match', 'brace_match'];
const includeChecks: Shape<string[]> = {
  syntax: '[[+|-]readable|match|wildcard_match|brace_match …]',
  line: true,
  isBareAllowed: true,
  example: 'readable match',
  read(given) {
    const words = given.rest();
    const strange = words.find(({ text: word }) => !CHECKS.includes(word.replace(/^[+-]/, '')));
    if (strange === undefined) return words.map(({ text: word }) => word);
    return given.wrong(strange, `takes ${CHECKS.join(', ')}, not "${strange.text}"`);
  },
};

const SHAPES = {
  includeChecks,
  script,
  user,
  fifo,
  mode,
};

export const GLOBAL_WORDS = words(
  `
  none    use_symlink_paths             bool        keep symlinks in script paths instead of resolving them
  none    set_supplementary_groups      bool        give scripts the user's supplementary groups
  none    checker_log_all_failures      bool        log every failed probe, not only transitions
  none    checker_priority              int(-20,19) nice value of the checker child
  none    checker_rt_priority           int(1,99)   real-time priority (SCHED_RR) of the checker child
  none    checker_cpu_affinity          ints(0)     CPUs of the checker child
  none checker_rlimit_rttime uint(1) limit of real-time CPU time of the checker child, in microseconds
  none    checker_rlimit_rtime          uint(1)     old name of checker_rlimit_rttime
  ignored snmp_socket                   text        socket of the AgentX master
  ignored enable_traps                  flag        send SNMP traps
  ignored enable_snmp_vrrp              flag        the VRRP part of KEEPALIVED-MIB
  ignored enable_snmp_keepalived        flag        old name of enable_snmp_vrrp
  ignored enable_snmp_rfc               flag        both MIBs of the RFCs for VRRP
  ignored enable_snmp_rfcv2             flag        the MIB of RFC 2787 (VRRPv2)
  ignored enable_snmp_rfcv3             flag        the MIB of RFC 6527 (VRRPv3)
  ignored enable_snmp_checker           flag        the IPVS and checker part of KEEPALIVED-MIB
  none snmp_vs_stats_update_interval sec() how old told counters of virtual servers may be; default 5 s
  none snmp_rs_stats_update_interval sec() how old told counters of real servers may be
  ignored enable_dbus                   flag        serve D-Bus
  ignored dbus_service_name             text        name on D-Bus; default org.keepalived.Vrrp1
  ignored dbus_no_interface_name text word in the path of instances without interface; default none
  none no_checker_emails flag mail when a real server comes or goes, not for each checker
  none    umask                         mode        permissions that created files do not get
  none    random_seed                   uint()      seed of $_RANDOM
  none reload_check_config ?text check a configuration before it is loaded; complaints go to this file
  ignored reload_time_file text file that holds a time at which to reload, on both directors at once
  ignored reload_repeat                 flag        keep the file of reload_time_file, and reload daily
  ignored reload_file                   ?text       file that is there while a configuration is read
  ignored include_check                 includeChecks which kinds of missing includes are errors
  none    config_save_dir               text        save the configuration around each reload there
  none    tmp_config_directory          text        where the copy of the whole configuration is kept
  none data_use_instance bool names of dump files contain the instance and the network namespace
  none    json_version                  one(1|2)    layout of the JSON dump
  ignored state_dump_file               text        path of the dump of SIGUSR1
  ignored stats_dump_file               text        path of the dump of SIGUSR2
  ignored json_dump_file                text        path of the JSON dump
`,
  { shapes: SHAPES },
);
