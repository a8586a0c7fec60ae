// Tunnels, fragments and super-frames, where the wire shows what became of them. Packets are compared with
// the kernel's by test/lab/same-packets.test.ts; here is what a kernel does elsewhere: cutting and following.
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { internetChecksum } from '../../../src/core/checksum.ts';
import { frame, type Segment, VNET } from './frames.ts';
import { CLIENT, head, OWN_MAC, type Sent, server, VIP, World } from './world.ts';

const SYN = 0x02;
const ACK = 0x10;
const IP = VNET + 14;
const real = '10.1.0.21';
const toVip = { protocol: 'TCP', from: CLIENT, fromPort: 1025, to: VIP, toPort: 80 } as const;
const UDP = head({ protocol: 'UDP', port: 53 });

function world(forwarding: 'NAT' | 'DR' | 'TUN'): World {
  const servers = [server(21, { forwarding, port: forwarding === 'NAT' ? 8080 : 80 })];
  return new World([
    [head(), servers],
    [UDP, [server(21, { forwarding, port: 53 })]],
  ])
    .own()
    .meet(CLIENT, real);
}
function received(of: World, on: string, segment: Segment): Sent[] {
  return of.receive(on, frame(segment));
}
/** The packet inside, completed as a network card would, and whether all its checksums are right. */
function unwrapped({ bytes }: Sent) {
  const whole = Buffer.from(bytes);
  if ((whole[0]! & 1) !== 0) {
    const from = VNET + whole.readUInt16LE(6);
    const end = IP + whole.readUInt16BE(IP + 2);
    whole.writeUInt16BE(internetChecksum(whole.subarray(from, end)), from + whole.readUInt16LE(8));
  }
  const outer = whole.subarray(IP, IP + whole.readUInt16BE(IP + 2));
  const inner = outer.subarray(20);
  const transport = inner.subarray((inner[0]! & 15) * 4);
  const pseudo = Buffer.alloc(12);
  inner.copy(pseudo, 0, 12, 20);
  pseudo[9] = inner[9]!;
  pseudo.writeUInt16BE(transport.length, 10);
  const isRight =
    internetChecksum(outer.subarray(0, 20)) === 0 &&
    internetChecksum(inner.subarray(0, (inner[0]! & 15) * 4)) === 0 &&
    internetChecksum(pseudo, transport) === 0;
  return { outer, inner, transport, isRight };
}

describe('tunnels', () => {
  test('an outer header from our own address to the server, around the packet as it was', () => {
    const of = world('TUN');
    const [sent] = received(of, 'outer', { ...toVip, flags: SYN, payload: Buffer.from('hello') });
    const { outer, inner, transport, isRight } = unwrapped(sent!);
    expect([sent!.on, [...outer.subarray(12, 20)].join('.')]).toEqual(['inner', '10.1.0.1.10.1.0.21']);
    expect([outer[9], outer[8], inner[8]]).toEqual([4, 63, 63]);
    expect([...inner.subarray(12, 20)].join('.')).toBe(`${CLIENT}.${VIP}`);
    expect(transport.subarray(20).toString()).toBe('hello');
    expect(isRight).toBe(true);
    expect(of.state(CLIENT, 1025)).toBe(3);
  });

  test('a partial checksum is completed at its place behind the longer header', () => {
    const [sent] = received(world('TUN'), 'outer', { ...toVip, flags: SYN, partial: true });
    expect(unwrapped(sent!).isRight).toBe(true);
  });

  test('a super-frame is cut: every segment right, together what was sent', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 9000 }),
        fc.integer({ min: 500, max: 1340 }),
        (length, gsoSize) => {
          const of = world('TUN');
          received(of, 'outer', { ...toVip, flags: SYN });
          const payload = Buffer.from(Array.from({ length }, (_, i) => i * 7));
          const flags = ACK | 0x08 | 0x01;
          const sent = received(of, 'outer', { ...toVip, flags, payload, partial: true, gsoSize }).map(
            unwrapped,
          );
          expect(sent.every(({ isRight }) => isRight)).toBe(true);
          expect(Buffer.concat(sent.map(({ transport }) => transport.subarray(20)))).toEqual(payload);
          sent.forEach(({ transport }, i) => {
            expect(transport.readUInt32BE(4)).toBe(1000 + i * gsoSize);
            expect(transport[13]! & 0x09).toBe(i === sent.length - 1 ? 0x09 : 0);
          });
        },
      ),
      { numRuns: 20 },
    );
  });

  test('too big for the tunnel: the client is told how much fits', () => {
    const of = world('TUN');
    received(of, 'outer', { ...toVip, flags: SYN });
    const [error] = received(of, 'outer', { ...toVip, flags: ACK, payload: Buffer.alloc(1345) });
    const icmp = error!.bytes.subarray(IP + 20);
    expect([error!.on, icmp[0], icmp[1], icmp.readUInt16BE(6)]).toEqual(['outer', 3, 4, 1380]);
  });
});

describe('fragments', () => {
  const payload = Buffer.from(Array.from({ length: 400 }, (_, i) => i));
  /** Both halves of one UDP datagram. */
  function halves(segment: Partial<Segment>): [Buffer, Buffer] {
    const from = { ...toVip, protocol: 'UDP', toPort: 53, payload, ...segment } as const;
    const whole = frame({ ...from, fragment: 0 });
    const cut = IP + 20 + 208;
    const headerOf = (fragment: number, data: Buffer) => {
      const bytes = Buffer.concat([whole.subarray(0, IP + 20), data]);
      bytes.writeUInt16BE(20 + data.length, IP + 2);
      bytes.writeUInt16BE(77, IP + 4);
      bytes.writeUInt16BE(fragment, IP + 6);
      bytes.writeUInt16BE(0, IP + 10);
      bytes.writeUInt16BE(internetChecksum(bytes.subarray(IP, IP + 20)), IP + 10);
      return bytes;
    };
    return [headerOf(0x2000, whole.subarray(IP + 20, cut)), headerOf(208 / 8, whole.subarray(cut))];
  }
  const joined = (first: Sent, second: Sent) =>
    Buffer.concat([first.bytes.subarray(IP + 20), second.bytes.subarray(IP + 20)]);
  const ends = ({ bytes }: Sent) => [...bytes.subarray(IP + 12, IP + 20)].join('.');

  test('follow the first one to the server by NAT, and its answer’s back; the datagram stays whole', () => {
    const of = world('NAT');
    const [first, second] = halves({}).map((half) => of.receive('outer', half)[0]!);
    expect([ends(first!), ends(second!)]).toEqual(Array(2).fill(`${CLIENT}.${real}`));
    const datagram = joined(first!, second!);
    const pseudo = Buffer.concat([
      first!.bytes.subarray(IP + 12, IP + 20),
      Buffer.from([0, 17, 408 >> 8, 408 & 255]),
    ]);
    expect(internetChecksum(pseudo, datagram)).toBe(0);
    const back = { from: real, fromPort: 53, to: CLIENT, toPort: 1025 };
    const answers = halves(back).map((half) => of.receive('inner', half)[0]!);
    expect(answers.map(ends)).toEqual(Array(2).fill(`${VIP}.${CLIENT}`));
  });

  test('count for the connection, but change no state of TCP', () => {
    const of = world('DR');
    received(of, 'outer', { ...toVip, flags: SYN });
    const [, second] = halves({ protocol: 'TCP', toPort: 80, flags: ACK });
    of.receive('outer', halves({ protocol: 'TCP', toPort: 80, flags: ACK })[0]);
    expect(of.state(CLIENT, 1025)).toBe(1);
    expect(of.receive('outer', second)).toHaveLength(1);
    expect(of.state(CLIENT, 1025)).toBe(1);
  });

  test('that overtake the first one wait for it', () => {
    const of = world('NAT');
    const [first, second] = halves({});
    expect(of.receive('outer', second)).toEqual([]);
    const leading = of.receive('outer', first);
    const following = of.wait(1);
    expect([...leading, ...following].map(ends)).toEqual(Array(2).fill(`${CLIENT}.${real}`));
    expect(joined(leading[0]!, following[0]!)).toHaveLength(408);
    expect(following[0]!.bytes[IP + 8]).toBe(63);
    expect(of.engine.drops.read()).toEqual({});
  });

  test('that overtake the first one of an answer wait for it, too', () => {
    const of = world('NAT');
    received(of, 'outer', { ...toVip, protocol: 'UDP', toPort: 53 });
    const [first, second] = halves({ from: real, fromPort: 53, to: CLIENT, toPort: 1025 });
    expect(of.receive('inner', second)).toEqual([]);
    const leading = of.receive('inner', first);
    const following = of.wait(1);
    expect([...leading, ...following].map(ends)).toEqual(Array(2).fill(`${VIP}.${CLIENT}`));
    expect(joined(leading[0]!, following[0]!)).toHaveLength(408);
    expect(of.engine.drops.read()).toEqual({});
  });

  test('of a server that are no answer go on as they are, in any order', () => {
    const [first, second] = halves({ from: real, fromPort: 9, to: CLIENT, toPort: 9 });
    for (const [one, other] of [
      [first, second],
      [second, first],
    ] as const) {
      const of = world('NAT');
      const sent = [...of.receive('inner', one), ...of.receive('inner', other), ...of.wait(1)];
      expect(sent.map(ends)).toEqual(Array(2).fill(`${real}.${CLIENT}`));
      expect(of.engine.drops.read()).toEqual({});
    }
  });

  test('whose first one does not come, or is long ago, go nowhere', () => {
    const of = world('NAT');
    const [first, second] = halves({});
    expect(of.receive('outer', second)).toEqual([]);
    of.wait(3_000);
    expect(of.engine.drops.read()).toEqual({ fragment: 1 });
    expect(of.receive('outer', first)).toHaveLength(1);
    of.wait(40_000);
    expect(of.receive('outer', second)).toEqual([]);
    of.wait(3_000);
    expect(of.engine.drops.read()).toMatchObject({ fragment: 2 });
  });

  test('of which too many wait are counted at once', () => {
    const of = world('NAT');
    const [, second] = halves({});
    for (let i = 0; i < 65; i++) of.receive('outer', Buffer.from(second));
    expect(of.engine.drops.read()).toEqual({ fragment: 1 });
  });

  test('a datagram too big for its way is cut, when its sender does not mind', () => {
    const of = world('NAT');
    const big = Buffer.from(Array.from({ length: 1450 }, (_, i) => i));
    const udp = { ...toVip, protocol: 'UDP', toPort: 53, payload: big, fragment: 0 } as const;
    for (const partial of [false, true]) {
      const sent = received(of, 'outer', { ...udp, partial });
      expect(sent.map(({ bytes }) => bytes.readUInt16BE(IP + 6))).toEqual([0x2000, 172]);
      const datagram = joined(sent[0]!, sent[1]!);
      const pseudo = Buffer.concat([
        sent[0]!.bytes.subarray(IP + 12, IP + 20),
        Buffer.from([0, 17, 1458 >> 8, 1458 & 255]),
      ]);
      expect(internetChecksum(pseudo, datagram)).toBe(0);
      expect(datagram.subarray(8).equals(big)).toBe(true);
    }
  });
});

test('an error with a wrong checksum is not repaired on its way', () => {
  const of = world('NAT');
  const [there] = received(of, 'outer', { ...toVip, flags: SYN });
  const quoted = there!.bytes.subarray(IP, IP + 28);
  const icmp = Buffer.concat([Buffer.from('0301000000000000', 'hex'), quoted]);
  const ip = Buffer.from('4500000000004000400100000a0100150a00000a', 'hex');
  ip.writeUInt16BE(20 + icmp.length, 2);
  ip.writeUInt16BE(internetChecksum(ip), 10);
  const ethernet = Buffer.from(`${OWN_MAC.inner}0200000001150800`.replaceAll(':', ''), 'hex');
  const send = () => of.receive('inner', Buffer.concat([Buffer.alloc(VNET), ethernet, ip, icmp]));
  expect(send()).toEqual([]);
  expect(of.engine.drops.read()).toEqual({ 'bad-checksum': 1 });
  icmp.writeUInt16BE(internetChecksum(icmp), 2);
  expect(send().map(({ on }) => on)).toEqual(['outer']);
});
