// Attribute schemas: what is written is read back, unknown numbers are passed over, bad bytes end in a
// reason.
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { address } from '../../src/core/address.ts';
import {
  bytes,
  decodeAttributes,
  encodeAttributes,
  flag,
  i32,
  inetAddress,
  list,
  nested,
  schema,
  text,
  u8,
  u16,
  u16be,
  u32,
  u32be,
  u64,
  type ValuesOf,
} from '../../src/netlink/attributes.ts';

const INNER = schema({ name: { id: 1, kind: text }, weight: { id: 2, kind: u32 } });
const EVERY = schema({
  small: { id: 1, kind: u8 },
  half: { id: 2, kind: u16 },
  port: { id: 3, kind: u16be },
  word: { id: 4, kind: u32 },
  mark: { id: 5, kind: u32be },
  signed: { id: 6, kind: i32 },
  long: { id: 7, kind: u64 },
  raw: { id: 8, kind: bytes },
  name: { id: 9, kind: text },
  address: { id: 10, kind: inetAddress },
  on: { id: 11, kind: flag },
  inner: { id: 12, kind: nested(INNER) },
  many: { id: 13, kind: list(nested(INNER)) },
});

const innerValues = fc.record(
  { name: fc.stringMatching(/^[a-z]{0,9}$/), weight: fc.nat() },
  { requiredKeys: [] },
);
const values: fc.Arbitrary<ValuesOf<typeof EVERY>> = fc.record(
  {
    small: fc.nat(0xff),
    half: fc.nat(0xffff),
    port: fc.nat(0xffff),
    word: fc.nat(0xffffffff),
    mark: fc.nat(0xffffffff),
    signed: fc.integer(),
    long: fc.bigInt(0n, 0xffffffffffffffffn),
    raw: fc.uint8Array({ maxLength: 21 }).map((raw) => Buffer.from(raw)),
    name: fc.stringMatching(/^[a-z0-9.:-]{0,15}$/),
    address: fc.constantFrom(address('192.0.2.1'), address('2001:db8::1'), address('::')),
    on: fc.constant<true>(true),
    inner: innerValues,
    many: fc.array(innerValues, { maxLength: 4 }),
  },
  { requiredKeys: [] },
);

test('what is encoded decodes to the same values', () => {
  fc.assert(
    fc.property(values, fc.integer({ min: 0, max: 16 }), (given, headerSize) => {
      const encoded = encodeAttributes(EVERY, given, headerSize);
      expect(encoded.length % 4).toBe(headerSize % 4);
      expect(decodeAttributes(EVERY, encoded.subarray(headerSize))).toEqual({ ok: true, value: given });
    }),
  );
});

test('bytes are the ones of the kernel: length, type, payload, padding', () => {
  expect(encodeAttributes(EVERY, { small: 7, port: 80, name: 'lo' }).toString('hex')).toBe(
    ['05000100', '07000000', '06000300', '00500000', '07000900', '6c6f0000'].join(''),
  );
  const inner = encodeAttributes(EVERY, { inner: { weight: 1 } }).toString('hex');
  expect(inner, 'nested attributes are marked so').toBe(['0c000c80', '08000200', '01000000'].join(''));
});

test('an unknown number is passed over, a known one after it is read', () => {
  const newer = schema({ future: { id: 99, kind: bytes }, word: { id: 4, kind: u32 } });
  const encoded = encodeAttributes(newer, { future: Buffer.from('abcde'), word: 5 });
  expect(decodeAttributes(EVERY, encoded)).toEqual({ ok: true, value: { word: 5 } });
});

test.each([
  ['attribute-truncated', '0800', 'less than a header'],
  ['attribute-truncated', '0300040000000000', 'a length below the header'],
  ['attribute-truncated', '0c00040001000000', 'a length beyond the end'],
  ['attribute-bad-value', '060004000100', 'two bytes for a u32'],
  ['attribute-bad-value', '09000a00c000020100000000', 'an address of five bytes'],
  ['attribute-bad-value', '0c000c8003000200ffffffff', 'a bad length inside a nested one'],
  ['attribute-bad-value', '08000d8003000000', 'a bad length inside a list'],
])('%s: %s (%s)', (drop, hex) => {
  expect(decodeAttributes(EVERY, Buffer.from(hex, 'hex'))).toEqual({ ok: false, drop });
});

test('no bytes make decoding throw', () => {
  const damaged = fc.tuple(values, fc.array(fc.tuple(fc.nat(), fc.nat(0xff)), { maxLength: 6 }), fc.nat());
  fc.assert(
    fc.property(damaged, ([given, changes, cut]) => {
      const encoded = encodeAttributes(EVERY, given);
      for (const [at, value] of changes) if (encoded.length > 0) encoded[at % encoded.length] = value;
      const decoded = decodeAttributes(EVERY, encoded.subarray(0, cut % (encoded.length + 1)));
      expect(decoded.ok ? 'ok' : decoded.drop).toMatch(/^(ok|attribute-truncated|attribute-bad-value)$/);
    }),
    { numRuns: 1000 },
  );
});
