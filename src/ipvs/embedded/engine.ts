// The packet engine: a frame in, a verdict out, the frame rewritten in place. IPVS's NAT and direct routing
// for TCP and UDP over IPv4, by the rules in sessions.ts. Sans-I/O: time, interfaces, routes and owned
// addresses are told to it, frames of its own go to an outbox, and it allocates nothing for a packet of a
// known connection.
//
// A virtual router's MAC (00-00-5E-00-01-{vrid}) is the engine's alone: the kernel's stack takes frames to it
// for somebody else's, so the two never answer the same packet. Frames to the interface's own MAC belong to
// the kernel, except replies of real servers whose gateway is the director's own address.
import type { OwnedAddress } from '../plane.ts';
import { Answers, type Question } from './answers.ts';
import { ARP_FRAME, isArpForIpv4, writeArp } from './arp.ts';
import { decrementTtl, rewriteHeader, rewriteTransport } from './checksum.ts';
import { CONNECTION } from './connections.ts';
import { DROP, Drops, VERDICT } from './drops.ts';
import {
  ARP,
  ARP_OPERATION,
  ETHERNET,
  ETHERTYPE,
  FRAGMENT,
  ICMP,
  ICMP_TYPE,
  IPV4,
  PORTS,
  PROTOCOL,
  readI32,
  readU16,
  TCP,
  TCP_FLAG,
  UDP,
  UNREACHABLE,
  VNET,
  VNET_NEEDS_CHECKSUM,
} from './frame.ts';
import { relateError } from './icmp.ts';
import { type InterfaceFacts, type Link, Links, MAC, NOWHERE, type Owned, type RouteFacts } from './links.ts';
import { Neighbours } from './neighbours.ts';
import { Outbox } from './outbox.ts';
import { Sessions } from './sessions.ts';

const ANNOUNCEMENTS = 3;
const ANNOUNCE_EVERY_MS = 1000;
/** Only ARP carries the virtual MAC as source: without it switches would forget where it is, and flood. */
const REMIND_EVERY_MS = 60_000;
const TICK_MS = 1000;
/** The smallest MTU of IPv6, and so of every link worth the name. */
const SMALL = 1280;

/** `left`: quick rounds still to come; 0 = only reminders. */
type Announcing = { owned: readonly Owned[]; next: number; left: number; atMs: number };

export class Engine {
  readonly sessions: Sessions;
  readonly links = new Links();
  readonly drops = new Drops();
  readonly outbox = new Outbox();
  readonly #neighbours: Neighbours;
  readonly #answers: Answers;
  /** One for all packets: it is filled before it is used. */
  readonly #question: Question;
  #announcing: Announcing | undefined;
  #nowMs = 0;
  #tick = 0;
  #isBehind = false;
  /** Packets routed on without any service's doing. */
  routed = 0;

  /** `seed`: 32 bits that strangers cannot guess. */
  constructor(settings: { capacity: number; seed: number }) {
    this.sessions = new Sessions(settings);
    const { links, outbox, drops } = this;
    this.#neighbours = new Neighbours({ links, outbox, drops });
    this.#answers = new Answers({ outbox, drops });
    this.#question = { link: NOWHERE, bytes: outbox.bytes, start: 0, ip: 0, transport: 0, end: 0 };
  }

  setInterfaces(interfaces: readonly InterfaceFacts[], routes: readonly RouteFacts[]): void {
    this.#announce(this.links.setInterfaces(interfaces, routes));
  }

  own(addresses: readonly OwnedAddress[]): void {
    this.#announce(this.links.own(addresses));
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
      this.#isBehind = !this.sessions.advance(tick);
    }
    this.#neighbours.setClock(nowMs, tick);
    if (this.#announcing && nowMs >= this.#announcing.atMs) this.#announceNext(this.#announcing);
  }

  nextTimerMs(): number {
    if (this.#isBehind) return this.#nowMs;
    return Math.min(
      this.sessions.connections.count > 0 ? (this.#tick + 1) * TICK_MS : Number.POSITIVE_INFINITY,
      this.#neighbours.nextTimerMs(),
      this.#announcing?.atMs ?? Number.POSITIVE_INFINITY,
    );
  }

  /**
   * One frame of `length` bytes at `start` of `bytes`, its virtio_net_hdr right before it, received on
   * interface `slot`. The verdict: the slot of the interface to send it on, as it is now, or VERDICT.taken or
   * .dropped.
   */
  receive(slot: number, bytes: Buffer, start: number, length: number): number {
    if (length < ETHERNET.size) return this.drops.count(DROP['too-short']);
    const link = this.links.list[slot]!;
    const type = readU16(bytes, start + ETHERNET.type);
    if (type === ETHERTYPE.arp) return this.#receiveArp(link, bytes, start, length);
    if (type === ETHERTYPE.ipv6) return this.drops.count(DROP.ipv6);
    if (type !== ETHERTYPE.ipv4) return this.drops.count(DROP['not-ipv4']);
    const mac = this.links.macClass(link, bytes, start + ETHERNET.destination);
    if (mac !== MAC.virtual && mac !== MAC.own) return this.drops.count(DROP['not-for-us']);
    const ip = start + ETHERNET.size;
    if (length < ETHERNET.size + IPV4.size) return this.drops.count(DROP['too-short']);
    const headerLength = (bytes[ip]! & 0x0f) * 4;
    const totalLength = readU16(bytes, ip + IPV4.totalLength);
    if (
      bytes[ip]! >> 4 !== 4 ||
      headerLength < IPV4.size ||
      totalLength < headerLength ||
      totalLength > length - ETHERNET.size
    ) {
      return this.drops.count(DROP['bad-header']);
    }
    const question = this.#question;
    question.link = link;
    question.bytes = bytes;
    question.start = start;
    question.ip = ip;
    question.transport = ip + headerLength;
    question.end = ip + totalLength;
    return this.#receiveIpv4(question, length, mac === MAC.virtual);
  }

  #receiveIpv4(question: Question, length: number, isVirtual: boolean): number {
    const { bytes, ip, transport, end } = question;
    if ((readU16(bytes, ip + IPV4.fragment) & FRAGMENT.moreOrOffset) !== 0) {
      return this.drops.count(isVirtual ? DROP.fragment : DROP['not-for-us']);
    }
    const protocol = bytes[ip + IPV4.protocol]!;
    if (protocol === PROTOCOL.icmp) return this.#receiveIcmp(question, length, isVirtual);
    if (protocol !== PROTOCOL.tcp && protocol !== PROTOCOL.udp) {
      return this.#receiveOther(question, length, isVirtual);
    }
    if (end - transport < (protocol === PROTOCOL.tcp ? TCP.size : UDP.size)) {
      return this.drops.count(DROP['too-short']);
    }
    const { connections } = this.sessions;
    const source = readI32(bytes, ip + IPV4.source);
    const destination = readI32(bytes, ip + IPV4.destination);
    const sourcePort = readU16(bytes, transport + PORTS.source);
    const destinationPort = readU16(bytes, transport + PORTS.destination);
    const tcpFlags = protocol === PROTOCOL.tcp ? bytes[transport + TCP.flags]! : 0;
    let over = 0;
    if (isVirtual) {
      const known = connections.find(protocol, source, sourcePort, destination, destinationPort, 0);
      if (known !== 0 && !this.sessions.isReused(known, tcpFlags)) {
        return this.#forward(question, known, tcpFlags, length);
      }
      over = known;
    }
    const replied = connections.findReply(protocol, source, sourcePort, destination, destinationPort);
    if (replied !== 0) return this.#sendBack(question, replied, tcpFlags, length);
    if (!isVirtual) return this.drops.count(DROP['not-for-us']);
    if (!this.links.owned(destination)) return this.#routeOn(question, length);
    const verdict = this.#open(question, protocol, tcpFlags, length);
    // Only now: the kernel, too, still counts it for its server when it chooses one for the new connection.
    if (over !== 0) this.sessions.close(over);
    return verdict;
  }

  /** The first packet for an address of ours that belongs to no connection. */
  #open(question: Question, protocol: number, tcpFlags: number, length: number): number {
    const { bytes, ip, transport } = question;
    const destination = readI32(bytes, ip + IPV4.destination);
    const destinationPort = readU16(bytes, transport + PORTS.destination);
    const service = this.sessions.services.find(protocol, destination, destinationPort);
    const isTcp = protocol === PROTOCOL.tcp;
    if (isTcp && (!service || (tcpFlags & TCP_FLAG.syn) === 0)) {
      this.#answers.reset(question);
      return this.drops.count(service ? DROP['no-connection'] : DROP['no-service']);
    }
    if (!service) {
      this.#answers.icmpError(question, { type: ICMP_TYPE.unreachable, code: UNREACHABLE.port });
      return this.drops.count(DROP['no-service']);
    }
    const source = readI32(bytes, ip + IPV4.source);
    const sourcePort = readU16(bytes, transport + PORTS.source);
    const at = this.sessions.open(service, source, sourcePort, destination, destinationPort);
    if (at === 0) {
      // The kernel, too, says "port unreachable" here, for TCP as for UDP: another director's servers may be
      // alive.
      if (this.sessions.refusal === DROP['no-server']) {
        this.#answers.icmpError(question, { type: ICMP_TYPE.unreachable, code: UNREACHABLE.port });
      }
      return this.drops.count(this.sessions.refusal);
    }
    const verdict = this.#forward(question, at, tcpFlags, length);
    if (service.head.onePacket && !isTcp) this.sessions.close(at);
    return verdict;
  }

  /** A packet of the client, to the real server. */
  #forward(question: Question, at: number, tcpFlags: number, length: number): number {
    const { bytes, ip, transport, start } = question;
    const { connections } = this.sessions;
    if (!this.sessions.input(at, tcpFlags, question.end - ip)) {
      return this.drops.count(DROP['server-removed']);
    }
    const server = connections.server(at);
    if (!this.#mayPass(question, server)) return VERDICT.dropped;
    const method = connections.flags(at) & CONNECTION.methodMask;
    if (method === CONNECTION.masquerade) {
      const virtual = connections.virtual(at);
      const protocol = connections.protocol(at);
      const isPartial = (bytes[start - VNET.size + VNET.flags]! & VNET_NEEDS_CHECKSUM) !== 0;
      const port = connections.serverPort(at);
      rewriteTransport(bytes, transport, protocol, PORTS.destination, port, virtual, server, isPartial);
      rewriteHeader(bytes, ip, IPV4.destination, server);
    } else if (method === CONNECTION.direct) decrementTtl(bytes, ip);
    else return this.drops.count(DROP.protocol);
    return this.#neighbours.send(server, bytes, start, length);
  }

  /** A packet of the real server, to the client, from the virtual address. */
  #sendBack(question: Question, at: number, tcpFlags: number, length: number): number {
    const { bytes, ip, transport, start } = question;
    const { connections } = this.sessions;
    const client = connections.client(at);
    if (!this.#mayPass(question, client)) return VERDICT.dropped;
    this.sessions.output(at, tcpFlags, question.end - ip);
    const virtual = connections.virtual(at);
    const server = connections.server(at);
    const protocol = connections.protocol(at);
    const isPartial = (bytes[start - VNET.size + VNET.flags]! & VNET_NEEDS_CHECKSUM) !== 0;
    const port = connections.virtualPort(at);
    rewriteTransport(bytes, transport, protocol, PORTS.source, port, server, virtual, isPartial);
    rewriteHeader(bytes, ip, IPV4.source, virtual);
    return this.#neighbours.send(client, bytes, start, length);
  }

  /**
   * Sent to a virtual router's MAC, for somebody else: a router passes it on (the servers' way out, for
   * instance).
   */
  #routeOn(question: Question, length: number): number {
    const { bytes, ip, start } = question;
    const destination = readI32(bytes, ip + IPV4.destination);
    if (!this.#mayPass(question, destination)) return VERDICT.dropped;
    decrementTtl(bytes, ip);
    this.routed++;
    return this.#neighbours.send(destination, bytes, start, length);
  }

  #receiveOther(question: Question, length: number, isVirtual: boolean): number {
    if (!isVirtual) return this.drops.count(DROP['not-for-us']);
    if (this.links.owned(readI32(question.bytes, question.ip + IPV4.destination))) {
      return this.drops.count(DROP.protocol);
    }
    return this.#routeOn(question, length);
  }

  #receiveIcmp(question: Question, length: number, isVirtual: boolean): number {
    const related = relateError(this.sessions.connections, question);
    if (related !== undefined) {
      if (!this.#mayPass(question, related)) return VERDICT.dropped;
      decrementTtl(question.bytes, question.ip);
      return this.#neighbours.send(related, question.bytes, question.start, length);
    }
    if (!isVirtual) return this.drops.count(DROP['not-for-us']);
    const { bytes, ip, transport } = question;
    if (!this.links.owned(readI32(bytes, ip + IPV4.destination))) return this.#routeOn(question, length);
    const isEcho = bytes[transport] === ICMP_TYPE.echoRequest && question.end - transport >= ICMP.size;
    return isEcho ? this.#answers.echo(question) : this.drops.count(DROP.icmp);
  }

  /** TTL and size, before anything is changed. IPVS takes one off the TTL whatever the forwarding method. */
  #mayPass(question: Question, destination: number): boolean {
    const { bytes, ip } = question;
    if (bytes[ip + IPV4.ttl]! <= 1) {
      this.#answers.icmpError(question, { type: ICMP_TYPE.timeExceeded, code: 0 });
      this.drops.count(DROP['ttl-expired']);
      return false;
    }
    const packet = largestPacket(question);
    // What fits everywhere is not worth finding out where it goes.
    if (packet <= SMALL) return true;
    const neighbour = this.#neighbours.towards(destination);
    if (!neighbour) return false;
    const mtu = neighbour.link.mtu;
    if (packet <= mtu) return true;
    if ((readU16(bytes, ip + IPV4.fragment) & FRAGMENT.dontFragment) !== 0) {
      const error = { type: ICMP_TYPE.unreachable, code: UNREACHABLE.fragmentationNeeded, mtu };
      this.#answers.icmpError(question, error);
    }
    this.drops.count(DROP['too-big']);
    return false;
  }

  #receiveArp(link: Link, bytes: Buffer, start: number, length: number): number {
    if (!isArpForIpv4(bytes, start, length)) return this.drops.count(DROP.arp);
    const arp = start + ETHERNET.size;
    const sender = readI32(bytes, arp + ARP.senderAddress);
    const target = readI32(bytes, arp + ARP.targetAddress);
    const owned = this.links.owned(target);
    const isForUs = owned !== undefined && owned.link === link;
    // Address 0 is somebody who only probes (RFC 5227); our own address is another director's announcement.
    if (sender !== 0 && !this.links.owned(sender)) {
      this.#neighbours.learn(link, sender, bytes, arp + ARP.senderMac, isForUs);
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

  /** Tells the links where our new addresses are now, so that switches and hosts send there. */
  #announce(owned: readonly Owned[]): void {
    if (owned.length === 0) return;
    const before = this.#announcing?.left === 0 ? [] : (this.#announcing?.owned ?? []);
    this.#announcing = { owned: [...before, ...owned], next: 0, left: ANNOUNCEMENTS, atMs: this.#nowMs };
    this.#announceNext(this.#announcing);
  }

  /** As many as the outbox takes; the rest a moment later. After the last round the long pause begins. */
  #announceNext(round: Announcing): void {
    while (round.next < round.owned.length && !this.outbox.isFull()) {
      const { address, mac, link } = round.owned[round.next++]!;
      const owned = this.links.owned(address);
      if (owned?.link !== link || owned.handedOver) continue;
      writeArp(this.outbox.bytes, this.outbox.reserve(link.slot, ARP_FRAME), {
        operation: ARP_OPERATION.request,
        senderMac: mac,
        senderAddress: address,
        targetAddress: address,
      });
    }
    if (round.next < round.owned.length) {
      round.atMs = this.#nowMs + 1;
      return;
    }
    round.next = 0;
    round.left = Math.max(0, round.left - 1);
    round.atMs = this.#nowMs + (round.left > 0 ? ANNOUNCE_EVERY_MS : REMIND_EVERY_MS);
    if (round.left === 0) round.owned = [...this.links.allOwned()];
    if (round.owned.length === 0) this.#announcing = undefined;
  }
}

/** Bytes of the packet, or, for a super-frame, of the largest that it will be cut into. */
function largestPacket({ bytes, start, ip, transport, end }: Question): number {
  const vnet = start - VNET.size;
  if (bytes[vnet + VNET.gsoType] === 0) return end - ip;
  const isTcp = bytes[ip + IPV4.protocol] === PROTOCOL.tcp;
  const headers = transport - ip + (isTcp ? (bytes[transport + TCP.offset]! >> 4) * 4 : UDP.size);
  return headers + (bytes[vnet + VNET.gsoSize]! | (bytes[vnet + VNET.gsoSize + 1]! << 8));
}
