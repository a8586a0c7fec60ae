// A set of descriptors to wait for in one ppoll: struct pollfd in one Buffer, so that waiting allocates
// nothing.
import assert from 'node:assert';
import { ERRNO, POLL, ppoll, systemError } from './libc.ts';

const AT = { fd: 0, events: 4, returned: 6, size: 8 } as const;
const FORGOTTEN = -1;

export class PollSet {
  #fds = Buffer.alloc(0);
  #count = 0;

  /**
   * The index to ask {@link ready} with. `events` are POLL.IN, POLL.OUT …; a fault of the descriptor always
   * counts.
   */
  add(fd: number, events: number = POLL.IN): number {
    const free = this.#indexOf(FORGOTTEN);
    const index = free ?? this.#count++;
    if (this.#fds.length < this.#count * AT.size) {
      this.#fds = Buffer.concat([this.#fds, Buffer.alloc(this.#fds.length + 8 * AT.size)]);
    }
    this.#fds.writeInt32LE(fd, index * AT.size + AT.fd);
    this.#fds.writeInt16LE(events, index * AT.size + AT.events);
    this.#fds.writeInt16LE(0, index * AT.size + AT.returned);
    return index;
  }

  /** Before the descriptor is closed. Its index may be given to another one. */
  remove(fd: number): void {
    const index = this.#indexOf(fd);
    assert(index !== undefined, `descriptor ${fd} is not in the set`);
    // The kernel passes over negative descriptors, so the other indices stay what they are.
    this.#fds.writeInt32LE(FORGOTTEN, index * AT.size + AT.fd);
    this.#fds.writeInt16LE(0, index * AT.size + AT.returned);
  }

  /** How many are ready: 0 when the time ran out or a signal came. Negative waits without end. */
  wait(timeoutNs: number): number {
    const result = ppoll(this.#fds, this.#count, timeoutNs);
    if (result >= 0) return result;
    if (result !== -ERRNO.EINTR) throw systemError('ppoll', -result, this.#count);
    // The kernel leaves `returned` as it was: what the last wait found must not be found twice.
    for (let index = 0; index < this.#count; index++) {
      this.#fds.writeInt16LE(0, index * AT.size + AT.returned);
    }
    return 0;
  }

  /** What the last wait found: POLL bits, 0 = nothing. */
  ready(index: number): number {
    return this.#fds.readUInt16LE(index * AT.size + AT.returned);
  }

  #indexOf(fd: number): number | undefined {
    for (let index = 0; index < this.#count; index++) {
      if (this.#fds.readInt32LE(index * AT.size + AT.fd) === fd) return index;
    }
    return undefined;
  }
}
