// Words about how the elector runs → their part of the typed configuration.
import type { Located } from '../../core/diagnostic.ts';
import type { ProcessNames, RunningSettings, VrrpInstance } from '../model.ts';
import type { Report } from '../report.ts';
import type { GLOBAL_DEFS } from '../schema/global.ts';
import type { VRRP_INSTANCE } from '../schema/vrrp.ts';
import { last, type Settings, settled } from '../settings.ts';
import { given } from './given.ts';
import { isAfter } from './order.ts';

type Global = Settings<typeof GLOBAL_DEFS>;
const WORDS = {
  startupDelayMs: 'vrrp_startup_delay',
  afterBootMs: 'vrrp_delay_after_boot',
  nice: 'vrrp_priority',
  cpus: 'vrrp_cpu_affinity',
  maxAutoPriority: 'max_auto_priority',
  receiveBuffer: 'vrrp_rx_bufs_policy',
} as const;

const BFD_WORDS = {
  nice: 'bfd_priority',
  cpus: 'bfd_cpu_affinity',
  realtimePriority: 'bfd_rt_priority',
} as const;
const NAMES = {
  director: 'process_name',
  elector: 'vrrp_process_name',
  bfd: 'bfd_process_name',
} as const;

export function composeRunning(settings: Global, report: Report): RunningSettings {
  const rttime = later(last(settings, 'vrrp_rlimit_rttime'), last(settings, 'vrrp_rlimit_rtime'));
  return {
    ...given(settings, WORDS),
    ...(rttime === undefined ? {} : { rttimeUs: rttime }),
    bfd: composeBfdRunning(settings, report),
    lateUs: settled(settings, 'min_auto_priority_delay'),
    receiveMultiplier: settled(settings, 'vrrp_rx_bufs_multiplier'),
    names: composeNames(settings),
    netlinkCommands: {
      ...given(settings, { bytes: 'vrrp_netlink_cmd_rcv_bufs' }),
      forced: settled(settings, 'vrrp_netlink_cmd_rcv_bufs_force'),
    },
    netlinkEvents: {
      ...given(settings, { bytes: 'vrrp_netlink_monitor_rcv_bufs' }),
      forced: settled(settings, 'vrrp_netlink_monitor_rcv_bufs_force'),
    },
  };
}

function composeBfdRunning(settings: Global, report: Report): RunningSettings['bfd'] {
  const rttimeUs = later(last(settings, 'bfd_rlimit_rttime'), last(settings, 'bfd_rlimit_rtime'));
  const found = given(settings, BFD_WORDS);
  const [own, theirs] = [found.cpus, last(settings, 'vrrp_cpu_affinity')];
  if (own !== undefined && theirs !== undefined && String(own.value) !== String(theirs.value)) {
    const message = 'bfd_cpu_affinity is left out: vrrp_cpu_affinity is about the same thread';
    report.add('CFG_ELSEWHERE', own.at, message, 'BFD runs in the elector, and with its sockets', [
      { at: theirs.at, message: 'this counts' },
    ]);
  }
  return { ...found, ...(rttimeUs === undefined ? {} : { rttimeUs }) };
}

function composeNames(settings: Global): ProcessNames {
  const balancer = later(last(settings, 'checker_process_name'), last(settings, 'lvs_process_name'));
  return { ...given(settings, NAMES), ...(balancer === undefined ? {} : { balancer }) };
}

function later<T>(a: Located<T> | undefined, b: Located<T> | undefined): Located<T> | undefined {
  return a !== undefined && b !== undefined && isAfter(b.at, a.at) ? b : (a ?? b);
}

/** A MASTER that others preempt anyway need not look whether somebody has. */
export function composeLateness(
  settings: Settings<typeof VRRP_INSTANCE>,
  nopreempt: Located<boolean>,
  report: Report,
): Pick<VrrpInstance, 'highestOther'> {
  const [now, old] = [last(settings, 'timer_expired_backup'), last(settings, 'thread_timer_expired')];
  if (old !== undefined)
    report.add('CFG_DEPRECATED', old.at, 'thread_timer_expired is an old name', 'write timer_expired_backup');
  const highest = later(now, old);
  if (highest === undefined) return {};
  if (nopreempt.value) return { highestOther: highest };
  const message = 'timer_expired_backup needs nopreempt: it is left out';
  report.add('CFG_REDUNDANT', highest.at, message, 'who preempts takes over again anyway');
  return {};
}
