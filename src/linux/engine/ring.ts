// A packet socket's frames in memory that the kernel fills and the engine reads, changes and sends from
// (PACKET_RX_RING, TPACKET_V2; the kernel's Documentation/networking/packet_mmap.rst): what a system call
// would do for each frame, the kernel has done when it put the frame there.
//
// A slot holds any frame of the link's MTU. Larger ones (super-frames) are cut short in theirs, marked, and
// wait as a whole in the socket's queue (PACKET_COPY_THRESH), in the same order.
import { VNET } from '../../ipvs/embedded/frame.ts';
import { HEADROOM } from '../../ipvs/embedded/outbox.ts';
import { mapShared, PACKET, SOL, setsockopt, setsockoptInt, unmap } from '../libc.ts';
import { BATCH, type ReceiveBatch } from './batch.ts';
import type { Frames } from './frames.ts';

const TPACKET_V2 = 1;
/** struct tpacket2_hdr of <linux/if_packet.h>. */
const AT = { status: 0, length: 4, captured: 8, mac: 12 } as const;
const STATUS = { kernel: 0, user: 1, copy: 2 } as const;
/** The header, a struct sockaddr_ll, alignment, and an Ethernet header with its virtio_net_hdr. */
const OVERHEAD = 128;
/** The processor's cache line. */
const LINE = 64;
const BLOCK_BYTES = 256 * 1024;
const BLOCKS = 32;
/** Whatever the MTU, there are some hundred slots. */
const SLOT_BYTES_MAX = 16 * 1024;
const IN_RING = -1;

export class ReceiveRing implements Frames {
  readonly bytes: Buffer;
  readonly #address: number;
  readonly #words: Int32Array;
  /** Where each slot begins. */
  readonly #slots: Int32Array;
  readonly #large: ReceiveBatch;
  #next = 0;
  #count = 0;
  #largeCount = 0;
  /** Of the frames just received. */
  readonly #starts = new Int32Array(BATCH);
  readonly #lengths = new Int32Array(BATCH);
  /** Which of {@link #large} it is, or IN_RING. */
  readonly #places = new Int32Array(BATCH);
  /** Frames that were cut short and are not in the queue. */
  #lost = 0;

  /** Of a socket that is not bound yet, and says virtio_net_hdr. Throws what the kernel says. */
  constructor(fd: number, { mtu, large }: { mtu: number; large: ReceiveBatch }) {
    const slotBytes = slotBytesFor(mtu);
    const each = Math.floor(BLOCK_BYTES / slotBytes);
    setsockoptInt(fd, SOL.PACKET, PACKET.VERSION, TPACKET_V2);
    setsockoptInt(fd, SOL.PACKET, PACKET.RESERVE, HEADROOM);
    setsockoptInt(fd, SOL.PACKET, PACKET.COPY_THRESH, 1);
    layOut(fd, [BLOCK_BYTES, BLOCKS, slotBytes, each * BLOCKS]);
    const { address, memory } = mapOrUndo(fd);
    this.bytes = Buffer.from(memory);
    this.#address = address;
    this.#words = new Int32Array(memory);
    this.#slots = Int32Array.from({ length: each * BLOCKS }, (_, slot) => {
      return Math.floor(slot / each) * BLOCK_BYTES + (slot % each) * slotBytes;
    });
    this.#large = large;
  }

  receive(fd: number): number {
    const [words, slots] = [this.#words, this.#slots];
    let [count, large] = [0, 0];
    for (let next = this.#next; count < BATCH; next = this.#after(next)) {
      const slot = slots[next]!;
      const status = Atomics.load(words, (slot + AT.status) / 4);
      if ((status & STATUS.user) === 0) break;
      const captured = words[(slot + AT.captured) / 4]!;
      const isWhole = captured === words[(slot + AT.length) / 4];
      const isCopied = (status & STATUS.copy) !== 0;
      this.#starts[count] = slot + (words[(slot + AT.mac) / 4]! & 0xffff) - VNET.size;
      this.#lengths[count] = isWhole ? captured + VNET.size : 0;
      this.#places[count] = isCopied ? large++ : IN_RING;
      if (!isWhole && !isCopied) this.#lost++;
      count++;
    }
    this.#count = count;
    this.#largeCount = large > 0 ? Math.max(this.#large.receive(fd, large), 0) : 0;
    this.#lost += large - this.#largeCount;
    return count;
  }
  bytesOf(index: number): Buffer {
    return this.#places[index] === IN_RING ? this.bytes : this.#large.bytes;
  }
  addressOf(index: number): number {
    return this.#places[index] === IN_RING ? this.#address : this.#large.addressOf();
  }
  start(index: number): number {
    const place = this.#places[index]!;
    return place === IN_RING ? this.#starts[index]! : this.#large.start(place);
  }
  length(index: number): number {
    const place = this.#places[index]!;
    if (place === IN_RING) return this.#lengths[index]!;
    return place < this.#largeCount ? this.#large.length(place) : 0;
  }
  /** The kernel has no place for one there. */
  mark(): number {
    return 0;
  }
  release(): void {
    for (let i = 0; i < this.#count; i++) {
      Atomics.store(this.#words, (this.#slots[this.#next]! + AT.status) / 4, STATUS.kernel);
      this.#next = this.#after(this.#next);
    }
    this.#count = 0;
  }

  /** How many frames were too large since the last time. */
  lost(): number {
    const lost = this.#lost;
    this.#lost = 0;
    return lost;
  }

  /** Nothing of it may be looked at any more. */
  close(): void {
    unmap(this.#address, this.bytes.length);
  }

  #after(slot: number): number {
    return slot + 1 === this.#slots.length ? 0 : slot + 1;
  }
}

/** struct tpacket_req: bytes of a block, blocks, bytes of a slot, slots. */
function layOut(fd: number, request: [number, number, number, number]): void {
  setsockopt(fd, SOL.PACKET, PACKET.RX_RING, new Uint8Array(Uint32Array.from(request).buffer));
}

/** A socket whose ring nobody can read would hear nothing for ever. */
function mapOrUndo(fd: number): ReturnType<typeof mapShared> {
  try {
    return mapShared(fd, BLOCKS * BLOCK_BYTES);
  } catch (error) {
    layOut(fd, [0, 0, 0, 0]);
    throw error;
  }
}

/** An odd number of lines: the heads of all frames would share few sets of the processor's cache else. */
function slotBytesFor(mtu: number): number {
  const lines = Math.ceil(Math.min(mtu + OVERHEAD + HEADROOM, SLOT_BYTES_MAX) / LINE);
  return (lines | 1) * LINE;
}
