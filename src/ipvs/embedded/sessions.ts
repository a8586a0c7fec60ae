// The life of a connection, without packets: what state the flags that pass leave it in, what is counted,
// when the backup is told, and when it ends (how it begins is beginnings.ts's business). IPVS's rules
// (ip_vs_core.c, ip_vs_conn.c, ip_vs_proto_tcp.c).

import type { Family } from '../../core/address.ts';
import { PROTOCOL } from '../../core/ip-header.ts';
import type { Tunnel } from '../model.ts';
import type { Addresses } from './addresses.ts';
import { Beginnings, flagsOf } from './beginnings.ts';
import { Changes } from './changes.ts';
import { usualConduct } from './conduct.ts';
import { ConnectionTable, UNBOUND } from './connections.ts';
import { familyOfFlow, protocolOf, TCP_FLAG } from './frame.ts';
import { isSctpStateSynced, nextSctpState, SCTP_EVENT, SCTP_STATE } from './sctp.ts';
import { COUNT, type ServerRecord } from './service-records.ts';
import { ServiceTable } from './services.ts';
import { DIRECTION, isTcpStateActive, isTcpStateSynced, nextTcpState, TCP_STATE } from './tcp.ts';
import { StateTimeouts } from './timeouts.ts';
import { CONNECTION } from './tuple.ts';

/** IP_VS_CTPL_S_ASSURED: a connection of the template was established. */
const ASSURED = 1;
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
  readonly beginnings: Beginnings;
  #nowSeconds = 0;

  constructor(settings: { capacity: number; seed: number }) {
    this.connections = new ConnectionTable(settings);
    this.addresses = this.connections.addresses;
    this.services = new ServiceTable(settings.seed, this.addresses);
    this.changes = new Changes(this.connections);
    this.beginnings = new Beginnings(this);
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
    return pathMtu !== 0 && this.#nowSeconds < pathMtuUntil ? pathMtu : 0;
  }

  /** A router said how large a packet to this server may be. */
  learnPathMtu(server: number, family: Family, said: number): void {
    const mtu = Math.max(said, PATH_MTU_MIN[family]);
    this.services.notePathMtu(server, family, mtu, this.#nowSeconds + PATH_MTU_SECONDS);
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
    this.bind(at, server);
  }

  bind(at: number, server: ServerRecord): void {
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
    this.#nowSeconds = tick;
    this.beginnings.nowSeconds = tick;
    return this.connections.advance(tick, (at) => this.#unbind(at));
  }
}
