// A difference for people: lines with + - ~, an instance or a service with what belongs to it, then one line
// that sums up. And for programs: the same as plain data.
import { many } from '../core/many.ts';
import type { Change, Difference, FieldChange } from './difference.ts';
import { costOf, needsRestart } from './difference-costs.ts';
import type { Facts } from './inventory.ts';

const MARKS = { added: '+', removed: '-', changed: '~' } as const;
const STEP = '    ';

/** The words of a configuration file, where a plan has its own. */
const WORDS: Readonly<Record<string, string>> = {
  vrid: 'virtual_router_id',
  password: 'auth_pass',
  hmacActiveKey: 'active_key',
  hmacMode: 'mode',
  antiReplay: 'anti_replay',
  windowSeconds: 'time_window',
  vmac: 'use_vmac or use_ipvlan',
  refuses: 'no_accept',
  advertMs: 'advert_int',
  downAdverts: 'down_timer_adverts',
  checksumForm: 'checksum',
  silentToLower: 'lower_prio_no_advert',
  silentToHigher: 'no higher_prio_send_advert',
  trustsMaster: 'skip_check_adv_addr',
  receiveBytes: 'kernel_rx_buf_size',
  receiveBuffer: 'vrrp_rx_bufs_policy',
  netlinkCommands: 'vrrp_netlink_cmd_rcv_bufs',
  netlinkEvents: 'vrrp_netlink_monitor_rcv_bufs',
  processName: 'process_name',
  checkerName: 'checker_process_name',
  threadName: 'vrrp_process_name',
  nice: 'vrrp_priority',
  cpus: 'vrrp_cpu_affinity',
  rttimeUs: 'vrrp_rlimit_rttime',
  mostPriority: 'max_auto_priority',
  lateMs: 'min_auto_priority_delay',
  yieldsTo: 'timer_expired_backup',
  startupDelayMs: 'vrrp_startup_delay',
  afterBootMs: 'vrrp_delay_after_boot',
  logsUnknownIds: 'log_unknown_vrids',
  deafOwner: 'owner_ignore_adverts',
  initialState: 'state',
  preemptDelayMs: 'preempt_delay',
  preemptWaitMs: 'preempt_wait',
  source: 'source address',
  multicastGroup: 'multicast group',
  unicastPeers: 'unicast_peer',
  unicastTtl: 'unicast_ttl',
  checksUnicastSource: 'check_unicast_src',
  refusesOldChecksum: 'old_unicast_checksum never',
  lacksPeers: 'unicast_fault_no_peer',
  tracksSource: 'track_src_ip',
  trackInterfaces: 'track_interface',
  trackers: 'trackers',
  dontTrackPrimary: 'dont_track_primary',
  syncGroup: 'vrrp_sync_group',
  trackFiles: 'track_file',
  trackProcesses: 'vrrp_track_process',
  bfdSessions: 'bfd_instance',
  addressOrder: 'order of addresses',
  routes: 'virtual_routes',
  rules: 'virtual_rules',
  staticAddresses: 'static_ipaddress',
  staticRoutes: 'static_routes',
  staticRules: 'static_rules',
  garpDelayMs: 'garp_master_delay',
  garpRepeat: 'garp_master_repeat',
  garpLowerPrioDelayMs: 'garp_lower_prio_delay',
  garpLowerPrioRepeat: 'garp_lower_prio_repeat',
  garpRefreshMs: 'garp_master_refresh',
  garpRefreshRepeat: 'garp_master_refresh_repeat',
  garpExtraIf: 'garp_extra_if',
  garpIntervalMs: 'vrrp_garp_interval',
  gnaIntervalMs: 'vrrp_gna_interval',
  garpGroups: 'garp_group',
  filterTable: 'nftables',
  filterPriority: 'nftables_priority',
  filterCounters: 'nftables_counters',
  silencesLocalGroups: 'disable_local_igmp',
  linkDelays: 'interface_up_down_delays',
  polledLinks: 'linkbeat_interfaces',
  schedulerFlags: 'flags',
  persistenceSeconds: 'persistence_timeout',
  persistencePrefix: 'persistence_granularity',
  onePacket: 'ops',
  upperThreshold: 'uthreshold',
  lowerThreshold: 'lthreshold',
  inhibitOnFailure: 'inhibit_on_failure',
  delayLoopMs: 'delay_loop',
  connectTimeoutMs: 'connect_timeout',
  delayBeforeRetryMs: 'delay_before_retry',
  warmupMs: 'warmup',
  drillHoldMs: 'drill hold',
  marksTable: 'nftables_ipvs',
  marksPriority: 'nftables_ipvs_priority',
  marksStart: 'nftables_ipvs_start_fwmark',
  marksCounters: 'nftables_counters',
  mark: 'firewall mark',
  netlinkBuffer: 'lvs_netlink_cmd_rcv_bufs',
  slowStartMs: 'slow_start',
  drainsRemoved: 'drain_removed',
  drainDeadlineMs: 'drain_deadline',
  expiresTemplates: 'expire_templates',
  leaseSeconds: 'vip_lease',
  realtimePriority: 'vrrp_rt_priority',
  runtimeDirectory: 'runtime_directory',
  control: 'control',
  recordings: 'flight_recorder',
  web: 'web',
  keepalivedNames: 'metrics keepalived_names',
  syncInterface: 'sync interface',
  syncListen: 'sync listen',
  syncPeer: 'sync peer',
  syncLeastPercent: 'min_coverage',
  syncKeys: 'sync keys (sealed)',
  syncCertificate: 'sync certificate (fingerprint)',
  syncPrivateKey: 'sync private_key (sealed)',
  syncAuthority: 'sync authority (fingerprint)',
  syncPeerName: 'sync peer_name',
};

/** What is said of something that comes or goes; the rest is in the file. */
const TOLD: Readonly<Record<Change['what'], readonly string[]>> = {
  instance: ['interface', 'vrid', 'priority'],
  address: [],
  service: ['scheduler', 'persistenceSeconds', 'mark'],
  server: ['forwarding', 'weight', 'checks'],
  check: ['delayLoopMs'],
  sync: ['interface', 'id', 'instance'],
  director: [],
};
/** These speak for themselves. */
const NAMELESS = new Set(['interface', 'forwarding']);

type Cost = (change: Change) => string | undefined;

/** Ends with a line break. */
export function renderDifference(difference: Difference): string {
  const groups = Map.groupBy(difference.changes, groupOf);
  const lines = [...groups].flatMap(([group, changes]) => renderGroup(group, changes, difference.drains));
  return `${[...lines, summarize(difference)].join('\n')}\n`;
}

export function recordDifference({ changes, untouched, drains }: Difference) {
  return {
    changes: changes.map((change) => {
      const cost = costOf(change, drains);
      return cost === undefined ? change : { ...change, cost };
    }),
    summary: { ...countChanges(changes), untouched },
    needsRestart: changes.some(needsRestart),
  };
}

/** `2 added, 1 removed; 1 instance, 3 services and 8 servers untouched` */
function summarize({ changes, untouched: { instances, services, servers } }: Difference): string {
  const counts = Object.entries(countChanges(changes)).filter(([, count]) => count > 0);
  const said = counts.map(([name, count]) => `${count} ${name}`).join(', ') || 'nothing changes';
  const things = [many(instances, 'instance'), many(services, 'service')];
  const restart = changes.some(needsRestart) ? '; needs a restart' : '';
  return `${said}; ${things.join(', ')} and ${many(servers, 'server')} untouched${restart}`;
}

function countChanges(changes: readonly Change[]): Record<Change['do'], number> {
  const counts = { added: 0, removed: 0, changed: 0 };
  for (const change of changes) counts[change.do]++;
  return counts;
}

/** The line an instance or a service has, whether or not it changes itself. */
function groupOf(change: Change): string {
  switch (change.what) {
    case 'instance':
    case 'address':
      return `vrrp_instance ${change.instance}`;
    case 'service':
    case 'server':
    case 'check':
      return `virtual_server ${change.service}`;
    case 'sync':
      return 'lvs_sync_daemon';
    case 'director':
      return 'director';
  }
}

function renderGroup(group: string, changes: readonly Change[], drains: Difference['drains']): string[] {
  const cost = (change: Change) => costOf(change, drains);
  const own = changes.find(({ what }) => what !== 'address' && what !== 'server' && what !== 'check');
  const parts = changes.filter((change) => change !== own);
  const head = own === undefined ? `  ${group}` : line(own, group, cost);
  // What goes with its instance or its service costs nothing more than that.
  return [head, ...renderParts(parts, own?.do === 'removed' ? () => undefined : cost)];
}

/** Checks stand below their server. */
function renderParts(parts: readonly Change[], cost: Cost): string[] {
  const byName = Map.groupBy(parts, partOf);
  return [...byName].flatMap(([name, changes]) => {
    const own = changes.find(({ what }) => what !== 'check');
    const checks = changes.flatMap((change) =>
      change.what === 'check' ? [line(change, change.check, cost)] : [],
    );
    const head = own === undefined ? `  ${name}` : line(own, name, cost);
    return [`${STEP}${head}`, ...checks.map((check) => `${STEP}${STEP}${check}`)];
  });
}

function partOf(change: Change): string {
  if (change.what === 'address') return change.address;
  return 'server' in change ? `real_server ${change.server}` : change.what;
}

function line(change: Change, name: string, costs: Cost): string {
  const detail = change.do === 'changed' ? change.fields.map(fieldChange) : told(change.what, change.facts);
  const cost = costs(change);
  const parts = [`${MARKS[change.do]} ${name}`];
  if (detail.length > 0) parts.push(`: ${detail.join(', ')}`);
  if (cost !== undefined) parts.push(` (${cost})`);
  return parts.join('');
}

function told(what: Change['what'], facts: Facts): string[] {
  if (what === 'address' && facts.advertised === false) return ['excluded'];
  return TOLD[what].flatMap((field) => {
    const value = facts[field];
    if (value === undefined || (value === 0 && field === 'persistenceSeconds')) return [];
    if (field === 'checks') return [many(String(value).split(', ').length, 'check')];
    return [NAMELESS.has(field) ? String(value) : `${wordOf(field)} ${shownValue(field, value)}`];
  });
}

function fieldChange({ field, from, to }: FieldChange): string {
  if (isSecret(field) && from !== undefined && to !== undefined) return `another ${wordOf(field)}`;
  return `${wordOf(field)} ${shownValue(field, from)} → ${shownValue(field, to)}`;
}

/** `auth_pass`, and `auth_hmac key 1`: whether they are the same is all there is to say. */
function isSecret(field: string): boolean {
  return field === 'password' || field.startsWith('hmacKey ');
}

function wordOf(field: string): string {
  if (field.startsWith('hmacKey ')) return field.replace('hmacKey', 'auth_hmac key');
  return WORDS[field] ?? field;
}

function shownValue(field: string, value: Facts[string] | undefined): string {
  if (value === undefined || value === '') return 'none';
  if (isSecret(field)) return 'set';
  if (typeof value === 'boolean') return value ? 'yes' : 'no';
  if (typeof value === 'string') return value.includes(', ') ? `[${value}]` : value;
  if (field.endsWith('Ms')) return `${value / 1000} s`;
  return field.endsWith('Seconds') ? `${value} s` : String(value);
}
