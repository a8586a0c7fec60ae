// The catalogue of metrics: other people's dashboards and alerts rely on these names and labels.
// docs/metrics.md is generated from it (tools/metrics.ts). A name is never given another meaning.

type Entry = { type: 'gauge' | 'counter'; labels: readonly string[]; means: string };

/** Not `instance`: so Prometheus calls what it asks. */
const INSTANCE = ['vrrp_instance'] as const;
const SERVICE = ['service'] as const;
const SERVER = ['service', 'server'] as const;
const CHECK = ['service', 'server', 'check'] as const;
const DIRECTED = 'direction' as const;

export const OURS = {
  lvs_director_info: {
    type: 'gauge',
    labels: ['version', 'engine'],
    means: '1; what runs, and what forwards',
  },
  lvs_director_start_time_seconds: {
    type: 'gauge',
    labels: [],
    means: 'when the director process started, since 1970',
  },
  lvs_director_config_last_reload_successful: {
    type: 'gauge',
    labels: [],
    means: '0 when the last file was rejected, and the one before it stays in force',
  },
  lvs_director_config_last_reload_success_timestamp_seconds: {
    type: 'gauge',
    labels: [],
    means: 'when the configuration in force was read, since 1970',
  },
  lvs_director_events_total: {
    type: 'counter',
    labels: ['process', 'event'],
    means: 'events by name (docs/events.md), also those that were not printed',
  },

  lvs_director_vrrp_state: {
    type: 'gauge',
    labels: [...INSTANCE, 'state'],
    means: '1 for the state that the instance is in, 0 for the others',
  },
  lvs_director_vrrp_state_seconds: { type: 'gauge', labels: INSTANCE, means: 'for how long it has been so' },
  lvs_director_vrrp_priority: { type: 'gauge', labels: INSTANCE, means: 'its priority now' },
  lvs_director_vrrp_last_advert_age_seconds: {
    type: 'gauge',
    labels: INSTANCE,
    means: 'since another director was heard; missing when none ever was',
  },
  lvs_director_vrrp_last_advert_priority: {
    type: 'gauge',
    labels: INSTANCE,
    means: 'the priority that the other director had then',
  },
  lvs_director_vrrp_clock_skew_seconds: {
    type: 'gauge',
    labels: INSTANCE,
    means: 'how far the clock of whoever signed the last advert is ahead; with auth_hmac',
  },
  lvs_director_vrrp_adverts_received_total: {
    type: 'counter',
    labels: INSTANCE,
    means: 'adverts that counted, those of priority 0 too',
  },
  lvs_director_vrrp_adverts_sent_total: {
    type: 'counter',
    labels: INSTANCE,
    means: 'adverts sent, those of priority 0 too',
  },
  lvs_director_vrrp_priority_zero_received_total: {
    type: 'counter',
    labels: INSTANCE,
    means: 'of those received: a master resigned',
  },
  lvs_director_vrrp_priority_zero_sent_total: {
    type: 'counter',
    labels: INSTANCE,
    means: 'of those sent: we resigned',
  },
  lvs_director_vrrp_adverts_dropped_total: {
    type: 'counter',
    labels: [...INSTANCE, 'reason'],
    means: 'adverts that did not count, as event `vrrp.advert.dropped` has it',
  },
  lvs_director_vrrp_incidents_total: {
    type: 'counter',
    labels: [...INSTANCE, 'kind'],
    means: 'what else was noted: oddities of adverts, rivals, addresses that somebody else has or removed',
  },
  lvs_director_vrrp_became_master_total: {
    type: 'counter',
    labels: INSTANCE,
    means: 'times it became master',
  },
  lvs_director_vrrp_left_master_total: { type: 'counter', labels: INSTANCE, means: 'times it ceased to be' },
  lvs_director_vrrp_dual_masters_total: {
    type: 'counter',
    labels: INSTANCE,
    means: 'times there were two masters, by the packets that prove it',
  },
  lvs_director_vrrp_dual_master_seconds_total: {
    type: 'counter',
    labels: INSTANCE,
    means: 'for how long, together',
  },
  lvs_director_vrrp_handovers_total: {
    type: 'counter',
    labels: [...INSTANCE, 'relieved'],
    means: 'planned handovers; `relieved` by a new master, or nobody came',
  },
  lvs_director_vrrp_handover_seconds_total: {
    type: 'counter',
    labels: INSTANCE,
    means: 'from resigning to the first advert of the new master, together',
  },

  lvs_director_ipvs_connections: { type: 'gauge', labels: [], means: 'in the table of the engine' },
  lvs_director_ipvs_drift_corrections_total: {
    type: 'counter',
    labels: [],
    means: 'times the table was put back after somebody else had changed it',
  },
  lvs_director_service_connections_total: { type: 'counter', labels: SERVICE, means: 'connections opened' },
  lvs_director_service_packets_total: {
    type: 'counter',
    labels: [...SERVICE, DIRECTED],
    means: 'packets, `in` to the servers and `out` to the clients',
  },
  lvs_director_service_bytes_total: { type: 'counter', labels: [...SERVICE, DIRECTED], means: 'their bytes' },
  lvs_director_service_servers: { type: 'gauge', labels: SERVICE, means: 'servers that the service has' },
  lvs_director_service_servers_up: { type: 'gauge', labels: SERVICE, means: 'of them, those that are up' },
  lvs_director_server_up: { type: 'gauge', labels: SERVER, means: '1 unless its checks say otherwise' },
  lvs_director_server_weight: {
    type: 'gauge',
    labels: SERVER,
    means: 'its weight in the table; missing while it is not there',
  },
  lvs_director_server_connections: {
    type: 'gauge',
    labels: [...SERVER, 'state'],
    means: 'connections that are there, `active`, `inactive` or `persistent`',
  },
  lvs_director_server_connections_total: { type: 'counter', labels: SERVER, means: 'connections opened' },
  lvs_director_server_packets_total: { type: 'counter', labels: [...SERVER, DIRECTED], means: 'packets' },
  lvs_director_server_bytes_total: { type: 'counter', labels: [...SERVER, DIRECTED], means: 'their bytes' },

  lvs_director_check_up: { type: 'gauge', labels: CHECK, means: 'what this check says of the server' },
  lvs_director_check_failures: { type: 'gauge', labels: CHECK, means: 'failed probes in a row' },
  lvs_director_check_duration_seconds: {
    type: 'gauge',
    labels: CHECK,
    means: 'how long the last probe took',
  },
  lvs_director_check_age_seconds: { type: 'gauge', labels: CHECK, means: 'how long ago that was' },
  lvs_director_probes_under_way: { type: 'gauge', labels: [], means: 'probes of all checks' },
  lvs_director_probes_waiting: { type: 'gauge', labels: [], means: 'those that wait for their turn' },

  lvs_director_sync_state: {
    type: 'gauge',
    labels: ['state'],
    means: '1 for the state of `director { sync }`, 0 for the others; `off`: the file has none',
  },
  lvs_director_sync_connections: { type: 'gauge', labels: [], means: 'connections that this node knows' },
  lvs_director_sync_covered_connections: {
    type: 'gauge',
    labels: [],
    means: 'of them, those that the peer has acknowledged as they are now',
  },
  lvs_director_sync_coverage_ratio: { type: 'gauge', labels: [], means: 'their share, 0 to 1; 1 of none' },
  lvs_director_sync_lag_seconds: {
    type: 'gauge',
    labels: [],
    means: 'age of the oldest change that the peer has not acknowledged; missing before it has a full copy',
  },
  lvs_director_sync_copy_entries: {
    type: 'gauge',
    labels: [DIRECTED],
    means: 'entries told since the peer connected, `in` to this node and `out` to the peer',
  },
  lvs_director_sync_copy_complete: { type: 'gauge', labels: [DIRECTED], means: '1 when the copy is whole' },
  lvs_director_sync_entries_refused_total: {
    type: 'counter',
    labels: ['by'],
    means: 'entries that `here` or the `peer` had no room or no use for',
  },
  lvs_director_sync_entries_not_kept_total: {
    type: 'counter',
    labels: [],
    means: 'what the engine told of and the table had no room for',
  },
  lvs_director_sync_service_connections: {
    type: 'gauge',
    labels: SERVICE,
    means: 'of one service: known here',
  },
  lvs_director_sync_service_covered_connections: {
    type: 'gauge',
    labels: SERVICE,
    means: 'of one service: on the peer',
  },
  lvs_director_sync_daemon: {
    type: 'gauge',
    labels: ['role', 'interface'],
    means: '1; a sync thread of the engine that runs',
  },

  lvs_director_engine_routed_total: {
    type: 'counter',
    labels: [],
    means: 'packets that the embedded engine forwarded as a router would',
  },
  lvs_director_engine_dropped_packets_total: {
    type: 'counter',
    labels: ['reason'],
    means: 'packets that the embedded engine could not handle',
  },
  lvs_director_engine_sync_total: {
    type: 'counter',
    labels: ['what'],
    means: "what the embedded engine's sync by multicast did",
  },
  lvs_director_engine_frames_total: {
    type: 'counter',
    labels: ['interface', DIRECTED],
    means: 'frames of an interface of the embedded engine',
  },
  lvs_director_engine_overruns_total: {
    type: 'counter',
    labels: ['interface'],
    means: 'frames lost because the embedded engine was too slow',
  },
  lvs_director_engine_send_failures_total: {
    type: 'counter',
    labels: ['interface'],
    means: 'frames that the kernel did not take from the embedded engine',
  },
} as const satisfies Readonly<Record<string, Entry>>;

const ROUTER = ['iname', 'intf', 'vrid'] as const;
const PLACED = [...ROUTER, 'ip_address'] as const;

/** keepalived-exporter's (mehdy/keepalived-exporter), as `metrics { keepalived_names }` has it. */
export const KEEPALIVEDS = {
  keepalived_up: { type: 'gauge', labels: [], means: 'Status' },
  keepalived_vrrp_state: { type: 'gauge', labels: PLACED, means: 'State of vrrp' },
  keepalived_vrrp_excluded_state: { type: 'gauge', labels: PLACED, means: 'State of vrrp with excluded VIP' },
  keepalived_gratuitous_arp_delay_total: { type: 'counter', labels: ROUTER, means: 'Gratuitous ARP delay' },
  keepalived_advertisements_received_total: {
    type: 'counter',
    labels: ROUTER,
    means: 'Advertisements received',
  },
  keepalived_advertisements_sent_total: { type: 'counter', labels: ROUTER, means: 'Advertisements sent' },
  keepalived_become_master_total: { type: 'counter', labels: ROUTER, means: 'Became master' },
  keepalived_release_master_total: { type: 'counter', labels: ROUTER, means: 'Released master' },
  keepalived_packet_length_errors_total: { type: 'counter', labels: ROUTER, means: 'Packet length errors' },
  keepalived_advertisements_interval_errors_total: {
    type: 'counter',
    labels: ROUTER,
    means: 'Advertisement interval errors',
  },
  keepalived_ip_ttl_errors_total: { type: 'counter', labels: ROUTER, means: 'TTL errors' },
  keepalived_invalid_type_received_total: { type: 'counter', labels: ROUTER, means: 'Invalid type errors' },
  keepalived_address_list_errors_total: { type: 'counter', labels: ROUTER, means: 'Address list errors' },
  keepalived_authentication_invalid_total: {
    type: 'counter',
    labels: ROUTER,
    means: 'Authentication invalid',
  },
  keepalived_authentication_mismatch_total: {
    type: 'counter',
    labels: ROUTER,
    means: 'Authentication mismatch',
  },
  keepalived_authentication_failure_total: {
    type: 'counter',
    labels: ROUTER,
    means: 'Authentication failure',
  },
  keepalived_priority_zero_received_total: {
    type: 'counter',
    labels: ROUTER,
    means: 'Priority zero received',
  },
  keepalived_priority_zero_sent_total: { type: 'counter', labels: ROUTER, means: 'Priority zero sent' },
  keepalived_script_status: { type: 'gauge', labels: ['name'], means: 'Tracker Script Status' },
  keepalived_script_state: { type: 'gauge', labels: ['name'], means: 'Tracker Script State' },
} as const satisfies Readonly<Record<string, Entry>>;

export const METRICS = { ...OURS, ...KEEPALIVEDS };
export type MetricName = keyof typeof METRICS;
type Labels<N extends MetricName> = Readonly<Record<(typeof METRICS)[N]['labels'][number], string>>;

/** One value of a metric. Times are seconds. */
export type Sample = { name: MetricName; labels: Readonly<Record<string, string>>; value: number };

const MS_PER_S = 1000;
export function seconds(ms: number): number {
  return ms / MS_PER_S;
}

/** Counters beyond what a double holds lose their last digits, as all numbers of Prometheus do. */
export function sample<N extends MetricName>(name: N, value: number | bigint, labels: Labels<N>): Sample {
  return { name, labels, value: Number(value) };
}
