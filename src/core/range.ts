// Ranges of IP addresses of one family: both ends belong to them. Addresses are counted as numbers.
import {
  type Address,
  addressBits,
  addressBytes,
  addressFromBytes,
  type Family,
  familyOf,
  type Prefix,
} from './address.ts';

/** `first` is not above `last`. */
export type AddressRange = { first: Address; last: Address };

/** Undefined when bits behind the prefix are set: then it is an address in a network, and not the network. */
export function rangeOfPrefix({ address, length }: Prefix): AddressRange | undefined {
  const bits = BigInt(addressBits(familyOf(address)) - length);
  const first = numberOf(address);
  const rest = (1n << bits) - 1n;
  if ((first & rest) !== 0n) return undefined;
  return { first: address, last: addressOf(first | rest, familyOf(address)) };
}

export function rangeSize({ first, last }: AddressRange): bigint {
  return numberOf(last) - numberOf(first) + 1n;
}

export function* addressesIn({ first, last }: AddressRange): Generator<Address> {
  if (first === last) return yield first;
  const family = familyOf(first);
  const end = numberOf(last);
  for (let number = numberOf(first); number <= end; number++) yield addressOf(number, family);
}

export function rangeContains({ first, last }: AddressRange, address: Address): boolean {
  if (familyOf(address) !== familyOf(first)) return false;
  return compareAddresses(first, address) <= 0 && compareAddresses(address, last) <= 0;
}

/** Negative where `one` stands before `other`, of the same family. */
export function compareAddresses(one: Address, other: Address): number {
  return Buffer.compare(addressBytes(one), addressBytes(other));
}

/** The address with its last part, of 8 bits in IPv4 and 16 in IPv6, replaced. */
export function withLastPart(address: Address, part: number): Address {
  const bytes = addressBytes(address);
  if (familyOf(address) === 4) bytes.writeUInt8(part, 3);
  else bytes.writeUInt16BE(part, 14);
  return addressFromBytes(bytes);
}

/** `10.0.0.1-10.0.0.9`, or the one address there is. */
export function rangeName({ first, last }: AddressRange): string {
  return first === last ? first : `${first}-${last}`;
}

/** As in network order. */
export function numberOf(address: Address): bigint {
  return BigInt(`0x${addressBytes(address).toString('hex')}`);
}
export function addressOf(number: bigint, family: Family): Address {
  const digits = addressBits(family) / 4;
  return addressFromBytes(Buffer.from(number.toString(16).padStart(digits, '0'), 'hex'));
}
