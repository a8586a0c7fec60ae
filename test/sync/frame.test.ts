// Frames there and back, in whatever pieces they come; and whatever else comes.
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { encodeFrame, FRAME_MAX, type Frame, FrameReader } from '../../src/sync/frame.ts';
import { isTellable, type ToldOrder } from '../../src/sync/orders.ts';

const uint48 = fc.integer({ min: 0, max: 2 ** 48 - 1 });
const uint32 = fc.integer({ min: 0, max: 2 ** 32 - 1 });
const stamp = fc.integer({ min: 0, max: 2 ** 51 });
const bytes = (max: number) => fc.uint8Array({ maxLength: max }).map((each) => Buffer.from(each));
const hello = fc.record({
  type: fc.constant('hello' as const),
  lowest: fc.constantFrom(0, 1),
  highest: fc.integer({ min: 1, max: 255 }),
  engine: fc.constantFrom('kernel' as const, 'embedded' as const),
  bootId: fc.uint8Array({ minLength: 16, maxLength: 16 }).map((id) => Buffer.from(id).toString('hex')),
  epoch: uint32,
  capacity: uint32,
  clock: stamp,
});
const name = fc
  .string({ unit: 'grapheme', minLength: 1, maxLength: 60 })
  .filter((text) => isTellable(named(text)));
const named = (text: string) => ({ pool: text, server: text });
const orderName = fc.record({ pool: name, server: name });
const drain = fc.record(
  {
    is: fc.constant('drain' as const),
    expiresTemplates: fc.boolean(),
    leftMs: uint48,
    isOver: fc.constant(true as const),
  },
  { requiredKeys: ['is', 'expiresTemplates'] },
);
const toldOrder = fc.record({
  pool: name,
  server: name,
  order: fc.oneof(
    drain,
    fc.record({ is: fc.constantFrom('ready' as const, 'maint' as const) }),
    fc.record({ is: fc.constant('weight' as const), weight: fc.integer({ min: 0, max: 65_535 }) }),
  ),
  stamp,
  by: uint32,
  isKnown: fc.boolean(),
});
const frame: fc.Arbitrary<Frame> = fc.oneof(
  fc.record({ type: fc.constant('subscribe' as const), from: uint48 }),
  fc.record({
    type: fc.constant('entries' as const),
    upTo: uint48,
    stamps: fc.array(stamp, { maxLength: 255 }),
    datagram: bytes(2000),
  }),
  fc.record({
    type: fc.constant('mark' as const),
    upTo: uint48,
    entries: uint48,
    digest: uint48,
    complete: fc.boolean(),
  }),
  fc.record({ type: fc.constant('ack' as const), upTo: uint48, refused: uint32 }),
  fc.record({ type: fc.constant('heartbeat' as const), connections: uint32 }),
  fc.record({
    type: fc.constant('orders' as const),
    serial: uint32,
    clock: fc.constant(2 ** 51),
    orders: fc.array(toldOrder, { maxLength: 100 }),
  }),
  fc.record({
    type: fc.constant('held' as const),
    serial: uint32,
    unknown: fc.array(orderName, { maxLength: 100 }),
  }),
  fc.record({ type: fc.constant('goodbye' as const), reason: fc.constantFrom('stopping', 'digest') }),
);

function read(pieces: readonly Buffer[]) {
  const reader = new FrameReader();
  const frames: Frame[] = [];
  for (const piece of pieces) {
    const fault = reader.read(piece, (each) => frames.push(each) > 0);
    if (fault !== undefined) return { frames, fault };
  }
  return { frames, fault: undefined };
}

test('decode(encode(x)) = x, in whatever pieces it comes', () => {
  fc.assert(
    fc.property(
      hello,
      fc.array(frame, { maxLength: 10 }),
      fc.array(fc.nat(), { maxLength: 20 }),
      (first, rest, cuts) => {
        const frames = [first, ...rest];
        const whole = Buffer.concat(frames.map(encodeFrame));
        const at = [0, ...cuts.map((cut) => cut % whole.length).toSorted((a, b) => a - b), whole.length];
        const pieces = at.slice(1).map((end, index) => whole.subarray(at[index], end));
        expect(read(pieces)).toEqual({ frames, fault: undefined });
      },
    ),
  );
});

test('any bytes are frames or a fault, never an exception', () => {
  fc.assert(
    fc.property(hello, bytes(200), fc.nat(10), (first, garbage, kind) => {
      const type = kind > 8 ? 119 + kind : kind;
      const framed = Buffer.concat([Buffer.from([0, 0, 0, garbage.length + 1, type]), garbage]);
      for (const pieces of [[garbage], [framed], [encodeFrame(first), framed], [encodeFrame(first), garbage]])
        expect(read(pieces).frames.length).toBeLessThanOrEqual(60);
    }),
    { numRuns: 1000 },
  );
});

const HELLO = encodeFrame({
  type: 'hello',
  lowest: 1,
  highest: 1,
  clock: 0,
  engine: 'kernel',
  bootId: '00'.repeat(16),
  epoch: 0,
  capacity: 1,
});
const length = (value: number) => {
  const head = Buffer.alloc(4);
  head.writeUInt32BE(value);
  return head;
};
const changed = (at: number, value: number) => Buffer.from(HELLO.with(at, value));
test.each([
  ['a long frame before any hello', [length(257)], 'oversized'],
  ['a frame longer than any', [HELLO, length(FRAME_MAX + 1)], 'oversized'],
  ['a frame of nothing', [HELLO, length(0)], 'too-short'],
  ['a type that nobody knows', [HELLO, length(1), Buffer.from([100])], 'unknown-type'],
  ['a type that may be left out', [HELLO, length(1), Buffer.from([200])], undefined],
  ['a body that is too short', [HELLO, length(2), Buffer.from([2, 0])], 'too-short'],
  ['stamps that are not there', [HELLO, length(8), Buffer.from([3, 0, 0, 0, 0, 0, 1, 9])], 'too-short'],
  ['something else than a balancer', [changed(5, 0x47)], 'magic'],
  ['a later version that does not go back to ours', [changed(9, 2)], 'version'],
  ['an engine that nobody knows', [changed(11, 9)], 'engine'],
  ['a clock beyond all clocks', [changed(36, 0x80)], 'clock'],
] as const)('%s', (_, pieces, fault) => {
  expect(read(pieces as readonly Buffer[]).fault).toBe(fault);
});

const maint: ToldOrder = {
  pool: 'TCP 10.0.0.50:80',
  server: '10.1.0.1:80',
  order: { is: 'maint' },
  stamp: 3,
  by: 1,
  isKnown: true,
};
const frameOf = (clock: number, ...orders: readonly ToldOrder[]) =>
  encodeFrame({ type: 'orders', serial: 1, clock, orders });
/** Of a frame with one order: where that begins. */
const ORDER_AT = 19;
const spoiled = (at: number, value: number) => frameOf(3, maint).with(ORDER_AT + at, value);
test.each([
  ['more of them than there are', frameOf(3, maint).with(18, 2)],
  ['more than one frame may have', frameOf(3, ...Array.from({ length: 101 }, () => maint))],
  ['of no known kind', spoiled(0, 4)],
  ['a stamp beyond its clock', frameOf(2, maint)],
  ['a clock beyond all clocks', frameOf(2 ** 51 + 2, maint)],
  ['a weight that IPVS has not', frameOf(3, { ...maint, order: { is: 'weight', weight: 65_536 } })],
  ['a service without a name', frameOf(3, { ...maint, pool: '' })],
  ['a name that goes beyond the frame', spoiled(20, 250)],
  ['a name that would forge a line of a log', frameOf(3, { ...maint, server: '1\n{}' })],
  ['a name that is no text', spoiled(21, 0xff)],
] as const)('orders: %s', (_, bytes) => {
  expect(read([HELLO, Buffer.from(bytes)]).fault).toBe('orders');
});

test('a frame of as many orders as it may have, with the longest names, is none too long', () => {
  const longest = { ...maint, pool: 'p'.repeat(255), server: 's'.repeat(255) };
  const bytes = frameOf(3, ...Array.from({ length: 100 }, () => longest));
  expect(read([HELLO, bytes]).fault).toBeUndefined();
  expect(isTellable({ ...longest, pool: 'p'.repeat(256) })).toBe(false);
});

test('what a peer gives as its reason cannot forge a line of a log', () => {
  const bytes = encodeFrame({ type: 'goodbye', reason: 'a\n{"event":"x"}' });
  expect(read([HELLO, bytes]).frames[1]).toEqual({ type: 'goodbye', reason: 'a???event???x??' });
});
