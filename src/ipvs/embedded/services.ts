// The engine's virtual services and real servers: commands in, records with counters out. Decides which
// server takes a new connection; knows no packets. Answers commands with the errno names that the kernel's
// IPVS answers them with.

import assert from 'node:assert';
import { type Family, familyOf } from '../../core/address.ts';
import { SERVICE_PROTOCOL } from '../../core/ip-header.ts';
import {
  familyOfService,
  type Selector,
  type Server,
  type ServerKey,
  type Service,
  type ServiceCounters,
  type ServiceHead,
  type ServiceKey,
  serverKey,
  serviceKey,
  type Table,
} from '../model.ts';
import type { Command } from '../plane.ts';
import type { Addresses } from './addresses.ts';
import { isPersistenceEngine } from './call-id.ts';
import { familyOfFlow, flowOf } from './frame.ts';
import { GivenMarks } from './given-marks.ts';
import { NatServers } from './nat-servers.ts';
import { pseudoRandom } from './random.ts';
import type { Opening, Scheduler } from './scheduling/scheduler.ts';
import { newScheduler } from './scheduling/schedulers.ts';
import { ServerAddresses } from './server-addresses.ts';
import { ANY_PROTOCOL, markAddress, markKey, markKeyOf, tupleKey } from './service-keys.ts';
import { COUNTERS, countersOf, isIdle, type ServerRecord, type ServiceRecord } from './service-records.ts';
import { CONNECTION } from './tuple.ts';

/** An errno name, or undefined when it is done. */
export type Refusal = string | undefined;

export class ServiceTable {
  readonly serverAddresses = new ServerAddresses();
  readonly natServers = new NatServers();
  readonly givenMarks = new GivenMarks();
  readonly #services = new Map<ServiceKey, ServiceRecord>();
  /** By protocol, port and address in one number. */
  readonly #byTuple = new Map<number, ServiceRecord>();
  /** By mark and family in one number. */
  readonly #byMark = new Map<number, ServiceRecord>();
  readonly #servers: (ServerRecord | undefined)[] = [];
  readonly #freeSlots: number[] = [];
  /** Removed servers with connections, by service and server key: added again, they are the same server. */
  readonly #removed = new Map<string, ServerRecord>();
  /** A server with connections was removed; to be taken back by who has seen to it. */
  hasOrphans = false;
  readonly #random: (below: number) => number;
  readonly #addresses: Addresses;
  #engines = 0;

  /** `seed`: 32 bits; what is drawn by it need not be a secret. */
  constructor(seed: number, addresses: Addresses) {
    this.#addresses = addresses;
    this.#random = pseudoRandom(seed);
  }

  /** Has any service a persistence engine? */
  get hasEngines(): boolean {
    return this.#engines > 0;
  }

  /** By the number in a connection's serverSlot. */
  server(slot: number): ServerRecord {
    const record = this.#servers[slot];
    assert(record, 'a bound connection has a server');
    return record;
  }

  /** Are packets to be asked for their firewall mark? Not for one that we give them. */
  get hasMarks(): boolean {
    return [...this.#byMark.values()].some(({ mark }) => !this.givenMarks.has(mark));
  }

  /** The service of those that carry `mark`, whatever their protocol, address and port. */
  findByMark(mark: number, family: Family): ServiceRecord | undefined {
    return mark === 0 ? undefined : this.#byMark.get(markKey(mark, family));
  }

  /** The service a packet to (address, port) belongs to; else the address's service for every port. */
  find(flow: number, address: number, port: number): ServiceRecord | undefined {
    return this.#byTuple.get(tupleKey(flow, address, port)) ?? this.#byTuple.get(tupleKey(flow, address, 0));
  }

  /** For a connection that came from the peer: whose server is it? In the order of ip_vs_find_dest. */
  findServer(
    service: ServiceRecord,
    of: { address: number; family: Family; port: number; prefersAnyPort: boolean },
  ): ServerRecord | undefined {
    const { port, prefersAnyPort } = of;
    const first = this.#serverAt(service, of, prefersAnyPort ? 0 : port);
    return first ?? this.#serverAt(service, of, prefersAnyPort ? port : 0);
  }

  #serverAt(
    service: ServiceRecord,
    { address, family }: { address: number; family: Family },
    port: number,
  ): ServerRecord | undefined {
    for (const server of service.servers) {
      if (server.address === address && server.port === port && server.family === family) return server;
    }
    return undefined;
  }

  schedule(service: ServiceRecord, opening: Opening): ServerRecord | undefined {
    return service.scheduler.choose(service.servers, opening);
  }

  #newScheduler(head: ServiceHead, servers: readonly ServerRecord[]): Scheduler<ServerRecord> | undefined {
    const { scheduler: name, schedulerFlags: flags } = head;
    return newScheduler({ name, flags, random: this.#random }, servers);
  }

  apply(command: Exclude<Command, { do: 'startSync' | 'stopSync' }>): Refusal {
    switch (command.do) {
      case 'addService':
        return this.#addService(command.service);
      case 'setService':
        return this.#setService(command.service);
      case 'delService':
        return this.#delService(command.key);
      case 'addServer':
        return this.#addServer(command.service, command.server);
      case 'setServer':
        return this.#setServer(command.service, command.server);
      case 'delServer':
        return this.#delServer(command.service, command.key);
    }
  }

  #addService(head: ServiceHead): Refusal {
    const key = serviceKey(head);
    if (this.#services.has(key)) return 'EEXIST';
    const servers: ServerRecord[] = [];
    const scheduler = this.#newScheduler(head, servers);
    if (!scheduler || !isPersistenceEngine(head.persistenceEngine)) return 'ENOENT';
    if (!('mark' in head) && head.port === 0 && head.persistenceSeconds === 0) return 'EINVAL';
    const record: ServiceRecord = {
      ...this.#numbersOf(head),
      head,
      servers,
      scheduler,
      counters: new Float64Array(COUNTERS),
    };
    this.#services.set(key, record);
    this.#countEngine(head, 1);
    if (record.mark !== 0) this.#byMark.set(markKeyOf(record), record);
    else this.#byTuple.set(tupleKey(record.flow, record.address, record.port), record);
    return undefined;
  }

  #numbersOf(selector: Selector): Pick<ServiceRecord, 'flow' | 'mark' | 'address' | 'port'> {
    const family = familyOfService(selector);
    if ('mark' in selector) {
      const address = this.#addresses.keep(markAddress(selector.mark, family));
      return { flow: flowOf(ANY_PROTOCOL, family), mark: selector.mark | 0, address, port: 0 };
    }
    const address = this.#addresses.keep(selector.address);
    return {
      flow: flowOf(SERVICE_PROTOCOL[selector.protocol], family),
      mark: 0,
      address,
      port: selector.port,
    };
  }

  #setService(head: ServiceHead): Refusal {
    const record = this.#services.get(serviceKey(head));
    if (!record) return 'ESRCH';
    const { scheduler, schedulerFlags } = record.head;
    const fresh = this.#newScheduler(head, record.servers);
    if (!fresh || !isPersistenceEngine(head.persistenceEngine)) return 'ENOENT';
    if (scheduler !== head.scheduler || schedulerFlags !== head.schedulerFlags) record.scheduler = fresh;
    this.#countEngine(record.head, -1);
    this.#countEngine(head, 1);
    record.head = head;
    return undefined;
  }

  #countEngine({ persistenceEngine: engine }: ServiceHead, by: number): void {
    if (engine !== undefined) this.#engines += by;
  }

  #delService(key: ServiceKey): Refusal {
    const record = this.#services.get(key);
    if (!record) return 'ESRCH';
    for (const server of [...record.servers]) this.#take(record, server);
    this.#services.delete(key);
    this.#countEngine(record.head, -1);
    if (record.mark !== 0) this.#byMark.delete(markKeyOf(record));
    else this.#byTuple.delete(tupleKey(record.flow, record.address, record.port));
    this.#addresses.letGo(record.address, familyOfFlow(record.flow));
    return undefined;
  }

  #addServer(head: ServiceHead, server: Server): Refusal {
    const service = this.#services.get(serviceKey(head));
    if (!service) return 'ESRCH';
    const isOther = familyOf(server.address) !== familyOfFlow(service.flow);
    if (isOther && server.forwarding !== 'TUN') return 'EINVAL';
    const key = serverKey(server);
    if (service.servers.some((known) => known.key === key)) return 'EEXIST';
    const removedKey = `${serviceKey(head)} ${key}`;
    const known = this.#removed.get(removedKey);
    this.#removed.delete(removedKey);
    const record = known ?? this.#newServer(service, server);
    record.service = service;
    record.available = true;
    record.lastWeight = 0;
    this.#configure(record, server);
    this.natServers.add(record);
    service.servers.unshift(record);
    service.scheduler.added(service.servers);
    return undefined;
  }

  #newServer(service: ServiceRecord, server: Server): ServerRecord {
    const slot = this.#freeSlots.pop() ?? this.#servers.length;
    const family = familyOf(server.address);
    const address = this.#addresses.keep(server.address);
    const record: ServerRecord = {
      slot,
      service,
      key: serverKey(server),
      address,
      family,
      fold: family === 4 ? address : this.#addresses.fold(address),
      port: server.port,
      forwarding: server.forwarding,
      tunnel: server.tunnel,
      weight: 0,
      lastWeight: 0,
      upperThreshold: 0,
      lowerThreshold: 0,
      activeConnections: 0,
      inactiveConnections: 0,
      persistentConnections: 0,
      overloaded: false,
      pathMtu: 0,
      pathMtuUntil: 0,
      available: true,
      counters: new Float64Array(COUNTERS),
    };
    this.#servers[slot] = record;
    this.serverAddresses.add(address, family);
    return record;
  }

  #configure(record: ServerRecord, server: Server): void {
    if (server.upperThreshold === 0 || server.upperThreshold > record.upperThreshold)
      record.overloaded = false;
    record.forwarding = server.forwarding;
    record.tunnel = server.tunnel;
    record.weight = server.weight;
    if (server.weight !== 0) record.lastWeight = server.weight;
    record.upperThreshold = server.upperThreshold;
    record.lowerThreshold = server.lowerThreshold;
  }

  #setServer(head: ServiceHead, server: Server): Refusal {
    const service = this.#services.get(serviceKey(head));
    if (!service) return 'ESRCH';
    const record = service.servers.find((known) => known.key === serverKey(server));
    if (!record) return 'ENOENT';
    if (record.family !== familyOfFlow(service.flow) && server.forwarding !== 'TUN') return 'EINVAL';
    const isOther = record.forwarding !== server.forwarding;
    if (isOther) this.natServers.remove(record);
    this.#configure(record, server);
    if (isOther) this.natServers.add(record);
    service.scheduler.changed(service.servers);
    return undefined;
  }

  #delServer(head: ServiceHead, key: ServerKey): Refusal {
    const service = this.#services.get(serviceKey(head));
    if (!service) return 'ESRCH';
    const record = service.servers.find((known) => known.key === key);
    if (!record) return 'ENOENT';
    this.#take(service, record);
    return undefined;
  }

  #take(service: ServiceRecord, record: ServerRecord): void {
    const index = service.servers.indexOf(record);
    service.servers.splice(index, 1);
    record.available = false;
    this.natServers.remove(record);
    service.scheduler.removed(service.servers, index);
    if (isIdle(record)) return this.#forget(record);
    this.#removed.set(`${serviceKey(service.head)} ${record.key}`, record);
    this.hasOrphans = true;
  }

  #forget(record: ServerRecord): void {
    this.#servers[record.slot] = undefined;
    this.serverAddresses.remove(record.address, record.family);
    this.#addresses.letGo(record.address, record.family);
    this.#freeSlots.push(record.slot);
  }

  /** Counts a connection (or template) for its server, by its flags. */
  bind(record: ServerRecord, flags: number): void {
    if ((flags & CONNECTION.template) !== 0) record.persistentConnections++;
    else if ((flags & CONNECTION.inactive) !== 0) record.inactiveConnections++;
    else record.activeConnections++;
    const total = record.activeConnections + record.inactiveConnections;
    if (record.upperThreshold !== 0 && total >= record.upperThreshold) record.overloaded = true;
  }

  unbind(record: ServerRecord, flags: number): void {
    if ((flags & CONNECTION.template) !== 0) record.persistentConnections--;
    else if ((flags & CONNECTION.inactive) !== 0) record.inactiveConnections--;
    else record.activeConnections--;
    const total = record.activeConnections + record.inactiveConnections;
    // Without a lower threshold a server gets connections again at three quarters of the upper one.
    if (record.lowerThreshold !== 0) {
      if (total < record.lowerThreshold) record.overloaded = false;
    } else if (total * 4 < record.upperThreshold * 3 || record.upperThreshold === 0)
      record.overloaded = false;
    if (record.available || !isIdle(record)) return;
    const key = `${serviceKey(record.service.head)} ${record.key}`;
    if (this.#removed.get(key) === record) this.#removed.delete(key);
    this.#forget(record);
  }

  /**
   * Does any server send something back through here? Replies by NAT; errors about what a tunnel carried, to
   * where it begins.
   */
  hearsReplies(): boolean {
    return this.#servers.some((server) => server !== undefined && server.forwarding !== 'DR');
  }

  /** Of every server with this address. */
  notePathMtu(address: number, family: Family, mtu: number, untilSeconds: number): void {
    for (const server of this.#servers) {
      if (server === undefined || server.address !== address || server.family !== family) continue;
      server.pathMtu = mtu;
      server.pathMtuUntil = untilSeconds;
    }
  }

  readTable(): Table {
    return new Map(
      [...this.#services].map(([key, record]): [ServiceKey, Service] => [
        key,
        {
          ...record.head,
          servers: new Map(record.servers.map((server) => [server.key, this.#settingsOf(server)])),
        },
      ]),
    );
  }

  #settingsOf(record: ServerRecord): Server {
    return {
      address: this.#addresses.text(record.address, record.family),
      port: record.port,
      forwarding: record.forwarding,
      ...(record.tunnel === undefined ? {} : { tunnel: record.tunnel }),
      weight: record.weight,
      upperThreshold: record.upperThreshold,
      lowerThreshold: record.lowerThreshold,
    };
  }

  readCounters(): ReadonlyMap<ServiceKey, ServiceCounters> {
    return new Map(
      [...this.#services].map(([key, record]): [ServiceKey, ServiceCounters] => [
        key,
        {
          ...countersOf(record.counters),
          servers: new Map(
            record.servers.map((server) => [
              server.key,
              {
                ...countersOf(server.counters),
                activeConnections: server.activeConnections,
                inactiveConnections: server.inactiveConnections,
                persistentConnections: server.persistentConnections,
              },
            ]),
          ),
        },
      ]),
    );
  }
}
