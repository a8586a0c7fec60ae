// The bytes of sync entries by slot, without an object for each: an IPv4 entry is one block of 36 bytes, what
// is longer (IPv6, options) goes on in blocks of a second pool. Bounded; memory is touched only as far as it
// is used.
import { FLAG } from './entry.ts';
import { mix } from './mix.ts';
import { AT } from './wire.ts';

/** 36 bytes, an IPv4 entry without options. */
const BLOCK_WORDS = 9;
export const BLOCK_BYTES = 4 * BLOCK_WORDS;
/** The longest entry there is (72 bytes, sequence numbers, PE data and name) in whole blocks. */
const BLOCKS_MAX = 11;
const SIZE_MASK = 0x0fff;
const FLAGS_KEPT = 0xffff & ~(FLAG.sync | FLAG.hashed);

export class EntryStore {
  /** The entry that is looked at, padded with zeros: write into `bytes`, then {@link load} its size. */
  readonly scratch = new Int32Array(BLOCKS_MAX * BLOCK_WORDS);
  readonly scratchBytes = Buffer.from(this.scratch.buffer);
  readonly #first: Int32Array;
  readonly #firstBytes: Uint8Array;
  readonly #more: Int32Array;
  readonly #moreBytes: Uint8Array;
  /** Of a slot: its first further block; of a block of the second pool: the next one. 0 = none. */
  readonly #moreOf: Int32Array;
  readonly #moreNext: Int32Array;
  #moreFree = 0;
  #moreUsed = 0;
  #moreLeft: number;

  /** Slots are 1 to `capacity`; so many further blocks there are, too. */
  constructor(capacity: number) {
    this.#moreLeft = capacity;
    this.#first = new Int32Array((capacity + 1) * BLOCK_WORDS);
    this.#firstBytes = new Uint8Array(this.#first.buffer);
    this.#more = new Int32Array((capacity + 1) * BLOCK_WORDS);
    this.#moreBytes = new Uint8Array(this.#more.buffer);
    this.#moreOf = new Int32Array(capacity + 1);
    this.#moreNext = new Int32Array(capacity + 1);
  }

  /**
   * Makes `size` bytes of `bytes` what {@link isSame}, {@link write} and others mean. Of the flags only those
   * stay that say something of the connection, not of where it was heard of (and no kernel's private ones,
   * which its master lets out).
   */
  load(bytes: Uint8Array, at: number, size: number): void {
    const end = Math.ceil(size / BLOCK_BYTES) * BLOCK_BYTES;
    const scratch = this.scratchBytes;
    for (let index = 0; index < size; index++) scratch[index] = bytes[at + index]!;
    scratch.fill(0, size, end);
    scratch.writeUInt32BE(scratch.readUInt32BE(AT.flags) & FLAGS_KEPT, AT.flags);
  }

  /** False when there is no room for a long entry; then the slot holds what it held. */
  write(slot: number, size: number): boolean {
    const blocks = Math.ceil(size / BLOCK_BYTES);
    if (!this.#resize(slot, blocks - 1)) return false;
    for (let index = 0; index < BLOCK_WORDS; index++)
      this.#first[slot * BLOCK_WORDS + index] = this.scratch[index]!;
    let more = this.#moreOf[slot]!;
    for (let block = 1; block < blocks; block++) {
      for (let index = 0; index < BLOCK_WORDS; index++)
        this.#more[more * BLOCK_WORDS + index] = this.scratch[block * BLOCK_WORDS + index]!;
      more = this.#moreNext[more]!;
    }
    return true;
  }

  /** Copies the entry of `slot`. */
  read(slot: number, into: Uint8Array, at: number): void {
    const size = this.size(slot);
    const start = slot * BLOCK_BYTES;
    for (let index = 0; index < BLOCK_BYTES; index++) into[at + index] = this.#firstBytes[start + index]!;
    let more = this.#moreOf[slot]!;
    for (let done = BLOCK_BYTES; done < size; done += BLOCK_BYTES) {
      const from = more * BLOCK_BYTES;
      into.set(this.#moreBytes.subarray(from, from + Math.min(BLOCK_BYTES, size - done)), at + done);
      more = this.#moreNext[more]!;
    }
  }

  size(slot: number): number {
    const at = slot * BLOCK_BYTES + AT.versionSize;
    return ((this.#firstBytes[at]! << 8) | this.#firstBytes[at + 1]!) & SIZE_MASK;
  }

  /** A byte of the part that every entry has. */
  byte(slot: number, at: number): number {
    return this.#firstBytes[slot * BLOCK_BYTES + at]!;
  }

  /** Word `index` of the entry, in the machine's order: only good for comparing. */
  word(slot: number, index: number): number {
    if (index < BLOCK_WORDS) return this.#first[slot * BLOCK_WORDS + index]!;
    let more = this.#moreOf[slot]!;
    for (let skip = Math.floor(index / BLOCK_WORDS); skip > 1; skip--) more = this.#moreNext[more]!;
    return this.#more[more * BLOCK_WORDS + (index % BLOCK_WORDS)]!;
  }

  isSame(slot: number, size: number): boolean {
    if (this.size(slot) !== size) return false;
    const words = Math.ceil(size / 4);
    for (let index = 0; index < words; index++)
      if (this.word(slot, index) !== this.scratch[index]) return false;
    return true;
  }

  /** 32 bits of what is in the slot, and of the scratch entry. */
  digest(slot: number): number {
    const words = Math.ceil(this.size(slot) / 4);
    let digest = words;
    for (let index = 0; index < words; index++) digest = mix(digest, this.word(slot, index));
    return digest >>> 0;
  }
  scratchDigest(size: number): number {
    const words = Math.ceil(size / 4);
    let digest = words;
    for (let index = 0; index < words; index++) digest = mix(digest, this.scratch[index]!);
    return digest >>> 0;
  }

  free(slot: number): void {
    this.#resize(slot, 0);
  }

  #resize(slot: number, wanted: number): boolean {
    let have = 0;
    for (let more = this.#moreOf[slot]!; more !== 0; more = this.#moreNext[more]!) have++;
    if (wanted - have > this.#moreLeft) return false;
    this.#moreLeft -= wanted - have;
    for (; have < wanted; have++) {
      const block = this.#takeBlock();
      this.#moreNext[block] = this.#moreOf[slot]!;
      this.#moreOf[slot] = block;
    }
    for (; have > wanted; have--) {
      const block = this.#moreOf[slot]!;
      this.#moreOf[slot] = this.#moreNext[block]!;
      this.#moreNext[block] = this.#moreFree;
      this.#moreFree = block;
    }
    return true;
  }

  #takeBlock(): number {
    const freed = this.#moreFree;
    if (freed === 0) return ++this.#moreUsed;
    this.#moreFree = this.#moreNext[freed]!;
    return freed;
  }
}
