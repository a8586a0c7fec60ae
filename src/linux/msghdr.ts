// struct msghdr in Buffers, for recvmsg; and arrays of struct mmsghdr with an iovec each, laid out once, and
// how they are sent: many packets by one system call.
import { define, MSG, pointerTo } from './libc.ts';

/** <sys/socket.h> on 64-bit machines. */
export const MSGHDR = {
  name: 0,
  nameLength: 8,
  iov: 16,
  iovLength: 24,
  control: 32,
  controlLength: 40,
  size: 56,
} as const;
/** struct mmsghdr: `length` is what went through. */
export const MESSAGE = { ...MSGHDR, length: MSGHDR.size, size: 64 } as const;
export const IOVEC = { length: 8, size: 16 } as const;

type SendMany = (fd: number, messages: Uint8Array, count: number, flags: number) => number;
const sendmmsg = define<SendMany>('sendmmsg', 'int', ['int', 'void *', 'uint', 'int']);

export class Headers {
  readonly messages: Buffer;
  readonly vectors: Buffer;

  constructor(count: number) {
    this.messages = Buffer.alloc(count * MESSAGE.size);
    this.vectors = Buffer.alloc(count * IOVEC.size);
    const vectors = pointerTo(this.vectors);
    for (let i = 0; i < count; i++) {
      this.messages.writeBigUInt64LE(vectors + BigInt(i * IOVEC.size), i * MESSAGE.size + MESSAGE.iov);
      this.messages.writeUInt32LE(1, i * MESSAGE.size + MESSAGE.iovLength);
    }
  }

  /** The first `count`; answers how many went out. What the kernel refuses is left out. */
  send(fd: number, count: number): number {
    let done = 0;
    let sent = 0;
    while (done < count) {
      const rest = done === 0 ? this.messages : this.messages.subarray(done * MESSAGE.size);
      const went = sendmmsg(fd, rest, count - done, MSG.DONTWAIT);
      if (went > 0) sent += went;
      done += Math.max(1, went);
    }
    return sent;
  }
}
