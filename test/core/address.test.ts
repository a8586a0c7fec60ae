// Addresses have one text form, and the bytes of it.
import fc from 'fast-check';
import { expect, test } from 'vitest';
import {
  address,
  addressBytes,
  addressFromBytes,
  endpoint,
  familyOf,
  parseAddress,
  prefixContains,
} from '../../src/core/address.ts';
import { internetChecksum } from '../../src/core/checksum.ts';

test.each([
  ['10.0.0.50', '10.0.0.50'],
  ['2001:DB8:0:0:0:0:0:1', '2001:db8::1'],
  ['::', '::'],
  ['::ffff:192.0.2.1', '::ffff:c000:201'],
])('%s is written %s', (text, canonical) => {
  expect(parseAddress(text)).toBe(canonical);
});

test.each([
  '10.0.0',
  '10.0.0.256',
  '010.0.0.1',
  '010.0.0.1x',
  '1.2.3.4.5',
  '1.2.3.4\n',
  '1.2.3.4:80',
  '0x7f000001',
  'fe80::1%eth0',
  'eth0',
  '',
  ':::',
  '1.2.3.4/24',
])('%j is no address', (text) => {
  expect(parseAddress(text)).toBeUndefined();
});

test('bytes and back', () => {
  const bytes = fc.oneof(
    fc.uint8Array({ minLength: 4, maxLength: 4 }),
    fc.uint8Array({ minLength: 16, maxLength: 16 }),
  );
  fc.assert(
    fc.property(bytes, (raw) => {
      const value = addressFromBytes(raw);
      expect(addressBytes(value)).toEqual(Buffer.from(raw));
      expect(parseAddress(value)).toBe(value);
      expect(familyOf(value)).toBe(raw.length === 4 ? 4 : 6);
    }),
  );
});

test('prefixes and end points', () => {
  const prefix = { address: address('10.0.0.0'), length: 24 };
  expect(prefixContains(prefix, address('10.0.0.255'))).toBe(true);
  expect(prefixContains(prefix, address('10.0.1.0'))).toBe(false);
  expect(prefixContains(prefix, address('fd00::1'))).toBe(false);
  expect(endpoint(address('fd00::1'), 80)).toBe('[fd00::1]:80');
});

test('the checksum of RFC 1071 section 3, and of an odd number of bytes', () => {
  expect(internetChecksum(Buffer.from('0001f203f4f5f6f7', 'hex'))).toBe(0x220d);
  expect(internetChecksum(Buffer.from('01', 'hex'))).toBe(0xfeff);
  expect(internetChecksum(Buffer.alloc(200_000, 0xff))).toBe(0);
});
