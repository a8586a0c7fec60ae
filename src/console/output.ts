// Standard output that never makes a director wait: lines go out at once while the reader keeps up, are held
// for a while when it does not, and are counted when they have to be dropped. Knows nothing of what the lines
// say.
import { constants, fstatSync, openSync, writeSync } from 'node:fs';
import { Socket } from 'node:net';

/** A few thousand events: more than any failover says. */
const HELD_MOST_BYTES = 1 << 20;
const TRY_AGAIN_MS = 20;
/** How long the last lines may hold up the end of the process. */
const LAST_LINES_WITHIN_MS = 300;
/** Kept so that their handles are not collected: that would close the descriptors. */
const WRAPPED = new Set<Socket>();

export class Output {
  readonly #fd: number;
  readonly #onDropped: (lines: number) => void;
  readonly #held: Buffer[] = [];
  #heldBytes = 0;
  #dropped = 0;
  #gone = false;
  #timer: NodeJS.Timeout | undefined;

  /** `onDropped` is called when lines were dropped and there is room again to say so. */
  constructor(fd: number, onDropped: (lines: number) => void) {
    this.#fd = withoutWaiting(fd);
    this.#onDropped = onDropped;
  }

  /** `text` ends with a line break. */
  write(text: string): void {
    if (this.#gone) return;
    const bytes = Buffer.from(text);
    const written = this.#held.length === 0 ? this.#send(bytes) : 0;
    if (written === bytes.length) return;
    // The rest of a line that has begun is never dropped: it would spoil the next one, too.
    if (written === 0 && this.#heldBytes + bytes.length > HELD_MOST_BYTES) {
      this.#dropped++;
      return;
    }
    this.#hold(bytes.subarray(written));
  }

  /** Waits for the reader, but not for ever: at the end of the process, and after pino's fatal lines. */
  flushSync(): void {
    const pause = new Int32Array(new SharedArrayBuffer(4));
    const lastMs = performance.now() + LAST_LINES_WITHIN_MS;
    while (!this.#drain() && performance.now() < lastMs) Atomics.wait(pause, 0, 0, 5);
  }

  #hold(bytes: Buffer): void {
    this.#held.push(bytes);
    this.#heldBytes += bytes.length;
    this.#timer ??= setTimeout(() => {
      this.#timer = undefined;
      if (!this.#drain()) this.#hold(Buffer.alloc(0));
    }, TRY_AGAIN_MS).unref();
  }

  /** Is everything out? */
  #drain(): boolean {
    while (this.#held.length > 0) {
      const first = this.#held[0]!;
      const written = this.#send(first);
      this.#heldBytes -= written;
      if (written < first.length) {
        this.#held[0] = first.subarray(written);
        return false;
      }
      this.#held.shift();
    }
    const dropped = this.#dropped;
    this.#dropped = 0;
    if (dropped > 0) this.#onDropped(dropped);
    return this.#held.length === 0;
  }

  #send(bytes: Buffer): number {
    if (bytes.length === 0 || this.#gone) return bytes.length;
    try {
      return writeSync(this.#fd, bytes);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'EAGAIN') return 0;
      // The reader is gone (EPIPE), the disk is full (ENOSPC) …: a director goes on without its log.
      this.#gone = (error as NodeJS.ErrnoException).code === 'EPIPE';
      return bytes.length;
    }
  }
}

/**
 * O_NONBLOCK belongs to the open file, which we share with the shell that started us and with our child; so
 * terminals and pipes are opened anew through /proc. That cannot be done with a socket (journald's, or Node's
 * own for a child): ours is shared with nobody who minds, and wrapping it sets the flag.
 */
function withoutWaiting(fd: number): number {
  try {
    const kind = fstatSync(fd);
    if (kind.isSocket())
      WRAPPED.add(new Socket({ fd, readable: false, writable: true }).on('error', () => {}));
    if (!kind.isFIFO() && !kind.isCharacterDevice()) return fd;
    const flags = constants.O_WRONLY | constants.O_NONBLOCK | constants.O_NOCTTY;
    return openSync(`/proc/self/fd/${fd}`, flags);
  } catch {
    // No /proc, or another user's terminal: then a reader that does not read makes us wait.
    return fd;
  }
}
