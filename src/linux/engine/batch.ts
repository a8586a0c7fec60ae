// A batch of 64 frames is one system call, recvmmsg or sendmmsg, and allocates nothing. Frames are received
// into fixed slots and sent from where they are.
import koffi from 'koffi';
import { FRAME_BYTES_MAX, FRAME_STRIDE, HEADROOM } from '../../ipvs/embedded/outbox.ts';
import { define, ERRNO, MSG, pointerTo } from '../libc.ts';
import { Headers, IOVEC, MESSAGE } from '../msghdr.ts';

export const BATCH = 64;
type Many = (fd: number, messages: Uint8Array, count: number, flags: number, timeout: null) => number;
const recvmmsg = define<Many>('recvmmsg', 'int', ['int', 'void *', 'uint', 'int', 'void *']);

/** Frames just received. */
export class ReceiveBatch {
  readonly bytes: Buffer = Buffer.alloc(BATCH * FRAME_STRIDE);
  readonly #headers = new Headers(BATCH);
  readonly #words: Uint32Array;

  constructor() {
    const base = pointerTo(this.bytes);
    for (let i = 0; i < BATCH; i++) {
      this.#headers.vectors.writeBigUInt64LE(base + BigInt(this.start(i)), i * IOVEC.size);
      this.#headers.vectors.writeUInt32LE(FRAME_BYTES_MAX, i * IOVEC.size + IOVEC.length);
    }
    this.#words = wordsOf(this.#headers.messages);
  }

  /** How many frames came: 0 when none waits, negative errno. */
  receive(fd: number): number {
    const count = recvmmsg(fd, this.#headers.messages, BATCH, MSG.DONTWAIT, null);
    if (count >= 0) return count;
    const errno = koffi.errno();
    return errno === ERRNO.EAGAIN || errno === ERRNO.EINTR ? 0 : -errno;
  }

  /** Where the virtio_net_hdr of the frame in `slot` begins, HEADROOM before it. */
  start(slot: number): number {
    return slot * FRAME_STRIDE + HEADROOM;
  }
  /** Bytes received, the virtio_net_hdr included. */
  length(slot: number): number {
    return this.#words[(slot * MESSAGE.size + MESSAGE.length) / 4]!;
  }
}

/** Frames to be sent through one socket, wherever in memory they are. */
export class SendBatch {
  readonly #headers = new Headers(BATCH);
  readonly #words: Uint32Array;
  #count = 0;
  sent = 0;
  failed = 0;

  constructor() {
    this.#words = wordsOf(this.#headers.vectors);
  }

  get count(): number {
    return this.#count;
  }
  isFull(): boolean {
    return this.#count === BATCH;
  }

  /** `address`: of the virtio_net_hdr, as a number (user space ends below 2⁴⁷). */
  add(address: number, length: number): void {
    const at = (this.#count * IOVEC.size) / 4;
    this.#words[at] = address;
    this.#words[at + 1] = address / 0x100000000;
    this.#words[at + 2] = length;
    this.#count++;
  }

  /**
   * A frame that the kernel refuses (its queue is full, the link is down) is lost, as on any wire, and
   * counted.
   */
  flush(fd: number): void {
    const sent = this.#headers.send(fd, this.#count);
    this.sent += sent;
    this.failed += this.#count - sent;
    this.#count = 0;
  }
}

function wordsOf(bytes: Buffer): Uint32Array {
  return new Uint32Array(bytes.buffer, bytes.byteOffset, bytes.length / 4);
}
