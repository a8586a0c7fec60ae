// The blocks `virtual_server IPADDR PORT { … }` and `real_server IPADDR PORT { … }` in it. Defaults are
// keepalived 2.2.7's: keepalived.conf(5), and its check_parser.c for the ranges.
import type { Family } from '../../core/address.ts';
import { type Block, keyword, list, opens } from './block.ts';
import { CHECK_KEYWORDS, TCP_CHECK } from './checks.ts';
import { endpoint, forwarding } from './endpoints.ts';
import { SERVER_MAIL_WORDS, SERVICE_MAIL_WORDS } from './mail.ts';
import { groupMember } from './members.ts';
import { QUORUM_WORDS, SERVER_SCRIPT_WORDS } from './quorum.ts';
import {
  address,
  INT_MAX,
  integer,
  nothing,
  oneOf,
  orBare,
  type Shape,
  text,
  toggle,
  UINT_MAX,
} from './shape.ts';
import { REAL_SERVER_WORDS, VIRTUAL_SERVER_WORDS } from './words-ipvs.ts';

/** keepalived's global_data.h LVS_MAX_TIMEOUT: 31 days. */
const LONGEST_PERSISTENCE = 86_400 * 31;
/** keepalived's libipvs.h IPVS_SVC_PERSISTENT_TIMEOUT. */
export const BARE_PERSISTENCE = 360;
export const SCHEDULERS = [
  'rr',
  'wrr',
  'lc',
  'wlc',
  'lblc',
  'sh',
  'mh',
  'dh',
  'fo',
  'ovf',
  'lblcr',
  'sed',
  'nq',
  'twos',
] as const;

/** A prefix length; which family it is of shows by how it is written. */
export type Granularity = { length: number; family: Family };

/** A netmask for IPv4, a prefix length for IPv6, as keepalived and ipvsadm have it. */
const granularity: Shape<Granularity> = {
  syntax: 'NETMASK (IPv4) or LENGTH (IPv6)',
  json: { anyOf: [integer(1, 128).json, { type: 'string', format: 'ipv4' }] },
  example: '255.255.255.0',
  read(words) {
    const word = words.peek();
    if (word === undefined || !word.text.includes('.')) {
      const length = integer(1, 128).read(words);
      return length === undefined ? undefined : { length, family: 6 };
    }
    const mask = address(4).read(words);
    if (mask === undefined) return undefined;
    const bits = mask.split('.').reduce((all, byte) => all + Number(byte).toString(2).padStart(8, '0'), '');
    if (!/^1+0*$/.test(bits)) return words.wrong(word, `takes a netmask, and ${mask} is none`);
    return { length: bits.lastIndexOf('1') + 1, family: 4 };
  },
};

const flagDoc = {
  'sh-port': 'sh: hash the source port as well',
  'sh-fallback': 'sh: take another server when the chosen one is not available',
  'mh-port': 'mh: hash the source port as well',
  'mh-fallback': 'mh: take another server when the chosen one is not available',
  'flag-1': "the scheduler's first flag: sh-fallback, mh-fallback",
  'flag-2': "the scheduler's second flag: sh-port, mh-port",
  'flag-3': "the scheduler's third flag",
};
/** Which scheduler a flag is for; the numbered ones are for any. */
export const FLAG_SCHEDULERS: Readonly<Record<keyof typeof flagDoc, string | undefined>> = {
  'sh-port': 'sh',
  'sh-fallback': 'sh',
  'mh-port': 'mh',
  'mh-fallback': 'mh',
  'flag-1': undefined,
  'flag-2': undefined,
  'flag-3': undefined,
};

const weight = integer(0, INT_MAX);

export const REAL_SERVER = {
  name: 'real_server',
  keywords: {
    weight: keyword(weight, 'share of the connections; 0 = no new ones; default 1'),
    lvs_method: keyword(forwarding, "forwarding to this server; default the virtual server's"),
    uthreshold: keyword(integer(0, UINT_MAX), 'no new connections above this many; 0 = no limit', {
      default: 0,
    }),
    lthreshold: keyword(
      integer(0, UINT_MAX),
      'new connections again below this many; 0 = 3/4 of uthreshold',
      {
        default: 0,
      },
    ),
    inhibit_on_failure: keyword(toggle, 'weight 0 instead of removal when checks fail'),
    alpha: keyword(toggle, 'down until the first good check'),
    ...SERVER_SCRIPT_WORDS,
    ...SERVER_MAIL_WORDS,
    ...CHECK_KEYWORDS,
    TCP_CHECK: opens(nothing, 'up while a TCP connection can be opened', TCP_CHECK),
  },
  others: REAL_SERVER_WORDS,
} as const satisfies Block;

const lvsMethod = keyword(forwarding, 'forwarding: NAT, direct routing or tunnel', {
  default: { forwarding: 'NAT' },
});
const lvsSched = keyword(oneOf(SCHEDULERS), 'scheduler of new connections', { default: 'wlc' });

export const VIRTUAL_SERVER = {
  name: 'virtual_server',
  keywords: {
    lvs_sched: lvsSched,
    lb_algo: keyword(lvsSched.takes, 'older name of lvs_sched'),
    lvs_method: lvsMethod,
    lb_kind: keyword(lvsMethod.takes, 'older name of lvs_method'),
    protocol: keyword(oneOf(['TCP', 'UDP', 'SCTP'], true), 'protocol; of no meaning with a firewall mark', {
      default: 'UDP',
    }),
    ip_family: keyword(oneOf(['inet', 'inet6']), 'family of a service by firewall mark or group'),
    persistence_timeout: keyword(
      orBare(integer(1, LONGEST_PERSISTENCE), BARE_PERSISTENCE),
      `seconds for which a client keeps its server; alone ${BARE_PERSISTENCE}; not given = not at all`,
    ),
    persistence_granularity: keyword(granularity, 'clients of one such network are one client'),
    persistence_engine: keyword(text, 'who finds more in a packet than its addresses: sip'),
    ops: keyword(nothing, 'one packet is one connection (UDP)'),
    'sh-port': keyword(nothing, flagDoc['sh-port']),
    'sh-fallback': keyword(nothing, flagDoc['sh-fallback']),
    'mh-port': keyword(nothing, flagDoc['mh-port']),
    'mh-fallback': keyword(nothing, flagDoc['mh-fallback']),
    'flag-1': keyword(nothing, flagDoc['flag-1']),
    'flag-2': keyword(nothing, flagDoc['flag-2']),
    'flag-3': keyword(nothing, flagDoc['flag-3']),
    weight: keyword(integer(1, INT_MAX), 'weight of real servers that name none', { default: 1 }),
    alpha: keyword(nothing, 'real servers are down until their first good check'),
    inhibit_on_failure: keyword(nothing, 'weight 0 instead of removal when checks fail'),
    ...QUORUM_WORDS,
    ...SERVICE_MAIL_WORDS,
    ...CHECK_KEYWORDS,
    real_server: opens(endpoint, 'one server behind the virtual address', REAL_SERVER),
  },
  others: VIRTUAL_SERVER_WORDS,
} as const satisfies Block;

/** One set of real servers behind several addresses or marks. */
export const VIRTUAL_SERVER_GROUP = list('virtual_server_group', groupMember);
