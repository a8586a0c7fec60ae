// Adverts against bytes captured from Debian's keepalived 2.2.7 (tcpdump -x on a veth pair), and against
// themselves.
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { address, addressFromBytes } from '../../src/core/address.ts';
import { checksumAdd, checksumFinish } from '../../src/core/checksum.ts';
import { type Advert, decodeAdvert, encodeAdvert, passwordField, vridOf } from '../../src/vrrp/packet.ts';

const GOLDEN_3 = Buffer.from(
  '45c0002000010000ff70d0980a010001e0000012' + '313396010032' + '43a30a010064',
  'hex',
);
const GOLDEN_2 = Buffer.from(
  '45c0002800010000ff70d0900a010001e0000012' + '213396010001' + '3e650a010064' + '0000000000000000',
  'hex',
);
const ADVERT: Advert = {
  version: 3,
  vrid: 51,
  priority: 150,
  intervalMs: 500,
  addresses: [address('10.1.0.100')],
  source: address('10.1.0.1'),
  destination: address('224.0.0.18'),
  ttl: 255,
};
const ADVERT_2: Advert = { ...ADVERT, version: 2, intervalMs: 1000 };
const GOLDEN_PASS = Buffer.from(
  '45c0002800010000ff70d0900a010001e0000012' + '2133960101010119' + '0a010064' + '7365637265740000',
  'hex',
);
const ADVERT_PASS: Advert = { ...ADVERT_2, password: passwordField('secret') };
describe.each([
  ['version 3', GOLDEN_3, ADVERT, 'pseudo-header'],
  ['version 2', GOLDEN_2, ADVERT_2, 'plain'],
  ['version 2 with `auth_pass secret`', GOLDEN_PASS, ADVERT_PASS, 'plain'],
] as const)("keepalived's %s", (_, golden, advert, checksumForm) => {
  test('is taken apart', () => {
    expect(decodeAdvert(golden)).toEqual({ ok: true, advert, checksumForm });
    expect(vridOf(golden)).toBe(51);
  });
  test('is rebuilt byte for byte, but for the identification that the kernel chooses', () => {
    const built = encodeAdvert(advert);
    built.writeUInt16BE(1, 4);
    fixHeaderChecksum(built);
    expect(built.toString('hex')).toBe(golden.toString('hex'));
  });
  test('with any one bit flipped is dropped, never thrown', () => {
    for (let bit = 0; bit < golden.length * 8; bit++) {
      const bad = Buffer.from(golden);
      bad[bit >> 3]! ^= 1 << (bit & 7);
      expect(decodeAdvert(bad).ok, `bit ${bit}`).toBe(false);
    }
  });
  test('cut short at any byte is dropped', () => {
    for (let length = 0; length < golden.length; length++)
      expect(decodeAdvert(golden.subarray(0, length)).ok).toBe(false);
  });
});

describe('what is dropped, and why', () => {
  const cases: [string, (packet: Buffer) => Buffer | undefined, Advert?][] = [
    ['too-short', (packet) => packet.subarray(0, 19)],
    ['not-ip', (packet) => set(packet, 0, 0x55)],
    ['length-mismatch', (packet) => Buffer.concat([packet, Buffer.alloc(1)])],
    ['bad-header-checksum', (packet) => set(packet, 10, 0x11)],
    ['not-vrrp', (packet) => set(packet, 9, 17)],
    ['unknown-version', (packet) => set(packet, 20, 0x41)],
    ['not-advertisement', (packet) => set(packet, 20, 0x32)],
    ['length-mismatch', (packet) => set(packet, 23, 2)],
    ['bad-checksum', (packet) => set(packet, 26, 0x11)],
    ['zero-interval', (packet) => set(packet, 25, 0)],
    ['unknown-auth-type', (packet) => set(packet, 24, 2), ADVERT_2],
  ];
  test.each(cases)('%s', (reason, spoil, advert = ADVERT) => {
    const packet = encodeAdvert(advert);
    const spoilt = spoil(packet) ?? packet;
    if (reason !== 'bad-header-checksum') fixHeaderChecksum(spoilt);
    if (reason !== 'bad-checksum') fixMessageChecksum(spoilt);
    expect(decodeAdvert(spoilt)).toEqual({ ok: false, drop: reason });
  });
});

test('the checksum without pseudo-header, as RFC 9568 has it, is understood and said to be', () => {
  const packet = encodeAdvert(ADVERT);
  fixMessageChecksum(packet);
  expect(decodeAdvert(packet)).toEqual({ ok: true, advert: ADVERT, checksumForm: 'plain' });
  expect(encodeAdvert(ADVERT, 'plain').equals(packet)).toBe(true);
  expect(encodeAdvert(ADVERT_2, 'pseudo-header').equals(encodeAdvert(ADVERT_2, 'plain'))).toBe(true);
});

test('the four reserved bits above the interval are ignored', () => {
  const packet = encodeAdvert(ADVERT);
  packet[24]! |= 0xa0;
  fixMessageChecksum(packet);
  expect(decodeAdvert(packet)).toMatchObject({ ok: true, advert: { intervalMs: 500 } });
});

test('a password is eight bytes, whatever it is made of', () => {
  expect(passwordField('').toString('hex')).toBe('0000000000000000');
  expect(passwordField('secretlonger').toString()).toBe('secretlo');
  expect(passwordField('ä'.repeat(8))).toHaveLength(8);
});

test('version 3 has no password, whatever stands in its place', () => {
  const decoded = decodeAdvert(encodeAdvert({ ...ADVERT, password: passwordField('secret') }));
  expect(decoded).toEqual({ ok: true, advert: ADVERT, checksumForm: 'pseudo-header' });
});

test('IP options before the message are skipped', () => {
  const plain = encodeAdvert(ADVERT);
  const packet = Buffer.concat([plain.subarray(0, 20), Buffer.from('94040000', 'hex'), plain.subarray(20)]);
  packet[0] = 0x46;
  packet.writeUInt16BE(packet.length, 2);
  packet.writeUInt16BE(0, 10);
  packet.writeUInt16BE(checksumFinish(checksumAdd(0, packet, 0, 24)), 10);
  expect(vridOf(packet)).toBe(51);
  expect(decodeAdvert(packet)).toMatchObject({ ok: true, advert: { vrid: 51, priority: 150 } });
});

const byte = fc.integer({ min: 0, max: 255 });
const ipv4 = fc.uint8Array({ minLength: 4, maxLength: 4 }).map(addressFromBytes);
const advertOf = (version: 2 | 3): fc.Arbitrary<Advert> =>
  fc.record({
    version: fc.constant(version),
    vrid: byte,
    priority: byte,
    intervalMs:
      version === 2 ? byte.map((s) => (s || 1) * 1000) : fc.integer({ min: 1, max: 4095 }).map((c) => c * 10),
    addresses: fc.array(ipv4, { maxLength: 20 }),
    source: ipv4,
    destination: ipv4,
    ttl: byte,
  });

const withPassword = fc
  .tuple(advertOf(2), fc.string().map(passwordField))
  .map(([advert, password]) => ({ ...advert, password }));

test('decode(encode(x)) = x', () => {
  fc.assert(
    fc.property(fc.oneof(advertOf(2), advertOf(3), withPassword), (advert) => {
      expect(decodeAdvert(encodeAdvert(advert))).toMatchObject({ ok: true, advert });
    }),
  );
});

test('arbitrary bytes never throw', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 80 }), (bytes) => {
      const packet = Buffer.from(bytes);
      packet[0] = 0x45; // else nearly all stop at the first check
      expect(decodeAdvert(packet).ok).toBe(false);
    }),
  );
});

function set(packet: Buffer, at: number, value: number): undefined {
  packet[at] = value;
}
function fixHeaderChecksum(packet: Buffer): void {
  if (packet.length < 20) return;
  packet.writeUInt16BE(0, 10);
  packet.writeUInt16BE(checksumFinish(checksumAdd(0, packet, 0, 20)), 10);
}
/** The plain form, which both versions accept. */
function fixMessageChecksum(packet: Buffer): void {
  if (packet.length < 28) return;
  packet.writeUInt16BE(0, 26);
  packet.writeUInt16BE(checksumFinish(checksumAdd(0, packet, 20)), 26);
}
