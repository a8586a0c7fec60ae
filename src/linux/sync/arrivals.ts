// A socket beside that of the kernel's backup thread: whatever gets there gets here, too, and is counted.
// What a kernel that is busy, or a packet filter, has not let through is missing.
import { fstatSync } from 'node:fs';
import { PROTOCOL } from '../../core/ip-header.ts';
import { ipv4Membership } from '../ipv4-membership.ts';
import {
  AF,
  bind,
  close,
  IP,
  MSG,
  recv,
  SO,
  SOCK,
  SOL,
  setReceiveBuffer,
  setsockopt,
  setsockoptInt,
  socket,
} from '../libc.ts';
import { sockaddrInet } from '../sockaddr.ts';
import { DEVICE, TO_KERNEL } from './kernel-device.ts';

const RECEIVE_BUFFER = 8 * 1024 * 1024;

export class Arrivals {
  readonly #fd = socket(AF.INET, SOCK.DGRAM, PROTOCOL.udp);
  /** Nothing of a datagram is wanted. */
  readonly #byte = Buffer.alloc(1);
  /** By which /proc/net/udp knows it. */
  readonly inode: string;
  #received = 0;

  constructor(interfaceIndex: number) {
    try {
      this.inode = String(fstatSync(this.#fd).ino);
      // The thread's has it as well.
      setsockoptInt(this.#fd, SOL.SOCKET, SO.REUSEADDR, 1);
      setReceiveBuffer(this.#fd, RECEIVE_BUFFER);
      setsockopt(this.#fd, SOL.SOCKET, SO.BINDTODEVICE, Buffer.from(`${DEVICE}\0`));
      bind(this.#fd, sockaddrInet(TO_KERNEL.group, TO_KERNEL.port));
      setsockopt(this.#fd, SOL.IP, IP.ADD_MEMBERSHIP, ipv4Membership(TO_KERNEL.group, interfaceIndex));
    } catch (error) {
      close(this.#fd);
      throw error;
    }
  }

  /** So far, those for which it had no room left out. */
  receive(): number {
    while (recv(this.#fd, this.#byte, MSG.DONTWAIT | MSG.TRUNC) >= 0) this.#received++;
    return this.#received;
  }

  close(): void {
    close(this.#fd);
  }
}
