// Words of `global_defs` about the whole of IPVS → their typed form.
import type { IpvsWords } from '../model-services.ts';
import type { GLOBAL_DEFS } from '../schema/global.ts';
import { last, type Settings, settled } from '../settings.ts';

export function composeIpvs(settings: Settings<typeof GLOBAL_DEFS>): IpvsWords {
  const timeouts = last(settings, 'lvs_timeouts')?.value;
  const onStop = last(settings, 'lvs_flush_on_stop') ?? last(settings, 'lvs_flush_onstop');
  const bytes = last(settings, 'lvs_netlink_cmd_rcv_bufs')?.value ?? 0;
  const forced = settled(settings, 'lvs_netlink_cmd_rcv_bufs_force').value;
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
  };
}
