// How a connection begins: by its service's scheduler, by the template of a persistent client, or, behind a
// persistence engine, by a server that speaks first. IPVS's rules (ip_vs_schedule, ip_vs_sched_persist and
// ip_vs_new_conn_out in ip_vs_core.c).
import { PROTOCOL } from '../../core/ip-header.ts';
import { type Addresses, maskOf } from './addresses.ts';
import { callId, findCallId } from './call-id.ts';
import type { Changes } from './changes.ts';
import type { Conduct } from './conduct.ts';
import { type ConnectionTable, UNBOUND } from './connections.ts';
import { DROP } from './drops.ts';
import { familyOfFlow, protocolOf } from './frame.ts';
import type { Opening } from './scheduling/scheduler.ts';
import { COUNT, type ServerRecord, type ServiceRecord } from './service-records.ts';
import type { ServiceTable } from './services.ts';
import { TCP_STATE } from './tcp.ts';
import type { StateTimeouts } from './timeouts.ts';
import { CONNECTION, type Tuple } from './tuple.ts';

/** Persistent FTP: the data connections come to ports nobody knows, so its templates hold for every port. */
const FTP_PORT = 21;
/** How many connections are looked at for one to give way when the table is full. */
const EVICTION_TRIES = 32;

/** Of a packet, what a connection begins with. IPv6 addresses are in use by whoever has it. */
export type Beginning = {
  readonly flow: number;
  readonly source: number;
  readonly sourcePort: number;
  readonly destination: number;
  readonly destinationPort: number;
  readonly mark: number;
  readonly bytes: Uint8Array;
  /** Where the transport's payload begins, and where it ends. */
  readonly payload: number;
  readonly end: number;
};
type Parts = {
  readonly connections: ConnectionTable;
  readonly addresses: Addresses;
  readonly services: ServiceTable;
  readonly changes: Changes;
  readonly timeouts: StateTimeouts;
  readonly conduct: Conduct;
  bind(at: number, server: ServerRecord): void;
  close(at: number): void;
};

export class Beginnings {
  /** Why {@link open} answered 0: an index into the drop reasons. */
  refusal = 0;
  readonly #parts: Parts;
  #evictionHand = 0;
  /** One for all, as the next: they are filled before they are used. */
  readonly #opening: Opening = {
    sourceFold: 0,
    sourcePort: 0,
    destinationFold: 0,
    destination: 0,
    nowSeconds: 0,
  };
  /** What a template is found by. Of `client` the network counts that the service has made of it. */
  readonly #key = { flow: 0, client: 0, network: 0, virtual: 0, port: 0, hasData: false };

  constructor(parts: Parts) {
    this.#parts = parts;
  }

  set nowSeconds(seconds: number) {
    this.#opening.nowSeconds = seconds;
  }

  /** A new connection of `service` for the packet; 0 with {@link refusal} set when it can have none. */
  open(service: ServiceRecord, packet: Beginning): number {
    const { connections, services, changes } = this.#parts;
    const isPersistent = service.head.persistenceSeconds > 0;
    const template = isPersistent ? this.#templateFor(service, packet) : 0;
    if (isPersistent && template === 0) return 0;
    const server = isPersistent
      ? services.server(connections.serverSlot(template))
      : this.#schedule(service, packet);
    if (!server) return this.#refuse(DROP['no-server']);
    const { flow, destinationPort } = packet;
    // ip_vs_sched_persist leaves the port of a mark's packets alone, ip_vs_schedule does not.
    const isChanged = destinationPort === service.port || (service.mark !== 0 && !isPersistent);
    const at = this.#add(
      {
        flow,
        client: packet.source,
        clientPort: packet.sourcePort,
        virtual: packet.destination,
        virtualPort: destinationPort,
        server: server.address,
        serverFamily: server.family,
        serverPort: isChanged && server.port !== 0 ? server.port : destinationPort,
        flags: flagsOf(server),
      },
      packet.mark,
    );
    if (at === 0) return 0;
    this.#begin(at, server, template);
    if (protocolOf(flow) === PROTOCOL.udp) changes.add(at);
    if (template !== 0) changes.add(template);
    return at;
  }

  /**
   * Who sent this packet, which belongs to no connection, when that is a server for which a connection begins
   * with it: behind a persistence engine, whose messages come from the port that takes them.
   */
  speaker({ flow, source, sourcePort }: Beginning): ServerRecord | undefined {
    const { services } = this.#parts;
    if (!services.hasEngines || protocolOf(flow) !== PROTOCOL.udp) return undefined;
    const server = services.natServers.find(flow, source, sourcePort);
    if (server === undefined) return undefined;
    const { head, mark, port } = server.service;
    return head.persistenceEngine !== undefined && mark === 0 && port !== 0 ? server : undefined;
  }

  /** The connection that it begins to a client, as if that had begun it; 0 = none. */
  openFromServer(server: ServerRecord, packet: Beginning): number {
    const { service } = server;
    const { flow, destination: client } = packet;
    const isPersistent = service.head.persistenceSeconds > 0;
    const template = isPersistent ? this.#templateOf(server, packet) : 0;
    if (isPersistent && template === 0) return 0;
    const at = this.#add(
      {
        flow,
        client,
        clientPort: packet.destinationPort,
        virtual: service.address,
        virtualPort: service.port,
        server: server.address,
        serverFamily: server.family,
        serverPort: server.port,
        flags: flagsOf(server),
      },
      0,
    );
    if (at === 0) return 0;
    this.#begin(at, server, template);
    this.#parts.changes.add(at);
    return at;
  }

  #begin(at: number, server: ServerRecord, template: number): void {
    this.#parts.bind(at, server);
    this.#parts.connections.setControl(at, template);
    server.service.counters[COUNT.connections]!++;
    server.counters[COUNT.connections]!++;
  }

  /** The client's template, made or renewed when need be; 0 = it can have none. */
  #templateFor(service: ServiceRecord, packet: Beginning): number {
    const { destinationPort } = packet;
    const isOwnPort = destinationPort === service.port && service.port !== FTP_PORT;
    // Whatever carries the mark, of any protocol and to any address, is of one template; but for port 0.
    const isOfMark = service.mark !== 0 && !isOwnPort;
    const key = this.#key;
    key.flow = isOfMark ? service.flow : packet.flow;
    key.client = packet.source;
    key.virtual = isOfMark ? service.address : packet.destination;
    key.port = isOwnPort ? destinationPort : 0;
    if (!this.#identify(service, packet)) return 0;
    const known = this.#known(packet, undefined);
    if (known !== 0) return known;
    const server = this.#schedule(service, packet);
    if (!server) return this.#refuse(DROP['no-server']);
    return this.#addTemplate(packet, server, isOwnPort ? server.port : 0, packet.mark);
  }

  /** That of the client that a server speaks to: it leads to this server from now on. */
  #templateOf(server: ServerRecord, packet: Beginning): number {
    const { service } = server;
    const key = this.#key;
    key.flow = packet.flow;
    key.client = packet.destination;
    key.virtual = service.address;
    key.port = service.port;
    if (!this.#identify(service, packet)) return 0;
    const known = this.#known(packet, server);
    return known !== 0 ? known : this.#addTemplate(packet, server, server.port, 0);
  }

  /** Whose packet is it? False: the service's persistence engine says nobody's. */
  #identify({ head }: ServiceRecord, packet: Beginning): boolean {
    const key = this.#key;
    const prefix = head.persistencePrefix;
    key.network =
      familyOfFlow(packet.flow) === 4
        ? key.client & maskOf(prefix)
        : this.#parts.addresses.findNetwork(key.client, prefix);
    key.hasData = head.persistenceEngine !== undefined;
    if (!key.hasData) return true;
    const isUdp = protocolOf(packet.flow) === PROTOCOL.udp;
    if (isUdp && findCallId(packet.bytes, packet.payload, packet.end)) return true;
    this.#refuse(DROP['no-call-id']);
    return false;
  }

  /** A template whose server may have more connections, and is `only` when that matters; 0 = none. */
  #known({ bytes }: Beginning, only: ServerRecord | undefined): number {
    const { connections, services } = this.#parts;
    const { flow, network, virtual, port, hasData } = this.#key;
    const data = hasData ? connections.persistenceData.find(bytes, callId.at, callId.length) : 0;
    if (hasData && data === 0) return 0;
    const known = connections.findTemplate(flow, network, virtual, port, data);
    if (known === 0) return 0;
    const slot = connections.serverSlot(known);
    const server = slot === UNBOUND ? undefined : services.server(slot);
    if (server !== undefined && this.#isFit(server) && (only === undefined || server === only)) {
      connections.touch(known);
      return known;
    }
    // Its server is gone, or not for new ones. The connections that came from it stay with it.
    connections.retireTemplate(known);
    return 0;
  }

  #addTemplate(packet: Beginning, server: ServerRecord, serverPort: number, mark: number): number {
    const { connections, addresses } = this.#parts;
    const { persistenceData } = connections;
    const { flow, client, virtual, port, hasData } = this.#key;
    const { persistencePrefix: prefix, persistenceSeconds } = server.service.head;
    const isIpv4 = familyOfFlow(flow) === 4;
    const network = isIpv4 ? this.#key.network : addresses.internNetwork(client, prefix);
    if (!isIpv4 && network === 0) return this.#refuse(DROP['table-full']);
    const data = hasData ? persistenceData.intern(packet.bytes, callId.at, callId.length) : 0;
    const flags = flagsOf(server) | CONNECTION.template;
    const at =
      hasData && data === 0
        ? this.#refuse(DROP['table-full'])
        : this.#add(
            {
              flow,
              client: network,
              clientPort: 0,
              virtual,
              virtualPort: port,
              server: server.address,
              serverFamily: server.family,
              serverPort,
              flags,
            },
            mark,
            data,
          );
    if (data !== 0) persistenceData.release(data);
    if (!isIpv4) addresses.release(network);
    if (at === 0) return 0;
    connections.changeTimeoutSeconds(at, persistenceSeconds);
    connections.touch(at);
    this.#parts.bind(at, server);
    return at;
  }

  /** For the next connection of a persistent client. */
  #isFit({ available, weight }: ServerRecord): boolean {
    return available && (weight !== 0 || this.#parts.conduct.expire_quiescent_template === 0);
  }

  #schedule(service: ServiceRecord, { source, sourcePort, destination }: Beginning) {
    const opening = this.#opening;
    opening.sourceFold = this.#fold(source, service);
    opening.sourcePort = sourcePort;
    opening.destinationFold = this.#fold(destination, service);
    opening.destination = destination;
    return this.#parts.services.schedule(service, opening);
  }

  #fold(address: number, { flow }: ServiceRecord): number {
    return familyOfFlow(flow) === 4 ? address : this.#parts.addresses.fold(address);
  }

  #add(tuple: Tuple, mark: number, data = 0): number {
    const { connections, timeouts } = this.#parts;
    const timeout = timeouts.seconds(tuple.flow, TCP_STATE.none);
    let at = connections.add(tuple, timeout, data);
    if (at === 0 && this.#evict()) at = connections.add(tuple, timeout, data);
    if (at === 0) return this.#refuse(DROP['table-full']);
    connections.setFwmark(at, mark);
    return at;
  }

  /** Always 0, so that a caller can return it. */
  #refuse(reason: number): number {
    this.refusal = reason;
    return 0;
  }

  /** Makes room by ending a connection that is only half open or nearly over. */
  #evict(): boolean {
    const { connections } = this.#parts;
    for (let tries = 0; tries < EVICTION_TRIES; tries++) {
      this.#evictionHand = (this.#evictionHand % connections.last) + 1;
      const at = this.#evictionHand;
      const isTemplate = (connections.flags(at) & CONNECTION.template) !== 0;
      if (!connections.isUsed(at) || isTemplate || connections.protocol(at) !== PROTOCOL.tcp) continue;
      const state = connections.state(at);
      if (state === TCP_STATE.established || state === TCP_STATE.finWait || state === TCP_STATE.closeWait) {
        continue;
      }
      this.#parts.close(at);
      return true;
    }
    return false;
  }
}

/** What a server's connections begin with: its forwarding, and inactive until they are established. */
export function flagsOf(server: ServerRecord): number {
  if (server.forwarding === 'NAT') return CONNECTION.masquerade | CONNECTION.inactive;
  const method = server.forwarding === 'DR' ? CONNECTION.direct : CONNECTION.tunnel;
  return method | CONNECTION.noOutput | CONNECTION.inactive;
}
