// Everything a plan consists of, one entry each: what it is, and the facts about it. Two plans are compared
// entry by entry (difference.ts). What is one thing to the elector, to IPVS or to the health checks is one
// here: an address with another label is another address, a check of another port another check.

import { methodName } from '../core/forwarding.ts';
import { rangeName } from '../core/range.ts';
import { routeName } from '../core/route.ts';
import { ruleName } from '../core/rule.ts';
import { type Quorum, USUAL_QUORUM } from '../health/quorum.ts';
import { shapeOf } from '../health/shape.ts';
import { type Server, type ServerKey, serverKey } from '../ipvs/model.ts';
import type { Member, Pool, PoolName } from '../ipvs/pool.ts';
import type { HmacSettings } from '../vrrp/auth.ts';
import type { BfdSettings } from '../vrrp/bfd/speaker.ts';
import type { InstanceSettings, Track, VirtualAddress, WeightedInterface } from '../vrrp/settings.ts';
import { devicesOf, type VirtualMac } from '../vrrp/virtual-device.ts';
import { garpFacts, pacingFacts } from './announcing.ts';
import { linkFacts } from './links.ts';
import { listenerFacts, notifyFacts } from './notify.ts';
import type { SyncPlan } from './plan.ts';
import type { Plan } from './plan-document.ts';
import { programName } from './programs.ts';
import { runningFacts } from './running.ts';
import type { ScriptSettings } from './script-verdict.ts';
import { serviceListenerFacts } from './service-notify.ts';
import { flagNames } from './services.ts';
import { staticFacts } from './statics.ts';
import type { FileTarget, ProcessTarget } from './trackers.ts';
import { peerNames } from './unicast.ts';

export type Subject =
  | { what: 'instance'; instance: string }
  /** `address` as it is written in a file: `10.0.0.50/24 dev eth0`. */
  | { what: 'address'; instance: string; address: string }
  | { what: 'service'; service: PoolName }
  | { what: 'server'; service: PoolName; server: ServerKey }
  | { what: 'check'; service: PoolName; server: ServerKey; check: string }
  | { what: 'sync' }
  | { what: 'director' };
/** Absent = not set. */
export type Facts = Readonly<Record<string, string | number | boolean>>;
export type Entry = { subject: Subject; facts: Facts };
/** By a name that no other entry of a plan has. */
export type Inventory = ReadonlyMap<string, Entry>;

export function inventoryOf(plan: Plan): Inventory {
  const entries = [
    ...plan.elector.instances.flatMap((own) => instanceEntries(own, plan)),
    ...serviceEntries(plan),
    ...(plan.sync === undefined ? [] : [syncEntry(plan.sync)]),
    directorEntry(plan),
  ];
  return new Map(entries.map((entry) => [nameOf(entry.subject), entry]));
}

export function nameOf(subject: Subject): string {
  switch (subject.what) {
    case 'instance':
      return `instance ${subject.instance}`;
    case 'address':
      return `address ${subject.address} of ${subject.instance}`;
    case 'service':
      return `service ${subject.service}`;
    case 'server':
      return `server ${subject.service} ${subject.server}`;
    case 'check':
      return `check ${subject.service} ${subject.server} ${subject.check}`;
    case 'sync':
    case 'director':
      return subject.what;
  }
}

/** In the order in which they are advertised. */
export function addressesOf({ vips, excludedVips }: InstanceSettings): string[] {
  return [...vips, ...excludedVips].map(addressName);
}

function groupOf({ elector }: Plan, { name }: InstanceSettings): string | undefined {
  return elector.groups?.find(({ members }) => members.includes(name))?.name;
}

function instanceEntries(own: InstanceSettings, plan: Plan): Entry[] {
  const { name: instance, vips, excludedVips, garp, source, unicastPeers: _, unicast, ...more } = own;
  const { trackInterfaces, weightedInterfaces, tracks, hmac, vmac, routes, rules, ...rest } = more;
  const syncGroup = groupOf(plan, own);
  const facts = {
    ...rest,
    ...(source === undefined ? {} : { source }),
    ...(hmac === undefined ? {} : hmacFacts(hmac)),
    ...(vmac === undefined ? {} : { vmac: macName(vmac) }),
    trackInterfaces: [...trackInterfaces, ...weightedInterfaces.map(weightedName)].join(', '),
    ...(syncGroup === undefined ? {} : { syncGroup }),
    trackers: tracks.map(trackName).join(', '),
    ...(routes === undefined ? {} : { routes: routes.map(routeName).join(', ') }),
    ...(rules === undefined ? {} : { rules: rules.map(ruleName).join(', ') }),
    unicastPeers: peerNames(own),
    ...(unicast?.ttl === undefined ? {} : { unicastTtl: unicast.ttl }),
    ...(unicast?.checksSource ? { checksUnicastSource: true } : {}),
    ...(unicast?.refusesOldChecksum ? { refusesOldChecksum: true } : {}),
    ...(unicast?.lacksPeers ? { lacksPeers: true } : {}),
    ...garpFacts(garp),
    ...listenerFacts(plan, instance),
  };
  const entryOf = (advertised: boolean) => (vip: VirtualAddress) => ({
    subject: { what: 'address' as const, instance, address: addressName(vip) },
    facts: { advertised },
  });
  return [
    { subject: { what: 'instance', instance }, facts },
    ...vips.map(entryOf(true)),
    ...excludedVips.map(entryOf(false)),
  ];
}

/** Keys are sealed in a plan; each is a fact, so that one that is added or taken away shows. */
function hmacFacts({ keys, activeKey, mode, antiReplay, windowSeconds }: HmacSettings): Facts {
  const facts: Record<string, string> = {};
  for (const { id, secret } of keys) facts[`hmacKey ${id}`] = secret;
  return { ...facts, hmacActiveKey: activeKey, hmacMode: mode, antiReplay, windowSeconds };
}

/** `vrrp.51 00:00:5e:00:01:33, adverts through eth0` */
function macName(vmac: VirtualMac): string {
  const devices = devicesOf({ vmac }).map(({ name, mac, ipvlan, group }) =>
    [
      name,
      ...(ipvlan === undefined ? [mac] : ['ipvlan', ipvlan.mode]),
      ...(ipvlan?.address === undefined ? [] : [`${ipvlan.address.address}/${ipvlan.address.length}`]),
      ...(group === undefined ? [] : [`group ${group}`]),
    ].join(' '),
  );
  return [
    ...devices,
    ...(vmac.device && vmac.sendsOnBase ? [`adverts through ${vmac.device.base}`] : []),
  ].join(', ');
}

/** `eth1 -20 while down` */
function weightedName({ interface: device, weight, while: state }: WeightedInterface): string {
  return `${device} ${weight > 0 ? '+' : ''}${weight} while ${state}`;
}

function watchedFacts({ trackers: { files, processes, scripts }, elector: { bfd = [] } }: Plan): Facts {
  return {
    ...(bfd.length === 0 ? {} : { bfdSessions: bfd.map(sessionName).join(', ') }),
    ...(files.length === 0 ? {} : { trackFiles: files.map(fileName).join(', ') }),
    ...(scripts.length === 0 ? {} : { trackScripts: scripts.map(scriptName).join(', ') }),
    ...(processes.length === 0 ? {} : { trackProcesses: processes.map(processName).join(', ') }),
  };
}

function sessionName(session: BfdSettings): string {
  const { name, neighbour, source, minTxMs, minRxMs, idleTxMs, multiplier, hopLimit, maxHops } = session;
  const ends = source === undefined ? neighbour : `${source} to ${neighbour}`;
  const beat = `tx ${minTxMs} ms, rx ${minRxMs} ms, idle ${idleTxMs} ms, multiplier ${multiplier}`;
  const flags = [...(session.passive ? [', passive'] : []), ...(session.multihop ? [', multihop'] : [])];
  return `${name} ${ends}, ${beat}, TTL ${hopLimit} less ${maxHops} at most${flags.join('')}`;
}

function scriptName({ name, program, intervalMs, timeoutMs, rise, fall, initFail }: ScriptSettings) {
  const beat = `every ${intervalMs / 1000} s, at most ${timeoutMs / 1000} s`;
  const limits = `rise ${rise}, fall ${fall}${initFail ? ', init_fail' : ''}`;
  return `${name} ${programName(program)} ${beat}, ${limits}`;
}

function fileName({ name, path, init }: FileTarget): string {
  const initially = init === undefined ? '' : ` init ${init.value}${init.overwrite ? ' overwrite' : ''}`;
  return `${name} ${path}${initially}`;
}

function processName(target: ProcessTarget): string {
  const { name, command, parameters, match, fullCommand, quorum, quorumMax } = target;
  const what = [command, ...parameters].join(' ');
  const how = `${match}${fullCommand ? ' full_command' : ''}`;
  const delays = `${target.terminateDelayMs}/${target.forkDelayMs} ms`;
  return `${name} ${what} (${how}, ${quorum} to ${quorumMax}, ${delays})`;
}

function trackName({ kind, name, weight, reverse }: Track): string {
  return `${kind} ${name} weight ${weight}${reverse ? ' reverse' : ''}`;
}

const SCOPE_NAMES: Readonly<Record<number, string>> = {
  200: 'site',
  253: 'link',
  254: 'host',
  255: 'nowhere',
};

const FOREVER = 0xffffffff;

function addressName(vip: VirtualAddress): string {
  const { address, prefixLength, interface: device, label, scope, broadcast, peer, preferredSeconds } = vip;
  const words = [`${address}/${prefixLength} dev ${device}`];
  if (label !== undefined) words.push(`label ${label}`);
  if (scope !== 0) words.push(`scope ${SCOPE_NAMES[scope] ?? scope}`);
  if (broadcast !== undefined) words.push(`brd ${broadcast}`);
  if (peer !== undefined) words.push(`peer ${peer}`);
  if (preferredSeconds !== undefined)
    words.push(`preferred_lft ${preferredSeconds === FOREVER ? 'forever' : preferredSeconds}`);
  if (vip.home) words.push('home');
  if (vip.managesTemporary) words.push('mngtmpaddr');
  if (vip.noPrefixRoute) words.push('noprefixroute');
  if (vip.joinsMulticast) words.push('autojoin');
  if (vip.detectsDuplicates) words.push('-nodad');
  if (vip.untracked) words.push('no_track');
  return words.join(' ');
}

/** One list that is added to: a plan may have thousands of services. */
function serviceEntries(plan: Plan): Entry[] {
  const { pools, targets } = plan;
  const { servers: slots, serverIndex, checkSlots, quorums, serviceIndex } = shapeOf(targets);
  const entries: Entry[] = [];
  for (const [service, pool] of pools) {
    entries.push({
      subject: { what: 'service', service },
      facts: serviceFacts(service, pool, quorums[serviceIndex.get(service) ?? -1] ?? USUAL_QUORUM, plan),
    });
    for (const [server, settings] of pool.servers) {
      const id = `${service} ${server}`;
      const slot = slots[serverIndex.get(id) ?? -1];
      const facts = serverFacts(settings, slot?.inhibit ?? false);
      entries.push({ subject: { what: 'server', service, server }, facts });
      if (slot === undefined) continue;
      for (const check of checkSlots.slice(slot.firstCheck, slot.firstCheck + slot.checkCount)) {
        const subject = { what: 'check', service, server, check: check.key.slice(id.length + 1) } as const;
        entries.push({ subject, facts: check.settings });
      }
    }
  }
  return entries;
}

/** What selects its packets is its name, but of a group. */
function serviceFacts(name: PoolName, pool: Pool, quorum: Quorum, plan: Plan): Facts {
  const scripts = plan.notify.services[name];
  const suspends = name in plan.suspensions;
  const { members, marked, settings, sorry } = pool;
  const mark = marked && members.find((member) => 'mark' in member)?.mark;
  const { scheduler, schedulerFlags } = settings;
  return {
    ...settings,
    schedulerFlags: flagNames(scheduler, schedulerFlags).join(', '),
    ...(name.startsWith('group ') ? { members: (marked ?? members).map(memberName).join(', ') } : {}),
    ...(mark === undefined ? {} : { mark }),
    ...(sorry === undefined ? {} : { sorryServer: sorryName(sorry) }),
    ...quorum,
    ...(scripts === undefined ? {} : serviceListenerFacts(scripts)),
    ...(suspends ? { haSuspend: true } : {}),
    ...plan.policies.others[name],
  };
}

function sorryName({ server, isInhibited }: Required<Pool>['sorry']): string {
  return `${serverKey(server)} ${methodName(server)}${isInhibited ? ' inhibit' : ''}`;
}

function memberName(member: Member): string {
  if ('mark' in member) return `fwmark ${member.mark}${member.family === 6 ? ' inet6' : ''}`;
  return `${rangeName(member)} port ${member.port}`;
}

function serverFacts(server: Server, inhibitOnFailure: boolean): Facts {
  const { weight, upperThreshold, lowerThreshold } = server;
  return { forwarding: methodName(server), weight, upperThreshold, lowerThreshold, inhibitOnFailure };
}

function syncEntry({ instance, daemon }: SyncPlan): Entry {
  return { subject: { what: 'sync' }, facts: { ...(instance === undefined ? {} : { instance }), ...daemon } };
}

/** Settings have the words of the file already. */
function ipvsFacts({
  timeouts,
  flushesAtStart,
  flushesAtStop,
  netlinkBuffer,
  marks,
  settings,
}: Plan['ipvs']): Facts {
  const { tcpSeconds, tcpFinSeconds, udpSeconds } = timeouts ?? {};
  return {
    ...(timeouts === undefined
      ? {}
      : { timeouts: `tcp ${tcpSeconds} tcpfin ${tcpFinSeconds} udp ${udpSeconds}` }),
    ...(flushesAtStart ? { flushesAtStart } : {}),
    ...(flushesAtStop ? { flushesAtStop } : {}),
    ...(netlinkBuffer === undefined
      ? {}
      : { netlinkBuffer: `${netlinkBuffer.bytes} bytes${netlinkBuffer.forced ? ', forced' : ''}` }),
    ...(marks === undefined
      ? {}
      : {
          marksTable: marks.table,
          marksPriority: marks.priority,
          marksStart: marks.start,
          ...(marks.counters ? { marksCounters: true } : {}),
        }),
    ...settings,
  };
}

function directorEntry(plan: Plan): Entry {
  const { director, elector, notify } = plan;
  const { realtimePriority, leaseSeconds, pacing, logsUnknownIds, preemptWaitMs } = elector;
  return {
    subject: { what: 'director' },
    facts: {
      ...director,
      ...ipvsFacts(plan.ipvs),
      ...plan.policies.usual,
      leaseSeconds,
      realtimePriority,
      ...pacingFacts(pacing),
      ...runningFacts(elector),
      ...linkFacts(elector, plan.trackers.links),
      ...(logsUnknownIds ? { logsUnknownIds } : {}),
      ...(preemptWaitMs === undefined ? {} : { preemptWaitMs }),
      ...notifyFacts(notify),
      ...watchedFacts(plan),
      ...staticFacts(elector.statics, addressName),
    },
  };
}
