// Which addresses are real servers', however many services have one: what comes from there may be an answer.
import type { Family } from '../../core/address.ts';

const IPV6 = 2 ** 32;

export class ServerAddresses {
  /** How many servers there are with each. */
  readonly #counts = new Map<number, number>();

  add(address: number, family: Family): void {
    const key = keyOf(address, family);
    this.#counts.set(key, (this.#counts.get(key) ?? 0) + 1);
  }

  remove(address: number, family: Family): void {
    const key = keyOf(address, family);
    const left = (this.#counts.get(key) ?? 0) - 1;
    if (left > 0) this.#counts.set(key, left);
    else this.#counts.delete(key);
  }

  has(address: number, family: Family): boolean {
    return this.#counts.has(keyOf(address, family));
  }
}

function keyOf(address: number, family: Family): number {
  return family === 4 ? address : address + IPV6;
}
