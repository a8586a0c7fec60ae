// The virtual addresses a node owns, asked with the bytes of an entry.
import { type Address, addressBytes } from '../core/address.ts';
import { AT, TYPE_IPV6 } from './wire.ts';

export class VirtualAddresses {
  readonly #keys: ReadonlySet<string>;

  constructor(addresses: readonly Address[]) {
    this.#keys = new Set(addresses.map((each) => addressBytes(each).toString('latin1')));
  }

  get isEmpty(): boolean {
    return this.#keys.size === 0;
  }

  /** Is the entry at `at` one of a connection that this node forwards? Marks have no address of their own. */
  has(bytes: Buffer, at: number): boolean {
    if (bytes.readUInt32BE(at + AT.fwmark) !== 0) return !this.isEmpty;
    const length = (bytes[at + AT.type]! & TYPE_IPV6) === 0 ? 4 : 16;
    const virtual = at + AT.addresses + length;
    return this.#keys.has(bytes.toString('latin1', virtual, virtual + length));
  }
}
