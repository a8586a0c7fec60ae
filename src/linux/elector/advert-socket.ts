// What the sockets that adverts go through have in common, whatever the family: bound to one interface, first
// in its queue, and in the groups that are listened to.
import type { Address } from '../../core/address.ts';
import { VRRP_PROTOCOL } from '../../vrrp/envelope.ts';
import {
  close,
  getsockoptInt,
  MSG,
  SO,
  SOCK,
  SOL,
  sendto,
  setReceiveBuffer,
  setsockopt,
  setsockoptInt,
  socket,
} from '../libc.ts';
import { sockaddrInet } from '../sockaddr.ts';

/** TC_PRIO_CONTROL: first in the queue of the device. */
const PRIORITY_CONTROL = 7;
/** 255 addresses of IPv6 and an authentication trailer fit, where frames are as large. */
export const PACKET_MAX = 4352;

/** How one family says it. `level`: of its options. */
export type Dialect = {
  domain: number;
  level: number;
  join: number;
  leave: number;
  membership: (group: Address, index: number) => Buffer;
};

export abstract class AdvertSocket {
  readonly fd: number;
  readonly interface: string;
  readonly index: number;
  readonly #dialect: Dialect;
  readonly #joined = new Set<Address>();
  readonly #destinations = new Map<Address, Buffer>();
  #kept: number | undefined;
  #usual: number | undefined;

  /** `options`: what else the family needs. */
  constructor(dialect: Dialect, name: string, index: number, options: (fd: number) => void) {
    this.#dialect = dialect;
    this.interface = name;
    this.index = index;
    this.fd = socket(dialect.domain, SOCK.RAW | SOCK.NONBLOCK, VRRP_PROTOCOL);
    try {
      setsockopt(this.fd, SOL.SOCKET, SO.BINDTODEVICE, Buffer.from(`${name}\0`));
      setsockoptInt(this.fd, SOL.SOCKET, SO.PRIORITY, PRIORITY_CONTROL);
      options(this.fd);
    } catch (error) {
      close(this.fd);
      throw error;
    }
  }

  /** The next packet that waits, IP header included; valid until the next call. */
  abstract receive(): Buffer | undefined;

  /** Joins and leaves until exactly these are joined. */
  listenTo(groups: ReadonlySet<Address>): void {
    const { level, join, leave, membership } = this.#dialect;
    for (const group of groups) {
      if (this.#joined.has(group)) continue;
      setsockopt(this.fd, level, join, membership(group, this.index));
      this.#joined.add(group);
    }
    for (const group of this.#joined) {
      if (groups.has(group)) continue;
      setsockopt(this.fd, level, leave, membership(group, this.index));
      this.#joined.delete(group);
    }
  }

  /** So many bytes that wait for us; 0 = what the system gives, but not less than `least`. */
  keep(bytes: number, least: number): void {
    this.#usual ??= getsockoptInt(this.fd, SOL.SOCKET, SO.RCVBUF) / 2; // the kernel tells it doubled
    const wanted = bytes === 0 ? Math.max(this.#usual, least) : bytes;
    if (wanted === (this.#kept ?? this.#usual)) return;
    setReceiveBuffer(this.fd, wanted);
    this.#kept = wanted;
  }

  /** The number of bytes sent, or −errno: an interface that is down must not cost more than a count. */
  send(packet: Buffer, to: Address): number {
    let destination = this.#destinations.get(to);
    if (destination === undefined) {
      // Of IPv4 addresses the scope is left out.
      destination = sockaddrInet(to, 0, this.index);
      this.#destinations.set(to, destination);
    }
    return sendto(this.fd, packet, destination, MSG.DONTWAIT);
  }

  close(): void {
    close(this.fd);
  }
}
