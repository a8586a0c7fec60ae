// A packet on its way: to the real server by NAT, direct routing or tunnel, back to the client, or only
// onward as a router does. Checks that it may pass first, changes it in place then; what is too big or too
// old is answered by ICMP and counted.

import { IPV4, IPV6, PROTOCOL } from '../../core/ip-header.ts';
import type { Addresses } from './addresses.ts';
import type { Answers } from './answers.ts';
import { decrementTtl, delta, rewriteHeader, rewriteTransport } from './checksum.ts';
import { readSctpChecksum, sctpChecksum } from './crc32c.ts';
import { completeChecksum, isDivisible, putFragment, putFragment6 } from './cutting.ts';
import { DROP, type Drops, VERDICT } from './drops.ts';
import { isOfTunnel } from './encapsulation.ts';
import { ICMP, ICMP_ERROR, PORTS, readI32, readU16 } from './frame.ts';
import {
  isIntact,
  isTooBig,
  quotedInTunnel,
  quotedTunnel,
  quotesTunnel,
  rewriteForClient,
  rewriteForServer,
} from './icmp.ts';
import type { Links } from './links.ts';
import type { Neighbour, Neighbours } from './neighbours.ts';
import type { Outbox } from './outbox.ts';
import type { Packet } from './packet.ts';
import { isCuttable, putSegment } from './segments.ts';
import type { Sessions } from './sessions.ts';
import { type Ends, wrap, wrappingSize } from './tunnel.ts';
import { CONNECTION } from './tuple.ts';

/** The smallest MTU of IPv6, and so of every link worth the name. */
const SMALL = 1280;
/** What a way must have beside a tunnel's header: the smallest that the family may have. */
const TUNNEL_MTU_MIN = { 4: 68, 6: SMALL } as const;

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
  readonly #addresses: Addresses;
  readonly #ends: Ends = {
    tunnel: undefined,
    flow: 0,
    family: 4,
    source: 0,
    destination: 0,
    identification: 0,
  };
  /** Packets routed on without any service's doing. */
  routed = 0;

  constructor(parts: Parts) {
    this.#links = parts.links;
    this.#sessions = parts.sessions;
    this.#addresses = parts.sessions.addresses;
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
    if (method === CONNECTION.tunnel) return this.#throughTunnel(packet, at);
    if (!this.#mayPass(packet, server)) return VERDICT.dropped;
    if (method === CONNECTION.masquerade) {
      const virtual = connections.virtual(at);
      if (!packet.isLaterFragment) {
        const port = connections.serverPort(at);
        if (!this.#mayTranslate(packet, packet.destinationPort, port)) return VERDICT.dropped;
        const change = this.#change(packet, virtual, server);
        rewriteTransport(packet, PORTS.destination, port, change);
      }
      this.#rewrite(packet, IPV4.destination, IPV6.destination, server);
    } else if (method === CONNECTION.direct) this.#age(packet);
    else return this.#drops.count(DROP.protocol);
    return this.#send(server, packet);
  }

  /** A packet of the real server, to the client, from the virtual address. */
  toClient(packet: Packet, at: number): number {
    const { connections } = this.#sessions;
    const client = connections.client(at);
    if (!this.#mayPass(packet, client)) return VERDICT.dropped;
    const virtual = connections.virtual(at);
    const port = connections.virtualPort(at);
    if (!packet.isLaterFragment && !this.#mayTranslate(packet, packet.sourcePort, port)) {
      return VERDICT.dropped;
    }
    this.#sessions.output(at, packet.tcpFlags, packet.size);
    if (!packet.isLaterFragment) {
      const change = this.#change(packet, connections.server(at), virtual);
      rewriteTransport(packet, PORTS.source, port, change);
    }
    this.#rewrite(packet, IPV4.source, IPV6.source, virtual);
    return this.#send(client, packet);
  }

  /**
   * SCTP's checksum is made anew over the whole packet when a port becomes another one: of a fragment it
   * cannot be, and one that was wrong would become right.
   */
  #mayTranslate(packet: Packet, before: number, after: number): boolean {
    if (packet.protocol !== PROTOCOL.sctp || before === after) return true;
    const { bytes, transport, end, isFragment } = packet;
    const isRight = !isFragment && sctpChecksum(bytes, transport, end) === readSctpChecksum(bytes, transport);
    if (!isRight) this.#drops.count(isFragment ? DROP.fragment : DROP['bad-checksum']);
    return isRight;
  }

  /** Of the pseudo-header's sum. */
  #change({ family }: Packet, before: number, after: number): number {
    return family === 4 ? delta(before, after) : this.#addresses.delta(before, after);
  }

  /** Another address, one hop less. */
  #rewrite({ bytes, ip, family }: Packet, at: number, at6: number, address: number): void {
    if (family === 4) {
      rewriteHeader(bytes, ip, at, address);
      return;
    }
    this.#addresses.write(address, bytes, ip + at6);
    bytes[ip + IPV6.hopLimit]!--;
  }

  #age({ bytes, ip, family }: Packet): void {
    if (family === 4) decrementTtl(bytes, ip);
    else bytes[ip + IPV6.hopLimit]!--;
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
      return this.#throughTunnel(packet, at);
    }
    const receiver = related > 0 ? connections.server(at) : connections.client(at);
    if (!this.#mayPass(packet, receiver)) return VERDICT.dropped;
    if (method === CONNECTION.masquerade) {
      if (!isIntact(packet)) return this.#drops.count(DROP['bad-checksum']);
      const { addresses } = connections;
      if (related > 0) rewriteForServer(addresses, packet, receiver, connections.serverPort(at));
      else rewriteForClient(addresses, packet, connections.virtual(at), connections.virtualPort(at));
    }
    this.#age(packet);
    return this.#send(receiver, packet);
  }

  /**
   * Sent to a virtual router's MAC, for somebody else: a router passes it on (the servers' way out, for
   * instance).
   */
  onward(packet: Packet): number {
    if (packet.family === 6) {
      // RFC 4291 §2.5.6, and what is for a group is no single neighbour's.
      if (!isRoutable(packet.bytes, packet.ip)) return this.#drops.count(DROP['no-route']);
      if (!packet.name()) return this.#drops.count(DROP['table-full']);
    }
    if (!this.#mayPass(packet, packet.destination)) return VERDICT.dropped;
    this.#age(packet);
    this.routed++;
    return this.#send(packet.destination, packet);
  }

  /**
   * An ICMP error about a packet in a tunnel of ours: its sender knows of no tunnel, and is told as if the
   * virtual address had said it. False: it is about something else.
   */
  tunnelError(packet: Packet): boolean {
    const inner = quotedInTunnel(packet);
    const isAboutSize = isTooBig(packet);
    if (inner === -1 && !(isAboutSize && quotesTunnel(packet))) return false;
    const { connections } = this.#sessions;
    const { bytes, transport, family } = packet;
    const outer = transport + ICMP.size;
    const server =
      family === 4
        ? readI32(bytes, outer + IPV4.destination)
        : this.#addresses.find(bytes, outer + IPV6.destination);
    const type = bytes[transport + ICMP.type]!;
    const code = bytes[transport + ICMP.code]!;
    const said = readU16(bytes, transport + ICMP.rest + 2);
    const isOurs = this.#links.isOwn(packet.destination, family, packet.link);
    if (!isOurs || !isIntact(packet)) return false;
    if (isAboutSize && said !== 0) this.#sessions.learnPathMtu(server, family, said);
    // Who sent it is told when his next packet is too big.
    if (inner === -1) return true;
    packet.readQuoted(inner);
    const { flow, source, sourcePort, destination, destinationPort } = packet;
    const at = connections.find(flow, source, sourcePort, destination, destinationPort, 0);
    const isTunnelled = at !== 0 && (connections.flags(at) & CONNECTION.methodMask) === CONNECTION.tunnel;
    const tunnel = isTunnelled ? this.#sessions.tunnel(at) : undefined;
    const isItsOwn = isTunnelled && isOfTunnel(tunnel, bytes, quotedTunnel.at, quotedTunnel.protocol);
    if (!isItsOwn || connections.server(at) !== server || connections.serverFamily(at) !== family) {
      this.#drops.count(DROP.icmp);
      return true;
    }
    const client = this.#neighbours.reachable(source, family);
    if (!client || (isAboutSize && packet.mayBeFragmented)) return true;
    const mtu = isAboutSize
      ? Math.max(said - wrappingSize({ family, tunnel }), TUNNEL_MTU_MIN[family])
      : said;
    this.#answers.icmpError(packet, { type, code, mtu }, client);
    return true;
  }

  #throughTunnel(packet: Packet, at: number): number {
    const { connections } = this.#sessions;
    const server = connections.server(at);
    const family = connections.serverFamily(at);
    if (!this.#isAlive(packet)) return VERDICT.dropped;
    const neighbour = this.#neighbours.towards(server, family);
    if (!neighbour) return VERDICT.dropped;
    const ends = this.#ends;
    ends.family = family;
    ends.tunnel = this.#sessions.tunnel(at);
    ends.flow = connections.client(at) ^ Math.imul(connections.clientPort(at), 0x9e3779b1);
    const own = neighbour.link.mtu - wrappingSize(ends);
    if (own < TUNNEL_MTU_MIN[family] || neighbour.source === 0) return this.#drops.count(DROP['no-route']);
    const known = this.#sessions.pathMtu(at);
    // What a router says stops nobody: what every way must carry still goes.
    const told = Math.max(known - wrappingSize(ends), TUNNEL_MTU_MIN[family]);
    const mtu = known === 0 ? own : Math.min(own, told);
    // The tunnel's own header is what is repeated then.
    if (!this.#fits(packet, mtu, !packet.isSuperFrame)) return VERDICT.dropped;
    this.#age(packet);
    ends.source = neighbour.source;
    ends.destination = server;
    if (packet.isSuperFrame) return this.#segmentsThrough(packet, neighbour);
    ends.identification = (ends.identification + 1) & 0xffff;
    wrap(this.#addresses, packet, ends);
    return this.#send(server, packet, family);
  }

  /** A super-frame cannot be described inside a tunnel, so it is cut here. */
  #segmentsThrough(packet: Packet, neighbour: Neighbour): number {
    if (!isCuttable(packet)) return this.#drops.count(DROP.segments);
    // Its sender has them all, and sends them again when the neighbour is known.
    if (!neighbour.known) return this.#drops.count(DROP['no-neighbour']);
    for (let from = packet.payload; from < packet.end; from += packet.segmentSize) {
      this.#ends.identification = (this.#ends.identification + 1) & 0xffff;
      if (!putSegment(this.#addresses, packet, from, this.#outbox, neighbour, this.#ends)) {
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
    const neighbour = this.#neighbours.towards(destination, packet.family);
    return neighbour !== undefined && this.#fits(packet, neighbour.link.mtu, isDivisible(packet));
  }

  #isAlive(packet: Packet): boolean {
    if (packet.hopsLeft > 1) return true;
    this.#answers.icmpError(packet, ICMP_ERROR.timeExceeded[packet.family]);
    this.#drops.count(DROP['ttl-expired']);
    return false;
  }

  /** True also for what can be cut, which {@link #send} does. */
  #fits(packet: Packet, mtu: number, isDivisible: boolean): boolean {
    if (packet.largest <= mtu || (packet.mayBeFragmented && isDivisible)) return true;
    if (!packet.mayBeFragmented) {
      // It is quoted as it would have left.
      this.#age(packet);
      this.#answers.icmpError(packet, { ...ICMP_ERROR.tooBig[packet.family], mtu });
    }
    this.#drops.count(DROP['too-big']);
    return false;
  }

  #send(destination: number, packet: Packet, family = packet.family): number {
    const { size } = packet;
    if (size <= SMALL || packet.isSuperFrame) return this.#neighbours.send(destination, packet, family);
    const neighbour = this.#neighbours.towards(destination, family);
    if (!neighbour || size <= neighbour.link.mtu) return this.#neighbours.send(destination, packet, family);
    if (!neighbour.known) {
      this.#neighbours.reachable(destination, family);
      return VERDICT.dropped;
    }
    completeChecksum(packet);
    const { mtu } = neighbour.link;
    const { identification } = this.#ends;
    for (let from = packet.ip + (family === 4 ? IPV4.size : IPV6.size); from < packet.end; ) {
      from =
        family === 4
          ? putFragment(packet, from, mtu, this.#outbox, neighbour)
          : putFragment6(packet, from, mtu, this.#outbox, neighbour, identification);
      if (from === -1) return this.#drops.count(DROP['outbox-full']);
    }
    return VERDICT.taken;
  }
}

/** Neither end of the IPv6 packet at `ip` is link-local, a group, loopback or no address. */
function isRoutable(bytes: Uint8Array, ip: number): boolean {
  return isGlobal(bytes, ip + IPV6.source) && isGlobal(bytes, ip + IPV6.destination);
}
function isGlobal(bytes: Uint8Array, at: number): boolean {
  const first = bytes[at]!;
  if (first === 0xff || (first === 0xfe && (bytes[at + 1]! & 0xc0) === 0x80)) return false;
  if (first !== 0) return true;
  for (let i = 1; i < 15; i++) if (bytes[at + i] !== 0) return true;
  return bytes[at + 15]! > 1;
}
