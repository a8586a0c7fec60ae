// From (desired, actual) to commands: start, reload, health flip, drain, takeover and a stray `ipvsadm` are
// all this one question.
//
// Theory of operation. A service is touched only when it is desired, or owned (we wanted it once): any other
// one in the table is somebody else's. What is there already is adopted: edited in place, so that its
// connections and counters live on. The order of commands is part of the result, because packets arrive
// between any two of them:
//   1. a missing service is added, a differing one is edited, before its servers;
//   2. servers are added before any is removed, so that a service that has servers before and after has some
//      all the while;
//   3. of the edits, those that give a server weight come before those that take it all, for the same reason;
//   4. services nobody wants go last, with their servers.
// Two properties hold it together (test/ipvs/reconcile.test.ts): applying the commands makes the owned part
// equal to what is desired and leaves the rest as it was; and there are no commands when nothing differs.
import { familyOf } from '../core/address.ts';
import type { Server, Service, ServiceHead, ServiceKey, SyncDaemon, Table, Tunnel } from './model.ts';
import type { Command } from './plane.ts';

/** `owned`: services that are ours to remove when they are not desired. Desired ones are ours in any case. */
export function reconcile(desired: Table, actual: Table, owned: ReadonlySet<ServiceKey>): Command[] {
  const commands: Command[] = [];
  for (const [key, want] of desired) {
    const have = actual.get(key);
    // What has been sent once is known as the same object.
    if (want !== have) commands.push(...reconcileService(want, have));
  }
  for (const key of owned) {
    const have = desired.has(key) ? undefined : actual.get(key);
    if (have !== undefined) commands.push({ do: 'delService', key, service: headOf(have) });
  }
  return commands;
}

function reconcileService(want: Service, have: Service | undefined): Command[] {
  const service = headOf(want);
  const commands: Command[] = [];
  if (have === undefined) commands.push({ do: 'addService', service });
  else if (!sameHead(want, have)) commands.push({ do: 'setService', service });
  const missing: Command[] = [];
  const strengthened: Command[] = [];
  const silenced: Command[] = [];
  for (const [key, server] of want.servers) {
    const there = have?.servers.get(key);
    if (there === undefined) missing.push({ do: 'addServer', service, server });
    else if (!sameServer(server, there)) {
      (server.weight > 0 ? strengthened : silenced).push({ do: 'setServer', service, server });
    }
  }
  commands.push(...missing, ...strengthened, ...silenced);
  for (const [key, server] of have?.servers ?? []) {
    if (!want.servers.has(key)) commands.push({ do: 'delServer', service, key, server });
  }
  return commands;
}

function headOf({ servers: _, ...head }: Service): ServiceHead {
  return head;
}

/** What selects the packets is the key: equal by the way they were found. */
function sameHead(one: ServiceHead, other: ServiceHead): boolean {
  return (
    one.scheduler === other.scheduler &&
    one.schedulerFlags === other.schedulerFlags &&
    one.persistenceSeconds === other.persistenceSeconds &&
    one.persistencePrefix === other.persistencePrefix &&
    one.persistenceEngine === other.persistenceEngine &&
    one.onePacket === other.onePacket
  );
}

function sameServer(one: Server, other: Server): boolean {
  return (
    one.forwarding === other.forwarding &&
    sameTunnel(one.tunnel, other.tunnel) &&
    one.weight === other.weight &&
    one.upperThreshold === other.upperThreshold &&
    one.lowerThreshold === other.lowerThreshold
  );
}

function sameTunnel(one: Tunnel | undefined, other: Tunnel | undefined): boolean {
  if (one === undefined || other === undefined) return one === other;
  return (
    one.type === other.type &&
    one.checksum === other.checksum &&
    (one.type !== 'gue' || other.type !== 'gue' || one.port === other.port)
  );
}

/**
 * Sync threads. There is at most one for each role, so a wanted one takes the place of whoever has its role
 * with other settings. What a wanted one leaves open (undefined, or 0 as in the kernel) matches whatever the
 * kernel chose.
 *
 * A thread whose role is not wanted is stopped only when it is ours: it has the interface and id of a wanted
 * one (our own other role, perhaps of an earlier life) or of one in `owned`, which lists what we ever wanted.
 * Without `owned` every thread counts as ours, as keepalived sees it. A role change starts the new thread
 * before it stops the old one.
 */
export function reconcileSync(
  desired: readonly SyncDaemon[],
  actual: readonly SyncDaemon[],
  owned: readonly SyncDaemon[] = actual,
): Command[] {
  const replaced: Command[] = [];
  const started: Command[] = [];
  const stopped: Command[] = [];
  for (const want of desired) {
    const have = actual.find(({ role }) => role === want.role);
    if (have === undefined) started.push({ do: 'startSync', daemon: want });
    else if (!fits(want, have)) {
      replaced.push({ do: 'stopSync', daemon: have }, { do: 'startSync', daemon: want });
    }
  }
  for (const have of actual) {
    if (desired.some(({ role }) => role === have.role)) continue;
    const ours = [...desired, ...owned].some((one) => one.interface === have.interface && one.id === have.id);
    if (ours) stopped.push({ do: 'stopSync', daemon: have });
  }
  return [...replaced, ...started, ...stopped];
}

function fits(want: SyncDaemon, have: SyncDaemon): boolean {
  return (
    want.interface === have.interface &&
    want.id === have.id &&
    (!want.maxlen || have.maxlen === keptMaxlen(want, want.maxlen)) &&
    (!want.port || want.port === have.port) &&
    (!want.ttl || want.ttl === have.ttl) &&
    (want.group === undefined || want.group === have.group)
  );
}

/**
 * start_sync_thread() in ip_vs_sync.c: a backup always takes 1,024 bytes, and a datagram has to hold the
 * headers too.
 */
function keptMaxlen({ role, group }: SyncDaemon, maxlen: number): number {
  const headers = group !== undefined && familyOf(group) === 6 ? 48 : 28;
  return Math.min(Math.max(maxlen, role === 'backup' ? 1024 : 1), 0xffff - headers);
}
