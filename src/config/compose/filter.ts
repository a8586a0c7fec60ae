// Words about the packet filter → their part of the typed configuration.
import type { FilterWords } from '../model-links.ts';
import type { Report } from '../report.ts';
import type { GLOBAL_DEFS } from '../schema/global.ts';
import { last, type Settings } from '../settings.ts';

export function composeFilter(settings: Settings<typeof GLOBAL_DEFS>, report: Report): FilterWords {
  const table = last(settings, 'nftables');
  const priority = last(settings, 'nftables_priority');
  const chains = last(settings, 'vrrp_iptables') ?? last(settings, 'vrrp_ipsets');
  if (chains !== undefined && table === undefined)
    report.add(
      'CFG_REDUNDANT',
      chains.at,
      'no chain or set of iptables is used: the packet filter is a table of nf_tables, and does the same',
      'write `nftables` to give the table a name; iptables goes on filtering beside it',
    );
  return {
    ...(typeof table?.value === 'string' ? { table: { value: table.value, at: table.at } } : {}),
    ...(priority === undefined ? {} : { priority }),
    counters: last(settings, 'nftables_counters') !== undefined,
    silencesLocalGroups: last(settings, 'disable_local_igmp') !== undefined,
  };
}
