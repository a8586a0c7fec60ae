// The packet engine: a frame in, a verdict out, the frame rewritten in place. IPVS's NAT, direct routing and
// tunnels for TCP and UDP over IPv4 and IPv6, by the rules in sessions.ts. Sans-I/O: time, interfaces, routes
// and owned addresses are told to it, frames of its own go to an outbox, and it allocates nothing for a
// packet of a known connection.
//
// A virtual router's MAC (00-00-5E-00-01-{vrid}, over IPv6 00-00-5E-00-02-{vrid}) is the engine's alone: the
// kernel's stack takes frames to it for somebody else's, so the two never answer the same packet. Frames to
// the interface's own MAC belong to the kernel, except replies of real servers whose gateway is the
// director's own address.
import { PROTOCOL } from '../../core/ip-header.ts';
import type { OwnedAddress } from '../plane.ts';
import { Ahead } from './ahead.ts';
import { Announcer } from './announcer.ts';
import { Answers } from './answers.ts';
import { ARP_FRAME, isArpForIpv4, writeArp } from './arp.ts';
import { Discoverer } from './discoverer.ts';
import { isDiscovery } from './discovery.ts';
import { DROP, Drops, VERDICT } from './drops.ts';
import { EarlyFragments } from './early.ts';
import { Forwarder } from './forwarder.ts';
import { Fragments, NO_CONNECTION } from './fragments.ts';
import {
  ARP,
  ARP_OPERATION,
  ETHERNET,
  ETHERTYPE,
  ICMP,
  ICMP_ERROR,
  ICMP_TYPE,
  ICMPV6_TYPE,
  readI32,
  readU16,
  TCP_FLAG,
  VNET,
} from './frame.ts';
import { findRelated } from './icmp.ts';
import { type InterfaceFacts, type Link, Links, MAC, type RouteFacts } from './links.ts';
import { Neighbours } from './neighbours.ts';
import { Orphans } from './orphans.ts';
import { HEADROOM, Outbox } from './outbox.ts';
import { Packet } from './packet.ts';
import { mayBeginAssociation } from './sctp.ts';
import type { ServerRecord, ServiceRecord } from './service-records.ts';
import { Sessions } from './sessions.ts';
import { DIRECTION } from './tcp.ts';

const TICK_MS = 1000;

export class Engine {
  readonly sessions: Sessions;
  readonly links: Links;
  readonly drops = new Drops();
  readonly outbox = new Outbox();
  readonly #neighbours: Neighbours;
  readonly #answers: Answers;
  readonly #forwarder: Forwarder;
  readonly #fragments: Fragments;
  readonly #early: EarlyFragments;
  readonly #orphans: Orphans;
  readonly #discovery: Discoverer;
  readonly #announcer: Announcer;
  readonly ahead: Ahead;
  /** The one that {@link receive} looked at last, as it has become. */
  readonly packet: Packet;
  #nowMs = 0;
  #tick = 0;
  #isBehind = false;

  /** `seed`: 32 bits that strangers cannot guess. */
  constructor(settings: { capacity: number; seed: number }) {
    this.sessions = new Sessions(settings);
    const { sessions, outbox, drops } = this;
    const { addresses } = sessions;
    this.links = new Links(addresses);
    const { links } = this;
    this.#neighbours = new Neighbours({ links, outbox, drops, addresses });
    this.#answers = new Answers({ outbox, drops, links, addresses });
    this.packet = new Packet(outbox.bytes, addresses);
    this.#discovery = new Discoverer({ outbox, drops, links, addresses, neighbours: this.#neighbours });
    this.#announcer = new Announcer({ outbox, links, discovery: this.#discovery });
    this.ahead = new Ahead(sessions.connections);
    this.#fragments = new Fragments(sessions.connections, settings.seed);
    this.#early = new EarlyFragments(drops);
    this.#orphans = new Orphans(sessions);
    const parts = { links, sessions, neighbours: this.#neighbours, answers: this.#answers, outbox, drops };
    this.#forwarder = new Forwarder(parts);
  }

  /** Packets routed on without any service's doing. */
  get routed(): number {
    return this.#forwarder.routed;
  }

  setInterfaces(interfaces: readonly InterfaceFacts[], routes: readonly RouteFacts[]): void {
    this.#announcer.announce(this.links.setInterfaces(interfaces, routes), this.#nowMs);
  }

  own(addresses: readonly OwnedAddress[]): void {
    this.#announcer.announce(this.links.own(addresses), this.#nowMs);
  }

  /**
   * `nowMs`: a clock that never steps. To be called before a batch of frames, and when {@link nextTimerMs} is
   * reached.
   */
  setClock(nowMs: number): void {
    this.#nowMs = nowMs;
    const tick = Math.floor(nowMs / TICK_MS);
    if (tick !== this.#tick || this.#isBehind) {
      this.#tick = tick;
      this.#answers.refill();
      this.#fragments.tick = tick;
      this.#early.advance(tick);
      this.#isBehind = !this.sessions.advance(tick);
    }
    if (this.#orphans.isDue) this.#orphans.advance();
    this.#neighbours.setClock(nowMs, tick);
    this.#announcer.advance(nowMs);
    this.#forwardEarly();
  }

  nextTimerMs(): number {
    if (this.#isBehind || this.#early.isDue || this.#orphans.isDue) return this.#nowMs;
    return Math.min(
      this.sessions.connections.count + this.#early.count > 0
        ? (this.#tick + 1) * TICK_MS
        : Number.POSITIVE_INFINITY,
      this.#neighbours.nextTimerMs(),
      this.#announcer.nextTimerMs(),
    );
  }

  /**
   * One frame of `length` bytes at `start` of `bytes`, its virtio_net_hdr right before it and room for a
   * tunnel's header before that, received on interface `slot`, with a firewall mark (signed; 0 = none). The
   * verdict: the slot of the interface to send it on, as {@link packet} says where it is now, or
   * VERDICT.taken or .dropped.
   */
  receive(slot: number, bytes: Buffer, start: number, length: number, mark = 0): number {
    if (length < ETHERNET.size) return this.drops.count(DROP['too-short']);
    const link = this.links.list[slot]!;
    const type = readU16(bytes, start + ETHERNET.type);
    if (type === ETHERTYPE.arp) return this.#receiveArp(link, bytes, start, length);
    if (type !== ETHERTYPE.ipv4 && type !== ETHERTYPE.ipv6) return this.drops.count(DROP['not-ip']);
    const mac = this.links.macClass(link, bytes, start + ETHERNET.destination);
    if (mac === MAC.foreign) return this.drops.count(DROP['not-for-us']);
    const { packet } = this;
    packet.link = link;
    packet.bytes = bytes;
    packet.start = start;
    packet.length = length;
    packet.isVirtual = mac === MAC.virtual;
    packet.mark = mark;
    if (type === ETHERTYPE.ipv6) return this.#receiveIpv6(packet, mac);
    if (mac === MAC.broadcast) return this.drops.count(DROP['not-for-us']);
    const wrong = packet.readIpv4();
    if (wrong !== -1) return this.drops.count(wrong);
    if (packet.isLaterFragment) return this.#follow(packet);
    if (packet.protocol === PROTOCOL.icmp) return this.#receiveIcmp(packet);
    return packet.hasPorts() ? this.#receive(packet) : this.#receiveOther(packet);
  }

  #receiveIpv6(packet: Packet, mac: number): number {
    const wrong = packet.readIpv6();
    if (wrong !== -1) return this.drops.count(wrong);
    const isNeighbours = isDiscovery(packet) && !packet.isFragment;
    if (mac === MAC.broadcast && !isNeighbours) return this.drops.count(DROP['not-for-us']);
    const verdict = isNeighbours ? this.#discovery.receive(packet) : this.#receiveNamed(packet);
    packet.letGo();
    return verdict;
  }

  /** IPv6: what it has to give a number to, the caller takes it away from. */
  #receiveNamed(packet: Packet): number {
    if (packet.isLaterFragment) return this.#follow(packet);
    if (packet.protocol === PROTOCOL.icmpv6) return this.#receiveIcmp(packet);
    return packet.hasPorts() ? this.#receive(packet) : this.#receiveOther(packet);
  }

  #receive(packet: Packet): number {
    const { flow, source, destination, sourcePort, destinationPort, isVirtual } = packet;
    const { connections } = this.sessions;
    let over = 0;
    if (isVirtual) {
      const known = connections.find(flow, source, sourcePort, destination, destinationPort, 0);
      if (known !== 0 && !this.sessions.isReused(known, packet.tcpFlags)) {
        if (packet.isFragment) this.#remember(packet, known, DIRECTION.input);
        return this.#forwarder.toServer(packet, known);
      }
      over = known;
    }
    const replied = connections.findReply(flow, source, sourcePort, destination, destinationPort);
    if (replied !== 0) return this.#answer(packet, replied, false);
    const speaker = this.#speaker(packet);
    const begun = speaker === undefined ? 0 : this.sessions.beginnings.openFromServer(speaker, packet);
    if (begun !== 0) return this.#answer(packet, begun, speaker!.service.head.onePacket);
    if (!isVirtual) return this.#passBy(packet);
    const isOwned = this.#isOwned(packet);
    if (isOwned) packet.mark = this.sessions.services.givenMarks.of(packet) || packet.mark;
    const marked = this.#marked(packet);
    const isForUs = isOwned || (marked !== undefined && this.#mayBegin(packet));
    if (!isForUs) return this.#passBy(packet);
    if (!packet.name()) return this.drops.count(DROP['table-full']);
    const verdict = this.#open(packet, marked);
    // Only now: the kernel, too, still counts it for its server when it chooses one for the new connection.
    if (over !== 0) this.sessions.close(over);
    return verdict;
  }

  /** `isOver`: with this packet. */
  #answer(packet: Packet, at: number, isOver: boolean): number {
    if (packet.isFragment && !isOver) this.#remember(packet, at, DIRECTION.output);
    const verdict = this.#forwarder.toClient(packet, at);
    if (isOver) this.sessions.close(at);
    return verdict;
  }

  /** A server that begins a connection with this packet. What is for this machine is for no client. */
  #speaker(packet: Packet): ServerRecord | undefined {
    const speaker = this.sessions.beginnings.speaker(packet);
    if (speaker === undefined || this.#marked(packet) !== undefined) return undefined;
    const { destination, family, link } = packet;
    return !this.links.isOwn(destination, family, link) && packet.name() ? speaker : undefined;
  }

  /** The first packet for an address of ours, or with a mark of ours, that belongs to no connection. */
  #open(packet: Packet, marked: ServiceRecord | undefined): number {
    const { flow, destination, destinationPort, family } = packet;
    const service = marked ?? this.sessions.services.find(flow, destination, destinationPort);
    if (!service || !this.#mayBegin(packet)) {
      if (packet.protocol === PROTOCOL.tcp) this.#answers.reset(packet);
      else if (packet.protocol === PROTOCOL.udp)
        this.#answers.icmpError(packet, ICMP_ERROR.portUnreachable[family]);
      return this.drops.count(service ? DROP['no-connection'] : DROP['no-service']);
    }
    const { beginnings } = this.sessions;
    const at = beginnings.open(service, packet);
    if (at === 0) {
      // The kernel, too, says "port unreachable" here, for TCP as for UDP: another director's servers may be
      // alive.
      if (beginnings.refusal === DROP['no-server']) {
        this.#answers.icmpError(packet, ICMP_ERROR.portUnreachable[family]);
      }
      return this.drops.count(beginnings.refusal);
    }
    const isOver = service.head.onePacket && packet.protocol === PROTOCOL.udp;
    if (packet.isFragment && !isOver) this.#remember(packet, at, DIRECTION.input);
    const verdict = this.#forwarder.toServer(packet, at);
    if (isOver) this.sessions.close(at);
    return verdict;
  }

  /** Is it a packet that a connection may begin with (conn_schedule of each ip_vs_proto_*.c)? */
  #mayBegin({ protocol, tcpFlags, bytes, transport, end }: Packet): boolean {
    const { sloppy_tcp: sloppyTcp, sloppy_sctp: sloppySctp } = this.sessions.conduct;
    if (protocol === PROTOCOL.sctp) return mayBeginAssociation(bytes, transport, end, sloppySctp !== 0);
    if (protocol !== PROTOCOL.tcp) return true;
    return (tcpFlags & TCP_FLAG.rst) === 0 && (sloppyTcp !== 0 || (tcpFlags & TCP_FLAG.syn) !== 0);
  }

  /** A fragment without ports goes where the first one of its packet went. */
  #follow(packet: Packet): number {
    const found = this.#fragments.find(packet);
    if (found === NO_CONNECTION) return this.#onward(packet);
    if (found > 0 && packet.isVirtual) return this.#forwarder.toServer(packet, found);
    if (found < 0) return this.#forwarder.toClient(packet, -found);
    const isForUs = packet.isVirtual && (this.#isOwned(packet) || this.#marked(packet) !== undefined);
    return isForUs || this.#isOfServer(packet) ? this.#early.keep(packet) : this.#onward(packet);
  }

  /** The first fragment of a packet: where the others go, and those that were here before it. */
  #remember(packet: Packet, at: number, direction: number): void {
    this.#fragments.remember(packet, at, direction);
    this.#early.release(packet);
  }

  /** No connection's. Fragments behind a server's first one would be waiting for one that has an answer. */
  #passBy(packet: Packet): number {
    if (packet.isFragment && this.#isOfServer(packet)) {
      this.#remember(packet, NO_CONNECTION, DIRECTION.input);
    }
    return this.#onward(packet);
  }

  #onward(packet: Packet): number {
    return packet.isVirtual ? this.#forwarder.onward(packet) : this.drops.count(DROP['not-for-us']);
  }

  #isOfServer({ source, family }: Packet): boolean {
    return this.sessions.services.serverAddresses.has(source, family);
  }

  /** As if they came only now: behind the first one of their packet, which has left. */
  #forwardEarly(): void {
    const { outbox, packet } = this;
    for (let one = this.#early.take(); one !== undefined; one = this.#early.take()) {
      const verdict = this.receive(one.slot, one.bytes, HEADROOM + VNET.size, one.length);
      if (verdict <= VERDICT.taken) continue;
      const start = outbox.reserve(verdict, packet.length);
      if (start === -1) this.drops.count(DROP['outbox-full']);
      else {
        const from = packet.start - VNET.size;
        packet.bytes.copy(outbox.bytes, start - VNET.size, from, packet.start + packet.length);
      }
    }
  }

  /** Whose it is by its mark, wherever it is sent to. */
  #marked({ mark, family }: Packet): ServiceRecord | undefined {
    return mark === 0 ? undefined : this.sessions.services.findByMark(mark, family);
  }

  #isOwned({ destination, family, link }: Packet): boolean {
    return this.links.owned(destination, family, link) !== undefined;
  }

  #receiveOther(packet: Packet): number {
    if (!packet.isVirtual || !this.#isOwned(packet)) return this.#passBy(packet);
    return this.drops.count(DROP.protocol);
  }

  #receiveIcmp(packet: Packet): number {
    // Of a fragment neither the checksum nor the quotation can be judged.
    const related = packet.isFragment ? 0 : findRelated(this.sessions.connections, packet);
    if (related < 0 || (related > 0 && packet.isVirtual)) return this.#forwarder.related(packet, related);
    if (!packet.isFragment && this.#forwarder.tunnelError(packet)) return VERDICT.taken;
    if (!packet.isVirtual || !this.#isOwned(packet)) return this.#passBy(packet);
    const { bytes, transport, end, family } = packet;
    const request = family === 4 ? ICMP_TYPE.echoRequest : ICMPV6_TYPE.echoRequest;
    const isEcho = bytes[transport] === request && end - transport >= ICMP.size;
    return isEcho && !packet.isFragment ? this.#answers.echo(packet) : this.drops.count(DROP.icmp);
  }

  #receiveArp(link: Link, bytes: Buffer, start: number, length: number): number {
    if (!isArpForIpv4(bytes, start, length)) return this.drops.count(DROP.arp);
    const arp = start + ETHERNET.size;
    const sender = readI32(bytes, arp + ARP.senderAddress);
    const target = readI32(bytes, arp + ARP.targetAddress);
    const owned = this.links.owned(target, 4, link);
    const isForUs = owned !== undefined && owned.link === link;
    // Address 0 is somebody who only probes (RFC 5227); our own address is another director's announcement.
    if (sender !== 0 && !this.links.owned(sender, 4, link)) {
      this.#neighbours.learn({ link, address: sender, family: 4 }, bytes, arp + ARP.senderMac, isForUs);
    }
    if (!isForUs || owned.handedOver) return VERDICT.taken;
    if (readU16(bytes, arp + ARP.operation) !== ARP_OPERATION.request) return VERDICT.taken;
    // An announcement (RFC 5227) asks nothing. It is the new master's: an answer from us, who have not heard
    // of it yet, would turn the switches back to us.
    if (sender === target) return VERDICT.taken;
    const asker = Uint8Array.prototype.slice.call(bytes, arp + ARP.senderMac, arp + ARP.senderAddress);
    const at = this.outbox.reserve(link.slot, ARP_FRAME);
    if (at === -1) return this.drops.count(DROP['outbox-full']);
    writeArp(this.outbox.bytes, at, {
      operation: ARP_OPERATION.reply,
      senderMac: owned.mac,
      senderAddress: target,
      targetMac: asker,
      targetAddress: sender,
    });
    return VERDICT.taken;
  }
}
