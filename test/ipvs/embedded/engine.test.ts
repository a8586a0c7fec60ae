// The packet engine frame by frame: what goes in, what comes out, and that every checksum is right when
// computed anew.
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { internetChecksum } from '../../../src/core/checksum.ts';
import { COUNT } from '../../../src/ipvs/embedded/service-records.ts';
import { serviceKey } from '../../../src/ipvs/model.ts';
import { CLIENT_MAC, frame, look, VNET } from './frames.ts';
import { CLIENT, head, OWN_MAC, SERVER_MAC, server, VIP, World } from './world.ts';

const SYN = 0x02;
const ACK = 0x10;
const UDP = head({ protocol: 'UDP', port: 53 });
const toVip = { protocol: 'TCP', from: CLIENT, fromPort: 1025, to: VIP, toPort: 80 } as const;
const fromServer = { protocol: 'TCP', from: '10.1.0.21', fromPort: 8080, to: CLIENT, toPort: 1025 } as const;

function natWorld(): World {
  return new World([
    [head(), [server(21)]],
    [UDP, [server(21, { port: 5300 })]],
  ])
    .own()
    .meet(CLIENT, '10.1.0.21');
}

describe('NAT', () => {
  test('there and back again', () => {
    const world = natWorld();
    expect(world.pass('outer', { ...toVip, flags: SYN, ttl: 64 })).toEqual({
      on: 'inner',
      destinationMac: SERVER_MAC,
      sourceMac: OWN_MAC.inner,
      from: CLIENT,
      fromPort: 1025,
      to: '10.1.0.21',
      toPort: 8080,
      ttl: 63,
      protocol: 6,
      flags: SYN,
      checksumsRight: true,
      payload: '',
    });
    expect(world.pass('inner', { ...fromServer, flags: SYN | ACK })).toMatchObject({
      on: 'outer',
      destinationMac: CLIENT_MAC,
      sourceMac: OWN_MAC.outer,
      from: VIP,
      fromPort: 80,
      to: CLIENT,
      toPort: 1025,
      ttl: 63,
      checksumsRight: true,
    });
  });

  const packet = fc.record({
    protocol: fc.constantFrom('TCP' as const, 'UDP' as const),
    fromPort: fc.integer({ min: 1, max: 65_535 }),
    ttl: fc.integer({ min: 2, max: 255 }),
    payload: fc.uint8Array({ maxLength: 200 }).map((bytes) => Buffer.from(bytes)),
    partial: fc.boolean(),
    unchecked: fc.boolean(),
    ipOptions: fc.constantFrom(Buffer.alloc(0), Buffer.from('01010100', 'hex')),
    server: fc.integer({ min: 110, max: 250 }),
    serverPort: fc.integer({ min: 1, max: 65_535 }),
  });

  test('every checksum is right whatever passes, both ways, partial or complete', () => {
    const world = new World([]).own();
    const { services } = world.engine.sessions;
    fc.assert(
      fc.property(packet, ({ server: last, serverPort, ...segment }) => {
        const real = `10.1.0.${last}`;
        const isTcp = segment.protocol === 'TCP';
        const service = isTcp ? head() : UDP;
        services.apply({ do: 'delService', key: serviceKey(service), service });
        world.add(service, [server(last, { port: serverPort })]);
        world.meet(CLIENT, real);
        const unchecked = segment.unchecked && !segment.partial && !isTcp;
        const there = world.pass('outer', {
          ...segment,
          unchecked,
          from: CLIENT,
          to: VIP,
          toPort: service.port,
          flags: SYN,
        });
        expect(there).toMatchObject({ to: real, toPort: serverPort, checksumsRight: true });
        expect(there?.payload).toBe(segment.payload.toString('latin1'));
        const back = world.pass('inner', {
          ...segment,
          unchecked,
          from: real,
          fromPort: serverPort,
          to: CLIENT,
          toPort: segment.fromPort,
          flags: SYN | ACK,
        });
        expect(back).toMatchObject({ from: VIP, fromPort: service.port, checksumsRight: true });
        for (let at = 1; at <= 2; at++) {
          if (world.engine.sessions.connections.isUsed(at)) world.engine.sessions.close(at);
        }
      }),
      { numRuns: 1000 },
    );
  }, 60_000);

  test('a checksum that was wrong stays wrong: nothing broken is passed off as whole', () => {
    const world = natWorld();
    const bytes = frame({ ...toVip, flags: SYN, payload: Buffer.from('abcd') });
    bytes[bytes.length - 1]! ^= 0x40;
    const [sent] = world.receive('outer', bytes);
    expect(look(sent!.bytes).checksumsRight).toBe(false);
  });

  test('UDP without a checksum stays without one', () => {
    const world = natWorld();
    const segment = { ...toVip, protocol: 'UDP', toPort: 53, unchecked: true } as const;
    const [sent] = world.receive('outer', frame(segment));
    expect(sent!.bytes.readUInt16BE(VNET + 14 + 20 + 6)).toBe(0);
  });

  test('replies to the interface’s own MAC are taken, its other traffic is the kernel’s', () => {
    const world = natWorld();
    world.pass('outer', { ...toVip, flags: SYN });
    const viaOwn = { ...fromServer, destinationMac: OWN_MAC.inner };
    expect(world.pass('inner', viaOwn)).toMatchObject({ from: VIP, fromPort: 80, checksumsRight: true });
    expect(world.pass('inner', { ...viaOwn, toPort: 22 })).toBeUndefined();
    expect(world.engine.drops.read()).toEqual({ 'not-for-us': 1 });
  });

  test('counts what IPVS counts', () => {
    const world = natWorld();
    world.pass('outer', { ...toVip, flags: SYN });
    world.pass('inner', { ...fromServer, flags: SYN | ACK });
    world.pass('outer', { ...toVip, payload: Buffer.alloc(60) });
    const record = world.engine.sessions.services.find(6, Buffer.from([10, 0, 0, 100]).readInt32BE(0), 80)!;
    for (const counters of [record.counters, record.servers[0]!.counters]) {
      expect([...counters]).toEqual(
        Object.assign([], {
          [COUNT.connections]: 1,
          [COUNT.inPackets]: 2,
          [COUNT.outPackets]: 1,
          [COUNT.inBytes]: 140,
          [COUNT.outBytes]: 40,
        }),
      );
    }
    expect(record.servers[0]).toMatchObject({ activeConnections: 1, inactiveConnections: 0 });
  });
});

describe('direct routing', () => {
  const direct = () =>
    new World([[head(), [server(21, { port: 80, forwarding: 'DR' })]]]).own().meet(CLIENT, '10.1.0.21');

  test('changes the MACs and the TTL, nothing else', () => {
    const sent = direct().pass('outer', { ...toVip, flags: SYN, ttl: 9, payload: Buffer.from('x') });
    expect(sent).toMatchObject({
      on: 'inner',
      destinationMac: SERVER_MAC,
      sourceMac: OWN_MAC.inner,
      from: CLIENT,
      to: VIP,
      toPort: 80,
      ttl: 8,
      checksumsRight: true,
      payload: 'x',
    });
  });

  test('sees only the client’s half: established by its ACK, finished by its FIN', () => {
    const world = direct();
    const states = [SYN, ACK, ACK | 0x01, ACK].map((flags) => {
      world.pass('outer', { ...toVip, flags });
      return world.state(CLIENT, 1025);
    });
    expect(states).toEqual([3, 1, 4, 4]);
  });
});

describe('what is not passed on', () => {
  const refused: [string, object, string][] = [
    ['another virtual router’s frame', { destinationMac: '00:00:5e:00:01:34' }, 'not-for-us'],
    ['a broadcast', { destinationMac: 'ff:ff:ff:ff:ff:ff' }, 'not-for-us'],
  ];
  test.each(refused)('%s', (_name, extra, reason) => {
    const world = natWorld();
    expect(world.pass('outer', { ...toVip, ...extra })).toBeUndefined();
    expect(world.engine.drops.read()).toEqual({ [reason]: 1 });
  });

  test('what is neither IPv4 nor IPv6 is counted', () => {
    const world = natWorld();
    const bytes = frame(toVip);
    bytes.writeUInt16BE(0x8100, VNET + 12);
    expect(world.receive('outer', bytes)).toEqual([]);
    expect(world.engine.drops.read()).toEqual({ 'not-ip': 1 });
  });

  test('any bytes: a verdict, never an exception', () => {
    const world = natWorld();
    fc.assert(
      fc.property(fc.uint8Array({ minLength: VNET, maxLength: 90 }), fc.boolean(), (raw, addressed) => {
        const bytes = Buffer.from(raw);
        if (addressed && bytes.length > VNET + 24) {
          frame(toVip).copy(bytes, VNET, VNET, VNET + 15);
          bytes[VNET + 14] = 0x45;
          bytes.writeUInt16BE(bytes.length - VNET - 14, VNET + 16);
        }
        world.receive('outer', bytes);
        world.wait(10);
      }),
      { numRuns: 2000 },
    );
  });
});

describe('answers', () => {
  test('RST for a port without a service, and for a segment of no connection', () => {
    const world = natWorld();
    const reset = { on: 'outer', from: VIP, to: CLIENT, toPort: 1025, checksumsRight: true };
    const closed = world.pass('outer', { ...toVip, toPort: 81, flags: SYN });
    expect(closed).toMatchObject({ ...reset, fromPort: 81, flags: 0x14, destinationMac: CLIENT_MAC });
    expect(world.pass('outer', { ...toVip, flags: ACK })).toMatchObject({
      ...reset,
      fromPort: 80,
      flags: 0x04,
    });
    expect(world.pass('outer', { ...toVip, flags: 0x04 })).toBeUndefined();
    expect(world.engine.drops.read()).toEqual({ 'no-service': 1, 'no-connection': 2 });
  });

  function icmpIn(bytes: Buffer) {
    const ip = bytes.subarray(VNET + 14);
    const icmp = ip.subarray(20);
    return {
      type: icmp[0],
      code: icmp[1],
      mtu: icmp.readUInt16BE(6),
      right: internetChecksum(ip.subarray(0, 20)) === 0 && internetChecksum(icmp) === 0,
      from: [...ip.subarray(12, 16)].join('.'),
      quoted: icmp.subarray(8),
    };
  }
  const icmpError = (world: World, segment: Parameters<typeof frame>[0]) => {
    const asked = frame(segment);
    const before = Buffer.from(asked.subarray(VNET + 14));
    const sent = world.receive('outer', asked);
    expect(sent).toHaveLength(1);
    const { quoted, ...rest } = icmpIn(sent[0]!.bytes);
    if (rest.code === 4) {
      // As it would have left.
      before[8]!--;
      before.writeUInt16BE(0, 10);
      before.writeUInt16BE(internetChecksum(before.subarray(0, 20)), 10);
    }
    expect(before.subarray(0, quoted.length).equals(quoted)).toBe(true);
    return rest;
  };

  test('port unreachable: UDP without a service, and any service without a server', () => {
    const world = natWorld();
    world.add(head({ port: 8000 }), []);
    const unreachable = { type: 3, code: 3, mtu: 0, right: true, from: VIP };
    expect(icmpError(world, { ...toVip, protocol: 'UDP', toPort: 54 })).toEqual(unreachable);
    expect(icmpError(world, { ...toVip, toPort: 8000, flags: SYN })).toEqual(unreachable);
  });

  test('time exceeded, and fragmentation needed with the MTU of the way', () => {
    const world = natWorld();
    expect(icmpError(world, { ...toVip, flags: SYN, ttl: 1 })).toMatchObject({ type: 11, code: 0 });
    const big = { ...toVip, payload: Buffer.alloc(1420) };
    world.pass('outer', { ...toVip, flags: SYN });
    expect(icmpError(world, big)).toMatchObject({ type: 3, code: 4, mtu: 1400, right: true });
    // A super-frame is cut by whoever sends it out: its segments are what has to fit.
    const superFrame = { ...big, payload: Buffer.alloc(20_000), partial: true };
    expect(world.pass('outer', { ...superFrame, gsoSize: 1360 })?.checksumsRight).toBe(true);
    expect(icmpError(world, { ...superFrame, gsoSize: 1361 })).toMatchObject({ code: 4, mtu: 1400 });
  });

  test('an error about the server’s reply reaches the server as about its own packet', () => {
    const world = natWorld();
    world.pass('outer', { ...toVip, flags: SYN });
    const reply = frame({ ...fromServer, from: VIP, fromPort: 80, payload: Buffer.alloc(8) });
    const error = frame({ ...toVip, from: '192.0.2.1', payload: Buffer.alloc(0) });
    const quoted = reply.subarray(VNET + 14, VNET + 14 + 28);
    const icmp = Buffer.concat([Buffer.from('0304000000000400', 'hex'), quoted]);
    icmp.writeUInt16BE(internetChecksum(icmp), 2);
    const bytes = Buffer.concat([error.subarray(0, VNET + 34), icmp]);
    const ip = bytes.subarray(VNET + 14, VNET + 34);
    ip[9] = 1;
    ip.writeUInt16BE(20 + icmp.length, 2);
    ip.writeUInt16BE(0, 10);
    ip.writeUInt16BE(internetChecksum(ip), 10);
    const [sent] = world.receive('outer', bytes);
    expect(sent?.on).toBe('inner');
    const seen = icmpIn(sent!.bytes);
    expect(seen).toMatchObject({ type: 3, code: 4, right: true });
    expect([...seen.quoted.subarray(12, 20)].join('.')).toBe('10.1.0.21.10.0.0.10');
    expect(seen.quoted.readUInt16BE(20)).toBe(8080);
    expect(internetChecksum(seen.quoted.subarray(0, 20))).toBe(0);
  });

  test('not more than a thousand a second', () => {
    const world = natWorld();
    let answered = 0;
    for (let i = 0; i < 1500; i++) {
      answered += world.receive('outer', frame({ ...toVip, toPort: 81, flags: SYN })).length;
    }
    expect(answered).toBe(1000);
    world.wait(1000);
    expect(world.receive('outer', frame({ ...toVip, toPort: 81, flags: SYN }))).toHaveLength(1);
  });
});
