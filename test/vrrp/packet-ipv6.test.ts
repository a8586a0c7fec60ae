// Adverts over IPv6 against one captured from Debian's keepalived 2.2.7 (tcpdump -x on a veth pair), and
// against themselves.
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { address, addressFromBytes } from '../../src/core/address.ts';
import { checksumAdd, checksumFinish } from '../../src/core/checksum.ts';
import { type Advert, decodeAdvert, encodeAdvert, vridOf } from '../../src/vrrp/packet.ts';

/** Its traffic class and flow label are the kernel's choice. */
const GOLDEN = Buffer.from(
  '6c0bb6ce002870ff' +
    'fe80000000000000b8976cfffe97b954' +
    'ff020000000000000000000000000012' +
    '31339602003260c4' +
    'fe800000000000000000000000000050' +
    'fd000000000000000000000000000050',
  'hex',
);
const ADVERT: Advert = {
  version: 3,
  vrid: 51,
  priority: 150,
  intervalMs: 500,
  addresses: [address('fe80::50'), address('fd00::50')],
  source: address('fe80::b897:6cff:fe97:b954'),
  destination: address('ff02::12'),
  ttl: 255,
};

const FORM = { checksumForm: 'pseudo-header' };

/** The header's bits that no receiver looks at: traffic class and flow label. */
const isIgnored = (bit: number) => bit >= 4 && bit < 32;

describe("keepalived's advert over IPv6", () => {
  test('is taken apart', () => {
    expect(decodeAdvert(GOLDEN)).toEqual({ ok: true, advert: ADVERT, checksumForm: 'pseudo-header' });
    expect(vridOf(GOLDEN)).toBe(51);
  });
  test('is rebuilt byte for byte, but for the flow label that the kernel chooses', () => {
    const built = encodeAdvert(ADVERT);
    GOLDEN.copy(built, 1, 1, 4);
    expect(built.toString('hex')).toBe(GOLDEN.toString('hex'));
  });
  test('with any one bit flipped is dropped, or it is the hop limit, which the receiver judges', () => {
    for (let bit = 0; bit < GOLDEN.length * 8; bit++) {
      if (isIgnored(bit)) continue;
      const bad = Buffer.from(GOLDEN);
      bad[bit >> 3]! ^= 1 << (7 - (bit & 7));
      const decoded = decodeAdvert(bad);
      if (bit >> 3 === 7) expect(decoded).toEqual({ ok: true, advert: { ...ADVERT, ttl: bad[7] }, ...FORM });
      else expect(decoded.ok, `bit ${bit}`).toBe(false);
    }
  });
  test('cut short at any byte is dropped', () => {
    for (let length = 0; length < GOLDEN.length; length++)
      expect(decodeAdvert(GOLDEN.subarray(0, length)).ok).toBe(false);
  });
});

describe('what is dropped, and why', () => {
  const cases: [string, (packet: Buffer) => Buffer | undefined][] = [
    ['too-short', (packet) => packet.subarray(0, 39)],
    ['length-mismatch', (packet) => Buffer.concat([packet, Buffer.alloc(1)])],
    ['not-vrrp', (packet) => set(packet, 6, 0)],
    ['unknown-version', (packet) => set(packet, 40, 0x21)],
    ['not-advertisement', (packet) => set(packet, 40, 0x32)],
    ['length-mismatch', (packet) => set(packet, 43, 3)],
    ['bad-checksum', (packet) => set(packet, 46, 0x11)],
  ];
  test.each(cases)('%s', (reason, spoil) => {
    const packet = encodeAdvert(ADVERT);
    expect(decodeAdvert(spoil(packet) ?? packet)).toEqual({ ok: false, drop: reason });
  });
});

test('the checksum has the pseudo-header whatever form is asked for, and without it is none', () => {
  const packet = encodeAdvert(ADVERT, 'plain');
  expect(packet.equals(encodeAdvert(ADVERT))).toBe(true);
  packet.writeUInt16BE(0, 46);
  packet.writeUInt16BE(checksumFinish(checksumAdd(0, packet, 40)), 46);
  expect(decodeAdvert(packet)).toEqual({ ok: false, drop: 'bad-checksum' });
});

const byte = fc.integer({ min: 0, max: 255 });
const ipv6 = fc.uint8Array({ minLength: 16, maxLength: 16 }).map(addressFromBytes);
test('decode(encode(x)) = x', () => {
  const adverts: fc.Arbitrary<Advert> = fc.record({
    version: fc.constant(3),
    vrid: byte,
    priority: byte,
    intervalMs: fc.integer({ min: 1, max: 4095 }).map((centis) => centis * 10),
    addresses: fc.array(ipv6, { maxLength: 20 }),
    source: ipv6,
    destination: ipv6,
    ttl: byte,
  });
  fc.assert(
    fc.property(adverts, (advert) => {
      expect(decodeAdvert(encodeAdvert(advert))).toMatchObject({ ok: true, advert });
    }),
  );
});

test('arbitrary bytes never throw', () => {
  fc.assert(
    fc.property(fc.uint8Array({ minLength: 1, maxLength: 120 }), (bytes) => {
      const packet = Buffer.from(bytes);
      packet[0] = 0x60;
      expect(decodeAdvert(packet).ok).toBe(false);
    }),
  );
});

function set(packet: Buffer, at: number, value: number): undefined {
  packet[at] = value;
}
