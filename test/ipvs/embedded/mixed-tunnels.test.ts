// Tunnels to servers of the other family: what is around the packet, how large it may be, and that the table
// and the peer know what they are.
import { describe, expect, test } from 'vitest';
import { internetChecksum } from '../../../src/core/checksum.ts';
import { showConnections } from '../../../src/ipvs/embedded/shown.ts';
import { isTellable, isWorthTelling } from '../../../src/ipvs/embedded/synced.ts';
import { frame, look, type Segment } from './frames.ts';
import { CLIENT, head, server, VIP } from './world.ts';
import { CLIENT6, head6, IP, lookIcmp6, server6, VIP6, VIRTUAL_MAC6, World6 } from './world6.ts';

const SYN = 0x02;
const ACK = 0x10;
const TUN = { forwarding: 'TUN', port: 80 } as const;
const from4: Segment = { protocol: 'TCP', from: CLIENT, fromPort: 1025, to: VIP, toPort: 80, flags: SYN };
const from6: Segment = { ...from4, from: CLIENT6, to: VIP6, destinationMac: VIRTUAL_MAC6 };

const sixInFour = () => new World6([[head6(), [server(21, TUN)]]]).own().meet(CLIENT6, '10.1.0.21');
const fourInSix = () => new World6([[head(), [server6(21, TUN)]]]).own().meet(CLIENT, '2001:db8:1::21');

describe('IPv6 in IPv4', () => {
  test('the outer header has its class and hop limit, and may be fragmented', () => {
    const bytes = frame({ ...from6, trafficClass: 0xb8 });
    const inner = Buffer.from(bytes.subarray(IP));
    inner[7]!--;
    const [sent] = sixInFour().receive('outer', bytes);
    const ip = sent!.bytes.subarray(IP);
    expect([sent!.on, sent!.bytes.readUInt16BE(IP - 2)]).toEqual(['inner', 0x0800]);
    expect([ip[1], ip.readUInt16BE(2), ip.readUInt16BE(6), ip[8], ip[9]]).toEqual([
      0xb8,
      20 + inner.length,
      0,
      63,
      41,
    ]);
    expect([...ip.subarray(12, 20)].join('.')).toBe('10.1.0.1.10.1.0.21');
    expect(internetChecksum(ip.subarray(0, 20))).toBe(0);
    expect(ip.subarray(20)).toEqual(inner);
  });

  test('20 bytes less than the way fit', () => {
    const of = sixInFour();
    of.receive('outer', frame(from6));
    const big = (payload: number) => frame({ ...from6, flags: ACK, payload: Buffer.alloc(payload) });
    expect(of.receive('outer', big(1380 - 60))).toMatchObject([{ on: 'inner' }]);
    const [told] = of.receive('outer', big(1381 - 60));
    expect(lookIcmp6(told!)).toMatchObject({ to: CLIENT6, type: 2, rest: 1380, isRight: true });
  });
});

describe('IPv4 in IPv6', () => {
  test('the outer header has its type of service and time to live', () => {
    const bytes = frame(from4);
    const [sent] = fourInSix().receive('outer', bytes);
    const ip = sent!.bytes.subarray(IP);
    expect([sent!.on, sent!.bytes.readUInt16BE(IP - 2)]).toEqual(['inner', 0x86dd]);
    expect(ip.subarray(0, 8).toString('hex')).toBe('600000000028043f');
    expect(look(Buffer.concat([sent!.bytes.subarray(0, IP), ip.subarray(40)]))).toMatchObject({
      to: VIP,
      ttl: 63,
      checksumsRight: true,
    });
  });

  test('40 bytes less than the way fit; what may be is fragmented, in the tunnel’s packets', () => {
    const of = fourInSix();
    of.receive('outer', frame(from4));
    const big = (payload: number, fragment = 0x4000) =>
      frame({ ...from4, flags: ACK, fragment, payload: Buffer.alloc(payload) });
    expect(of.receive('outer', big(1360 - 40))).toMatchObject([{ on: 'inner' }]);
    expect(of.receive('outer', big(1361 - 40))).toMatchObject([{ on: 'outer' }]);
    const whole = big(1361 - 40, 0);
    const inner = Buffer.from(whole.subarray(IP));
    const sent = of.receive('outer', whole).map(({ bytes }) => bytes.subarray(IP));
    expect(sent.map((ip) => ip.readUInt16BE(4))).toEqual([1352 + 8, 9 + 8]);
    expect(sent.map((ip) => [ip[6], ip[40], ip.readUInt16BE(42)])).toEqual([
      [44, 4, 1],
      [44, 4, 1352],
    ]);
    expect(sent[0]!.readUInt32BE(44)).toBe(sent[1]!.readUInt32BE(44));
    const joined = Buffer.concat(sent.map((ip) => ip.subarray(48)));
    // One hop less, and the header's checksum with it.
    expect(joined.subarray(12)).toEqual(inner.subarray(12));
    expect([joined[8], internetChecksum(joined.subarray(0, 20))]).toEqual([63, 0]);
    expect(of.engine.drops.read()).toEqual({ 'too-big': 1 });
  });

  test('a super-frame is cut into segments, each in an IPv6 header', () => {
    const of = fourInSix();
    of.receive('outer', frame(from4));
    const payload = Buffer.from(Array.from({ length: 3000 }, (_, i) => i));
    const sent = of.receive('outer', frame({ ...from4, flags: ACK, payload, partial: true, gsoSize: 1000 }));
    const inner = sent.map(({ bytes }) =>
      look(Buffer.concat([bytes.subarray(0, IP), bytes.subarray(IP + 40)])),
    );
    expect(inner).toMatchObject(Array(3).fill({ to: VIP, checksumsRight: true }));
    expect(inner.map((one) => one.payload).join('')).toBe(payload.toString('latin1'));
  });
});

test('the table shows both families, the peer is not told, and no address stays', () => {
  const of = fourInSix();
  of.receive('outer', frame(from4));
  of.receive('outer', frame({ ...from4, flags: ACK }));
  const { sessions } = of.engine;
  expect(showConnections(sessions.connections, 0).connections).toMatchObject([
    { client: CLIENT, virtual: VIP, destination: '2001:db8:1::21', state: 'ESTABLISHED' },
  ]);
  expect([isTellable(sessions, 1), isWorthTelling(sessions, 1)]).toEqual([false, false]);
  const before = sessions.addresses.count;
  while (!sessions.advance(5000));
  expect([sessions.connections.count, sessions.addresses.count]).toEqual([0, before]);
  const service = head();
  const key = `TCP ${VIP}:80`;
  of.engine.own([]);
  of.engine.setInterfaces([], []);
  of.wait(2000);
  expect(sessions.addresses.count).toBe(1);
  sessions.services.apply({ do: 'delService', service, key });
  expect(sessions.addresses.count).toBe(0);
});

test('by NAT and direct routing nothing leads to the other family', () => {
  const of = fourInSix();
  const add = (forwarding: 'NAT' | 'DR') =>
    of.engine.sessions.services.apply({
      do: 'addServer',
      service: head(),
      server: server6(22, { forwarding }),
    });
  expect([add('NAT'), add('DR')]).toEqual(['EINVAL', 'EINVAL']);
});
