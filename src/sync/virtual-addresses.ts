// The virtual addresses that a node forwards for, asked with the bytes of an entry.
import { type Address, addressBytes } from '../core/address.ts';
import { AT, TYPE_IPV6 } from './wire.ts';

/** The address at `at`, of 4 or 16 bytes. */
type IsAmong = (bytes: Buffer, at: number, length: 4 | 16) => boolean;

export class VirtualAddresses {
  readonly isEmpty: boolean;
  readonly #isAmong: IsAmong;

  private constructor(isEmpty: boolean, isAmong: IsAmong) {
    this.isEmpty = isEmpty;
    this.#isAmong = isAmong;
  }

  /** An engine that answers for nothing else. */
  static these(addresses: readonly Address[]): VirtualAddresses {
    return new VirtualAddresses(addresses.length === 0, among(addresses));
  }
  /** A kernel that forwards whatever comes to it; these come to somebody else. */
  static allBut(addresses: readonly Address[]): VirtualAddresses {
    const isOther = among(addresses);
    return new VirtualAddresses(false, (bytes, at, length) => !isOther(bytes, at, length));
  }

  or(other: VirtualAddresses): VirtualAddresses {
    const isEmpty = this.isEmpty && other.isEmpty;
    return new VirtualAddresses(
      isEmpty,
      (bytes, at, length) => this.#isAmong(bytes, at, length) || other.#isAmong(bytes, at, length),
    );
  }

  /** Is the entry at `at` one of a connection that this node forwards? Marks have no address of their own. */
  has(bytes: Buffer, at: number): boolean {
    if (this.isEmpty) return false;
    if (bytes.readUInt32BE(at + AT.fwmark) !== 0) return true;
    const length = (bytes[at + AT.type]! & TYPE_IPV6) === 0 ? 4 : 16;
    return this.#isAmong(bytes, at + AT.addresses + length, length);
  }
}

/** Asked for each entry: without a string for IPv4. */
function among(addresses: readonly Address[]): IsAmong {
  const all = addresses.map(addressBytes);
  const ipv4 = new Set(all.filter(({ length }) => length === 4).map((bytes) => bytes.readUInt32BE()));
  const ipv6 = new Set(all.filter(({ length }) => length === 16).map((bytes) => bytes.toString('latin1')));
  return (bytes, at, length) =>
    length === 4 ? ipv4.has(bytes.readUInt32BE(at)) : ipv6.has(bytes.toString('latin1', at, at + length));
}
