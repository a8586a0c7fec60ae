// The packet engine over IPv6, frame by frame: NAT, direct routing, tunnels, extension headers, fragments;
// every checksum computed anew.
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { internetChecksum } from '../../../src/core/checksum.ts';
import { CLIENT_MAC, frame, look, type Segment, VNET } from './frames.ts';
import { OWN_MAC, SERVER_MAC } from './world.ts';
import {
  CLIENT6,
  FAR6,
  FROM_SERVER6,
  head6,
  IP,
  icmp6Frame,
  icmp6sIn,
  OWN6,
  SERVER6,
  servedWorld6,
  TO_VIP6,
  VIP6,
  VIRTUAL_MAC6,
  type World6,
} from './world6.ts';

const SYN = 0x02;
const ACK = 0x10;
const options = (size: number) => Buffer.alloc(size).fill(size / 8 - 1, 1, 2);
const extension = fc.constantFrom(
  { type: 0, bytes: options(8) },
  { type: 60, bytes: options(24) },
  { type: 43, bytes: options(8) },
  // A fragment that is the whole packet.
  { type: 44, bytes: Buffer.from('0000000000000007', 'hex') },
);

describe('NAT', () => {
  test('there and back again', () => {
    const of = servedWorld6();
    expect(of.pass('outer', { ...TO_VIP6, flags: SYN })).toEqual({
      on: 'inner',
      destinationMac: SERVER_MAC,
      sourceMac: OWN_MAC.inner,
      from: CLIENT6,
      fromPort: 1025,
      to: SERVER6,
      toPort: 8080,
      ttl: 63,
      protocol: 6,
      flags: SYN,
      checksumsRight: true,
      payload: '',
    });
    expect(of.pass('inner', { ...FROM_SERVER6, flags: SYN | ACK })).toMatchObject({
      on: 'outer',
      destinationMac: CLIENT_MAC,
      from: VIP6,
      fromPort: 80,
      to: CLIENT6,
      toPort: 1025,
      ttl: 63,
      checksumsRight: true,
    });
    of.pass('outer', { ...TO_VIP6, flags: ACK });
    expect(of.state(CLIENT6, 1025, head6())).toBe(1);
  });

  const packet = fc.record({
    protocol: fc.constantFrom('TCP' as const, 'UDP' as const),
    fromPort: fc.integer({ min: 1, max: 65_535 }),
    ttl: fc.integer({ min: 2, max: 255 }),
    payload: fc.uint8Array({ maxLength: 200 }).map((bytes) => Buffer.from(bytes)),
    partial: fc.boolean(),
    trafficClass: fc.nat(255),
    extensions: fc.array(extension, { maxLength: 3 }),
    from: fc.constantFrom(CLIENT6, FAR6),
  });

  test('every checksum is right whatever passes, both ways, behind any extension headers', () => {
    const of = servedWorld6();
    fc.assert(
      fc.property(packet, ({ from, ...segment }) => {
        const isTcp = segment.protocol === 'TCP';
        const toPort = isTcp ? 80 : 53;
        const there = of.pass('outer', { ...TO_VIP6, ...segment, from, toPort, flags: SYN });
        expect(there).toMatchObject({ to: SERVER6, toPort: isTcp ? 8080 : 5300, checksumsRight: true });
        expect(there).toMatchObject({ ttl: segment.ttl - 1 });
        expect(there?.payload).toBe(segment.payload.toString('latin1'));
        const ends = { fromPort: there!.toPort, to: from, toPort: segment.fromPort };
        const back = of.pass('inner', {
          ...FROM_SERVER6,
          ...segment,
          from: SERVER6,
          ...ends,
          flags: SYN | ACK,
        });
        expect(back).toMatchObject({ on: 'outer', from: VIP6, fromPort: toPort, checksumsRight: true });
        const { connections } = of.engine.sessions;
        for (let at = 1; at <= connections.last; at++)
          if (connections.isUsed(at)) of.engine.sessions.close(at);
      }),
      { numRuns: 500 },
    );
  }, 60_000);

  test('a checksum that was wrong stays wrong', () => {
    const bytes = frame({ ...TO_VIP6, flags: SYN, payload: Buffer.from('abcd') });
    bytes[bytes.length - 1]! ^= 0x40;
    const [sent] = servedWorld6().receive('outer', bytes);
    expect(look(sent!.bytes).checksumsRight).toBe(false);
  });

  test('the same numbers in the other family are another connection', () => {
    const of = servedWorld6();
    of.pass('outer', { ...TO_VIP6, flags: SYN });
    const at = of.engine.sessions.connections;
    expect(at.find(6, at.client(1), 1025, at.virtual(1), 80, 0)).toBe(0);
    expect(at.find(6 | 0x100, at.client(1), 1025, at.virtual(1), 80, 0)).toBe(1);
  });
});

test('direct routing changes the MAC and the hop limit, nothing else', () => {
  const bytes = frame({ ...TO_VIP6, flags: SYN, ttl: 9 });
  const before = Buffer.from(bytes.subarray(IP));
  const [sent] = servedWorld6('DR').receive('outer', bytes);
  before[7]!--;
  expect(sent).toMatchObject({ on: 'inner' });
  expect(sent!.bytes.subarray(IP)).toEqual(before);
  expect(look(sent!.bytes)).toMatchObject({ destinationMac: SERVER_MAC, to: VIP6 });
});

describe('tunnels', () => {
  test('an outer header of IPv6 around the packet as it was', () => {
    const of = servedWorld6('TUN');
    const bytes = frame({ ...TO_VIP6, flags: SYN, trafficClass: 0xb8, payload: Buffer.from('hello') });
    const inner = Buffer.from(bytes.subarray(IP));
    inner[7]!--;
    const [sent] = of.receive('outer', bytes);
    const ip = sent!.bytes.subarray(IP);
    expect(ip.subarray(0, 8).toString('hex')).toBe(
      `6b800000${ip.readUInt16BE(4).toString(16).padStart(4, '0')}293f`,
    );
    expect(ip.readUInt16BE(4)).toBe(inner.length);
    expect(look(Buffer.concat([sent!.bytes.subarray(0, IP), ip.subarray(40)]))).toMatchObject({ to: VIP6 });
    expect(ip.subarray(40)).toEqual(inner);
    expect(ip.subarray(8, 40).toString('hex')).toBe(
      '20010db80001000000000000000000012001' + '0db8000100000000000000000021',
    );
  });

  test('a super-frame is cut: every segment right, together what was sent', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 9000 }),
        fc.integer({ min: 500, max: 1300 }),
        (length, gsoSize) => {
          const of = servedWorld6('TUN');
          of.receive('outer', frame({ ...TO_VIP6, flags: SYN }));
          const payload = Buffer.from(Array.from({ length }, (_, i) => i * 7));
          const segment: Segment = { ...TO_VIP6, flags: ACK, payload, partial: true, gsoSize };
          const parts = of.receive('outer', frame(segment)).map(({ bytes }) => {
            const inner = Buffer.concat([bytes.subarray(0, IP), bytes.subarray(IP + 40)]);
            // As a network card completes it.
            const whole = Buffer.from(bytes);
            const from = VNET + whole.readUInt16LE(6);
            whole.writeUInt16BE(internetChecksum(whole.subarray(from)), from + whole.readUInt16LE(8));
            whole[0] = 0;
            const complete = Buffer.concat([whole.subarray(0, IP), whole.subarray(IP + 40)]);
            expect([look(inner).checksumsRight, look(complete).checksumsRight]).toEqual([true, true]);
            return Buffer.from(look(inner).payload, 'latin1');
          });
          expect(parts).toHaveLength(Math.ceil(length / gsoSize));
          expect(Buffer.concat(parts)).toEqual(payload);
        },
      ),
      { numRuns: 50 },
    );
  });

  test('a router’s word that the tunnel is too narrow is told to the client in his terms', () => {
    const of = servedWorld6('TUN');
    of.receive('outer', frame({ ...TO_VIP6, flags: SYN }));
    const [sent] = of.receive('outer', frame({ ...TO_VIP6, flags: ACK, payload: Buffer.alloc(1300 - 60) }));
    const body = Buffer.concat([Buffer.from('0200000000000550', 'hex'), sent!.bytes.subarray(IP, IP + 400)]);
    const told = of.receive(
      'inner',
      icmp6Frame({ from: FAR6, to: OWN6.inner, destinationMac: OWN_MAC.inner }, body),
    );
    expect(icmp6sIn(told)).toMatchObject([
      { on: 'outer', from: VIP6, to: CLIENT6, type: 2, code: 0, rest: 0x550 - 40, isRight: true },
    ]);
    expect(icmp6sIn(told)[0]!.body.subarray(8, 40)).toEqual(sent!.bytes.subarray(IP + 48, IP + 80));
  });
});

describe('fragments', () => {
  const part = (offset: number, more: boolean, id: number): Buffer => {
    const bytes = Buffer.alloc(8);
    bytes.writeUInt16BE((offset << 3) | (more ? 1 : 0), 2);
    bytes.writeUInt32BE(id, 4);
    return bytes;
  };
  const fragment = (offset: number, more: boolean, id = 0x12345678, extra: Partial<Segment> = {}) =>
    frame({
      ...TO_VIP6,
      protocol: 'UDP',
      toPort: 53,
      payload: Buffer.alloc(64, 'x'),
      extensions: [{ type: 44, bytes: part(offset, more, id) }],
      ...extra,
    });

  test('the later ones follow the first one of their packet', () => {
    const of = servedWorld6();
    const [first] = of.receive('outer', fragment(0, true));
    const [second] = of.receive('outer', fragment(9, false));
    expect([first?.on, second?.on]).toEqual(['inner', 'inner']);
    const ip = second!.bytes.subarray(IP);
    expect(ip.subarray(24, 40).toString('hex')).toBe('20010db8000100000000000000000021');
    // Nothing of it is a port or a checksum.
    expect(ip.subarray(48)).toEqual(fragment(9, false).subarray(IP + 48));
    expect(ip[7]).toBe(63);
  });

  test('one of another packet waits for nothing, and is counted', () => {
    const of = servedWorld6();
    of.receive('outer', fragment(0, true));
    expect(of.receive('outer', fragment(9, false, 7))).toEqual([]);
    of.wait(3_000);
    expect(of.engine.drops.read()).toEqual({ fragment: 1 });
  });

  test('one that overtakes the first one of its packet waits for it, its client not being known yet', () => {
    const of = servedWorld6();
    expect(of.receive('outer', fragment(9, false))).toEqual([]);
    expect(of.receive('outer', fragment(0, true))).toMatchObject([{ on: 'inner' }]);
    expect(of.wait(1)).toMatchObject([{ on: 'inner' }]);
  });
});

test('what is for somebody else is routed on, link-local and groups are not', () => {
  const of = servedWorld6();
  const onward = { ...TO_VIP6, from: SERVER6, to: FAR6, ttl: 5 } as const;
  expect(of.pass('inner', onward)).toMatchObject({
    on: 'outer',
    destinationMac: CLIENT_MAC,
    to: FAR6,
    ttl: 4,
  });
  for (const to of ['fe80::9', 'ff0e::1', '::1', '::']) {
    expect(of.receive('inner', frame({ ...onward, to }))).toEqual([]);
  }
  expect(of.receive('inner', frame({ ...onward, from: 'fe80::9' }))).toEqual([]);
  expect(of.engine.drops.read()).toEqual({ 'no-route': 5 });
  expect(of.engine.routed).toBe(1);
});

test('a chain of headers without end is counted', () => {
  const of = servedWorld6();
  const extensions = Array.from({ length: 9 }, () => ({ type: 60, bytes: options(8) }));
  expect(of.receive('outer', frame({ ...TO_VIP6, flags: SYN, extensions }))).toEqual([]);
  expect(of.engine.drops.read()).toEqual({ 'extension-headers': 1 });
});

/** Addresses in use when the machine has none, and every connection has ended: the services' own. */
function left(of: World6): number {
  of.engine.own([]);
  of.engine.setInterfaces([], []);
  of.wait(2000);
  while (!of.engine.sessions.advance(1_000_000));
  while (!of.engine.sessions.advance(2_000_000));
  return of.engine.sessions.addresses.count;
}

describe('addresses', () => {
  test('a flood of made-up ones leaves nothing behind', () => {
    const of = servedWorld6();
    const before = of.engine.sessions.addresses.count;
    const bytes = frame({ ...TO_VIP6, flags: ACK });
    for (let i = 0; i < 20_000; i++) {
      bytes.writeUInt32BE(Math.imul(i, 0x9e3779b1) >>> 0, IP + 16);
      of.receive('outer', Buffer.from(bytes));
      // To somebody else, who does not exist either.
      bytes.writeUInt32BE(i, IP + 36);
      of.receive('inner', Buffer.from(bytes));
      bytes.writeUInt32BE(0x100, IP + 36);
    }
    // The neighbours asked for in vain, and the ways to those who were answered, are as many as may be.
    expect(of.engine.sessions.addresses.count - before).toBeLessThanOrEqual(8192 + 4096);
    expect(of.engine.sessions.connections.count).toBe(0);
  });

  test('any bytes: a verdict, never an exception, and no address that is never let go', () => {
    const valid = fc.constantFrom(
      frame({ ...TO_VIP6, flags: SYN }),
      frame({ ...FROM_SERVER6, flags: ACK, extensions: [{ type: 0, bytes: options(16) }] }),
      icmp6Frame(
        { from: FAR6, to: VIP6, destinationMac: VIRTUAL_MAC6 },
        Buffer.concat([Buffer.from('0100000000000000', 'hex'), frame(FROM_SERVER6).subarray(IP)]),
      ),
    );
    const damage = fc.array(fc.tuple(fc.integer({ min: VNET + 12, max: 200 }), fc.nat(255)), {
      maxLength: 4,
    });
    const untouched = left(servedWorld6());
    fc.assert(
      fc.property(fc.array(fc.tuple(valid, damage, fc.nat(120)), { maxLength: 20 }), (packets) => {
        const of = servedWorld6();
        for (const [given, changes, cut] of packets) {
          const bytes = Buffer.from(given.subarray(0, given.length - (cut > 100 ? cut - 100 : 0)));
          for (const [at, value] of changes) if (at < bytes.length) bytes[at] = value;
          of.receive(cut % 2 === 0 ? 'outer' : 'inner', bytes);
        }
        expect(left(of)).toBe(untouched);
      }),
      { numRuns: 200 },
    );
  });
});
