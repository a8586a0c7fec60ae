// Words of global_defs about the whole of IPVS: its timeouts, when its table is cleared, how it is reached.
import { keyword, type More } from './block.ts';
import { options } from './options.ts';
import { INT_MAX, integer, nothing, oneOf, orBare, type Shape, text, toggle, UINT_MAX } from './shape.ts';

/** <linux/ip_vs.h>: timeouts are whole seconds; keepalived.conf(5) allows up to 31 days. */
const LONGEST_TIMEOUT = 86_400 * 31;

/** 0 leaves what the kernel has. */
const timeout = integer(0, LONGEST_TIMEOUT);
const anyTimeouts = options({
  tcp: keyword(timeout, 'of established TCP connections'),
  tcpfin: keyword(timeout, 'of TCP connections after a FIN'),
  udp: keyword(timeout, 'of UDP'),
});
const timeouts: Shape<ReturnType<typeof anyTimeouts.read> & object> = {
  ...anyTimeouts,
  read(given) {
    if (given.peek() !== undefined) return anyTimeouts.read(given);
    return given.complain('CFG_MISSING', given.lastTaken.at, `${given.subject} needs at least one of them`);
  },
};

const unheard: More = {
  standing: 'otherwise',
  because: 'checks and services follow no events of the kernel: there is no socket',
};

const flush = orBare(oneOf(['VS']), 'all' as const);

/** Of nftables_ipvs. */
export const MARKING = { table: 'lvs-director-ipvs', priority: -1, start: 1000 } as const;

export const IPVS_GLOBAL_WORDS = {
  lvs_timeouts: keyword(
    timeouts,
    'seconds after which idle connections are forgotten; the old ones come back at the end',
  ),
  lvs_flush: keyword(nothing, 'clear the whole IPVS table at the start, whoever made it'),
  lvs_flush_on_stop: keyword(
    flush,
    'clear the whole IPVS table at the end; VS = our own services, as without it',
  ),
  lvs_flush_onstop: keyword(flush, 'old name of lvs_flush_on_stop', { oldNameOf: 'lvs_flush_on_stop' }),
  lvs_netlink_cmd_rcv_bufs: keyword(
    integer(0, UINT_MAX),
    'bytes of the receive buffer of the socket by which services are programmed; default, and 0: 2 MiB',
  ),
  lvs_netlink_cmd_rcv_bufs_force: keyword(toggle, 'lvs_netlink_cmd_rcv_bufs may exceed rmem_max', {
    default: false,
  }),
  lvs_netlink_monitor_rcv_bufs: keyword(
    integer(0, UINT_MAX),
    "bytes of the buffer of the checker's netlink monitor",
    unheard,
  ),
  lvs_netlink_monitor_rcv_bufs_force: keyword(toggle, 'it may exceed rmem_max', unheard),
  nftables_ipvs: keyword(
    orBare(text, true),
    'each virtual_server_group is one service by firewall mark, which this table of nf_tables sets; ' +
      `default ${MARKING.table}`,
    { once: true },
  ),
  nftables_ipvs_priority: keyword(
    integer(-INT_MAX - 1, INT_MAX),
    'priority of the chain of nftables_ipvs, which has to come before IPVS (98)',
    { default: MARKING.priority },
  ),
  nftables_ipvs_start_fwmark: keyword(
    integer(1, UINT_MAX),
    'first mark of nftables_ipvs; each group and protocol gets the next one',
    { default: MARKING.start },
  ),
};
