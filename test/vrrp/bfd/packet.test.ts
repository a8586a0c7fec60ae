// BFD control packets: round trips, hostile bytes, and what keepalived 2.2.7 was heard to send.
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { type ControlPacket, decodeControl, encodeControl } from '../../../src/vrrp/bfd/packet.ts';

const uint32 = fc.nat(0xffffffff);
const packets: fc.Arbitrary<ControlPacket> = fc.record({
  diagnostic: fc.nat(31),
  state: fc.constantFrom('adminDown', 'down', 'init', 'up'),
  poll: fc.boolean(),
  final: fc.boolean(),
  detectMultiplier: fc.integer({ min: 1, max: 255 }),
  myDiscriminator: fc.integer({ min: 1, max: 0xffffffff }),
  yourDiscriminator: fc.integer({ min: 1, max: 0xffffffff }),
  desiredMinTxUs: uint32,
  requiredMinRxUs: uint32,
});

describe('BFD control packet', () => {
  test('what is encoded is decoded', () => {
    fc.assert(
      fc.property(packets, (packet) => {
        expect(decodeControl(encodeControl(packet))).toEqual({ ok: true, packet });
      }),
    );
  });

  test('any bytes are decoded or dropped with a reason, never thrown', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 64 }), (bytes) => {
        const decoded = decodeControl(Buffer.from(bytes));
        expect(decoded.ok ? decoded.packet.myDiscriminator : decoded.drop.length).toBeGreaterThan(0);
      }),
    );
  });

  test('what keepalived 2.2.7 sends first, byte for byte', () => {
    const golden = Buffer.from('20400318e8f1deac00000000000f42400000c35000000000', 'hex');
    const packet: ControlPacket = {
      diagnostic: 0,
      state: 'down',
      poll: false,
      final: false,
      detectMultiplier: 3,
      myDiscriminator: 0xe8f1deac,
      yourDiscriminator: 0,
      desiredMinTxUs: 1_000_000,
      requiredMinRxUs: 50_000,
    };
    expect(decodeControl(golden)).toEqual({ ok: true, packet });
    expect(encodeControl(packet)).toEqual(golden);
  });

  const base = encodeControl({
    diagnostic: 0,
    state: 'up',
    poll: false,
    final: false,
    detectMultiplier: 3,
    myDiscriminator: 1,
    yourDiscriminator: 2,
    desiredMinTxUs: 10_000,
    requiredMinRxUs: 10_000,
  });
  test.each([
    ['too-short', 0, 0x20, 23],
    ['not-version-1', 0, 0x40, 24],
    ['length-mismatch', 3, 23, 24],
    ['length-mismatch', 3, 25, 24],
    ['zero-multiplier', 2, 0, 24],
    ['multipoint', 1, 0xc1, 24],
    ['authenticated', 1, 0xc4, 24],
    ['zero-discriminator', 7, 0, 24],
    ['zero-discriminator', 11, 0, 24],
  ])('%s (byte %i = %i, %i bytes)', (reason, at, value, length) => {
    const bytes = Buffer.from(base);
    bytes.writeUInt8(value, at);
    expect(decodeControl(bytes.subarray(0, length))).toEqual({ ok: false, drop: reason });
  });
});
