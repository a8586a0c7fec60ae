// GRE and GUE around what goes to a server: every length and checksum computed anew, also of super-frames'
// segments, in headers of either family.
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { address } from '../../../src/core/address.ts';
import { internetChecksum } from '../../../src/core/checksum.ts';
import type { Server, Tunnel } from '../../../src/ipvs/model.ts';
import { frame, icmpFrame, look, type Segment } from './frames.ts';
import { CLIENT, head, OWN_MAC, server, VIP } from './world.ts';
import { CLIENT6, head6, IP, icmp6Frame, lookIcmp6, server6, VIP6, VIRTUAL_MAC6, World6 } from './world6.ts';

const PORT = 6080;
const TUNNELS: readonly [string, Tunnel, number][] = [
  ['gre', { type: 'gre', checksum: 'none' }, 4],
  ['gre csum', { type: 'gre', checksum: 'csum' }, 8],
  ['gue', { type: 'gue', port: PORT, checksum: 'none' }, 12],
  ['gue remcsum', { type: 'gue', port: PORT, checksum: 'remcsum' }, 12],
  ['gue csum', { type: 'gue', port: PORT, checksum: 'csum' }, 12],
];
const CASES = TUNNELS.flatMap(([name, tunnel, size]) =>
  ([4, 6] as const).flatMap((outer) =>
    ([4, 6] as const).map(
      (inner) => [`${name}, IPv${inner} in IPv${outer}`, { tunnel, size, outer, inner }] as const,
    ),
  ),
);
type Case = (typeof CASES)[number][1];

function world({ tunnel, outer, inner }: Case): World6 {
  const more = { forwarding: 'TUN', port: 80, tunnel } as const;
  const real: Server = outer === 4 ? server(21, more) : server6(21, more);
  const service = inner === 4 ? head() : head6();
  return new World6([[service, [real]]]).own().meet(CLIENT, CLIENT6, real.address);
}
const segmentOf = ({ inner }: Case, more: Partial<Segment>): Segment => ({
  protocol: 'TCP',
  from: inner === 4 ? CLIENT : CLIENT6,
  fromPort: 1025,
  to: inner === 4 ? VIP : VIP6,
  toPort: 80,
  flags: 2,
  ...(inner === 6 ? { destinationMac: VIRTUAL_MAC6 } : {}),
  ...more,
});

/** What is in the tunnel, when all that is around it is right. */
function unwrapped(bytes: Buffer, { tunnel, size, outer, inner }: Case) {
  const ip = bytes.subarray(IP);
  const headerSize = outer === 4 ? 20 : 40;
  const whole = ip.subarray(0, outer === 4 ? ip.readUInt16BE(2) : 40 + ip.readUInt16BE(4));
  const between = whole.subarray(headerSize);
  expect(ip[outer === 4 ? 9 : 6]).toBe(tunnel.type === 'gre' ? 47 : 17);
  if (tunnel.type === 'gre') {
    expect(between.readUInt16BE(0)).toBe(tunnel.checksum === 'csum' ? 0x8000 : 0);
    expect(between.readUInt16BE(2)).toBe(inner === 4 ? 0x0800 : 0x86dd);
    if (tunnel.checksum === 'csum') expect(internetChecksum(between)).toBe(0);
  } else {
    const ends = ip.subarray(outer === 4 ? 12 : 8, headerSize);
    const tail = Buffer.from([0, 17, between.length >> 8, between.length & 255]);
    expect([between.readUInt16BE(2), between.readUInt16BE(4)]).toEqual([PORT, between.length]);
    expect(between.subarray(8, 12)).toEqual(Buffer.from([0, inner === 4 ? 4 : 41, 0, 0]));
    if (tunnel.checksum !== 'csum') expect(between.readUInt16BE(6)).toBe(0);
    else expect(internetChecksum(ends, tail, between)).toBe(0);
  }
  const vnet = Buffer.from(bytes.subarray(0, IP));
  return look(Buffer.concat([vnet, between.subarray(size)]));
}

const traffic = fc.record({
  payload: fc.uint8Array({ maxLength: 1200 }).map((bytes) => Buffer.from(bytes)),
  partial: fc.boolean(),
  ttl: fc.integer({ min: 2, max: 255 }),
});

test.each(CASES)('%s', (_, one) => {
  const of = world(one);
  fc.assert(
    fc.property(traffic, (more) => {
      const [sent, ...others] = of.receive('outer', frame(segmentOf(one, more)));
      expect([sent!.on, others.length]).toEqual(['inner', 0]);
      const seen = unwrapped(sent!.bytes, one);
      expect(seen).toMatchObject({ to: segmentOf(one, {}).to, ttl: more.ttl - 1, checksumsRight: true });
      expect(seen.payload).toBe(more.payload.toString('latin1'));
    }),
    { numRuns: 60 },
  );
});

test.each(CASES)('%s: segments of a super-frame', (_, one) => {
  const of = world(one);
  of.receive('outer', frame(segmentOf(one, {})));
  const payload = Buffer.from(Array.from({ length: 3100 }, (_, i) => i * 3));
  const sent = of.receive(
    'outer',
    frame(segmentOf(one, { flags: 0x10, payload, partial: true, gsoSize: 1000 })),
  );
  const seen = sent.map(({ bytes }) => unwrapped(bytes, one));
  expect(seen).toMatchObject(Array(4).fill({ checksumsRight: true }));
  expect(seen.map((each) => each.payload).join('')).toBe(payload.toString('latin1'));
});

test.each(CASES)('%s: as much as fits, and no more', (_, one) => {
  const of = world(one);
  of.receive('outer', frame(segmentOf(one, {})));
  const room = 1400 - (one.outer === 4 ? 20 : 40) - one.size;
  const headers = one.inner === 4 ? 40 : 60;
  const big = (payload: number) => frame(segmentOf(one, { flags: 0x10, payload: Buffer.alloc(payload) }));
  expect(of.receive('outer', big(room - headers))).toMatchObject([{ on: 'inner' }]);
  const [told] = of.receive('outer', big(room - headers + 1));
  expect(told!.on).toBe('outer');
  if (one.inner === 6) expect(lookIcmp6(told!)).toMatchObject({ type: 2, rest: room });
  else expect(told!.bytes.readUInt16BE(IP + 20 + 6)).toBe(room);
});

test.each(CASES)('%s: what a router says about the way is remembered for ten minutes', (_, one) => {
  const of = world(one);
  const real = one.outer === 4 ? '10.1.0.21' : '2001:db8:1::21';
  const [open] = of.receive('outer', frame(segmentOf(one, {})));
  const message = Buffer.concat([
    Buffer.from(one.outer === 4 ? '0304000000000514' : '0200000000000514', 'hex'),
    open!.bytes.subarray(IP, IP + 100),
  ]);
  const ends = { destinationMac: OWN_MAC.inner };
  const told =
    one.outer === 4
      ? icmpFrame({ from: '10.1.0.99', to: '10.1.0.1', ...ends }, message)
      : icmp6Frame({ from: '2001:db8:1::99', to: '2001:db8:1::1', ...ends }, message);
  // Over IPv6 what every way must carry goes whatever is said.
  const room = one.outer === 4 ? 1300 - 20 - one.size : 1280;
  const headers = one.inner === 4 ? 40 : 60;
  const passes = (size: number) => {
    of.meet(CLIENT, CLIENT6, real);
    const [sent] = of.receive('outer', frame(segmentOf(one, { flags: 0x10, payload: Buffer.alloc(size) })));
    return sent!.on === 'inner';
  };
  expect(passes(room - headers + 1)).toBe(true);
  of.receive('inner', told);
  expect([passes(room - headers), passes(room - headers + 1)]).toEqual([true, false]);
  of.wait(598_000);
  expect(passes(room - headers + 1)).toBe(false);
  of.wait(4000);
  expect(passes(room - headers + 1)).toBe(true);
});

test('a damaged one, or one about another server, is not believed; too small a one is not followed', () => {
  const [, one] = CASES.find(([name]) => name === 'gre, IPv4 in IPv4')!;
  const of = world(one);
  const [open] = of.receive('outer', frame(segmentOf(one, {})));
  const say = (mtu: number, change: (bytes: Buffer) => void = () => {}) => {
    const quoted = Buffer.from(open!.bytes.subarray(IP, IP + 100));
    change(quoted);
    const message = Buffer.concat([Buffer.from([3, 4, 0, 0, 0, 0, mtu >> 8, mtu & 255]), quoted]);
    const ends = { from: '10.1.0.99', to: '10.1.0.1', destinationMac: OWN_MAC.inner };
    return icmpFrame(ends, message);
  };
  const fits = (size: number) =>
    of.receive('outer', frame(segmentOf(one, { flags: 0x10, payload: Buffer.alloc(size) })))[0]!.on ===
    'inner';
  const damaged = say(600);
  damaged[damaged.length - 1]! ^= 1;
  of.receive('inner', damaged);
  of.receive(
    'inner',
    say(600, (quoted) => quoted.writeUInt8(99, 19)),
  );
  expect(fits(1000)).toBe(true);
  of.receive('inner', say(68));
  expect([fits(552 - 24 - 40), fits(552 - 24 - 39)]).toEqual([true, false]);
});

const SAME = CASES.filter(([, { inner, outer }]) => inner === outer);

/** A router near the server says `type` about the tunnel's packet, whose first 128 bytes it quotes. */
function complained(
  { outer }: Case,
  tunnelled: Buffer,
  [type, code, mtu]: readonly number[],
  change: (quoted: Buffer) => void = () => {},
): Buffer {
  const quoted = Buffer.from(tunnelled.subarray(IP, IP + 128));
  change(quoted);
  const message = Buffer.concat([Buffer.from([type!, code!, 0, 0, 0, 0, mtu! >> 8, mtu! & 255]), quoted]);
  const ends = { destinationMac: OWN_MAC.inner };
  if (outer === 4) return icmpFrame({ from: '10.1.0.99', to: '10.1.0.1', ...ends }, message);
  return icmp6Frame({ from: '2001:db8:1::99', to: '2001:db8:1::1', ...ends }, message);
}

test.each(SAME)('%s: what a router says about what is inside is told to the client', (_, one) => {
  const of = world(one);
  const segment = frame(segmentOf(one, { payload: Buffer.alloc(40, 'x') }));
  const [open] = of.receive('outer', segment);
  const isIpv4 = one.inner === 4;
  const told = (said: readonly number[]) => {
    const [sent, ...more] = of.receive('inner', complained(one, open!.bytes, said));
    expect(more).toEqual([]);
    expect(sent!.on).toBe('outer');
    const icmp = sent!.bytes.subarray(IP + (isIpv4 ? 20 : 40));
    // As it was when it went into the tunnel: one hop less.
    const asked = Buffer.from(segment.subarray(IP));
    asked.writeUInt8(63, isIpv4 ? 8 : 7);
    const untouched = isIpv4 ? 12 : 8;
    const quoted = icmp.subarray(8);
    expect(quoted.subarray(untouched, 72)).toEqual(asked.subarray(untouched, 72));
    expect(quoted[isIpv4 ? 8 : 7]).toBe(63);
    if (!isIpv4) expect(lookIcmp6(sent!)).toMatchObject({ from: VIP6, to: CLIENT6, isRight: true });
    return [icmp[0], icmp[1], icmp.readUInt16BE(6)];
  };
  const exceeded = isIpv4 ? [11, 0, 0] : [3, 0, 0];
  expect(told(exceeded)).toEqual(exceeded);
  const unreachable = isIpv4 ? [3, 1, 0] : [1, 3, 0];
  expect(told(unreachable)).toEqual(unreachable);
  // Less what is around it: the kernel's IPVS forgets what is between the headers.
  const tooBig = isIpv4 ? [3, 4, 1380] : [2, 0, 1380];
  expect(told(tooBig)).toEqual([tooBig[0], tooBig[1], 1380 - (isIpv4 ? 20 : 40) - one.size]);
});

test.each<[string, string, (quoted: Buffer) => void]>([
  ['another port', 'gue, IPv4 in IPv4', (quoted) => quoted.writeUInt16BE(PORT + 1, 22)],
  ['another version', 'gue, IPv4 in IPv4', (quoted) => quoted.writeUInt8(0x40, 28)],
  ['a control message', 'gue, IPv4 in IPv4', (quoted) => quoted.writeUInt8(0x20, 28)],
  ['IPv6 inside', 'gue, IPv4 in IPv4', (quoted) => quoted.writeUInt8(41, 29)],
  ['a key', 'gre, IPv4 in IPv4', (quoted) => quoted.writeUInt8(0x20, 20)],
  ['bridged frames', 'gre, IPv4 in IPv4', (quoted) => quoted.writeUInt16BE(0x6558, 22)],
  ['a later fragment', 'gre, IPv4 in IPv4', (quoted) => quoted.writeUInt16BE(100, 6)],
  ['another server', 'gre csum, IPv4 in IPv4', (quoted) => quoted.writeUInt8(99, 19)],
  ['another client', 'gre csum, IPv4 in IPv4', (quoted) => quoted.writeUInt8(99, 28 + 15)],
])('about no tunnel of ours, nobody is told: %s', (_, name, change) => {
  const [, one] = CASES.find(([called]) => called === name)!;
  const of = world(one);
  const [open] = of.receive('outer', frame(segmentOf(one, {})));
  const before = Object.values(of.engine.drops.read()).length;
  expect(of.receive('inner', complained(one, open!.bytes, [11, 0, 0], change))).toEqual([]);
  expect(Object.values(of.engine.drops.read()).length).toBe(before + 1);
  expect(of.receive('inner', complained(one, open!.bytes, [11, 0, 0]))).toHaveLength(1);
});

test('the packets of a connection have one source port, those of others mostly not', () => {
  const [, one] = CASES.find(([name]) => name === 'gue, IPv4 in IPv4')!;
  const of = world(one);
  const port = (fromPort: number) => {
    const [sent] = of.receive('outer', frame(segmentOf(one, { fromPort })));
    return sent!.bytes.readUInt16BE(IP + 20);
  };
  expect(port(1025)).toBe(port(1025));
  expect(new Set(Array.from({ length: 50 }, (_, i) => port(2000 + i))).size).toBeGreaterThan(40);
});

test('the table has the tunnel as it was given', () => {
  const [, one] = CASES[0]!;
  const [service] = [...world(one).engine.sessions.services.readTable().values()];
  expect([...service!.servers.values()][0]).toMatchObject({
    address: address('10.1.0.21'),
    tunnel: one.tunnel,
  });
});
