// The block `ipvs { … }` of director: settings of the whole of IPVS, by the kernel's names (net.ipv4.vs),
// that keepalived leaves to sysctl. What they do and which values they take is in
// Documentation/networking/ipvs-sysctl.rst of Linux. Those that sync sets itself
// (linux/sync/kernel-settings.ts) are not among them.
import { type Block, keyword } from './block.ts';
import { INT_MAX, integer, toggle } from './shape.ts';

/** 1 and 2 are one mode to us: the kernel changes between them by how much memory there is. */
const defence = integer(0, 3);
const MODES = '0 = never, 1 = while memory is short (the kernel then makes it 2), 3 = always';

export const IPVS_SETTINGS = {
  name: 'ipvs',
  keywords: {
    expire_nodest_conn: keyword(
      toggle,
      'connections to a server that was removed end at once: clients are told, and get another one with ' +
        'their next; off: their packets are dropped in silence until they time out',
    ),
    expire_quiescent_template: keyword(
      toggle,
      'a persistent client whose server has weight 0 gets another one with its next connection',
    ),
    conn_reuse_mode: keyword(
      integer(0, 2),
      'a SYN for a connection that is over: 0 = goes to its old server, 1 = begins a new one, 2 = also ' +
        'after the first FIN, where answers do not pass through the director',
    ),
    sloppy_tcp: keyword(
      toggle,
      'a TCP packet of no known connection begins one, not only a SYN: for mh and sh, where every director ' +
        'chooses the same server',
    ),
    sloppy_sctp: keyword(toggle, 'the same of SCTP, where only INIT begins an association'),
    conntrack: keyword(
      toggle,
      'connections are in the connection tracking of the packet filter: NAT with stateful rules needs it, ' +
        'others pay for it',
    ),
    snat_reroute: keyword(
      toggle,
      'answers of NAT servers are routed as if the director had sent them: matters with policy routing',
    ),
    nat_icmp_send: keyword(
      toggle,
      'a NAT server that sends what belongs to no connection is told "port unreachable"',
    ),
    schedule_icmp: keyword(toggle, 'ICMP errors about no known connection go to a server, too'),
    ignore_tunneled: keyword(
      toggle,
      'packets of other protocols than TCP, UDP and SCTP are not looked at again: for a director that is a ' +
        'real server behind a tunnel itself',
    ),
    pmtu_disc: keyword(
      toggle,
      'what is too large, and must not be cut, is refused by ICMP, whatever the method; off: in a tunnel ' +
        'it is cut',
    ),
    cache_bypass: keyword(
      toggle,
      'without a server packets for addresses of others go where they were sent: for transparent caches',
    ),
    run_estimation: keyword(toggle, 'rates are estimated, at some cost with many services'),
    drop_entry: keyword(defence, `half-open connections are thrown away at random: ${MODES}`),
    drop_packet: keyword(
      defence,
      `one of so many packets that would begin a connection is dropped: ${MODES}, at am_droprate`,
    ),
    am_droprate: keyword(integer(1, INT_MAX), 'one of how many packets drop_packet 3 drops'),
    secure_tcp: keyword(
      defence,
      `a stricter table of TCP states; of NAT a connection is open only after the whole handshake: ${MODES}`,
    ),
    amemthresh: keyword(
      integer(0, INT_MAX),
      'pages of memory below which it is short, for drop_entry, drop_packet and secure_tcp',
    ),
  },
} as const satisfies Block;
