// The life of a connection, without packets: which server it gets, what state the flags that pass leave it
// in, what is counted, when the backup is told, and when it ends. IPVS's rules (ip_vs_core.c, ip_vs_conn.c,
// ip_vs_proto_tcp.c).

import type { Family } from '../../core/address.ts';
import { PROTOCOL } from '../../core/ip-header.ts';
import type { Tunnel } from '../model.ts';
import { type Addresses, maskOf } from './addresses.ts';
import { Changes } from './changes.ts';
import { usualConduct } from './conduct.ts';
import { ConnectionTable, UNBOUND } from './connections.ts';
import { DROP } from './drops.ts';
import { familyOfFlow, protocolOf, TCP_FLAG } from './frame.ts';
import type { Opening } from './scheduling/scheduler.ts';
import { isSctpStateSynced, nextSctpState, SCTP_EVENT, SCTP_STATE } from './sctp.ts';
import { COUNT, type ServerRecord, type ServiceRecord } from './service-records.ts';
import { ServiceTable } from './services.ts';
import { DIRECTION, isTcpStateActive, isTcpStateSynced, nextTcpState, TCP_STATE } from './tcp.ts';
import { StateTimeouts } from './timeouts.ts';
import { CONNECTION, type Tuple } from './tuple.ts';

/** Persistent FTP: the data connections come to ports nobody knows, so its templates hold for every port. */
const FTP_PORT = 21;
/** Of a packet, what a connection begins with. IPv6 addresses are in use by whoever has it. */
export type Beginning = {
  readonly flow: number;
  readonly source: number;
  readonly sourcePort: number;
  readonly destination: number;
  readonly destinationPort: number;
  readonly mark: number;
};
/** IP_VS_CTPL_S_ASSURED: a connection of the template was established. */
const ASSURED = 1;
/** How many connections are looked at for one to give way when the table is full. */
const EVICTION_TRIES = 32;
/** Linux's own: net.ipv4.route.min_pmtu, the smallest that IPv6 has, mtu_expires. */
const PATH_MTU_MIN = { 4: 552, 6: 1280 } as const;
const PATH_MTU_SECONDS = 600;

export class Sessions {
  readonly connections: ConnectionTable;
  readonly addresses: Addresses;
  readonly services: ServiceTable;
  readonly changes: Changes;
  readonly timeouts = new StateTimeouts();
  readonly conduct = usualConduct();
  /** Why {@link open} answered 0: an index into the drop reasons. */
  refusal = 0;
  #evictionHand = 0;
  /** One for all: it is filled before it is used. */
  readonly #opening: Opening = {
    sourceFold: 0,
    sourcePort: 0,
    destinationFold: 0,
    destination: 0,
    nowSeconds: 0,
  };

  constructor(settings: { capacity: number; seed: number }) {
    this.connections = new ConnectionTable(settings);
    this.addresses = this.connections.addresses;
    this.services = new ServiceTable(settings.seed, this.addresses);
    this.changes = new Changes(this.connections);
  }

  /**
   * A new connection of `service` for the packet; 0 with {@link refusal} set when it can have none.
   */
  open(service: ServiceRecord, packet: Beginning): number {
    const isPersistent = service.head.persistenceSeconds > 0;
    const template = isPersistent ? this.#template(service, packet) : 0;
    const server =
      template !== 0
        ? this.services.server(this.connections.serverSlot(template))
        : isPersistent
          ? undefined
          : this.#schedule(service, packet);
    if (!server) {
      this.refusal = DROP['no-server'];
      return 0;
    }
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
    this.#bind(at, server);
    this.connections.setControl(at, template);
    service.counters[COUNT.connections]!++;
    server.counters[COUNT.connections]!++;
    if (protocolOf(flow) === PROTOCOL.udp) this.changes.add(at);
    if (template !== 0) this.changes.add(template);
    return at;
  }

  /** The client's template, made or renewed when need be; 0 = no server. */
  #template(service: ServiceRecord, packet: Beginning): number {
    const { connections } = this;
    const { source: client, destinationPort } = packet;
    const isOwnPort = destinationPort === service.port && service.port !== FTP_PORT;
    const port = isOwnPort ? destinationPort : 0;
    // Whatever carries the mark, of any protocol and to any address, is of one template; but for port 0.
    const isOfMark = service.mark !== 0 && !isOwnPort;
    const flow = isOfMark ? service.flow : packet.flow;
    const virtual = isOfMark ? service.address : packet.destination;
    const prefix = service.head.persistencePrefix;
    const isIpv4 = familyOfFlow(flow) === 4;
    const network = isIpv4 ? client & maskOf(prefix) : this.addresses.findNetwork(client, prefix);
    const known = connections.find(flow, network, 0, virtual, port, CONNECTION.template);
    const slot = known === 0 ? UNBOUND : connections.serverSlot(known);
    if (slot !== UNBOUND && this.#isFit(this.services.server(slot))) {
      connections.touch(known);
      return known;
    }
    // Its server is gone, or not for new ones. The connections that came from it stay with it.
    if (known !== 0) connections.retireTemplate(known);
    const server = this.#schedule(service, packet);
    if (!server) return 0;
    const used = isIpv4 ? network : this.addresses.internNetwork(client, prefix);
    if (!isIpv4 && used === 0) return this.#full();
    const at = this.#add(
      {
        flow,
        client: used,
        clientPort: 0,
        virtual,
        virtualPort: port,
        server: server.address,
        serverFamily: server.family,
        serverPort: isOwnPort ? server.port : 0,
        flags: flagsOf(server) | CONNECTION.template,
      },
      packet.mark,
    );
    if (!isIpv4) this.addresses.release(used);
    if (at === 0) return 0;
    connections.changeTimeoutSeconds(at, service.head.persistenceSeconds);
    connections.touch(at);
    this.#bind(at, server);
    return at;
  }

  /** For the next connection of a persistent client. */
  #isFit({ available, weight }: ServerRecord): boolean {
    return available && (weight !== 0 || this.conduct.expire_quiescent_template === 0);
  }

  #schedule(service: ServiceRecord, { source, sourcePort, destination }: Beginning) {
    const opening = this.#opening;
    opening.sourceFold = this.#fold(source, service);
    opening.sourcePort = sourcePort;
    opening.destinationFold = this.#fold(destination, service);
    opening.destination = destination;
    return this.services.schedule(service, opening);
  }

  #fold(address: number, { flow }: ServiceRecord): number {
    return familyOfFlow(flow) === 4 ? address : this.addresses.fold(address);
  }

  #add(tuple: Tuple, mark: number): number {
    const timeout = this.timeouts.seconds(tuple.flow, TCP_STATE.none);
    let at = this.connections.add(tuple, timeout);
    if (at === 0 && this.#evict()) at = this.connections.add(tuple, timeout);
    if (at === 0) return this.#full();
    this.connections.setFwmark(at, mark);
    return at;
  }

  #full(): number {
    this.refusal = DROP['table-full'];
    return 0;
  }

  /** Makes room by ending a connection that is only half open or nearly over. */
  #evict(): boolean {
    const { connections } = this;
    for (let tries = 0; tries < EVICTION_TRIES; tries++) {
      this.#evictionHand = (this.#evictionHand % connections.last) + 1;
      const at = this.#evictionHand;
      const isTemplate = (connections.flags(at) & CONNECTION.template) !== 0;
      if (!connections.isUsed(at) || isTemplate || connections.protocol(at) !== PROTOCOL.tcp) continue;
      const state = connections.state(at);
      if (state === TCP_STATE.established || state === TCP_STATE.finWait || state === TCP_STATE.closeWait) {
        continue;
      }
      this.close(at);
      return true;
    }
    return false;
  }

  /** What its packets are wrapped in, beside the outer header. */
  tunnel(at: number): Tunnel | undefined {
    const slot = this.connections.serverSlot(at);
    return slot === UNBOUND ? undefined : this.services.server(slot).tunnel;
  }

  /** Of the way to its server, when a router has told of it lately; else 0. */
  pathMtu(at: number): number {
    const slot = this.connections.serverSlot(at);
    if (slot === UNBOUND) return 0;
    const { pathMtu, pathMtuUntil } = this.services.server(slot);
    return pathMtu !== 0 && this.#opening.nowSeconds < pathMtuUntil ? pathMtu : 0;
  }

  /** A router said how large a packet to this server may be. */
  learnPathMtu(server: number, family: Family, said: number): void {
    const mtu = Math.max(said, PATH_MTU_MIN[family]);
    this.services.notePathMtu(server, family, mtu, this.#opening.nowSeconds + PATH_MTU_SECONDS);
  }

  /** Ends a connection now. */
  close(at: number): void {
    this.#unbind(at);
    this.connections.remove(at);
  }

  /** A packet of the client that looks like this connection's begins another one, if any. */
  isReused(at: number, tcpFlags: number): boolean {
    const { connections } = this;
    const isSctp = connections.protocol(at) === PROTOCOL.sctp;
    const begins = isSctp ? tcpFlags === SCTP_EVENT.init : (tcpFlags & TCP_FLAG.syn) !== 0;
    if (this.conduct.expire_nodest_conn !== 0) {
      const slot = connections.serverSlot(at);
      const server = slot === UNBOUND ? undefined : this.services.server(slot);
      if (server && (!server.available || (begins && server.weight === 0))) return true;
    }
    return begins && this.#isOver(at, isSctp);
  }

  /** Who begins anew uses the port again. A connection that came from a template keeps its server. */
  #isOver(at: number, isSctp: boolean): boolean {
    const { connections } = this;
    const { conn_reuse_mode: mode } = this.conduct;
    if (mode === 0 || connections.control(at) !== 0) return false;
    const state = connections.state(at);
    if (isSctp) return state === SCTP_STATE.closed;
    if (state === TCP_STATE.timeWait || state === TCP_STATE.close) return true;
    // Where answers go past here, this is the last state that is seen.
    const isHalf = (connections.flags(at) & CONNECTION.noOutput) !== 0;
    return (mode & 2) !== 0 && state === TCP_STATE.finWait && isHalf;
  }

  /** A packet from the client. False: its server was removed, the packet must not go on. */
  input(at: number, tcpFlags: number, length: number): boolean {
    const { connections } = this;
    if (connections.serverSlot(at) === UNBOUND) this.tryBind(at);
    const slot = connections.serverSlot(at);
    if (slot !== UNBOUND) {
      const server = this.services.server(slot);
      if (!server.available) return false;
      server.counters[COUNT.inPackets]!++;
      server.counters[COUNT.inBytes]! += length;
      server.service.counters[COUNT.inPackets]!++;
      server.service.counters[COUNT.inBytes]! += length;
    }
    const flow = connections.flow(at);
    if (protocolOf(flow) !== PROTOCOL.udp) {
      const isHalf = (connections.flags(at) & CONNECTION.noOutput) !== 0;
      this.#step(at, isHalf ? DIRECTION.inputOnly : DIRECTION.input, tcpFlags);
    } else connections.changeTimeoutSeconds(at, this.timeouts.seconds(flow, 0));
    connections.touch(at);
    return true;
  }

  /** A packet from the server. */
  output(at: number, tcpFlags: number, length: number): void {
    const { connections } = this;
    const slot = connections.serverSlot(at);
    if (slot !== UNBOUND) {
      const server = this.services.server(slot);
      // What a removed server still answers goes out, but is counted for nobody.
      if (server.available) {
        server.counters[COUNT.outPackets]!++;
        server.counters[COUNT.outBytes]! += length;
        server.service.counters[COUNT.outPackets]!++;
        server.service.counters[COUNT.outBytes]! += length;
      }
    }
    const flow = connections.flow(at);
    if (protocolOf(flow) !== PROTOCOL.udp) this.#step(at, DIRECTION.output, tcpFlags);
    else {
      connections.changeTimeoutSeconds(at, this.timeouts.seconds(flow, 0));
      this.#assureTemplate(at);
    }
    connections.touch(at);
  }

  #step(at: number, direction: number, tcpFlags: number): void {
    const { connections } = this;
    const before = connections.state(at);
    const isTcp = connections.protocol(at) === PROTOCOL.tcp;
    const after = (isTcp ? nextTcpState : nextSctpState)(before, direction, tcpFlags);
    // Also when the state stays: an entry from the peer may have brought another timeout.
    connections.changeTimeoutSeconds(at, this.timeouts.seconds(connections.flow(at), after));
    if (after === before) return;
    connections.setState(at, after);
    this.setInactive(at, isTcp ? !isTcpStateActive(after) : after !== SCTP_STATE.established);
    if (!(isTcp ? isTcpStateSynced : isSctpStateSynced)(after)) return;
    this.changes.add(at);
    const established = isTcp ? TCP_STATE.established : SCTP_STATE.established;
    if (after === established) this.#assureTemplate(at);
  }

  /** The connection is a real one: somebody answered. So its template is worth telling of. */
  #assureTemplate(at: number): void {
    const { connections } = this;
    const template = connections.control(at);
    if (template === 0 || connections.state(template) === ASSURED) return;
    connections.setState(template, ASSURED);
    this.changes.add(template);
  }

  setInactive(at: number, inactive: boolean): void {
    const flags = this.connections.flags(at);
    if (((flags & CONNECTION.inactive) !== 0) === inactive) return;
    const slot = this.connections.serverSlot(at);
    this.connections.setFlags(at, flags ^ CONNECTION.inactive);
    if (slot === UNBOUND) return;
    const server = this.services.server(slot);
    server.activeConnections += inactive ? -1 : 1;
    server.inactiveConnections += inactive ? 1 : -1;
  }

  /** A connection from the peer may have come before its server was configured. */
  tryBind(at: number): void {
    const { connections, services } = this;
    const flow = connections.flow(at);
    const mark = connections.fwmark(at);
    const service =
      services.findByMark(mark, familyOfFlow(flow)) ??
      services.find(flow, connections.virtual(at), connections.virtualPort(at));
    const isMasquerade = (connections.flags(at) & CONNECTION.methodMask) === CONNECTION.masquerade;
    const server =
      service &&
      services.findServer(service, {
        address: connections.server(at),
        family: connections.serverFamily(at),
        port: connections.serverPort(at),
        prefersAnyPort: mark !== 0 && !isMasquerade,
      });
    if (!server) return;
    const kept = connections.flags(at) & ~(CONNECTION.methodMask | CONNECTION.noOutput);
    const own = flagsOf(server);
    const isTemplate = (kept & CONNECTION.template) !== 0;
    connections.setFlags(at, kept | (isTemplate ? own : own & ~CONNECTION.inactive));
    this.#bind(at, server);
  }

  #bind(at: number, server: ServerRecord): void {
    this.connections.setServerSlot(at, server.slot);
    this.services.bind(server, this.connections.flags(at));
  }

  #unbind(at: number): void {
    const slot = this.connections.serverSlot(at);
    if (slot === UNBOUND) return;
    this.services.unbind(this.services.server(slot), this.connections.flags(at));
    this.connections.setServerSlot(at, UNBOUND);
  }

  /** False: more have ended than one call may take away. */
  advance(tick: number): boolean {
    this.#opening.nowSeconds = tick;
    return this.connections.advance(tick, (at) => this.#unbind(at));
  }
}

/** What a server's connections begin with: its forwarding, and inactive until they are established. */
function flagsOf(server: ServerRecord): number {
  if (server.forwarding === 'NAT') return CONNECTION.masquerade | CONNECTION.inactive;
  const method = server.forwarding === 'DR' ? CONNECTION.direct : CONNECTION.tunnel;
  return method | CONNECTION.noOutput | CONNECTION.inactive;
}
