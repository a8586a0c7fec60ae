// The whole state of a director as one document, for SIGUSR1 and for commands that show it: JSON for
// programs. What people read is made from the same document by state-text.ts, so both always say the same.
// Writes no files.
import type { HealthSnapshot } from '../health/view.ts';
import type {
  Server,
  ServerCounters,
  ServerKey,
  Service,
  ServiceCounters,
  ServiceKey,
  SyncDaemon,
  Table,
} from '../ipvs/model.ts';
import type { InstanceStatus } from '../vrrp/settings.ts';
import type { LoggedEvent } from './people.ts';
import { type Plain, plain, renderJson } from './plain.ts';
import type { SyncDocument } from './sync-document.ts';

/** What its parts report; times are of the clocks they keep. */
export type DirectorState = {
  version: string;
  directorPid: number;
  balancerPid: number;
  /** Since 1970. */
  startedAtMs: number;
  writtenAtMs: number;
  configFiles: readonly string[];
  engine: 'kernel' | 'embedded';
  connections: number;
  /** How often the table was put back after somebody else had changed it. */
  tableRepairs: number;
  /** CLOCK_MONOTONIC now: the instances' times are of it. */
  monotonicMs: number;
  instances: readonly InstanceStatus[];
  table: Table;
  counters: ReadonlyMap<ServiceKey, ServiceCounters>;
  health: HealthSnapshot;
  syncDaemons: readonly SyncDaemon[];
  sync: SyncDocument;
  lastEvents: readonly LoggedEvent[];
};

/** The published form. Ages in milliseconds instead of times of clocks that only we have. */
export type StateDocument = {
  version: string;
  directorPid: number;
  balancerPid: number;
  writtenAt: string;
  uptimeMs: number;
  configFiles: readonly string[];
  engine: 'kernel' | 'embedded';
  connections: number;
  tableRepairs: number;
  instances: InstanceDocument[];
  services: ServiceDocument[];
  probes: HealthSnapshot['probes'];
  syncDaemons: readonly SyncDaemon[];
  sync: SyncDocument;
  lastEvents: EventDocument[];
};
export type InstanceDocument = {
  name: string;
  state: InstanceStatus['state'];
  forMs: number;
  priority: number;
  lastMaster?: { address: string; priority: number; agoMs: number };
  /** How far the clock of whoever signed the last advert is ahead of ours. */
  clockSkewMs?: number;
  counters: Readonly<Record<string, number>>;
};
export type ServiceDocument = Partial<Omit<Service, 'servers'>> & {
  key: ServiceKey;
  counters?: Omit<ServiceCounters, 'servers'>;
  servers: ServerDocument[];
};
/** A server that is down and removed has neither weight nor counters; one without checks is always up. */
export type ServerDocument = Partial<Server> & {
  key: ServerKey;
  inTable: boolean;
  up: boolean;
  forMs?: number;
  counters?: ServerCounters;
  checks: CheckDocument[];
};
export type CheckDocument = {
  type: string;
  address: string;
  port: number;
  up: boolean;
  tested: boolean;
  failures: number;
  last?: { agoMs: number; ok: boolean; ms: number; reason?: string; detail?: string };
};
export type EventDocument = { at: string; event: string; message: string; fields?: Plain };

export function stateDocument(state: DirectorState): StateDocument {
  const { version, directorPid, balancerPid, configFiles, engine, connections, syncDaemons } = state;
  const { tableRepairs } = state;
  return {
    version,
    directorPid,
    balancerPid,
    writtenAt: new Date(state.writtenAtMs).toISOString(),
    uptimeMs: whole(state.writtenAtMs - state.startedAtMs),
    configFiles,
    engine,
    connections,
    tableRepairs,
    instances: state.instances.map((instance) => instanceDocument(instance, state.monotonicMs)),
    services: serviceDocuments(state),
    probes: { ...state.health.probes, longestWaitMs: whole(state.health.probes.longestWaitMs) },
    syncDaemons,
    sync: state.sync,
    lastEvents: state.lastEvents.map(eventDocument),
  };
}

/** Counters beyond what a double holds are text. Ends with a line break. */
export function renderStateJson(document: StateDocument): string {
  return renderJson(document);
}

function instanceDocument(status: InstanceStatus, nowMs: number): InstanceDocument {
  const { name, state, sinceMs, priority, lastMaster, clockSkewMs, counters } = status;
  const skew = clockSkewMs === undefined ? {} : { clockSkewMs };
  const document = { name, state, forMs: whole(nowMs - sinceMs), priority, ...skew, counters };
  if (lastMaster === undefined) return document;
  const { address, priority: theirs, atMs } = lastMaster;
  return { ...document, lastMaster: { address, priority: theirs, agoMs: whole(nowMs - atMs) } };
}

/**
 * Services in the table's order; then those that health checks took every server of, should they have left
 * the table.
 */
function serviceDocuments({ table, counters, health }: DirectorState): ServiceDocument[] {
  const checked = Map.groupBy(health.servers, ({ service }) => service);
  return [...new Set([...table.keys(), ...checked.keys()])].map((key) => {
    const service = table.get(key);
    const total = counters.get(key);
    const known = new Map((checked.get(key) ?? []).map((server) => [server.server, server]));
    const keys = new Set<ServerKey>([...(service?.servers.keys() ?? []), ...known.keys()]);
    const servers = [...keys].map((server) => ({
      ...serverDocument(server, known.get(server), health.atMs),
      ...service?.servers.get(server),
      ...(total?.servers.has(server) ? { counters: total.servers.get(server)! } : {}),
      inTable: service?.servers.has(server) ?? false,
    }));
    const { servers: _, ...head } = service ?? { servers: [] };
    return { key, ...head, ...(total === undefined ? {} : { counters: withoutServers(total) }), servers };
  });
}

function withoutServers({ servers: _, ...counters }: ServiceCounters): Omit<ServiceCounters, 'servers'> {
  return counters;
}

type Known = HealthSnapshot['servers'][number];

function serverDocument(key: ServerKey, known: Known | undefined, nowMs: number) {
  if (known === undefined) return { key, up: true, checks: [] };
  const checks = known.checks.map(({ settings, up, tested, failures, last }): CheckDocument => {
    const { type, address, port } = settings;
    const document = { type, address, port, up, tested, failures };
    if (last === undefined) return document;
    return { ...document, last: { agoMs: whole(nowMs - last.atMs), ...last.result } };
  });
  return { key, up: known.up, forMs: whole(nowMs - known.sinceMs), checks };
}

function eventDocument({ atMs, notice }: LoggedEvent): EventDocument {
  const { event, message, fields } = notice;
  const at = new Date(atMs).toISOString();
  return fields === undefined ? { at, event, message } : { at, event, message, fields: plain(fields) };
}

function whole(ms: number): number {
  return Math.round(ms);
}
