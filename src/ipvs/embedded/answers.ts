// What the engine says itself in answer to a packet: TCP resets, ICMP errors, echo replies. Written into the
// outbox, back to where the packet came from, from the address it was sent to. Limited a second, so that
// nobody can use it as an amplifier.
import { checksumAdd, checksumFinish } from '../../core/checksum.ts';
import { finishHeader, pseudoHeaderSum } from './checksum.ts';
import { DROP, type Drops } from './drops.ts';
import {
  copyMac,
  ETHERNET,
  ETHERTYPE,
  FRAGMENT,
  ICMP,
  ICMP_TYPE,
  IPV4,
  PROTOCOL,
  readI32,
  TCP,
  TCP_FLAG,
  writeI32,
  writeU16,
} from './frame.ts';
import { isIntact } from './icmp.ts';
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
 * 1812).
 */
const QUOTE_MAX = 548;

export type IcmpError = { type: number; code: number; mtu?: number };

export class Answers {
  readonly #outbox: Outbox;
  readonly #drops: Drops;
  readonly #links: Links;
  #left = ANSWERS_PER_SECOND;

  constructor(parts: { outbox: Outbox; drops: Drops; links: Links }) {
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
    const at = this.#begin(packet, PROTOCOL.tcp, TCP.size);
    if (at === -1) return;
    const out = this.#outbox.bytes;
    const tcp = at + ETHERNET.size + IPV4.size;
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
    const sum = pseudoHeaderSum(out, at + ETHERNET.size, TCP.size);
    writeU16(out, tcp + TCP.checksum, checksumFinish(checksumAdd(sum, out, tcp, tcp + TCP.size)));
  }

  /** `way`: where to, when it is not where the packet came from. */
  icmpError(packet: Packet, error: IcmpError, way?: Neighbour): void {
    const { bytes, ip, end } = packet;
    if (isIcmpError(bytes, ip, packet.transport)) return;
    const quote = Math.min(end - ip, QUOTE_MAX);
    const at = this.#begin(packet, PROTOCOL.icmp, ICMP.size + quote, way);
    if (at === -1) return;
    const out = this.#outbox.bytes;
    const icmp = at + ETHERNET.size + IPV4.size;
    out.fill(0, icmp, icmp + ICMP.size);
    out[icmp + ICMP.type] = error.type;
    out[icmp + ICMP.code] = error.code;
    writeU16(out, icmp + ICMP.rest + 2, error.mtu ?? 0);
    bytes.copy(out, icmp + ICMP.size, ip, ip + quote);
    const sum = checksumFinish(checksumAdd(0, out, icmp, icmp + ICMP.size + quote));
    writeU16(out, icmp + ICMP.checksum, sum);
  }

  /**
   * Turns an echo request for an address of ours into its reply, in place: the verdict is to send it back.
   */
  echo(packet: Packet): number {
    if (this.#left-- <= 0) return this.#drops.count(DROP['answers-limited']);
    if (!isIntact(packet)) return this.#drops.count(DROP['bad-checksum']);
    const { bytes, start, ip, transport, end } = packet;
    copyMac(bytes, start + ETHERNET.source, bytes, start + ETHERNET.destination);
    copyMac(packet.link.mac, 0, bytes, start + ETHERNET.source);
    swap(bytes, ip + IPV4.source, ip + IPV4.destination, 4);
    bytes[ip + IPV4.ttl] = TTL;
    writeU16(bytes, ip + IPV4.checksum, 0);
    finishHeader(bytes, ip);
    bytes[transport + ICMP.type] = ICMP_TYPE.echoReply;
    writeU16(bytes, transport + ICMP.checksum, 0);
    const sum = checksumFinish(checksumAdd(0, bytes, transport, end));
    writeU16(bytes, transport + ICMP.checksum, sum);
    return packet.link.slot;
  }

  /** Ethernet and IP headers back to the sender; where the frame begins, or −1. */
  #begin(packet: Packet, protocol: number, length: number, way?: Neighbour): number {
    if (this.#left-- <= 0) {
      this.#drops.count(DROP['answers-limited']);
      return -1;
    }
    const { bytes, start, ip, link, source, destination } = packet;
    // About a packet for somebody else a router speaks by its own address.
    const speaker = this.#links.owned(destination)
      ? destination
      : this.#links.asker({ link, address: source }).address;
    if (speaker === 0) {
      this.#drops.count(DROP['no-route']);
      return -1;
    }
    const slot = way ? way.link.slot : link.slot;
    const at = this.#outbox.reserve(slot, ETHERNET.size + IPV4.size + length);
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
    writeU16(out, at + ETHERNET.type, ETHERTYPE.ipv4);
    const header = at + ETHERNET.size;
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
    return at;
  }
}

/** Nobody answers an error with an error. */
function isIcmpError(bytes: Uint8Array, ip: number, transport: number): boolean {
  if (bytes[ip + IPV4.protocol] !== PROTOCOL.icmp) return false;
  const type = bytes[transport + ICMP.type];
  return type !== ICMP_TYPE.echoRequest && type !== ICMP_TYPE.echoReply;
}

function swap(bytes: Uint8Array, a: number, b: number, length: number): void {
  for (let i = 0; i < length; i++) {
    const kept = bytes[a + i]!;
    bytes[a + i] = bytes[b + i]!;
    bytes[b + i] = kept;
  }
}
