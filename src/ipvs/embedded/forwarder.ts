// A packet on its way: to the real server by NAT, direct routing or tunnel, back to the client, or only
// onward as a router does. Checks that it may pass first, changes it in place then; what is too big or too
// old is answered by ICMP and counted.
import type { Answers } from './answers.ts';
import { decrementTtl, rewriteHeader, rewriteTransport } from './checksum.ts';
import { CONNECTION } from './connections.ts';
import { completeChecksum, isDivisible, putFragment } from './cutting.ts';
import { DROP, type Drops, VERDICT } from './drops.ts';
import { ICMP, ICMP_TYPE, IPV4, PORTS, readI32, readU16, UNREACHABLE } from './frame.ts';
import { isIntact, quotedInTunnel, rewriteForClient, rewriteForServer } from './icmp.ts';
import type { Links } from './links.ts';
import type { Neighbour, Neighbours } from './neighbours.ts';
import type { Outbox } from './outbox.ts';
import type { Packet } from './packet.ts';
import { isCuttable, putSegment } from './segments.ts';
import type { Sessions } from './sessions.ts';
import { type Ends, WRAPPING, wrap } from './tunnel.ts';

/** The smallest MTU of IPv6, and so of every link worth the name. */
const SMALL = 1280;
/** What a way must have beside a tunnel's header: the smallest that IPv4 may have. */
const TUNNEL_MTU_MIN = 68;

type Parts = {
  links: Links;
  sessions: Sessions;
  neighbours: Neighbours;
  answers: Answers;
  outbox: Outbox;
  drops: Drops;
};

export class Forwarder {
  readonly #links: Links;
  readonly #sessions: Sessions;
  readonly #neighbours: Neighbours;
  readonly #answers: Answers;
  readonly #outbox: Outbox;
  readonly #drops: Drops;
  readonly #ends: Ends = { source: 0, destination: 0, identification: 0 };
  /** Packets routed on without any service's doing. */
  routed = 0;

  constructor(parts: Parts) {
    this.#links = parts.links;
    this.#sessions = parts.sessions;
    this.#neighbours = parts.neighbours;
    this.#answers = parts.answers;
    this.#outbox = parts.outbox;
    this.#drops = parts.drops;
  }

  /** A packet of the client, to the real server. */
  toServer(packet: Packet, at: number): number {
    const { connections } = this.#sessions;
    if (!this.#sessions.input(at, packet.tcpFlags, packet.size)) {
      return this.#drops.count(DROP['server-removed']);
    }
    const method = connections.flags(at) & CONNECTION.methodMask;
    const server = connections.server(at);
    if (method === CONNECTION.tunnel) return this.#throughTunnel(packet, server);
    if (!this.#mayPass(packet, server)) return VERDICT.dropped;
    const { bytes, ip } = packet;
    if (method === CONNECTION.masquerade) {
      if (!packet.isLaterFragment) {
        const virtual = connections.virtual(at);
        const port = connections.serverPort(at);
        rewriteTransport(packet, PORTS.destination, port, virtual, server);
      }
      rewriteHeader(bytes, ip, IPV4.destination, server);
    } else if (method === CONNECTION.direct) decrementTtl(bytes, ip);
    else return this.#drops.count(DROP.protocol);
    return this.#send(server, packet);
  }

  /** A packet of the real server, to the client, from the virtual address. */
  toClient(packet: Packet, at: number): number {
    const { connections } = this.#sessions;
    const client = connections.client(at);
    if (!this.#mayPass(packet, client)) return VERDICT.dropped;
    this.#sessions.output(at, packet.tcpFlags, packet.size);
    const virtual = connections.virtual(at);
    if (!packet.isLaterFragment) {
      const port = connections.virtualPort(at);
      rewriteTransport(packet, PORTS.source, port, connections.server(at), virtual);
    }
    rewriteHeader(packet.bytes, packet.ip, IPV4.source, virtual);
    return this.#send(client, packet);
  }

  /**
   * An ICMP error about a packet of a connection, to the server, or, negative, to the client; its quotation
   * as that one knows it.
   */
  related(packet: Packet, related: number): number {
    const { connections } = this.#sessions;
    const at = Math.abs(related);
    const method = connections.flags(at) & CONNECTION.methodMask;
    if (related > 0 && method === CONNECTION.tunnel) {
      return this.#throughTunnel(packet, connections.server(at));
    }
    const receiver = related > 0 ? connections.server(at) : connections.client(at);
    if (!this.#mayPass(packet, receiver)) return VERDICT.dropped;
    if (method === CONNECTION.masquerade) {
      if (!isIntact(packet)) return this.#drops.count(DROP['bad-checksum']);
      if (related > 0) rewriteForServer(packet, receiver, connections.serverPort(at));
      else rewriteForClient(packet, connections.virtual(at), connections.virtualPort(at));
    }
    decrementTtl(packet.bytes, packet.ip);
    return this.#send(receiver, packet);
  }

  /**
   * Sent to a virtual router's MAC, for somebody else: a router passes it on (the servers' way out, for
   * instance).
   */
  onward(packet: Packet): number {
    if (!this.#mayPass(packet, packet.destination)) return VERDICT.dropped;
    decrementTtl(packet.bytes, packet.ip);
    this.routed++;
    return this.#send(packet.destination, packet);
  }

  /**
   * An ICMP error about a packet in a tunnel of ours: its sender knows of no tunnel, and is told as if the
   * virtual address had said it. False: it is about something else.
   */
  tunnelError(packet: Packet): boolean {
    const inner = quotedInTunnel(packet);
    if (inner === -1) return false;
    const { connections } = this.#sessions;
    const { bytes, transport } = packet;
    const server = readI32(bytes, transport + ICMP.size + IPV4.destination);
    const type = bytes[transport + ICMP.type]!;
    const code = bytes[transport + ICMP.code]!;
    const said = readU16(bytes, transport + ICMP.rest + 2);
    const isTooBig = type === ICMP_TYPE.unreachable && code === UNREACHABLE.fragmentationNeeded;
    const isOurs = this.#links.isOwn(packet.destination);
    if (!isOurs || !isIntact(packet)) return false;
    packet.readQuoted(inner);
    const { protocol, source, sourcePort, destination, destinationPort } = packet;
    const at = connections.find(protocol, source, sourcePort, destination, destinationPort, 0);
    const isTunnel = at !== 0 && (connections.flags(at) & CONNECTION.methodMask) === CONNECTION.tunnel;
    if (!isTunnel || connections.server(at) !== server) {
      this.#drops.count(DROP.icmp);
      return true;
    }
    const client = this.#neighbours.reachable(source);
    if (!client || (isTooBig && packet.mayBeFragmented)) return true;
    const mtu = isTooBig ? Math.max(said - WRAPPING, TUNNEL_MTU_MIN) : said;
    this.#answers.icmpError(packet, { type, code, mtu }, client);
    return true;
  }

  #throughTunnel(packet: Packet, server: number): number {
    if (!this.#isAlive(packet)) return VERDICT.dropped;
    const neighbour = this.#neighbours.towards(server);
    if (!neighbour) return VERDICT.dropped;
    const mtu = neighbour.link.mtu - WRAPPING;
    if (mtu < TUNNEL_MTU_MIN || neighbour.source === 0) return this.#drops.count(DROP['no-route']);
    // Its own header is what is repeated then.
    if (!this.#fits(packet, mtu, !packet.isSuperFrame)) return VERDICT.dropped;
    decrementTtl(packet.bytes, packet.ip);
    const ends = this.#ends;
    ends.source = neighbour.source;
    ends.destination = server;
    if (packet.isSuperFrame) return this.#segmentsThrough(packet, neighbour);
    ends.identification = (ends.identification + 1) & 0xffff;
    wrap(packet, ends);
    return this.#send(server, packet);
  }

  /** A super-frame cannot be described inside a tunnel, so it is cut here. */
  #segmentsThrough(packet: Packet, neighbour: Neighbour): number {
    if (!isCuttable(packet)) return this.#drops.count(DROP.segments);
    // Its sender has them all, and sends them again when the neighbour is known.
    if (!neighbour.known) return this.#drops.count(DROP['no-neighbour']);
    for (let from = packet.payload; from < packet.end; from += packet.segmentSize) {
      this.#ends.identification = (this.#ends.identification + 1) & 0xffff;
      if (!putSegment(packet, from, this.#outbox, neighbour, this.#ends)) {
        return this.#drops.count(DROP['outbox-full']);
      }
    }
    return VERDICT.taken;
  }

  /** TTL and size, before anything is changed. IPVS takes one off the TTL whatever the forwarding method. */
  #mayPass(packet: Packet, destination: number): boolean {
    if (!this.#isAlive(packet)) return false;
    // What fits everywhere is not worth finding out where it goes.
    if (packet.largest <= SMALL) return true;
    const neighbour = this.#neighbours.towards(destination);
    return neighbour !== undefined && this.#fits(packet, neighbour.link.mtu, isDivisible(packet));
  }

  #isAlive(packet: Packet): boolean {
    if (packet.bytes[packet.ip + IPV4.ttl]! > 1) return true;
    this.#answers.icmpError(packet, { type: ICMP_TYPE.timeExceeded, code: 0 });
    this.#drops.count(DROP['ttl-expired']);
    return false;
  }

  /** True also for what can be cut, which {@link #send} does. */
  #fits(packet: Packet, mtu: number, isDivisible: boolean): boolean {
    if (packet.largest <= mtu || (packet.mayBeFragmented && isDivisible)) return true;
    if (!packet.mayBeFragmented) {
      // It is quoted as it would have left.
      decrementTtl(packet.bytes, packet.ip);
      const error = { type: ICMP_TYPE.unreachable, code: UNREACHABLE.fragmentationNeeded, mtu };
      this.#answers.icmpError(packet, error);
    }
    this.#drops.count(DROP['too-big']);
    return false;
  }

  #send(destination: number, packet: Packet): number {
    if (packet.size <= SMALL || packet.isSuperFrame) return this.#neighbours.send(destination, packet);
    const neighbour = this.#neighbours.towards(destination);
    if (!neighbour || packet.size <= neighbour.link.mtu) return this.#neighbours.send(destination, packet);
    if (!neighbour.known) {
      this.#neighbours.reachable(destination);
      return VERDICT.dropped;
    }
    completeChecksum(packet);
    for (let from = packet.ip + IPV4.size; from < packet.end; ) {
      from = putFragment(packet, from, neighbour.link.mtu, this.#outbox, neighbour);
      if (from === -1) return this.#drops.count(DROP['outbox-full']);
    }
    return VERDICT.taken;
  }
}
