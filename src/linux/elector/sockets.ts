// Sockets that adverts go through, one an interface, and the one that announcements go through.
import type { Address } from '../../core/address.ts';
import { addressBytes, familyOf } from '../../core/address.ts';
import { announcement, ETHERTYPE } from '../../vrrp/arp.ts';
import { VRRP_PROTOCOL } from '../../vrrp/envelope.ts';
import type { VirtualAddress } from '../../vrrp/settings.ts';
import {
  AF,
  close,
  ERRNO,
  IP,
  MSG,
  recv,
  SO,
  SOCK,
  SOL,
  sendto,
  setsockopt,
  setsockoptInt,
  socket,
} from '../libc.ts';
import { sockaddrInet, sockaddrLl } from '../sockaddr.ts';
import type { Links } from './links.ts';

/** TC_PRIO_CONTROL: first in the queue of the device. */
export const PRIORITY_CONTROL = 7;
/** 255 addresses and an authentication trailer fit. */
export const PACKET_MAX = 2048;
/** No descriptor: the call is made, and refused. */
const NOBODY = -1;
/** struct ip_mreqn: group, local address, interface index. */
const MEMBERSHIP = { group: 0, index: 8, size: 12 } as const;

export class Ipv4AdvertSocket {
  readonly fd: number;
  readonly interface: string;
  readonly index: number;
  readonly #packet = Buffer.alloc(PACKET_MAX);
  readonly #joined = new Set<Address>();
  readonly #destinations = new Map<Address, Buffer>();

  constructor(name: string, index: number) {
    this.interface = name;
    this.index = index;
    this.fd = socket(AF.INET, SOCK.RAW | SOCK.NONBLOCK, VRRP_PROTOCOL);
    try {
      setsockopt(this.fd, SOL.SOCKET, SO.BINDTODEVICE, Buffer.from(`${name}\0`));
      setsockoptInt(this.fd, SOL.SOCKET, SO.PRIORITY, PRIORITY_CONTROL);
      setsockoptInt(this.fd, SOL.IP, IP.HDRINCL, 1);
      setsockoptInt(this.fd, SOL.IP, IP.MULTICAST_LOOP, 0);
      setsockoptInt(this.fd, SOL.IP, IP.MULTICAST_ALL, 0);
      setsockopt(this.fd, SOL.IP, IP.MULTICAST_IF, membership(undefined, index));
    } catch (error) {
      close(this.fd);
      throw error;
    }
  }

  /** Joins and leaves until exactly these are joined. */
  listenTo(groups: ReadonlySet<Address>): void {
    for (const group of groups) {
      if (this.#joined.has(group)) continue;
      setsockopt(this.fd, SOL.IP, IP.ADD_MEMBERSHIP, membership(group, this.index));
      this.#joined.add(group);
    }
    for (const group of this.#joined) {
      if (groups.has(group)) continue;
      setsockopt(this.fd, SOL.IP, IP.DROP_MEMBERSHIP, membership(group, this.index));
      this.#joined.delete(group);
    }
  }

  /** The number of bytes sent, or −errno: an interface that is down must not cost more than a count. */
  send(packet: Buffer, to: Address): number {
    let destination = this.#destinations.get(to);
    if (destination === undefined) {
      destination = sockaddrInet(to, 0);
      this.#destinations.set(to, destination);
    }
    return sendto(this.fd, packet, destination, MSG.DONTWAIT);
  }

  /** The next packet that waits, IP header included; valid until the next call. */
  receive(): Buffer | undefined {
    for (;;) {
      const length = recv(this.fd, this.#packet, MSG.DONTWAIT | MSG.TRUNC);
      if (length > PACKET_MAX) continue;
      if (length > 0) return this.#packet.subarray(0, length);
      // ENETDOWN is told once and then cleared; nothing is lost by asking again.
      if (length !== -ERRNO.EINTR && length !== -ERRNO.ENETDOWN) return undefined;
    }
  }

  close(): void {
    close(this.fd);
  }
}

function membership(group: Address | undefined, index: number): Buffer {
  const bytes = Buffer.alloc(MEMBERSHIP.size);
  if (group !== undefined) addressBytes(group).copy(bytes, MEMBERSHIP.group);
  bytes.writeInt32LE(index, MEMBERSHIP.index);
  return bytes;
}

export function rehearseSend(packet: Buffer, to: Address): void {
  sendto(NOBODY, packet, sockaddrInet(to, 0), MSG.DONTWAIT);
}

export class AnnouncementSocket {
  readonly #links: Links;
  /** Protocol 0: it sends, and is not shown what others send. */
  readonly #fd = socket(AF.PACKET, SOCK.RAW | SOCK.NONBLOCK, 0);

  constructor(links: Links) {
    this.#links = links;
  }

  announce(vips: readonly VirtualAddress[], repeat: number): void {
    for (const { frame, to } of this.#framesFor(vips))
      for (let n = 0; n < repeat; n++) sendto(this.#fd, frame, to, MSG.DONTWAIT);
  }

  rehearse(vips: readonly VirtualAddress[]): void {
    for (const { frame, to } of this.#framesFor(vips)) sendto(NOBODY, frame, to, MSG.DONTWAIT);
  }

  #framesFor(vips: readonly VirtualAddress[]): { frame: Buffer; to: Buffer }[] {
    return vips.flatMap((vip) => {
      const link = this.#links.link(vip.interface);
      if (link === undefined || link.loopback || link.mac.length !== 6) return [];
      const frame = announcement(vip.address, link.mac);
      const type = familyOf(vip.address) === 4 ? ETHERTYPE.ARP : ETHERTYPE.IPV6;
      return [{ frame, to: sockaddrLl(link.index, type, frame.subarray(0, 6)) }];
    });
  }

  close(): void {
    close(this.#fd);
  }
}
