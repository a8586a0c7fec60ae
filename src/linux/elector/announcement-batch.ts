// Announcements of many addresses by few system calls: a takeover of thousands has as many to send, several
// times each, on the thread that adverts come from.
import { AT_ONCE } from '../../vrrp/announcements.ts';
import { pointerTo } from '../libc.ts';
import { Headers, IOVEC, MESSAGE } from '../msghdr.ts';

/** A neighbour advertisement has 86 bytes, a struct sockaddr_ll 20. */
const SLOT = { frame: 96, to: 32 } as const;

export class AnnouncementBatch {
  readonly #frames = Buffer.alloc(AT_ONCE * SLOT.frame);
  readonly #addresses = Buffer.alloc(AT_ONCE * SLOT.to);
  readonly #headers = new Headers(AT_ONCE);
  readonly #fd: number;
  #count = 0;

  constructor(fd: number) {
    this.#fd = fd;
    const [frames, addresses] = [pointerTo(this.#frames), pointerTo(this.#addresses)];
    const { messages, vectors } = this.#headers;
    for (let i = 0; i < AT_ONCE; i++) {
      vectors.writeBigUInt64LE(frames + BigInt(i * SLOT.frame), i * IOVEC.size);
      messages.writeBigUInt64LE(addresses + BigInt(i * SLOT.to), i * MESSAGE.size + MESSAGE.name);
    }
  }

  /** Sends what is there first when there is no more room. */
  add(frame: Buffer, to: Buffer): void {
    if (this.#count === AT_ONCE) this.flush();
    const slot = this.#count++;
    frame.copy(this.#frames, slot * SLOT.frame);
    to.copy(this.#addresses, slot * SLOT.to);
    this.#headers.vectors.writeUInt32LE(frame.length, slot * IOVEC.size + IOVEC.length);
    this.#headers.messages.writeUInt32LE(to.length, slot * MESSAGE.size + MESSAGE.nameLength);
  }

  /** What the kernel refuses is lost, as on any wire. */
  flush(): void {
    this.#headers.send(this.#fd, this.#count);
    this.#count = 0;
  }
}
