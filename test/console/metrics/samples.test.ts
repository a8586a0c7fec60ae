// Metrics of what a director knows of itself: all that the catalogue promises is told, and nothing else.
import { expect, test } from 'vitest';
import {
  KEEPALIVEDS,
  METRICS,
  type MetricName,
  OURS,
  type Sample,
} from '../../../src/console/metrics/catalogue.ts';
import { renderSamples } from '../../../src/console/metrics/exposition.ts';
import { keepalivedSamples } from '../../../src/console/metrics/keepalived-samples.ts';
import { ownSamples, type Surroundings } from '../../../src/console/metrics/samples.ts';
import { type DirectorState, stateDocument } from '../../../src/console/state.ts';
import { address } from '../../../src/core/address.ts';
import { instanceSettings } from '../../sim/world.ts';
import { SERVICE_KEY, STATE } from '../states.ts';

const SURROUNDINGS: Surroundings = {
  startedAtMs: 1_000_500,
  reload: { succeeded: false, succeededAtMs: 2_000_000 },
  events: { director: new Map([['vrrp.state', 3]]), balancer: new Map([['server.down', 2]]) },
  engine: {
    connections: 7,
    routed: 4,
    heapBytes: 1,
    drops: { 'no-route': 2 },
    sync: { sent: 9 },
    interfaces: [{ name: 'eth0', received: 5, batches: 1, sent: 6, sendFailed: 1, overruns: 2 }],
  },
};
const SYNC: DirectorState['sync'] = {
  state: 'complete',
  peer: '10.0.0.2:8849',
  connections: 200,
  covered: 150,
  coverage: 0.75,
  lagMs: 40,
  in: { entries: 10, of: 10, complete: true },
  out: { entries: 150, of: 200, complete: false },
  refusedHere: 1,
  refusedByPeer: 2,
  notKept: 3,
  services: [{ service: SERVICE_KEY, connections: 200, covered: 150, coverage: 0.75 }],
};

const vip = (text: string, prefixLength: number) => ({
  address: address(text),
  prefixLength,
  interface: 'eth0',
  scope: 0,
});

function samplesOf(counters: Readonly<Record<string, number>>): Sample[] {
  const instances = [{ ...STATE.instances[0]!, counters }];
  return ownSamples(stateDocument({ ...STATE, instances, sync: SYNC }), SURROUNDINGS);
}
function valueAt(
  samples: readonly Sample[],
  name: MetricName,
  labels: Readonly<Record<string, string>> = {},
) {
  const found = samples.filter(
    (each) =>
      each.name === name && Object.entries(labels).every(([label, text]) => each.labels[label] === text),
  );
  expect(found.map((each) => each.labels)).toHaveLength(1);
  return found[0]!.value;
}
const EVERY_COUNTER = {
  advertsReceived: 7,
  advertsSent: 4,
  priorityZeroSent: 2,
  dualMasterMs: 1500,
  relieved: 2,
  handoverMs: 620,
  'dropped.wrong-ttl': 5,
  duplicateAddresses: 6,
};

test('each metric of the catalogue is told, with just its labels', () => {
  const samples = samplesOf(EVERY_COUNTER);
  expect(new Set(samples.map(({ name }) => name))).toEqual(new Set(Object.keys(OURS)));
  for (const { name, labels } of samples)
    expect(Object.keys(labels).toSorted(), name).toEqual([...METRICS[name].labels].toSorted());
});

test('numbers are in the units that the catalogue names', () => {
  const samples = samplesOf(EVERY_COUNTER);
  const own = { vrrp_instance: 'VI_1' };
  const server = { service: SERVICE_KEY, server: '10.1.0.21:8080' };
  expect(valueAt(samples, 'lvs_director_start_time_seconds')).toBe(1000.5);
  expect(valueAt(samples, 'lvs_director_config_last_reload_successful')).toBe(0);
  expect(valueAt(samples, 'lvs_director_events_total', { event: 'server.down' })).toBe(2);
  expect(valueAt(samples, 'lvs_director_vrrp_state', { ...own, state: 'MASTER' })).toBe(1);
  expect(valueAt(samples, 'lvs_director_vrrp_state', { ...own, state: 'BACKUP' })).toBe(0);
  expect(valueAt(samples, 'lvs_director_vrrp_last_advert_age_seconds', own)).toBe(4.1);
  expect(valueAt(samples, 'lvs_director_vrrp_clock_skew_seconds', own)).toBe(-0.012);
  expect(valueAt(samples, 'lvs_director_vrrp_adverts_sent_total', own)).toBe(6);
  expect(valueAt(samples, 'lvs_director_vrrp_dual_master_seconds_total', own)).toBe(1.5);
  expect(valueAt(samples, 'lvs_director_vrrp_handovers_total', { ...own, relieved: 'yes' })).toBe(2);
  expect(valueAt(samples, 'lvs_director_vrrp_handover_seconds_total', own)).toBe(0.62);
  expect(valueAt(samples, 'lvs_director_vrrp_adverts_dropped_total', { ...own, reason: 'wrong-ttl' })).toBe(
    5,
  );
  const duplicates = { ...own, kind: 'duplicate-addresses' };
  expect(valueAt(samples, 'lvs_director_vrrp_incidents_total', duplicates)).toBe(6);
  expect(valueAt(samples, 'lvs_director_server_packets_total', { ...server, direction: 'in' })).toBe(2 ** 60);
  expect(valueAt(samples, 'lvs_director_server_connections', { ...server, state: 'inactive' })).toBe(5);
  expect(valueAt(samples, 'lvs_director_service_servers_up', { service: SERVICE_KEY })).toBe(1);
  expect(valueAt(samples, 'lvs_director_sync_coverage_ratio')).toBe(0.75);
  expect(valueAt(samples, 'lvs_director_sync_lag_seconds')).toBe(0.04);
  expect(valueAt(samples, 'lvs_director_sync_entries_refused_total', { by: 'peer' })).toBe(2);
});

test('what alerts watch is there from the start, at zero', () => {
  const samples = samplesOf({});
  for (const name of ['became_master', 'left_master', 'dual_masters', 'priority_zero_sent'] as const)
    expect(valueAt(samples, `lvs_director_vrrp_${name}_total`)).toBe(0);
});

test('a server that is not in the table has no weight', () => {
  const gone = samplesOf({}).filter(({ labels }) => labels.server === '10.1.0.22:8080');
  expect(valueAt(gone, 'lvs_director_server_up')).toBe(0);
  expect(gone.filter(({ name }) => name === 'lvs_director_server_weight')).toEqual([]);
});

test('by keepalived-exporter’s names: one value for each address, its counters as sums of ours', () => {
  const { instances } = stateDocument({
    ...STATE,
    instances: [{ ...STATE.instances[0]!, counters: EVERY_COUNTER }],
  });
  const own = instanceSettings({
    name: 'VI_1',
    vips: [vip('10.0.0.50', 24), vip('10.0.0.51', 32)],
    excludedVips: [vip('fd00::1', 128)],
  });
  const samples = keepalivedSamples(instances, [own], [{ name: 'chk', isGood: true, isRunning: false }]);
  expect(new Set(samples.map(({ name }) => name))).toEqual(new Set(Object.keys(KEEPALIVEDS)));
  const of = (name: MetricName) => samples.filter((each) => each.name === name);
  expect(of('keepalived_vrrp_state').map(({ labels, value }) => [labels.ip_address, value])).toEqual([
    ['10.0.0.50/24', 2],
    ['10.0.0.51', 2],
  ]);
  expect(of('keepalived_vrrp_excluded_state')[0]!.labels.ip_address).toBe('fd00::1');
  expect(valueAt(samples, 'keepalived_advertisements_sent_total')).toBe(6);
  expect(valueAt(samples, 'keepalived_ip_ttl_errors_total')).toBe(5);
  expect(valueAt(samples, 'keepalived_script_status')).toBe(1);
});

test('an instance without addresses is told of with an empty one; one that left the file is not', () => {
  const { instances } = stateDocument(STATE);
  const states = (name: string) =>
    keepalivedSamples(instances, [instanceSettings({ name, vips: [] })], [])
      .filter((each) => each.name === 'keepalived_vrrp_state')
      .map(({ labels }) => labels.ip_address);
  expect(states('VI_1')).toEqual(['']);
  expect(states('VI_2')).toEqual([]);
});

test('names from a file do not break out of their label', async () => {
  const text = await renderSamples([
    { name: 'lvs_director_vrrp_priority', labels: { vrrp_instance: 'a"} 1\n\\' }, value: 150 },
  ]);
  expect(text.trim().split('\n').at(-1)).toBe(
    'lvs_director_vrrp_priority{vrrp_instance="a\\"} 1\\n\\\\"} 150',
  );
});
