// A file of /proc that is looked at again and again: opened once, since each system call counts where it is
// looked at a thousand times a second. Whose network it is of is settled when it is opened.
import { closeSync, openSync, readSync } from 'node:fs';

const FIRST_BYTES = 4096;

export class ProcFile {
  readonly #fd: number;
  #bytes = Buffer.allocUnsafeSlow(FIRST_BYTES);

  constructor(path: string) {
    this.#fd = openSync(path, 'r');
  }

  /** All of it, as it is now. */
  read(): string {
    let length = 0;
    for (;;) {
      const more = readSync(this.#fd, this.#bytes, length, this.#bytes.length - length, length);
      if (more === 0) return this.#bytes.toString('latin1', 0, length);
      length += more;
      if (length === this.#bytes.length) this.#bytes = Buffer.concat([this.#bytes, this.#bytes]);
    }
  }

  close(): void {
    closeSync(this.#fd);
  }
}
