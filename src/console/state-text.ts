// The state document as text for people.
import { checkName } from '../health/wording.ts';
import type { ServerCounters } from '../ipvs/model.ts';
import { printable } from './people.ts';
import type {
  CheckDocument,
  InstanceDocument,
  ServerDocument,
  ServiceDocument,
  StateDocument,
} from './state.ts';
import { syncLines } from './sync-text.ts';

/** Ends with a line break. */
export function renderStateText(document: StateDocument): string {
  const { version, directorPid, balancerPid, uptimeMs, writtenAt, engine, connections } = document;
  const repaired = document.tableRepairs === 0 ? '' : `, table put back ${document.tableRepairs} times`;
  const { underWay, waiting, longestWaitMs } = document.probes;
  const sections = [
    [
      `lvs-director ${version}, pid ${directorPid}, balancer ${balancerPid}, up ${duration(uptimeMs)}`,
      `written ${writtenAt}`,
      ...document.configFiles.map((file) => `configuration ${file}`),
      `data plane ${engine}, ${connections} connections${repaired}`,
    ],
    ['VRRP instances', ...document.instances.flatMap(instanceLines)],
    ['Virtual services', ...document.services.flatMap(serviceLines)],
    [
      'Probes',
      `  ${underWay} under way, ${waiting} waiting for their turn, longest wait ${duration(longestWaitMs)}`,
    ],
    ['Sync', ...(document.sync.state === 'off' ? [] : syncLines(document.sync).map((line) => `  ${line}`))],
    ['Sync daemons', ...document.syncDaemons.map((daemon) => `  ${daemon.role} ${pairs(daemon, ['role'])}`)],
    ['Last events', ...document.lastEvents.map(({ at, event, message }) => `  ${at} ${event}: ${message}`)],
  ];
  const text = sections.map((lines) => (lines.length === 1 ? `${lines[0]}\n  none` : lines.join('\n')));
  return `${text.map(printable).join('\n\n')}\n`;
}

export function duration(ms: number): string {
  if (ms < 1_000) return `${Math.round(ms)} ms`;
  const seconds = Math.floor(ms / 1_000);
  if (seconds < 60) return `${(ms / 1_000).toFixed(1)} s`;
  const minutes = Math.floor(seconds / 60);
  if (minutes < 60) return `${minutes} min ${seconds % 60} s`;
  const hours = Math.floor(minutes / 60);
  return hours < 48 ? `${hours} h ${minutes % 60} min` : `${Math.floor(hours / 24)} days ${hours % 24} h`;
}

function skewText(skewMs: number): string {
  return `${Math.abs(skewMs)} ms ${skewMs < 0 ? 'behind' : 'ahead'}`;
}

function instanceLines(instance: InstanceDocument): string[] {
  const { name, state, forMs, priority, lastMaster, clockSkewMs, counters } = instance;
  const heard =
    lastMaster === undefined
      ? 'no other master heard'
      : `last heard ${lastMaster.address} priority ${lastMaster.priority}, ${duration(lastMaster.agoMs)} ago`;
  const skew = clockSkewMs === undefined ? '' : `, clock ${skewText(clockSkewMs)}`;
  const lines = [`  ${name} ${state} for ${duration(forMs)}, priority ${priority}; ${heard}${skew}`];
  return Object.keys(counters).length === 0 ? lines : [...lines, `    ${pairs(counters)}`];
}

function serviceLines(service: ServiceDocument): string[] {
  const { key, counters, servers, scheduler } = service;
  const persistent = service.persistenceSeconds ? ` persistent ${service.persistenceSeconds} s` : '';
  const head = scheduler === undefined ? `${key} (not in the table)` : `${key} ${scheduler}${persistent}`;
  const total = counters === undefined ? [] : [`    ${pairs(counters, ['rates'])}`];
  return [`  ${head}`, ...total, ...servers.flatMap(serverLines)];
}

function serverLines(server: ServerDocument): string[] {
  const { key, inTable, up, forMs, forwarding, weight, counters, checks } = server;
  const state = `${up ? 'up' : 'down'}${forMs === undefined ? '' : ` for ${duration(forMs)}`}`;
  const entry = inTable ? `${forwarding} weight ${weight}` : 'not in the table';
  const counts = counters === undefined ? [] : counterLines(counters);
  return [`    ${key} ${state}, ${entry}`, ...counts, ...checks.map(checkLine)];
}

function counterLines(counters: ServerCounters): string[] {
  const { activeConnections, inactiveConnections, persistentConnections, rates: _, ...totals } = counters;
  const now = { active: activeConnections, inactive: inactiveConnections, persistent: persistentConnections };
  return [`      ${pairs(now)}`, `      ${pairs(totals)}`];
}

function checkLine(document: CheckDocument): string {
  const { up, tested, failures, last } = document;
  const state = tested ? (up ? 'up' : 'down') : `not tested yet, taken as ${up ? 'up' : 'down'}`;
  const tries = failures === 0 ? '' : `, ${failures} failed in a row`;
  const result =
    last === undefined ? '' : `; last ${last.ok ? 'good' : last.reason} ${duration(last.agoMs)} ago`;
  return `      ${checkName(document)} ${state}${tries}${result}`;
}

function pairs(values: object, without: readonly string[] = []): string {
  return Object.entries(values)
    .filter(([name]) => !without.includes(name))
    .map(([name, value]) => `${name} ${value}`)
    .join(', ');
}
