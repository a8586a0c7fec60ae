// The socket that adverts over IPv6 go through. The kernel takes whole packets there (IPV6_HDRINCL), but
// delivers them without header: it is made again of what recvmsg tells beside, so that everybody else sees
// packets of either family alike. The checksum is ours: IPV6_CHECKSUM is off on a raw socket.
import { type Address, addressBytes } from '../../core/address.ts';
import { VRRP_PROTOCOL, wrapMessage } from '../../vrrp/envelope.ts';
import { AF, close, IPV6, MSG, SO, SOCK, SOL, sendto, setsockopt, setsockoptInt, socket } from '../libc.ts';
import { MessageReceiver } from '../receive-message.ts';
import { sockaddrInet } from '../sockaddr.ts';
import { PACKET_MAX, PRIORITY_CONTROL } from './sockets.ts';

/** struct ipv6_mreq: group, interface index. */
const MEMBERSHIP = { index: 16, size: 20 } as const;

export class Ipv6AdvertSocket {
  readonly fd: number;
  readonly interface: string;
  readonly index: number;
  readonly #receiver = new MessageReceiver(PACKET_MAX);
  readonly #joined = new Set<Address>();
  readonly #destinations = new Map<Address, Buffer>();

  constructor(name: string, index: number) {
    this.interface = name;
    this.index = index;
    this.fd = socket(AF.INET6, SOCK.RAW | SOCK.NONBLOCK, VRRP_PROTOCOL);
    try {
      setsockopt(this.fd, SOL.SOCKET, SO.BINDTODEVICE, Buffer.from(`${name}\0`));
      setsockoptInt(this.fd, SOL.SOCKET, SO.PRIORITY, PRIORITY_CONTROL);
      setsockoptInt(this.fd, SOL.IPV6, IPV6.HDRINCL, 1);
      setsockoptInt(this.fd, SOL.IPV6, IPV6.RECVPKTINFO, 1);
      setsockoptInt(this.fd, SOL.IPV6, IPV6.RECVHOPLIMIT, 1);
      setsockoptInt(this.fd, SOL.IPV6, IPV6.MULTICAST_LOOP, 0);
      setsockoptInt(this.fd, SOL.IPV6, IPV6.MULTICAST_ALL, 0);
      setsockoptInt(this.fd, SOL.IPV6, IPV6.MULTICAST_IF, index);
    } catch (error) {
      close(this.fd);
      throw error;
    }
  }

  /** Joins and leaves until exactly these are joined. */
  listenTo(groups: ReadonlySet<Address>): void {
    for (const group of groups) {
      if (this.#joined.has(group)) continue;
      setsockopt(this.fd, SOL.IPV6, IPV6.JOIN_GROUP, membership(group, this.index));
      this.#joined.add(group);
    }
    for (const group of this.#joined) {
      if (groups.has(group)) continue;
      setsockopt(this.fd, SOL.IPV6, IPV6.LEAVE_GROUP, membership(group, this.index));
      this.#joined.delete(group);
    }
  }

  /** The number of bytes sent, or −errno. */
  send(packet: Buffer, to: Address): number {
    let destination = this.#destinations.get(to);
    if (destination === undefined) {
      destination = sockaddrInet(to, 0, this.index);
      this.#destinations.set(to, destination);
    }
    return sendto(this.fd, packet, destination, MSG.DONTWAIT);
  }

  /** The next packet that waits, IP header included. */
  receive(): Buffer | undefined {
    for (;;) {
      const received = this.#receiver.receive(this.fd);
      if (received === undefined) return undefined;
      const { source, destination, hopLimit: ttl, bytes: message } = received;
      // Both were asked for, so the kernel always tells; what it did not tell of cannot be judged.
      if (destination === undefined || ttl === undefined) continue;
      return wrapMessage({ source, destination, ttl, message });
    }
  }

  close(): void {
    close(this.fd);
  }
}

function membership(group: Address, index: number): Buffer {
  const bytes = Buffer.alloc(MEMBERSHIP.size);
  addressBytes(group).copy(bytes);
  bytes.writeInt32LE(index, MEMBERSHIP.index);
  return bytes;
}
