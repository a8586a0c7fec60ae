// The packet that the engine looks at now: where its frame and its headers begin, whose it is. One object for
// all packets, filled anew for each, so that none is allocated.
import type { Family } from '../../core/address.ts';
import { IPV4, IPV6, PROTOCOL } from '../../core/ip-header.ts';
import type { Addresses } from './addresses.ts';
import { finishSctp } from './crc32c.ts';
import { DROP } from './drops.ts';
import {
  ETHERNET,
  FRAGMENT,
  hasPorts,
  IPV6_FLOW,
  PORTS,
  readI32,
  readU16,
  TCP,
  UDP,
  VNET,
  VNET_NEEDS_CHECKSUM,
} from './frame.ts';
import { walked, walkHeaders } from './ipv6.ts';
import { type Link, NOWHERE } from './links.ts';
import { SCTP, sctpEvent } from './sctp.ts';
import { NO_SEGMENT } from './tcp.ts';

/** Nothing is wrong with it. */
const FINE = -1;

export class Packet {
  link: Link = NOWHERE;
  bytes: Buffer;
  /** Where the Ethernet header begins, its virtio_net_hdr right before it. */
  start = 0;
  /** Of the frame, padding included. */
  length = 0;
  ip = 0;
  transport = 0;
  /** Where the IP packet ends. */
  end = 0;
  /** To a virtual router's MAC: the engine's alone. Else to the machine's own. */
  isVirtual = false;
  /** The firewall mark; 0 = it has none, or nobody asks for it. Signed. */
  mark = 0;
  protocol = 0;
  family: Family = 4;
  /** `protocol` and `family`. */
  flow = 0;
  /** IPv6: 0 = nobody uses the address; {@link name} gives it a number. */
  source = 0;
  destination = 0;
  /** Has no transport header: it is in the first fragment. */
  isLaterFragment = false;
  isFragment = false;
  /** What all fragments of a packet have, IPv4's with the protocol. */
  fragmentId = 0;
  sourcePort = 0;
  destinationPort = 0;
  /** Of SCTP what its first chunk is to sctp.ts; of UDP 0. NO_SEGMENT in a later fragment. */
  tcpFlags = 0;

  readonly #addresses: Addresses;
  #isNamed = false;
  #namedSource = 0;
  #namedDestination = 0;

  constructor(bytes: Buffer, addresses: Addresses) {
    this.bytes = bytes;
    this.#addresses = addresses;
  }

  /** Gives both addresses numbers until {@link letGo}. False: there is no room for them. */
  name(): boolean {
    if (this.family === 4 || this.#isNamed) return true;
    const { bytes, ip } = this;
    const source = this.#addresses.intern(bytes, ip + IPV6.source);
    const destination = this.#addresses.intern(bytes, ip + IPV6.destination);
    if (source === 0 || destination === 0) {
      if (source !== 0) this.#addresses.release(source);
      if (destination !== 0) this.#addresses.release(destination);
      return false;
    }
    this.#isNamed = true;
    this.source = this.#namedSource = source;
    this.destination = this.#namedDestination = destination;
    return true;
  }
  letGo(): void {
    if (!this.#isNamed) return;
    this.#isNamed = false;
    this.#addresses.release(this.#namedSource);
    this.#addresses.release(this.#namedDestination);
  }

  /** Looks at the packet that begins at `ip`, as much of it as there is, instead of the one around it. */
  readQuoted(ip: number): void {
    const { bytes } = this;
    this.ip = ip;
    if (this.family === 6) {
      walkHeaders(bytes, ip, this.end);
      this.#takeIpv6(ip);
    } else {
      this.transport = ip + (bytes[ip]! & 0x0f) * 4;
      this.protocol = this.flow = bytes[ip + IPV4.protocol]!;
      this.source = readI32(bytes, ip + IPV4.source);
      this.destination = readI32(bytes, ip + IPV4.destination);
    }
    this.sourcePort = readU16(bytes, this.transport + PORTS.source);
    this.destinationPort = readU16(bytes, this.transport + PORTS.destination);
  }

  /** Takes the IPv4 headers apart; answers a drop reason, or −1. */
  readIpv4(): number {
    const { bytes, start, length } = this;
    if (length < ETHERNET.size + IPV4.size) return DROP['too-short'];
    const ip = start + ETHERNET.size;
    const headerLength = (bytes[ip]! & 0x0f) * 4;
    const totalLength = readU16(bytes, ip + IPV4.totalLength);
    if (
      bytes[ip]! >> 4 !== 4 ||
      headerLength < IPV4.size ||
      totalLength < headerLength ||
      totalLength > length - ETHERNET.size
    ) {
      return DROP['bad-header'];
    }
    this.ip = ip;
    this.transport = ip + headerLength;
    this.end = ip + totalLength;
    this.family = 4;
    this.protocol = bytes[ip + IPV4.protocol]!;
    this.flow = this.protocol;
    this.source = readI32(bytes, ip + IPV4.source);
    this.destination = readI32(bytes, ip + IPV4.destination);
    const fragment = readU16(bytes, ip + IPV4.fragment);
    this.isFragment = (fragment & FRAGMENT.moreOrOffset) !== 0;
    this.isLaterFragment = (fragment & FRAGMENT.offset) !== 0;
    if (!this.isFragment) return this.#readTransport();
    this.fragmentId = (readU16(bytes, ip + IPV4.id) << 8) | this.protocol;
    return this.#readFragment();
  }

  /** Takes the IPv6 headers apart; answers a drop reason, or −1. */
  readIpv6(): number {
    const { bytes, start, length } = this;
    if (length < ETHERNET.size + IPV6.size) return DROP['too-short'];
    const ip = start + ETHERNET.size;
    const end = ip + IPV6.size + readU16(bytes, ip + IPV6.payloadLength);
    if (bytes[ip]! >> 4 !== 6 || end > start + length) return DROP['bad-header'];
    const wrong = walkHeaders(bytes, ip, end);
    if (wrong !== FINE) return wrong;
    this.ip = ip;
    this.end = end;
    this.family = 6;
    this.isFragment = walked.isFragment;
    this.isLaterFragment = walked.isLaterFragment;
    this.fragmentId = walked.fragmentId;
    this.#takeIpv6(ip);
    return this.isFragment ? this.#readFragment() : this.#readTransport();
  }

  #takeIpv6(ip: number): void {
    this.transport = walked.at;
    this.protocol = walked.protocol;
    this.flow = walked.protocol | IPV6_FLOW;
    this.source = this.#addresses.find(this.bytes, ip + IPV6.source);
    this.destination = this.#addresses.find(this.bytes, ip + IPV6.destination);
  }

  #readFragment(): number {
    if (!this.isLaterFragment) return this.#readTransport();
    this.tcpFlags = NO_SEGMENT;
    return FINE;
  }

  #readTransport(): number {
    const { bytes, transport, protocol } = this;
    if (protocol === PROTOCOL.sctp) return this.#readSctp();
    const isTcp = protocol === PROTOCOL.tcp;
    if (!isTcp && protocol !== PROTOCOL.udp) return FINE;
    if (this.end - transport < (isTcp ? TCP.size : UDP.size)) return DROP['too-short'];
    this.sourcePort = readU16(bytes, transport + PORTS.source);
    this.destinationPort = readU16(bytes, transport + PORTS.destination);
    this.tcpFlags = isTcp ? bytes[transport + TCP.flags]! : 0;
    return FINE;
  }

  #readSctp(): number {
    const { bytes, transport, end, start } = this;
    if (end - transport < SCTP.size) return DROP['too-short'];
    this.sourcePort = readU16(bytes, transport + PORTS.source);
    this.destinationPort = readU16(bytes, transport + PORTS.destination);
    this.tcpFlags = sctpEvent(bytes, transport, end);
    if (!this.hasPartialChecksum) return FINE;
    // No packet socket can say that it is this kind of checksum which is still to come.
    finishSctp(bytes, transport, end);
    bytes[start - VNET.size + VNET.flags]! &= ~VNET_NEEDS_CHECKSUM;
    return FINE;
  }

  hasPorts(): boolean {
    return hasPorts(this.protocol);
  }

  /** Of the IP packet; a super-frame's is that of all its segments. */
  get size(): number {
    return this.end - this.ip;
  }
  /** Time to live, hop limit. */
  get hopsLeft(): number {
    return this.bytes[this.ip + (this.family === 4 ? IPV4.ttl : IPV6.hopLimit)]!;
  }
  get mayBeFragmented(): boolean {
    const isIpv4 = this.family === 4;
    return isIpv4 && (readU16(this.bytes, this.ip + IPV4.fragment) & FRAGMENT.dontFragment) === 0;
  }
  get hasPartialChecksum(): boolean {
    return (this.bytes[this.start - VNET.size + VNET.flags]! & VNET_NEEDS_CHECKSUM) !== 0;
  }
  get isSuperFrame(): boolean {
    return this.bytes[this.start - VNET.size + VNET.gsoType] !== 0;
  }
  /** Bytes of what a super-frame carries in each of its segments. */
  get segmentSize(): number {
    const at = this.start - VNET.size + VNET.gsoSize;
    return this.bytes[at]! | (this.bytes[at + 1]! << 8);
  }
  /** Where the transport's payload begins. */
  get payload(): number {
    const { bytes, transport } = this;
    const isTcp = this.protocol === PROTOCOL.tcp;
    return transport + (isTcp ? (bytes[transport + TCP.offset]! >> 4) * 4 : UDP.size);
  }
  /** Bytes of the packet, or, for a super-frame, of the largest that it will be cut into. */
  get largest(): number {
    return this.isSuperFrame ? this.payload - this.ip + this.segmentSize : this.size;
  }
}
