// recvmsg into memory laid out once: a datagram, who sent it, to whom, and over how many routers it came.
import koffi from 'koffi';
import { type Address, addressFromBytes } from '../core/address.ts';
import { define, ERRNO, MSG, pointerTo, SOL, systemError } from './libc.ts';
import { IOVEC, MSGHDR } from './msghdr.ts';
import { decodeSockaddrInet } from './sockaddr.ts';

/** struct cmsghdr of <sys/socket.h> on 64-bit machines. */
const CONTROL = { length: 0, level: 8, type: 12, data: 16, align: 8 } as const;
const NAME_SIZE = 28;
const CONTROL_SIZE = 128;
/** Types of ancillary data: <linux/in.h>, <linux/in6.h>. */
const IP_TTL = 2;
const IPV6_PKTINFO = 50;
const IPV6_HOPLIMIT = 52;
/** struct in6_pktinfo: address, interface index. */
const ADDRESS_LENGTH = 16;

type Recvmsg = (fd: number, message: Uint8Array, flags: number) => number;
const recvmsg = define<Recvmsg>('recvmsg', 'long', ['int', 'void *', 'int']);

/** What the socket was not asked for (IP_RECVTTL, IPV6_RECVHOPLIMIT, IPV6_RECVPKTINFO) is not told. */
export type Received = Beside & { bytes: Buffer; source: Address };
type Beside = { hopLimit?: number; destination?: Address; interfaceIndex?: number };

export class MessageReceiver {
  readonly #message = Buffer.alloc(MSGHDR.size);
  readonly #vector = Buffer.alloc(IOVEC.size);
  readonly #name = Buffer.alloc(NAME_SIZE);
  readonly #control = Buffer.alloc(CONTROL_SIZE);
  readonly #bytes: Buffer;

  /** `most`: bytes of a datagram; what is longer is passed over. */
  constructor(most: number) {
    this.#bytes = Buffer.alloc(most);
    this.#vector.writeBigUInt64LE(pointerTo(this.#bytes), 0);
    this.#vector.writeBigUInt64LE(BigInt(most), IOVEC.length);
    this.#message.writeBigUInt64LE(pointerTo(this.#name), MSGHDR.name);
    this.#message.writeBigUInt64LE(pointerTo(this.#vector), MSGHDR.iov);
    this.#message.writeBigUInt64LE(1n, MSGHDR.iovLength);
    this.#message.writeBigUInt64LE(pointerTo(this.#control), MSGHDR.control);
  }

  /** Undefined when none waits. `bytes` are valid until the next call. */
  receive(fd: number): Received | undefined {
    for (;;) {
      this.#message.writeUInt32LE(NAME_SIZE, MSGHDR.nameLength);
      this.#message.writeBigUInt64LE(BigInt(CONTROL_SIZE), MSGHDR.controlLength);
      const length = recvmsg(fd, this.#message, MSG.DONTWAIT | MSG.TRUNC);
      if (length < 0) {
        const errno = koffi.errno();
        if (errno === ERRNO.EAGAIN) return undefined;
        if (errno === ERRNO.EINTR) continue;
        // ENETDOWN is told once and then cleared; nothing is lost by asking again.
        if (errno === ERRNO.ENETDOWN) continue;
        throw systemError('recvmsg', errno, fd);
      }
      const sender = decodeSockaddrInet(this.#name);
      if (length > this.#bytes.length || sender === undefined) continue;
      return { bytes: this.#bytes.subarray(0, length), source: sender.address, ...this.#beside() };
    }
  }

  #beside(): Beside {
    const beside: Beside = {};
    const end = Number(this.#message.readBigUInt64LE(MSGHDR.controlLength));
    for (let at = 0; at + CONTROL.data <= end; ) {
      const length = Number(this.#control.readBigUInt64LE(at + CONTROL.length));
      if (length < CONTROL.data || at + length > end) break;
      const level = this.#control.readInt32LE(at + CONTROL.level);
      const type = this.#control.readInt32LE(at + CONTROL.type);
      const data = this.#control.subarray(at + CONTROL.data, at + length);
      if ((level === SOL.IP && type === IP_TTL) || (level === SOL.IPV6 && type === IPV6_HOPLIMIT))
        beside.hopLimit = data.readInt32LE();
      if (level === SOL.IPV6 && type === IPV6_PKTINFO) {
        beside.destination = addressFromBytes(data.subarray(0, ADDRESS_LENGTH));
        beside.interfaceIndex = data.readInt32LE(ADDRESS_LENGTH);
      }
      at += Math.ceil(length / CONTROL.align) * CONTROL.align;
    }
    return beside;
  }
}
