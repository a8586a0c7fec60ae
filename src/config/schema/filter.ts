// Words of global_defs about the packet filter that no_accept and interfaces with virtual MACs need.
import { keyword } from './block.ts';
import { INT_MAX, integer, many, nothing, orBare, text } from './shape.ts';

/** Of ipsets, keepalived has up to six. */
const MOST = { chains: 2, sets: 6 } as const;

export const FILTER_WORDS = {
  nftables: keyword(orBare(text, true), 'name of the table of nf_tables; default lvs-director'),
  nftables_priority: keyword(
    integer(-INT_MAX - 1, INT_MAX),
    'priority of its chains; default 101 for packets that come in, which is after IPVS, and -1 for others',
  ),
  nftables_counters: keyword(nothing, 'count packets in its rules'),
  nftables_ifindex: keyword(
    nothing,
    'accepted: rules for link-local addresses go by the name of the interface, also when it is made anew',
  ),
  vrrp_iptables: keyword(
    orBare(many(text, MOST.chains), true),
    'accepted: what the chains would hold is in the table of nf_tables',
  ),
  vrrp_ipsets: keyword(orBare(many(text, MOST.sets), true), 'accepted: see vrrp_iptables'),
  disable_local_igmp: keyword(
    nothing,
    'report no groups of 224.0.0.0/24: sysctl igmp_link_local_mcast_reports, put back at the end',
  ),
} as const;
