// IP addresses as values that can be compared, used as map keys and printed: canonical text (RFC 5952 for
// IPv6). The wire form is made from it at the edges of a codec. Does no name lookups.
import ipaddr from 'ipaddr.js';

declare const canonical: unique symbol;
/**
 * Canonical text of an IPv4 or IPv6 address. Made only by {@link parseAddress} and {@link
 * addressFromBytes}.
 */
export type Address = string & { readonly [canonical]: true };
export type Family = 4 | 6;
/** An address on an interface: the prefix length is in bits. */
export type Prefix = { address: Address; length: number };

/** IPv4 has one text form, so what matches is canonical; a large file has tens of thousands of them. */
const IPV4 = /^(?:25[0-5]|2[0-4]\d|1\d\d|[1-9]?\d)(?:\.(?:25[0-5]|2[0-4]\d|1\d\d|[1-9]?\d)){3}$/;

const ZERO = 48;

/** Four-part decimal IPv4 or any IPv6 text form, without zone; undefined when it is neither. */
export function parseAddress(text: string): Address | undefined {
  if (!text.includes(':')) return IPV4.test(text) ? (text as Address) : undefined;
  if (text.includes('%') || !ipaddr.IPv6.isValid(text)) return undefined;
  return ipaddr.IPv6.parse(text).toRFC5952String() as Address;
}

/** For constants and tests: like {@link parseAddress}, but bad text is our own mistake and throws. */
export function address(text: string): Address {
  const parsed = parseAddress(text);
  if (parsed === undefined) throw new TypeError(`not an IP address: ${text}`);
  return parsed;
}

export function familyOf(value: Address): Family {
  return value.includes(':') ? 6 : 4;
}

/** fe80::/10, of which only fe80::/64 is in use: RFC 4291 §2.5.6. */
export function isLinkLocal(value: Address): boolean {
  return value.startsWith('fe80:');
}

/** 4 or 16 bytes in network order. */
export function addressBytes(value: Address): Buffer {
  if (familyOf(value) === 6) return Buffer.from(ipaddr.parse(value).toByteArray());
  // Those of each advert: the library takes ten times as long.
  const bytes = Buffer.allocUnsafe(4);
  let at = 0;
  let byte = 0;
  for (let i = 0; i < value.length; i++) {
    const digit = value.charCodeAt(i) - ZERO;
    if (digit >= 0) byte = 10 * byte + digit;
    else {
      bytes[at++] = byte;
      byte = 0;
    }
  }
  bytes[at] = byte;
  return bytes;
}

/** `bytes` holds exactly 4 or 16 bytes in network order. */
export function addressFromBytes(bytes: Uint8Array): Address {
  if (bytes.length === 4) return `${bytes[0]}.${bytes[1]}.${bytes[2]}.${bytes[3]}` as Address;
  const parsed = ipaddr.fromByteArray([...bytes]);
  return (
    parsed.kind() === 'ipv6' ? (parsed as ipaddr.IPv6).toRFC5952String() : parsed.toString()
  ) as Address;
}

/** How long the prefix of one single address is. */
export function addressBits(family: Family): 32 | 128 {
  return family === 4 ? 32 : 128;
}

/** Is `value` inside `prefix`? Families may differ: then it is not. */
export function prefixContains(prefix: Prefix, value: Address): boolean {
  if (familyOf(prefix.address) !== familyOf(value)) return false;
  return ipaddr.parse(value).match(ipaddr.parse(prefix.address), prefix.length);
}

/** `192.0.2.1:80`, `[2001:db8::1]:80`: the form of ipvsadm and of keepalived's logs. */
export function endpoint(value: Address, port: number): string {
  return familyOf(value) === 6 ? `[${value}]:${port}` : `${value}:${port}`;
}
