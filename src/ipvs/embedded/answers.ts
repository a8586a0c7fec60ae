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
import type { Link } from './links.ts';
import type { Outbox } from './outbox.ts';

const ANSWERS_PER_SECOND = 1000;
const TTL = 64;
/**
 * Of the packet that an error is about: the header and 8 bytes at least (RFC 792), so much at most (RFC
 * 1812).
 */
const QUOTE_MAX = 548;

/** The packet that is answered: where its frame and its headers begin. */
export type Question = {
  link: Link;
  bytes: Buffer;
  start: number;
  ip: number;
  transport: number;
  /** Where the IP packet ends. */
  end: number;
};
export type IcmpError = { type: number; code: number; mtu?: number };

export class Answers {
  readonly #outbox: Outbox;
  readonly #drops: Drops;
  #left = ANSWERS_PER_SECOND;

  constructor(parts: { outbox: Outbox; drops: Drops }) {
    this.#outbox = parts.outbox;
    this.#drops = parts.drops;
  }

  refill(): void {
    this.#left = ANSWERS_PER_SECOND;
  }

  /** RFC 9293 §3.10.7.1: what a host says to a segment for a connection that does not exist. */
  reset(question: Question): void {
    const { bytes, transport, end } = question;
    const flags = bytes[transport + TCP.flags]!;
    if ((flags & TCP_FLAG.rst) !== 0) return;
    const at = this.#begin(question, PROTOCOL.tcp, TCP.size);
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

  icmpError(question: Question, error: IcmpError): void {
    const { bytes, ip, end } = question;
    if (isIcmpError(bytes, ip, question.transport)) return;
    const quote = Math.min(end - ip, QUOTE_MAX);
    const at = this.#begin(question, PROTOCOL.icmp, ICMP.size + quote);
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
  echo(question: Question): number {
    if (this.#left-- <= 0) return this.#drops.count(DROP['answers-limited']);
    const { bytes, start, ip, transport, end } = question;
    copyMac(bytes, start + ETHERNET.source, bytes, start + ETHERNET.destination);
    copyMac(question.link.mac, 0, bytes, start + ETHERNET.source);
    swap(bytes, ip + IPV4.source, ip + IPV4.destination, 4);
    bytes[ip + IPV4.ttl] = TTL;
    writeU16(bytes, ip + IPV4.checksum, 0);
    finishHeader(bytes, ip);
    bytes[transport + ICMP.type] = ICMP_TYPE.echoReply;
    writeU16(bytes, transport + ICMP.checksum, 0);
    const sum = checksumFinish(checksumAdd(0, bytes, transport, end));
    writeU16(bytes, transport + ICMP.checksum, sum);
    return question.link.slot;
  }

  /** Ethernet and IP headers back to the sender; where the frame begins, or −1. */
  #begin(question: Question, protocol: number, length: number): number {
    if (this.#left-- <= 0) {
      this.#drops.count(DROP['answers-limited']);
      return -1;
    }
    const { bytes, start, ip } = question;
    const at = this.#outbox.reserve(question.link.slot, ETHERNET.size + IPV4.size + length);
    if (at === -1) {
      this.#drops.count(DROP['outbox-full']);
      return -1;
    }
    const out = this.#outbox.bytes;
    copyMac(bytes, start + ETHERNET.source, out, at + ETHERNET.destination);
    copyMac(question.link.mac, 0, out, at + ETHERNET.source);
    writeU16(out, at + ETHERNET.type, ETHERTYPE.ipv4);
    const header = at + ETHERNET.size;
    out.fill(0, header, header + IPV4.size);
    out[header] = 0x45;
    writeU16(out, header + IPV4.totalLength, IPV4.size + length);
    out[header + IPV4.fragment] = 0x40;
    out[header + IPV4.ttl] = TTL;
    out[header + IPV4.protocol] = protocol;
    bytes.copy(out, header + IPV4.source, ip + IPV4.destination, ip + IPV4.size);
    bytes.copy(out, header + IPV4.destination, ip + IPV4.source, ip + IPV4.destination);
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
