// The multicast sockets of connection sync: datagrams out by one, in by another, both tied to one interface,
// as the kernel's own sync threads have them. Knows nothing of what is in a datagram.

import { type Address, familyOf } from '../../core/address.ts';
import { PROTOCOL } from '../../core/ip-header.ts';
import { ipv4Membership } from '../ipv4-membership.ts';
import {
  AF,
  bind,
  close,
  IP,
  ifNametoindex,
  MSG,
  recv,
  SO,
  SOCK,
  SOL,
  SystemCallError,
  sendto,
  setReceiveBuffer,
  setsockopt,
  setsockoptInt,
  socket,
} from '../libc.ts';
import { sockaddrInet } from '../sockaddr.ts';

const RECEIVE_BUFFER = 8 * 1024 * 1024;
const DATAGRAM_MAX = 0x10000;

export type SyncPlace = { interface: string; group: Address; port: number; ttl: number };

export class SyncSocket {
  readonly receiveFd: number;
  readonly #sendFd: number;
  readonly #group: Buffer;
  readonly #in = Buffer.alloc(DATAGRAM_MAX);

  /** Throws a SystemCallError when the interface or the group cannot be used. */
  constructor(place: SyncPlace) {
    const ifindex = ifNametoindex(place.interface);
    if (ifindex === undefined) throw new SystemCallError('if_nametoindex', 'ENODEV', place.interface);
    if (familyOf(place.group) !== 4) throw new SystemCallError('bind', 'EAFNOSUPPORT', place.group);
    this.#group = sockaddrInet(place.group, place.port);
    const request = ipv4Membership(place.group, ifindex);
    this.receiveFd = openReceiver(this.#group, place.interface, request);
    try {
      this.#sendFd = openSender(place, request);
    } catch (error) {
      close(this.receiveFd);
      throw error;
    }
  }

  /** The count of bytes sent, or a negative errno. */
  send(datagram: Uint8Array): number {
    return sendto(this.#sendFd, datagram, this.#group, MSG.DONTWAIT | MSG.NOSIGNAL);
  }

  /** The next datagram that waits, valid until the next call. */
  receive(): Buffer | undefined {
    const length = recv(this.receiveFd, this.#in, MSG.DONTWAIT);
    return length < 0 ? undefined : this.#in.subarray(0, length);
  }

  close(): void {
    close(this.receiveFd);
    close(this.#sendFd);
  }
}

function openReceiver(group: Buffer, name: string, request: Buffer): number {
  const fd = socket(AF.INET, SOCK.DGRAM, PROTOCOL.udp);
  try {
    setsockoptInt(fd, SOL.SOCKET, SO.REUSEADDR, 1);
    setsockopt(fd, SOL.SOCKET, SO.BINDTODEVICE, Buffer.from(`${name}\0`));
    setsockoptInt(fd, SOL.IP, IP.MULTICAST_ALL, 0);
    setReceiveBuffer(fd, RECEIVE_BUFFER);
    bind(fd, group);
    setsockopt(fd, SOL.IP, IP.ADD_MEMBERSHIP, request);
    return fd;
  } catch (error) {
    close(fd);
    throw error;
  }
}

function openSender(place: SyncPlace, request: Buffer): number {
  const fd = socket(AF.INET, SOCK.DGRAM, PROTOCOL.udp);
  try {
    setsockopt(fd, SOL.SOCKET, SO.BINDTODEVICE, Buffer.from(`${place.interface}\0`));
    setsockopt(fd, SOL.IP, IP.MULTICAST_IF, request);
    setsockoptInt(fd, SOL.IP, IP.MULTICAST_TTL, place.ttl);
    setsockoptInt(fd, SOL.IP, IP.MULTICAST_LOOP, 0);
    return fd;
  } catch (error) {
    close(fd);
    throw error;
  }
}
