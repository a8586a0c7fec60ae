// A batch of 64 frames is one system call, recvmmsg or sendmmsg, and allocates nothing. Frames are received
// into fixed slots and sent from where they are.
import koffi from 'koffi';
import { FRAME_BYTES_MAX, FRAME_STRIDE, HEADROOM } from '../../ipvs/embedded/outbox.ts';
import { define, ERRNO, MSG, pointerTo, SO, SOL } from '../libc.ts';
import { Headers, IOVEC, MESSAGE } from '../msghdr.ts';
import type { Frames } from './frames.ts';

export const BATCH = 64;
type Many = (fd: number, messages: Uint8Array, count: number, flags: number, timeout: null) => number;
const recvmmsg = define<Many>('recvmmsg', 'int', ['int', 'void *', 'uint', 'int', 'void *']);

/** struct cmsghdr with a firewall mark in it. */
const CONTROL = { level: 8, type: 12, mark: 16, size: 24 } as const;

/** Frames that a system call put into fixed slots. */
export class ReceiveBatch implements Frames {
  readonly bytes: Buffer = Buffer.alloc(BATCH * FRAME_STRIDE);
  readonly #address = Number(pointerTo(this.bytes));
  readonly #headers = new Headers(BATCH);
  readonly #words: Uint32Array;
  /** Undefined = frames are not asked for their marks. */
  #control: Int32Array | undefined;

  constructor() {
    const base = pointerTo(this.bytes);
    for (let i = 0; i < BATCH; i++) {
      this.#headers.vectors.writeBigUInt64LE(base + BigInt(this.start(i)), i * IOVEC.size);
      this.#headers.vectors.writeUInt32LE(FRAME_BYTES_MAX, i * IOVEC.size + IOVEC.length);
    }
    this.#words = wordsOf(this.#headers.messages);
  }

  /** Are there sockets that tell marks? */
  hearMarks(hears: boolean): void {
    if (hears === (this.#control !== undefined)) return;
    const control = Buffer.alloc(hears ? BATCH * CONTROL.size : 0);
    this.#control = hears
      ? new Int32Array(control.buffer, control.byteOffset, control.length / 4)
      : undefined;
    const base = hears ? pointerTo(control) : 0n;
    for (let i = 0; i < BATCH; i++) {
      const address = hears ? base + BigInt(i * CONTROL.size) : 0n;
      this.#headers.messages.writeBigUInt64LE(address, i * MESSAGE.size + MESSAGE.control);
      this.#words[controlLengthAt(i)] = 0;
    }
  }

  receive(fd: number, most = BATCH): number {
    if (this.#control !== undefined) this.#makeRoomForMarks();
    const count = recvmmsg(fd, this.#headers.messages, most, MSG.DONTWAIT, null);
    if (count >= 0) return count;
    const errno = koffi.errno();
    return errno === ERRNO.EAGAIN || errno === ERRNO.EINTR ? 0 : -errno;
  }
  bytesOf(): Buffer {
    return this.bytes;
  }
  addressOf(): number {
    return this.#address;
  }
  start(slot: number): number {
    return slot * FRAME_STRIDE + HEADROOM;
  }
  length(slot: number): number {
    return this.#words[(slot * MESSAGE.size + MESSAGE.length) / 4]!;
  }
  mark(slot: number): number {
    const control = this.#control;
    if (control === undefined || this.#words[controlLengthAt(slot)]! < CONTROL.mark) return 0;
    const at = (slot * CONTROL.size) / 4;
    const isMark =
      control[at + CONTROL.level / 4] === SOL.SOCKET && control[at + CONTROL.type / 4] === SO.MARK;
    return isMark ? control[at + CONTROL.mark / 4]! : 0;
  }
  /** The next system call does. */
  release(): void {}

  /** The kernel leaves there how much it has used. */
  #makeRoomForMarks(): void {
    for (let i = 0; i < BATCH; i++) this.#words[controlLengthAt(i)] = CONTROL.size;
  }
}
function controlLengthAt(slot: number): number {
  return (slot * MESSAGE.size + MESSAGE.controlLength) / 4;
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
