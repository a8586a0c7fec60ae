// Settings of `global_defs` and `director` → their part of the typed configuration.
import type { DirectorBlock, GlobalDefs } from '../model.ts';
import type { Report } from '../report.ts';
import { type DIRECTOR, DRILL } from '../schema/director.ts';
import type { GLOBAL_DEFS } from '../schema/global.ts';
import { METRICS } from '../schema/web.ts';
import { all, last, noSettings, type Settings, settled } from '../settings.ts';
import { composeFilter } from './filter.ts';
import { composeGlobalGarp } from './garp.ts';
import { composeIpvs } from './ipvs-global.ts';
import { composeIpvsSettings } from './ipvs-settings.ts';
import { composeGlobalNotify, composeWebhooks } from './notify.ts';
import { composeRunning } from './running.ts';
import { composeServers } from './servers.ts';
import { composeSync } from './sync-daemon.ts';
import { composeSyncStream } from './sync-stream.ts';

/** `NOT_ASKED`: a director whose file says nothing of real-time priority does not ask for it. */
const NOT_ASKED = 0;

export function composeGlobal(settings: Settings<typeof GLOBAL_DEFS>, report: Report): GlobalDefs {
  const routerId = last(settings, 'router_id');
  const syncDaemon = composeSync(settings);
  const garpInterval = last(settings, 'vrrp_garp_interval');
  const gnaInterval = last(settings, 'vrrp_gna_interval');
  const addressPrefix = last(settings, 'vmac_addr_prefix');
  return {
    ...(routerId === undefined ? {} : { routerId }),
    vrrpVersion: settled(settings, 'vrrp_version'),
    ...(syncDaemon === undefined ? {} : { syncDaemon }),
    vrrpRealtimePriority: last(settings, 'vrrp_rt_priority') ?? { value: NOT_ASKED, at: settings.at },
    downTimerAdverts: settled(settings, 'vrrp_down_timer_adverts'),
    plainChecksum: settled(settings, 'v3_checksum_as_v2'),
    lowerPriorityNoAdvert: settled(settings, 'vrrp_lower_prio_no_advert'),
    ownerIgnoresAdverts: settled(settings, 'vrrp_owner_ignore_adverts'),
    higherPriorityAdvert: settled(settings, 'vrrp_higher_prio_send_advert'),
    skipsAddressCheck: settled(settings, 'vrrp_skip_check_adv_addr'),
    running: composeRunning(settings, report),
    strict: settled(settings, 'vrrp_strict'),
    logsUnknownIds: last(settings, 'log_unknown_vrids') !== undefined,
    checksUnicastSource: settled(settings, 'vrrp_check_unicast_src'),
    multicastGroup4: settled(settings, 'vrrp_mcast_group4'),
    multicastGroup6: settled(settings, 'vrrp_mcast_group6'),
    vmacPrefix: settled(settings, 'vmac_prefix'),
    ...(addressPrefix === undefined ? {} : { vmacAddressPrefix: addressPrefix }),
    filter: composeFilter(settings, report),
    garp: composeGlobalGarp(settings),
    ...(garpInterval === undefined ? {} : { garpIntervalMs: garpInterval }),
    ...(gnaInterval === undefined ? {} : { gnaIntervalMs: gnaInterval }),
    notify: composeGlobalNotify(settings),
    ipvs: composeIpvs(settings, report),
  };
}

export function composeDirector(settings: Settings<typeof DIRECTOR>, report: Report): DirectorBlock {
  const sync = composeSyncStream(settings, report);
  const control = last(settings, 'control');
  const web = last(settings, 'web');
  const metrics = all(settings, 'metrics').at(-1)?.body ?? noSettings(METRICS, settings.at);
  const drill = all(settings, 'drill').at(-1)?.body ?? noSettings(DRILL, settings.at);
  return {
    engine: settled(settings, 'engine'),
    compat: settled(settings, 'compat'),
    drillHoldMs: settled(drill, 'hold'),
    webhooks: all(settings, 'notify').flatMap(({ body }) => composeWebhooks(body)),
    vipLeaseSeconds: settled(settings, 'vip_lease'),
    runtimeDirectory: settled(settings, 'runtime_directory'),
    ...(control === undefined ? {} : { control }),
    recordings: settled(settings, 'flight_recorder'),
    ...(web === undefined ? {} : { web }),
    keepalivedNames: settled(metrics, 'keepalived_names'),
    servers: composeServers(settings),
    ipvs: composeIpvsSettings(settings),
    ...(sync === undefined ? {} : { sync }),
  };
}
