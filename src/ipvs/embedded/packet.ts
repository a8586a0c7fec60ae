// The packet that the engine looks at now: where its frame and its headers begin, whose it is. One object for
// all packets, filled anew for each, so that none is allocated.
import { DROP } from './drops.ts';
import {
  ETHERNET,
  FRAGMENT,
  IPV4,
  PORTS,
  PROTOCOL,
  readI32,
  readU16,
  TCP,
  UDP,
  VNET,
  VNET_NEEDS_CHECKSUM,
} from './frame.ts';
import { type Link, NOWHERE } from './links.ts';
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
  protocol = 0;
  source = 0;
  destination = 0;
  /** Has no transport header: it is in the first fragment. */
  isLaterFragment = false;
  isFragment = false;
  sourcePort = 0;
  destinationPort = 0;
  /** 0 unless it is TCP; NO_SEGMENT in a later fragment. */
  tcpFlags = 0;

  constructor(bytes: Buffer) {
    this.bytes = bytes;
  }

  /** Looks at the packet that begins at `ip`, as much of it as there is, instead of the one around it. */
  readQuoted(ip: number): void {
    const { bytes } = this;
    this.ip = ip;
    this.transport = ip + (bytes[ip]! & 0x0f) * 4;
    this.protocol = bytes[ip + IPV4.protocol]!;
    this.source = readI32(bytes, ip + IPV4.source);
    this.destination = readI32(bytes, ip + IPV4.destination);
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
    this.protocol = bytes[ip + IPV4.protocol]!;
    this.source = readI32(bytes, ip + IPV4.source);
    this.destination = readI32(bytes, ip + IPV4.destination);
    const fragment = readU16(bytes, ip + IPV4.fragment);
    this.isFragment = (fragment & FRAGMENT.moreOrOffset) !== 0;
    this.isLaterFragment = (fragment & FRAGMENT.offset) !== 0;
    if (!this.isLaterFragment) return this.#readTransport();
    this.tcpFlags = NO_SEGMENT;
    return FINE;
  }

  #readTransport(): number {
    const { bytes, transport, protocol } = this;
    const isTcp = protocol === PROTOCOL.tcp;
    if (!isTcp && protocol !== PROTOCOL.udp) return FINE;
    if (this.end - transport < (isTcp ? TCP.size : UDP.size)) return DROP['too-short'];
    this.sourcePort = readU16(bytes, transport + PORTS.source);
    this.destinationPort = readU16(bytes, transport + PORTS.destination);
    this.tcpFlags = isTcp ? bytes[transport + TCP.flags]! : 0;
    return FINE;
  }

  hasPorts(): boolean {
    return this.protocol === PROTOCOL.tcp || this.protocol === PROTOCOL.udp;
  }

  /** Of the IP packet; a super-frame's is that of all its segments. */
  get size(): number {
    return this.end - this.ip;
  }
  get mayBeFragmented(): boolean {
    return (readU16(this.bytes, this.ip + IPV4.fragment) & FRAGMENT.dontFragment) === 0;
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
