// Fragments that came before the first one of their packet, which has the ports and decides where they go:
// kept for a moment, in a fixed number of places, and handed out again when it has come.
import { IPV4, IPV6 } from '../../core/ip-header.ts';
import { DROP, type Drops, VERDICT } from './drops.ts';
import { VNET } from './frame.ts';
import { HEADROOM } from './outbox.ts';
import type { Packet } from './packet.ts';

/** Of all packets together. */
const KEPT_MAX = 64;
/** What takes another way than the rest of its packet is late by milliseconds. */
const KEPT_SECONDS = 1;

export type EarlyFragment = {
  slot: number;
  /** The frame as it came, behind HEADROOM and its virtio_net_hdr. */
  bytes: Buffer;
  length: number;
  id: number;
  /** Source and destination. */
  addresses: Buffer;
  tick: number;
  isDue: boolean;
};

export class EarlyFragments {
  readonly #drops: Drops;
  #kept: EarlyFragment[] = [];
  #tick = 0;

  constructor(drops: Drops) {
    this.#drops = drops;
  }

  get count(): number {
    return this.#kept.length;
  }
  /** Is there something for {@link take}? */
  get isDue(): boolean {
    return this.#kept.some(({ isDue }) => isDue);
  }

  keep(packet: Packet): number {
    const { bytes, start, length, link, fragmentId } = packet;
    if (this.#kept.length === KEPT_MAX) return this.#drops.count(DROP.fragment);
    const copy = Buffer.alloc(HEADROOM + VNET.size + length);
    bytes.copy(copy, HEADROOM, start - VNET.size, start + length);
    const addresses = Buffer.from(addressesOf(packet));
    const { slot } = link;
    this.#kept.push({ slot, bytes: copy, length, id: fragmentId, addresses, tick: this.#tick, isDue: false });
    return VERDICT.taken;
  }

  /** The first fragment of a packet is on its way. */
  release(first: Packet): void {
    if (this.#kept.length === 0) return;
    for (const one of this.#kept) {
      if (one.id === first.fragmentId && one.addresses.equals(addressesOf(first))) one.isDue = true;
    }
  }

  /** The next one whose packet's first one has gone. */
  take(): EarlyFragment | undefined {
    const index = this.#kept.findIndex(({ isDue }) => isDue);
    return index === -1 ? undefined : this.#kept.splice(index, 1)[0];
  }

  /** Time has come to `tick` (seconds). */
  advance(tick: number): void {
    this.#tick = tick;
    if (this.#kept.length === 0) return;
    const left = this.#kept.filter((one) => one.isDue || tick - one.tick <= KEPT_SECONDS);
    for (let lost = this.#kept.length - left.length; lost > 0; lost--) this.#drops.count(DROP.fragment);
    this.#kept = left;
  }
}

function addressesOf({ bytes, ip, family }: Packet): Buffer {
  return family === 4
    ? bytes.subarray(ip + IPV4.source, ip + IPV4.size)
    : bytes.subarray(ip + IPV6.source, ip + IPV6.size);
}
