// The block `global_defs { … }`. Defaults are keepalived 2.2.7's: keepalived.conf(5), and reference to its
// global_data.c where the manual is silent (garp repeat 5, delay 5 s, version 2, group 224.0.0.18).
import { address as parsed } from '../../core/address.ts';
import type { Located } from '../../core/diagnostic.ts';
import type { Arguments } from '../arguments.ts';
import { type Block, keyword } from './block.ts';
import { FILTER_WORDS } from './filter.ts';
import { GLOBAL_GARP_WORDS } from './garp.ts';
import { IPVS_GLOBAL_WORDS } from './ipvs-global.ts';
import { GLOBAL_MAIL_WORDS } from './mail.ts';
import { GLOBAL_NOTIFY_WORDS } from './notify.ts';
import { type Options, options } from './options.ts';
import { BFD_RUNNING_WORDS, GLOBAL_RUNNING_WORDS, PROCESS_NAME_WORDS, UNNEEDED_WORDS } from './running.ts';
import {
  INT_MAX,
  inParts,
  integer,
  interfaceName,
  located,
  multicast,
  name,
  nothing,
  oneOf,
  orBare,
  type Shape,
  seconds,
  text,
  toggle,
  UINT_MAX,
} from './shape.ts';
import { GLOBAL_WORDS } from './words-global.ts';

/** Seconds: keepalived keeps these times as microseconds in 32 bits. */
export const LONGEST_GARP_DELAY = 4294;

const SYNC_OPTIONS = {
  inst: keyword(name, 'the instance whose role decides who sends and who listens'),
  id: keyword(integer(0, 255), "tells pairs on one network apart; default the instance's virtual_router_id"),
  maxlen: keyword(integer(1, 65_507), 'largest datagram in bytes; default fits the MTU'),
  port: keyword(integer(1, 65_535), 'UDP port; default 8848'),
  ttl: keyword(integer(1, 255), 'TTL of the datagrams; default 1'),
  group: keyword(multicast(), 'multicast group; default 224.0.0.81'),
} as const satisfies Options;

const syncOptions = options(SYNC_OPTIONS);
const syncInterface = located(interfaceName);
type SyncDaemonArguments = { interface: Located<string> } & NonNullable<ReturnType<typeof syncOptions.read>>;

/**
 * `IF [[inst] INSTANCE] [id N] …`, and keepalived's oldest form `IF INSTANCE N`. A second word that is no
 * option names the instance.
 */
const syncDaemon: Shape<SyncDaemonArguments> = {
  syntax: `INTERFACE [[inst] INSTANCE] ${syncOptions.syntax}`,
  line: true,
  ...inParts({ interface: interfaceName }, 1),
  options: syncOptions.options,
  example: 'eth0 VI_1 id 51',
  read(words) {
    const device = syncInterface.read(words);
    if (device === undefined) return undefined;
    const bare = bareWord(words);
    const oldId = bare === undefined ? undefined : bareWord(words, /^\d+$/);
    if (oldId !== undefined)
      words.complain('CFG_DEPRECATED', oldId.at, `the sync id is written \`id ${oldId.value}\``);
    const named = syncOptions.read(words);
    return {
      interface: device,
      ...(bare === undefined ? {} : { inst: bare }),
      ...(oldId === undefined ? {} : { id: { value: Number(oldId.value), at: oldId.at } }),
      ...named,
    };
  },
};

function bareWord(words: Arguments, form = /./): Located<string> | undefined {
  const word = words.peek();
  if (word === undefined || Object.hasOwn(SYNC_OPTIONS, word.text) || !form.test(word.text)) return undefined;
  words.optional();
  return { value: word.text, at: word.at };
}

export const GLOBAL_DEFS = {
  name: 'global_defs',
  keywords: {
    dynamic_interfaces: keyword(
      orBare(oneOf(['allow_if_changes']), 'bare' as const),
      'interfaces may come later and go, which they may in any case; without it `run -t` expects them',
    ),
    default_interface: keyword(interfaceName, 'interface of static addresses without `dev`; default eth0'),
    router_id: keyword(text, 'name of this director in logs'),
    vrrp_version: keyword(vrrpVersion(), 'VRRP version of instances that name none; IPv6 ones always use 3', {
      default: 2,
    }),
    lvs_sync_daemon: keyword(
      syncDaemon,
      "the kernel's connection sync: the instance's MASTER sends, its BACKUP listens",
      { once: true },
    ),
    vrrp_rt_priority: keyword(
      integer(1, 99),
      'real-time priority (SCHED_RR) of what sends adverts; not given = not asked for',
      { advice: 'a busy machine without it may send adverts late' },
    ),
    vrrp_down_timer_adverts: keyword(
      integer(1, 100),
      'adverts that do not come before a BACKUP takes over; the same on both directors',
      { default: 3 },
    ),
    v3_checksum_as_v2: keyword(
      toggle,
      'version 3: checksum of IPv4 adverts without pseudo-header, as RFC 9568 has it and keepalived has not',
      { default: false },
    ),
    vrrp_lower_prio_no_advert: keyword(toggle, 'a MASTER does not answer an advert of lower priority', {
      default: false,
    }),
    vrrp_higher_prio_send_advert: keyword(
      toggle,
      'a MASTER that yields sends one more advert, and so the other announces itself again; keepalived: off',
      { default: true },
    ),
    vrrp_owner_ignore_adverts: keyword(toggle, 'an address owner (priority 255) drops adverts it hears', {
      default: false,
    }),
    vrrp_skip_check_adv_addr: keyword(
      toggle,
      'a BACKUP compares the addresses of adverts with its own only when the master is another one',
      { default: false },
    ),
    vrrp_strict: keyword(
      toggle,
      "the RFC and no more: also means no_accept, no unicast, nothing beyond the RFC's adverts and ARPs",
      { default: false },
    ),
    log_unknown_vrids: keyword(nothing, 'log adverts of virtual routers that are not configured'),
    vrrp_check_unicast_src: keyword(toggle, 'drop unicast adverts of others than the peers', {
      default: false,
    }),
    vrrp_mcast_group4: keyword(multicast(4), 'IPv4 group of adverts', { default: parsed('224.0.0.18') }),
    vrrp_mcast_group6: keyword(multicast(6), 'IPv6 group of adverts', { default: parsed('ff02::12') }),
    vrrp_garp_master_delay: keyword(
      seconds(0, LONGEST_GARP_DELAY, true),
      'pause between becoming MASTER and the second burst of gratuitous ARPs; 0 = no second burst',
      { default: 5000 },
    ),
    vrrp_garp_master_repeat: keyword(integer(1, UINT_MAX), 'gratuitous ARPs in a burst', { default: 5 }),
    vrrp_garp_master_refresh: keyword(
      seconds(0, UINT_MAX, true),
      "time between gratuitous ARPs of a lasting MASTER; 0 = none, which is keepalived's default",
      { default: 60_000 },
    ),
    vrrp_garp_master_refresh_repeat: keyword(integer(1, UINT_MAX), 'gratuitous ARPs in a refresh', {
      default: 1,
    }),
    vrrp_garp_lower_prio_delay: keyword(
      seconds(0, LONGEST_GARP_DELAY, true),
      'as vrrp_garp_master_delay, after an advert of lower priority; default vrrp_garp_master_delay',
    ),
    vrrp_garp_lower_prio_repeat: keyword(
      integer(0, INT_MAX),
      'gratuitous ARPs after an advert of lower priority; default vrrp_garp_master_repeat',
    ),
    vrrp_min_garp: keyword(
      toggle,
      'one gratuitous ARP, no second burst and no refresh, where nothing else is said',
    ),
    ...GLOBAL_GARP_WORDS,
    ...FILTER_WORDS,
    vmac_prefix: keyword(interfaceName, 'what the names that use_vmac makes begin with', { default: 'vrrp' }),
    vmac_addr_prefix: keyword(interfaceName, 'the same of use_vmac_addr; default vmac_prefix'),
    iproute_etc_dir: keyword(text, "where iproute2's files of names are that go before", {
      default: '/etc/iproute2',
    }),
    iproute_usr_dir: keyword(text, 'where the files of names are that a distribution brings', {
      default: '/usr/share/iproute2',
    }),
    ...GLOBAL_RUNNING_WORDS,
    ...BFD_RUNNING_WORDS,
    ...PROCESS_NAME_WORDS,
    ...UNNEEDED_WORDS,
    ...GLOBAL_NOTIFY_WORDS,
    ...GLOBAL_MAIL_WORDS,
    ...IPVS_GLOBAL_WORDS,
  },
  others: GLOBAL_WORDS,
} as const satisfies Block;

/** `version 2|3`, as a number. */
export function vrrpVersion(): Shape<2 | 3> {
  const digit = oneOf(['2', '3']);
  return {
    syntax: digit.syntax,
    json: digit.json!,
    example: '3',
    read(words) {
      const value = digit.read(words);
      return value === undefined ? undefined : value === '2' ? 2 : 3;
    },
    print: String,
  };
}
