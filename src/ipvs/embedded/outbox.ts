// Frames that the engine makes itself (ARP, RST, ICMP) or kept until a neighbour answered, waiting to be
// sent: a fixed number of places, each with room for the largest frame. The edge sends what is in it after
// every batch and clears it.
import { VNET } from './frame.ts';

/** The largest frame (64 KB of IP and an Ethernet header) behind its virtio_net_hdr. */
export const FRAME_BYTES_MAX = VNET.size + 14 + 0xffff;
/** Before the virtio_net_hdr of a received frame: for the header of a tunnel, IPv6's being the larger. */
export const HEADROOM = 64;
// Not a power of two apart, or the heads of all frames would share one set of the processor's cache.
export const FRAME_STRIDE = 0x10000 + 256;
/** Twice what the largest super-frame is cut into. */
const PLACES = 96;

export class Outbox {
  readonly bytes: Buffer = Buffer.alloc(PLACES * FRAME_STRIDE);
  readonly #interfaces = new Int32Array(PLACES);
  readonly #lengths = new Int32Array(PLACES);
  #count = 0;

  get count(): number {
    return this.#count;
  }
  isFull(): boolean {
    return this.#count === PLACES;
  }

  isHalfFull(): boolean {
    return this.#count * 2 >= PLACES;
  }

  /**
   * Room for a frame of `length` bytes on `link`: where it begins in `bytes`, with an empty virtio_net_hdr
   * before it. −1 when there is none. What the place held before is still in it.
   */
  reserve(link: number, length: number): number {
    if (this.#count === PLACES) return -1;
    const place = this.#count++;
    this.#interfaces[place] = link;
    this.#lengths[place] = length;
    const start = place * FRAME_STRIDE + VNET.size;
    this.bytes.fill(0, start - VNET.size, start);
    return start;
  }

  link(place: number): number {
    return this.#interfaces[place]!;
  }
  /** Where the frame's virtio_net_hdr begins; the frame follows it. */
  start(place: number): number {
    return place * FRAME_STRIDE;
  }
  /** With the virtio_net_hdr. */
  length(place: number): number {
    return this.#lengths[place]! + VNET.size;
  }
  clear(): void {
    this.#count = 0;
  }
}
