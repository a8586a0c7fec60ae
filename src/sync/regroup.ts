// Many small datagrams become large ones: the kernel's master tells of one entry in each. Entries of our own
// making are left out.
import { DATAGRAM_MAX, type EntrySource, SyncBatch } from './encode.ts';
import { type DropReason, walkDatagram } from './wire.ts';

export class Regroup {
  readonly #batch = new SyncBatch({ syncId: 0, maxlen: DATAGRAM_MAX });
  readonly #passOn: (datagram: Buffer) => void;
  readonly #isOwn: (datagram: Buffer, at: number) => boolean;

  /** `passOn`: valid until it returns. `isOwn`: is the entry at `at` of our own making? */
  constructor(passOn: (datagram: Buffer) => void, isOwn: (datagram: Buffer, at: number) => boolean) {
    this.#passOn = passOn;
    this.#isOwn = isOwn;
  }

  /** Answers why the datagram, or the rest of it, was dropped. */
  add(datagram: Buffer): DropReason | 'not-v1' | undefined {
    return walkDatagram(datagram, {
      entry: (at, size) => {
        if (!this.#isOwn(datagram, at)) this.#entry(datagram, at, size);
      },
      skip: () => undefined,
    });
  }

  flush(): void {
    const datagram = this.#batch.take();
    if (datagram !== undefined) this.#passOn(datagram);
  }

  #entry(datagram: Buffer, at: number, size: number): void {
    const source: EntrySource = {
      entrySize: () => size,
      readEntry: (_, into, to) => into.set(datagram.subarray(at, at + size), to),
    };
    if (this.#batch.addFrom(source, 0)) return;
    this.flush();
    this.#batch.addFrom(source, 0);
  }
}
