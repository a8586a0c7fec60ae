// Which connections the backup has not been told of yet: a queue of connection numbers, each in it at most
// once, so that a connection that changes three times before the next datagram is sent once, as it is then.
// Allocates nothing.
import type { ConnectionTable } from './connections.ts';

export class Changes {
  readonly #connections: ConnectionTable;
  readonly #queue: Int32Array;
  #head = 0;
  #count = 0;

  constructor(connections: ConnectionTable) {
    this.#connections = connections;
    this.#queue = new Int32Array(connections.capacity);
  }

  /** Also those that have ended since: an upper bound of what {@link take} gives. */
  get count(): number {
    return this.#count;
  }

  add(connection: number): void {
    // A full queue is one of ended connections; the next full turn of the table tells of this one.
    if (this.#connections.isChanged(connection) || this.#count === this.#queue.length) return;
    this.#connections.setChanged(connection, true);
    this.#queue[(this.#head + this.#count) % this.#queue.length] = connection;
    this.#count++;
  }

  /** The next one, or 0. */
  take(): number {
    while (this.#count > 0) {
      const connection = this.#queue[this.#head]!;
      this.#head = (this.#head + 1) % this.#queue.length;
      this.#count--;
      // Not so any more: it ended, and its number may have been given to another one since.
      if (!this.#connections.isChanged(connection)) continue;
      this.#connections.setChanged(connection, false);
      return connection;
    }
    return 0;
  }

  clear(): void {
    while (this.take() !== 0);
  }
}
