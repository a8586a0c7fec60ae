// What the packet engine says itself over IPv6, and what becomes of ICMPv6 errors about its connections:
// every checksum computed anew.
import { describe, expect, test } from 'vitest';
import { CLIENT_MAC, frame, look } from './frames.ts';
import {
  CLIENT6,
  FAR6,
  FROM_SERVER6,
  IP,
  icmp6Frame,
  icmp6sIn,
  SERVER6,
  servedWorld6,
  TO_VIP6,
  VIP6,
  VIRTUAL_MAC6,
} from './world6.ts';

const SYN = 0x02;
const ACK = 0x10;
const RST = 0x04;

describe('what it answers', () => {
  test('a hop limit that is over', () => {
    const of = servedWorld6();
    of.pass('outer', { ...TO_VIP6, flags: SYN });
    const bytes = frame({ ...TO_VIP6, flags: ACK, ttl: 1 });
    const quoted = Buffer.from(bytes.subarray(IP));
    const sent = of.receive('outer', bytes);
    expect(icmp6sIn(sent)).toMatchObject([
      { on: 'outer', from: VIP6, to: CLIENT6, type: 3, code: 0, isRight: true, destinationMac: CLIENT_MAC },
    ]);
    expect(icmp6sIn(sent)[0]!.body).toEqual(quoted);
    expect(of.engine.drops.read()).toEqual({ 'ttl-expired': 1 });
  });

  test.each([
    ['NAT', 1400],
    ['DR', 1400],
    ['TUN', 1360],
  ] as const)(
    'a packet too big for the way by %s: how big it may be, and as much of it as fits',
    (how, mtu) => {
      const of = servedWorld6(how);
      of.receive('outer', frame({ ...TO_VIP6, flags: SYN }));
      const fits = of.receive('outer', frame({ ...TO_VIP6, flags: ACK, payload: Buffer.alloc(mtu - 60) }));
      expect(fits).toMatchObject([{ on: 'inner' }]);
      const sent = of.receive('outer', frame({ ...TO_VIP6, flags: ACK, payload: Buffer.alloc(mtu - 59) }));
      expect(icmp6sIn(sent)).toMatchObject([
        { on: 'outer', from: VIP6, to: CLIENT6, type: 2, rest: mtu, isRight: true },
      ]);
      expect(sent[0]!.bytes.length - IP).toBe(1280);
      expect(of.engine.drops.read()).toEqual({ 'too-big': 1 });
    },
  );

  test('no service there: a reset, or port unreachable', () => {
    const of = servedWorld6();
    expect(of.pass('outer', { ...TO_VIP6, toPort: 81, flags: SYN })).toMatchObject({
      on: 'outer',
      from: VIP6,
      fromPort: 81,
      to: CLIENT6,
      toPort: 1025,
      flags: RST | ACK,
      checksumsRight: true,
    });
    const sent = of.receive('outer', frame({ ...TO_VIP6, protocol: 'UDP', toPort: 99 }));
    expect(icmp6sIn(sent)).toMatchObject([{ from: VIP6, to: CLIENT6, type: 1, code: 4, isRight: true }]);
  });

  test('an echo, as what it was sent to', () => {
    const of = servedWorld6();
    const request = Buffer.concat([Buffer.from('8000000000010002', 'hex'), Buffer.from('how are you')]);
    const ends = { from: CLIENT6, to: VIP6, destinationMac: VIRTUAL_MAC6, hopLimit: 3 };
    const sent = of.receive('outer', icmp6Frame(ends, request));
    expect(icmp6sIn(sent)).toMatchObject([
      { from: VIP6, to: CLIENT6, type: 129, rest: 0x00010002, hopLimit: 64, isRight: true },
    ]);
    expect(icmp6sIn(sent)[0]!.body.toString()).toBe('how are you');
  });

  test('nobody is told what came from no single host', () => {
    const quiet = servedWorld6();
    for (const from of ['::', 'ff02::1']) {
      expect(quiet.receive('outer', frame({ ...TO_VIP6, from, protocol: 'UDP', toPort: 99 }))).toEqual([]);
    }
  });
});

describe('ICMPv6 errors about connections', () => {
  const quote = (sent: Buffer) => Buffer.concat([Buffer.from('0100000000000000', 'hex'), sent.subarray(IP)]);

  test('about a reply: for the server, who knows his own address', () => {
    const of = servedWorld6();
    of.pass('outer', { ...TO_VIP6, flags: SYN });
    const [reply] = of.receive('inner', frame({ ...FROM_SERVER6, flags: SYN | ACK }));
    const ends = { from: FAR6, to: VIP6, destinationMac: VIRTUAL_MAC6 };
    const told = of.receive('outer', icmp6Frame(ends, quote(reply!.bytes)));
    expect(icmp6sIn(told)).toMatchObject([
      { on: 'inner', from: FAR6, to: SERVER6, type: 1, hopLimit: 63, isRight: true },
    ]);
    const inside = look(Buffer.concat([Buffer.alloc(IP), icmp6sIn(told)[0]!.body]));
    expect(inside).toMatchObject({ from: SERVER6, fromPort: 8080, to: CLIENT6, toPort: 1025 });
  });

  test('about what went to the server: for the client, who knows the virtual address', () => {
    const of = servedWorld6();
    const [there] = of.receive('outer', frame({ ...TO_VIP6, flags: SYN }));
    const ends = { from: SERVER6, to: CLIENT6, destinationMac: VIRTUAL_MAC6 };
    const told = of.receive('inner', icmp6Frame(ends, quote(there!.bytes)));
    expect(icmp6sIn(told)).toMatchObject([{ on: 'outer', from: VIP6, to: CLIENT6, type: 1, isRight: true }]);
    const inside = look(Buffer.concat([Buffer.alloc(IP), icmp6sIn(told)[0]!.body]));
    expect(inside).toMatchObject({ from: CLIENT6, to: VIP6, toPort: 80 });
  });

  test('a damaged one is counted', () => {
    const of = servedWorld6();
    const [there] = of.receive('outer', frame({ ...TO_VIP6, flags: SYN }));
    const bytes = icmp6Frame(
      { from: SERVER6, to: CLIENT6, destinationMac: VIRTUAL_MAC6 },
      quote(there!.bytes),
    );
    bytes[bytes.length - 1]! ^= 1;
    expect(of.receive('inner', bytes)).toEqual([]);
    expect(of.engine.drops.read()).toEqual({ 'bad-checksum': 1 });
  });
});
