// What a director knows of itself as metrics by our own names. Pure: of the document that USR1 writes, too.
import type { EventName } from '../../core/events.ts';
import { checkName } from '../../health/wording.ts';
import type { EngineStatistics } from '../../ipvs/plane.ts';
import type { State } from '../../vrrp/settings.ts';
import type {
  CheckDocument,
  InstanceDocument,
  ServerDocument,
  ServiceDocument,
  StateDocument,
} from '../state.ts';
import type { SyncDocument } from '../sync-document.ts';
import { type Sample, sample, seconds } from './catalogue.ts';

/** What there is beside the state. `events`: how often, by name, in each process. */
export type Surroundings = {
  startedAtMs: number;
  reload: { succeeded: boolean; succeededAtMs: number };
  events: Readonly<Record<'director' | 'balancer', ReadonlyMap<EventName, number>>>;
  engine?: EngineStatistics | undefined;
};

const STATES: readonly State[] = ['INIT', 'BACKUP', 'MASTER', 'LEAVING', 'FAULT'];
const SYNC_STATES: readonly SyncDocument['state'][] = ['off', 'alone', 'resyncing', 'complete'];

export function ownSamples(document: StateDocument, surroundings: Surroundings): Sample[] {
  return [
    ...processSamples(document, surroundings),
    ...document.instances.flatMap(instanceSamples),
    sample('lvs_director_ipvs_connections', document.connections, {}),
    sample('lvs_director_ipvs_drift_corrections_total', document.tableRepairs, {}),
    ...document.services.flatMap(serviceSamples),
    sample('lvs_director_probes_under_way', document.probes.underWay, {}),
    sample('lvs_director_probes_waiting', document.probes.waiting, {}),
    ...syncSamples(document),
    ...(surroundings.engine === undefined ? [] : engineSamples(surroundings.engine)),
  ];
}

function processSamples({ version, engine }: StateDocument, surroundings: Surroundings): Sample[] {
  const { startedAtMs, reload, events } = surroundings;
  return [
    sample('lvs_director_info', 1, { version, engine }),
    sample('lvs_director_start_time_seconds', seconds(startedAtMs), {}),
    sample('lvs_director_config_last_reload_successful', Number(reload.succeeded), {}),
    sample('lvs_director_config_last_reload_success_timestamp_seconds', seconds(reload.succeededAtMs), {}),
    ...(['director', 'balancer'] as const).flatMap((process) =>
      [...events[process]].map(([event, times]) =>
        sample('lvs_director_events_total', times, { process, event }),
      ),
    ),
  ];
}

function instanceSamples(document: InstanceDocument): Sample[] {
  const { name, state, forMs, priority, lastMaster, clockSkewMs } = document;
  const own = { vrrp_instance: name };
  return [
    ...STATES.map((each) =>
      sample('lvs_director_vrrp_state', Number(each === state), { ...own, state: each }),
    ),
    sample('lvs_director_vrrp_state_seconds', seconds(forMs), own),
    sample('lvs_director_vrrp_priority', priority, own),
    ...(lastMaster === undefined
      ? []
      : [
          sample('lvs_director_vrrp_last_advert_age_seconds', seconds(lastMaster.agoMs), own),
          sample('lvs_director_vrrp_last_advert_priority', lastMaster.priority, own),
        ]),
    ...(clockSkewMs === undefined
      ? []
      : [sample('lvs_director_vrrp_clock_skew_seconds', seconds(clockSkewMs), own)]),
    ...counterSamples(document),
  ];
}

/** Those of which each instance has one from the start: an alert needs to see them rise from 0. */
const COUNTERS = {
  priorityZeroReceived: 'lvs_director_vrrp_priority_zero_received_total',
  priorityZeroSent: 'lvs_director_vrrp_priority_zero_sent_total',
  becameMaster: 'lvs_director_vrrp_became_master_total',
  leftMaster: 'lvs_director_vrrp_left_master_total',
  dualMasters: 'lvs_director_vrrp_dual_masters_total',
} as const;
const DROPPED = 'dropped.';
const ELSEWHERE = ['advertsReceived', 'advertsSent', 'dualMasterMs', 'relieved', 'unrelieved', 'handoverMs'];

function counterSamples({ name, counters }: InstanceDocument): Sample[] {
  const own = { vrrp_instance: name };
  const of = (what: string) => counters[what] ?? 0;
  const others = Object.entries(counters).filter(
    ([what]) => !Object.hasOwn(COUNTERS, what) && !ELSEWHERE.includes(what),
  );
  const dualSeconds = seconds(of('dualMasterMs'));
  return [
    sample('lvs_director_vrrp_adverts_received_total', of('advertsReceived'), own),
    sample('lvs_director_vrrp_adverts_sent_total', of('advertsSent') + of('priorityZeroSent'), own),
    ...Object.entries(COUNTERS).map(([what, name]) => sample(name, of(what), own)),
    sample('lvs_director_vrrp_dual_master_seconds_total', dualSeconds, own),
    sample('lvs_director_vrrp_handovers_total', of('relieved'), { ...own, relieved: 'yes' }),
    sample('lvs_director_vrrp_handovers_total', of('unrelieved'), { ...own, relieved: 'no' }),
    sample('lvs_director_vrrp_handover_seconds_total', seconds(of('handoverMs')), own),
    ...others.map(([what, times]) =>
      what.startsWith(DROPPED)
        ? sample('lvs_director_vrrp_adverts_dropped_total', times, {
            ...own,
            reason: what.slice(DROPPED.length),
          })
        : sample('lvs_director_vrrp_incidents_total', times, { ...own, kind: kebab(what) }),
    ),
  ];
}

function serviceSamples({ key: service, counters, servers }: ServiceDocument): Sample[] {
  const up = servers.filter((server) => server.up).length;
  return [
    ...(counters === undefined
      ? []
      : [
          sample('lvs_director_service_connections_total', counters.connections, { service }),
          sample('lvs_director_service_packets_total', counters.inPackets, { service, direction: 'in' }),
          sample('lvs_director_service_packets_total', counters.outPackets, { service, direction: 'out' }),
          sample('lvs_director_service_bytes_total', counters.inBytes, { service, direction: 'in' }),
          sample('lvs_director_service_bytes_total', counters.outBytes, { service, direction: 'out' }),
        ]),
    sample('lvs_director_service_servers', servers.length, { service }),
    sample('lvs_director_service_servers_up', up, { service }),
    ...servers.flatMap((server) => serverSamples(service, server)),
  ];
}

function serverSamples(service: string, document: ServerDocument): Sample[] {
  const { key: server, up, weight, counters, checks } = document;
  const labels = { service, server };
  return [
    sample('lvs_director_server_up', Number(up), labels),
    ...(weight === undefined ? [] : [sample('lvs_director_server_weight', weight, labels)]),
    ...(counters === undefined
      ? []
      : [
          ...(['active', 'inactive', 'persistent'] as const).map((state) =>
            sample('lvs_director_server_connections', counters[`${state}Connections`], { ...labels, state }),
          ),
          sample('lvs_director_server_connections_total', counters.connections, labels),
          sample('lvs_director_server_packets_total', counters.inPackets, { ...labels, direction: 'in' }),
          sample('lvs_director_server_packets_total', counters.outPackets, { ...labels, direction: 'out' }),
          sample('lvs_director_server_bytes_total', counters.inBytes, { ...labels, direction: 'in' }),
          sample('lvs_director_server_bytes_total', counters.outBytes, { ...labels, direction: 'out' }),
        ]),
    ...checks.flatMap((check) => checkSamples(labels, check)),
  ];
}

function checkSamples(of: { service: string; server: string }, document: CheckDocument): Sample[] {
  const { up, failures, last } = document;
  const labels = { ...of, check: checkName(document) };
  return [
    sample('lvs_director_check_up', Number(up), labels),
    sample('lvs_director_check_failures', failures, labels),
    ...(last === undefined
      ? []
      : [
          sample('lvs_director_check_duration_seconds', seconds(last.ms), labels),
          sample('lvs_director_check_age_seconds', seconds(last.agoMs), labels),
        ]),
  ];
}

function syncSamples({ sync, syncDaemons }: StateDocument): Sample[] {
  const states = SYNC_STATES.map((state) =>
    sample('lvs_director_sync_state', Number(state === sync.state), { state }),
  );
  const daemons = syncDaemons.map(({ role, interface: name }) =>
    sample('lvs_director_sync_daemon', 1, { role, interface: name }),
  );
  if (sync.state === 'off') return [...states, ...daemons];
  return [
    ...states,
    ...daemons,
    sample('lvs_director_sync_connections', sync.connections, {}),
    sample('lvs_director_sync_covered_connections', sync.covered, {}),
    sample('lvs_director_sync_coverage_ratio', sync.coverage, {}),
    ...(sync.lagMs === undefined ? [] : [sample('lvs_director_sync_lag_seconds', seconds(sync.lagMs), {})]),
    ...(['in', 'out'] as const).flatMap((direction) => [
      sample('lvs_director_sync_copy_entries', sync[direction].entries, { direction }),
      sample('lvs_director_sync_copy_complete', Number(sync[direction].complete), { direction }),
    ]),
    sample('lvs_director_sync_entries_refused_total', sync.refusedHere, { by: 'here' }),
    sample('lvs_director_sync_entries_refused_total', sync.refusedByPeer, { by: 'peer' }),
    sample('lvs_director_sync_entries_not_kept_total', sync.notKept, {}),
    ...sync.services.flatMap(({ service, connections, covered }) => [
      sample('lvs_director_sync_service_connections', connections, { service }),
      sample('lvs_director_sync_service_covered_connections', covered, { service }),
    ]),
  ];
}

function engineSamples({ routed, drops, sync, interfaces }: EngineStatistics): Sample[] {
  return [
    sample('lvs_director_engine_routed_total', routed, {}),
    ...Object.entries(drops).map(([reason, packets]) =>
      sample('lvs_director_engine_dropped_packets_total', packets, { reason }),
    ),
    ...Object.entries(sync).map(([what, times]) => sample('lvs_director_engine_sync_total', times, { what })),
    ...interfaces.flatMap(({ name, received, sent, sendFailed, overruns }) => [
      sample('lvs_director_engine_frames_total', received, { interface: name, direction: 'in' }),
      sample('lvs_director_engine_frames_total', sent, { interface: name, direction: 'out' }),
      sample('lvs_director_engine_send_failures_total', sendFailed, { interface: name }),
      sample('lvs_director_engine_overruns_total', overruns, { interface: name }),
    ]),
  ];
}

/** As reasons and oddities are written. */
function kebab(name: string): string {
  return name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
}
