// Words of `global_defs` about the whole of IPVS → their typed form.
import type { IpvsWords, MarkWords } from '../model-services.ts';
import type { Report } from '../report.ts';
import type { GLOBAL_DEFS } from '../schema/global.ts';
import { MARKING } from '../schema/ipvs-global.ts';
import { last, type Settings, settled } from '../settings.ts';

/** NF_IP_PRI_NAT_SRC - 2: the first hook of IPVS for packets that come in. */
const IPVS = 98;

export function composeIpvs(settings: Settings<typeof GLOBAL_DEFS>, report: Report): IpvsWords {
  const timeouts = last(settings, 'lvs_timeouts')?.value;
  const onStop = last(settings, 'lvs_flush_on_stop') ?? last(settings, 'lvs_flush_onstop');
  const bytes = last(settings, 'lvs_netlink_cmd_rcv_bufs')?.value ?? 0;
  const forced = settled(settings, 'lvs_netlink_cmd_rcv_bufs_force').value;
  const marks = composeMarks(settings, report);
  return {
    ...(bytes === 0 ? {} : { netlinkBuffer: { bytes, forced } }),
    ...(timeouts === undefined
      ? {}
      : {
          timeouts: {
            tcpSeconds: timeouts.tcp?.value ?? 0,
            tcpFinSeconds: timeouts.tcpfin?.value ?? 0,
            udpSeconds: timeouts.udp?.value ?? 0,
          },
        }),
    flushesAtStart: last(settings, 'lvs_flush') !== undefined,
    flushesAtStop: onStop?.value === 'all',
    ...(marks === undefined ? {} : { marks }),
  };
}

/** keepalived forgets what stands before `nftables_ipvs`: it sets the defaults there. */
function composeMarks(settings: Settings<typeof GLOBAL_DEFS>, report: Report): MarkWords | undefined {
  const table = last(settings, 'nftables_ipvs');
  const [priority, start] = (['nftables_ipvs_priority', 'nftables_ipvs_start_fwmark'] as const).map(
    (word) => {
      const given = last(settings, word);
      if (given === undefined) return undefined;
      if (table === undefined) {
        report.add('CFG_MARKS', given.at, `${word} without nftables_ipvs: no group is marked`);
        return undefined;
      }
      if (given.at.source !== table.at.source || given.at.start > table.at.start) return given;
      const hint = 'keepalived takes the default then';
      report.add('CFG_MARKS', given.at, `${word} stands before nftables_ipvs`, hint);
      return report.compat ? undefined : given;
    },
  );
  if (table === undefined) return undefined;
  if (priority !== undefined && priority.value >= IPVS)
    report.add(
      'CFG_CONTRADICTION',
      priority.at,
      `marks set at priority ${priority.value} come after IPVS (${IPVS}), which never sees them`,
      'leave nftables_ipvs_priority out, or give one below 98',
    );
  return {
    table: typeof table.value === 'string' ? table.value : MARKING.table,
    priority: priority?.value ?? MARKING.priority,
    start: start?.value ?? MARKING.start,
    counters: last(settings, 'nftables_counters') !== undefined,
  };
}
