// Words about how the elector runs → their part of the typed configuration.
import type { Located } from '../../core/diagnostic.ts';
import type { RunningSettings, VrrpInstance } from '../model.ts';
import type { Report } from '../report.ts';
import type { GLOBAL_DEFS } from '../schema/global.ts';
import type { VRRP_INSTANCE } from '../schema/vrrp.ts';
import { last, type Settings } from '../settings.ts';
import { isAfter } from './order.ts';

export function composeRunning(settings: Settings<typeof GLOBAL_DEFS>): RunningSettings {
  const startup = last(settings, 'vrrp_startup_delay');
  const afterBoot = last(settings, 'vrrp_delay_after_boot');
  return {
    ...(startup === undefined ? {} : { startupDelayMs: startup }),
    ...(afterBoot === undefined ? {} : { afterBootMs: afterBoot }),
  };
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
  const highest = now !== undefined && old !== undefined && isAfter(old.at, now.at) ? old : (now ?? old);
  if (highest === undefined) return {};
  if (nopreempt.value) return { highestOther: highest };
  const message = 'timer_expired_backup needs nopreempt: it is left out';
  report.add('CFG_REDUNDANT', highest.at, message, 'who preempts takes over again anyway');
  return {};
}
