// What the engine says itself in answer to a packet: TCP resets, ICMP errors, echo replies. Written into the
// outbox, back to where the packet came from, from the address it was sent to. Limited a second, so that
// nobody can use it as an amplifier.
import { checksumAdd, checksumFinish } from '../../core/checksum.ts';
import { IPV4, IPV6, PROTOCOL } from '../../core/ip-header.ts';
import type { Addresses } from './addresses.ts';
import { finishHeader, pseudoHeaderSum } from './checksum.ts';
import { isUnspecified } from './discovery.ts';
import { DROP, type Drops } from './drops.ts';
import {
  copyMac,
  ETHERNET,
  ETHERTYPE,
  FRAGMENT,
  ICMP,
  ICMP_TYPE,
  ICMPV6_TYPE,
  readI32,
  TCP,
  TCP_FLAG,
  writeI32,
  writeU16,
} from './frame.ts';
import { finishIcmp, isIntact } from './icmp.ts';
import type { Links } from './links.ts';
import type { Neighbour } from './neighbours.ts';
import type { Outbox } from './outbox.ts';
import type { Packet } from './packet.ts';

const ANSWERS_PER_SECOND = 1000;
const TTL = 64;
/** Errors go ahead of what they are about (RFC 1812 §4.3.2.5: precedence 6), of the same type of service. */
const ERROR_TOS = 0xc0;
const TOS_MASK = 0x1e;
/**
 * Of the packet that an error is about: the header and 8 bytes at least (RFC 792), so much at most (RFC
 * 1812); over IPv6 as much as fits everywhere (RFC 4443 §3).
 */
const QUOTE_MAX = { 4: 548, 6: 1280 - IPV6.size - ICMP.size } as const;
const GROUP = 0xff;

export type IcmpError = { type: number; code: number; mtu?: number };

export class Answers {
  readonly #outbox: Outbox;
  readonly #drops: Drops;
  readonly #links: Links;
  readonly #addresses: Addresses;
  #left = ANSWERS_PER_SECOND;

  constructor(parts: { outbox: Outbox; drops: Drops; links: Links; addresses: Addresses }) {
    this.#addresses = parts.addresses;
    this.#links = parts.links;
    this.#outbox = parts.outbox;
    this.#drops = parts.drops;
  }

  refill(): void {
    this.#left = ANSWERS_PER_SECOND;
  }

  /** RFC 9293 §3.10.7.1: what a host says to a segment for a connection that does not exist. */
  reset(packet: Packet): void {
    const { bytes, transport, end } = packet;
    const flags = bytes[transport + TCP.flags]!;
    if ((flags & TCP_FLAG.rst) !== 0) return;
    const tcp = this.#begin(packet, PROTOCOL.tcp, TCP.size);
    if (tcp === -1) return;
    const out = this.#outbox.bytes;
    out.fill(0, tcp, tcp + TCP.size);
    bytes.copy(out, tcp, transport + 2, transport + 4);
    bytes.copy(out, tcp + 2, transport, transport + 2);
    out[tcp + TCP.offset] = (TCP.size / 4) << 4;
    if ((flags & TCP_FLAG.ack) !== 0) {
      bytes.copy(out, tcp + TCP.sequence, transport + TCP.acknowledgement, transport + TCP.offset);
      out[tcp + TCP.flags] = TCP_FLAG.rst;
    } else {
      const payload = end - transport - (bytes[transport + TCP.offset]! >> 4) * 4;
      const taken = payload + ((flags & TCP_FLAG.syn) >> 1) + (flags & TCP_FLAG.fin);
      writeI32(out, tcp + TCP.acknowledgement, readI32(bytes, transport + TCP.sequence) + taken);
      out[tcp + TCP.flags] = TCP_FLAG.rst | TCP_FLAG.ack;
    }
    const sum = pseudoHeaderSum(out, tcp - headerSize(packet), PROTOCOL.tcp, TCP.size);
    writeU16(out, tcp + TCP.checksum, checksumFinish(checksumAdd(sum, out, tcp, tcp + TCP.size)));
  }

  /** `way`: where to, when it is not where the packet came from. */
  icmpError(packet: Packet, error: IcmpError, way?: Neighbour): void {
    const { bytes, ip, end, family } = packet;
    if (isUnanswerable(packet)) return;
    const quote = Math.min(end - ip, QUOTE_MAX[family]);
    const protocol = family === 4 ? PROTOCOL.icmp : PROTOCOL.icmpv6;
    const icmp = this.#begin(packet, protocol, ICMP.size + quote, way);
    if (icmp === -1) return;
    const out = this.#outbox.bytes;
    out.fill(0, icmp, icmp + ICMP.size);
    out[icmp + ICMP.type] = error.type;
    out[icmp + ICMP.code] = error.code;
    writeU16(out, icmp + ICMP.rest + 2, error.mtu ?? 0);
    bytes.copy(out, icmp + ICMP.size, ip, ip + quote);
    const size = ICMP.size + quote;
    const before = family === 4 ? 0 : pseudoHeaderSum(out, icmp - IPV6.size, protocol, size);
    writeU16(out, icmp + ICMP.checksum, checksumFinish(checksumAdd(before, out, icmp, icmp + size)));
  }

  /**
   * Turns an echo request for an address of ours into its reply, in place: the verdict is to send it back.
   */
  echo(packet: Packet): number {
    if (this.#left-- <= 0) return this.#drops.count(DROP['answers-limited']);
    if (!isIntact(packet)) return this.#drops.count(DROP['bad-checksum']);
    const { bytes, start, ip, transport, family } = packet;
    copyMac(bytes, start + ETHERNET.source, bytes, start + ETHERNET.destination);
    copyMac(packet.link.mac, 0, bytes, start + ETHERNET.source);
    if (family === 6) {
      swap(bytes, ip + IPV6.source, ip + IPV6.destination, 16);
      bytes[ip + IPV6.hopLimit] = TTL;
      bytes[transport + ICMP.type] = ICMPV6_TYPE.echoReply;
    } else {
      swap(bytes, ip + IPV4.source, ip + IPV4.destination, 4);
      bytes[ip + IPV4.ttl] = TTL;
      writeU16(bytes, ip + IPV4.checksum, 0);
      finishHeader(bytes, ip);
      bytes[transport + ICMP.type] = ICMP_TYPE.echoReply;
    }
    finishIcmp(packet);
    return packet.link.slot;
  }

  /** Ethernet and IP headers back to the sender; where what follows them begins, or −1. */
  #begin(packet: Packet, protocol: number, length: number, way?: Neighbour): number {
    if (this.#left-- <= 0) {
      this.#drops.count(DROP['answers-limited']);
      return -1;
    }
    const { bytes, start, link, source, destination, family } = packet;
    // About a packet for somebody else a router speaks by its own address.
    const speaker = this.#links.owned(destination, family, link)
      ? destination
      : this.#links.asker({ link, address: source, family }).address;
    if (speaker === 0) {
      this.#drops.count(DROP['no-route']);
      return -1;
    }
    const slot = way ? way.link.slot : link.slot;
    const at = this.#outbox.reserve(slot, ETHERNET.size + headerSize(packet) + length);
    if (at === -1) {
      this.#drops.count(DROP['outbox-full']);
      return -1;
    }
    const out = this.#outbox.bytes;
    if (way) out.set(way.header, at);
    else {
      copyMac(bytes, start + ETHERNET.source, out, at + ETHERNET.destination);
      copyMac(link.mac, 0, out, at + ETHERNET.source);
    }
    const header = at + ETHERNET.size;
    writeU16(out, at + ETHERNET.type, family === 4 ? ETHERTYPE.ipv4 : ETHERTYPE.ipv6);
    if (family === 4) writeHeader(packet, out, header, speaker, protocol, length);
    else this.#writeHeader6(packet, out, header, speaker, protocol, length);
    return header + headerSize(packet);
  }

  #writeHeader6(
    { bytes, ip }: Packet,
    out: Buffer,
    header: number,
    speaker: number,
    protocol: number,
    length: number,
  ): void {
    out.fill(0, header, header + IPV6.size);
    out[header] = 0x60;
    writeU16(out, header + IPV6.payloadLength, length);
    out[header + IPV6.nextHeader] = protocol;
    out[header + IPV6.hopLimit] = TTL;
    this.#addresses.write(speaker, out, header + IPV6.source);
    bytes.copy(out, header + IPV6.destination, ip + IPV6.source, ip + IPV6.destination);
  }
}

function writeHeader(
  { bytes, ip, source }: Packet,
  out: Buffer,
  header: number,
  speaker: number,
  protocol: number,
  length: number,
): void {
  out.fill(0, header, header + IPV4.size);
  out[header] = 0x45;
  writeU16(out, header + IPV4.totalLength, IPV4.size + length);
  if (protocol === PROTOCOL.icmp) out[header + IPV4.tos] = (bytes[ip + IPV4.tos]! & TOS_MASK) | ERROR_TOS;
  else writeU16(out, header + IPV4.fragment, FRAGMENT.dontFragment);
  out[header + IPV4.ttl] = TTL;
  out[header + IPV4.protocol] = protocol;
  writeI32(out, header + IPV4.source, speaker);
  writeI32(out, header + IPV4.destination, source);
  finishHeader(out, header);
}

/** Of what is made here. */
function headerSize({ family }: Packet): number {
  return family === 4 ? IPV4.size : IPV6.size;
}

/** Nobody answers an error with an error, nor what came from no single host (RFC 4443 §2.4). */
function isUnanswerable({ bytes, ip, protocol, transport, family, isLaterFragment }: Packet): boolean {
  const type = bytes[transport + ICMP.type]!;
  if (family === 6) {
    const source = ip + IPV6.source;
    if (bytes[source] === GROUP || bytes[ip + IPV6.destination] === GROUP) return true;
    if (isUnspecified(bytes, source)) return true;
    if (protocol !== PROTOCOL.icmpv6 || isLaterFragment) return false;
    return type < ICMPV6_TYPE.information || type === ICMPV6_TYPE.redirect;
  }
  if (protocol !== PROTOCOL.icmp) return false;
  return type !== ICMP_TYPE.echoRequest && type !== ICMP_TYPE.echoReply;
}

function swap(bytes: Uint8Array, a: number, b: number, length: number): void {
  for (let i = 0; i < length; i++) {
    const kept = bytes[a + i]!;
    bytes[a + i] = bytes[b + i]!;
    bytes[b + i] = kept;
  }
}
