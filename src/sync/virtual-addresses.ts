// The virtual addresses that a node forwards for, asked with the bytes of an entry.
import { type Address, addressBytes } from '../core/address.ts';
import { AT, TYPE_IPV6 } from './wire.ts';

export class VirtualAddresses {
  readonly isEmpty: boolean;
  readonly #isAmong: (address: string) => boolean;

  private constructor(isEmpty: boolean, isAmong: (address: string) => boolean) {
    this.isEmpty = isEmpty;
    this.#isAmong = isAmong;
  }

  /** An engine that answers for nothing else. */
  static these(addresses: readonly Address[]): VirtualAddresses {
    const keys = keysOf(addresses);
    return new VirtualAddresses(keys.size === 0, (address) => keys.has(address));
  }
  /** A kernel that forwards whatever comes to it; these come to somebody else. */
  static allBut(addresses: readonly Address[]): VirtualAddresses {
    const keys = keysOf(addresses);
    return new VirtualAddresses(false, (address) => !keys.has(address));
  }

  or(other: VirtualAddresses): VirtualAddresses {
    const isEmpty = this.isEmpty && other.isEmpty;
    return new VirtualAddresses(isEmpty, (address) => this.#isAmong(address) || other.#isAmong(address));
  }

  /** Is the entry at `at` one of a connection that this node forwards? Marks have no address of their own. */
  has(bytes: Buffer, at: number): boolean {
    if (this.isEmpty) return false;
    if (bytes.readUInt32BE(at + AT.fwmark) !== 0) return true;
    const length = (bytes[at + AT.type]! & TYPE_IPV6) === 0 ? 4 : 16;
    const virtual = at + AT.addresses + length;
    return this.#isAmong(bytes.toString('latin1', virtual, virtual + length));
  }
}

function keysOf(addresses: readonly Address[]): ReadonlySet<string> {
  return new Set(addresses.map((each) => addressBytes(each).toString('latin1')));
}
