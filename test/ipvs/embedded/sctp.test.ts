// SCTP through the engine: its checksum, that NAT keeps it right and never makes it right, and associations
// through their lives. The state table itself is compared with the kernel's by test/lab/same-choice.test.ts.
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { readSctpChecksum, sctpChecksum } from '../../../src/ipvs/embedded/crc32c.ts';
import { nextSctpState, SCTP_STATES, sctpEvent } from '../../../src/ipvs/embedded/sctp.ts';
import { crc32c, frame, look, type Segment, VNET } from './frames.ts';
import { CLIENT, head, server, VIP, World } from './world.ts';
import { CLIENT6, head6, server6, VIP6, VIRTUAL_MAC6, World6 } from './world6.ts';

const CHUNK = { data: 0, init: 1, initAck: 2, abort: 6, shutdown: 7, cookieEcho: 10, cookieAck: 11 };
const STATE = { init1: 1, cookieSent: 3, cookieReplied: 4, established: 8, closed: 13 };
const IP = VNET + 14;
const toVip = { protocol: 'SCTP', from: CLIENT, fromPort: 1025, to: VIP, toPort: 80 } as const;
const fromServer = { protocol: 'SCTP', from: '10.1.0.21', fromPort: 8080, to: CLIENT, toPort: 1025 } as const;

function world(extra: Parameters<typeof server>[1] = {}): World {
  return new World([[head({ protocol: 'SCTP' }), [server(21, extra)]]]).own().meet(CLIENT, '10.1.0.21');
}
const state = (of: World) => of.engine.sessions.connections.state(1);
const up = (of: World, ...chunks: number[]) => of.pass('outer', { ...toVip, chunks });
const down = (of: World, ...chunks: number[]) => of.pass('inner', { ...fromServer, chunks });

describe('the checksum', () => {
  test('is CRC-32C as RFC 3720 §B.4 has it', () => {
    expect(crc32c(Buffer.from('123456789'))).toBe(0xe3069283);
    expect(crc32c(Buffer.alloc(32))).toBe(0x8a9136aa);
  });

  test('is the same bit by bit and by tables, wherever the packet is', () => {
    const bytes = fc.uint8Array({ minLength: 12, maxLength: 100 });
    fc.assert(
      fc.property(bytes, fc.nat(5), (packet, before) => {
        const zeroed = Buffer.from(packet).fill(0, 8, 12);
        const whole = Buffer.concat([Buffer.alloc(before, 7), Buffer.from(packet), Buffer.alloc(3, 9)]);
        expect(sctpChecksum(whole, before, before + packet.length) >>> 0).toBe(crc32c(zeroed));
        expect(readSctpChecksum(whole, before)).toBe(whole.readInt32LE(before + 8));
      }),
    );
  });
});

describe('NAT', () => {
  const payload = fc.uint8Array({ maxLength: 300 }).map((bytes) => Buffer.from(bytes));
  test.each(['IPv4', 'IPv6'])('keeps every checksum right, both ways: %s', (family) => {
    const isSix = family === 'IPv6';
    const service = isSix ? head6({ protocol: 'SCTP' }) : head({ protocol: 'SCTP' });
    fc.assert(
      fc.property(payload, fc.boolean(), fc.constantFrom(80, 8080), (bytes, partial, port) => {
        const one = isSix ? server6(21, { port }) : server(21, { port });
        const [client, real] = [isSix ? CLIENT6 : CLIENT, one.address];
        const of = isSix ? new World6([[service, [one]]]) : new World([[service, [one]]]);
        of.own().meet(client, real);
        const common = { partial, payload: bytes, destinationMac: isSix ? VIRTUAL_MAC6 : undefined };
        const ends = { ...toVip, from: client, to: isSix ? VIP6 : VIP };
        const segment = (more: object) => ({ ...ends, ...common, ...more }) as Segment;
        const there = of.pass('outer', segment({ chunks: [CHUNK.init] }));
        expect(there).toMatchObject({ to: real, toPort: port, checksumsRight: true });
        const back = { from: real, fromPort: port, to: client, toPort: 1025, chunks: [CHUNK.initAck] };
        expect(of.pass('inner', segment(back))).toMatchObject({ fromPort: 80, checksumsRight: true });
      }),
      { numRuns: 100 },
    );
  });

  test('makes nothing right that was wrong', () => {
    const of = world();
    const bytes = frame({ ...toVip, payload: Buffer.from('abcd') });
    bytes[bytes.length - 1]! ^= 1;
    expect(of.receive('outer', bytes)).toEqual([]);
    expect(of.engine.drops.read()).toEqual({ 'bad-checksum': 1 });
  });

  test('by direct routing a partial checksum is completed, a wrong one stays wrong', () => {
    const of = world({ forwarding: 'DR', port: 80 });
    expect(of.pass('outer', { ...toVip, partial: true })).toMatchObject({ checksumsRight: true });
    const bytes = frame({ ...toVip, payload: Buffer.from('abcd') });
    bytes[bytes.length - 1]! ^= 1;
    expect(look(of.receive('outer', bytes)[0]!.bytes).checksumsRight).toBe(false);
  });
});

describe('associations', () => {
  test('begin with an INIT, are active while established, and end', () => {
    const of = world();
    const seen = [
      [up(of, CHUNK.init), state(of)],
      [down(of, CHUNK.initAck), state(of)],
      [up(of, CHUNK.cookieEcho, CHUNK.data), state(of)],
      [down(of, CHUNK.cookieAck), state(of)],
    ].map(([, after]) => after);
    expect(seen).toEqual([STATE.init1, STATE.cookieSent, STATE.cookieReplied, STATE.established]);
    const counters = [...of.engine.sessions.services.readCounters().values()][0]!;
    expect([...counters.servers.values()][0]).toMatchObject({ activeConnections: 1, inactiveConnections: 0 });
    of.wait(890_000);
    expect(of.engine.sessions.connections.count).toBe(1);
    of.meet(CLIENT, '10.1.0.21');
    up(of, CHUNK.abort);
    expect(state(of)).toBe(STATE.closed);
    of.wait(63_000);
    expect(of.engine.sessions.connections.count).toBe(0);
  });

  test('nothing else begins one, and nobody answers', () => {
    const of = world();
    expect([up(of, CHUNK.data), up(of, CHUNK.cookieEcho)]).toEqual([undefined, undefined]);
    expect(of.pass('outer', { ...toVip, toPort: 81, chunks: [CHUNK.init] })).toBeUndefined();
    expect(of.engine.drops.read()).toEqual({ 'no-connection': 2, 'no-service': 1 });
  });

  test('an INIT after the end is a new one', () => {
    const of = world();
    up(of, CHUNK.init);
    up(of, CHUNK.abort);
    expect(state(of)).toBe(STATE.closed);
    up(of, CHUNK.init);
    expect([of.engine.sessions.connections.count, of.engine.sessions.connections.state(2)]).toEqual([
      1,
      STATE.init1,
    ]);
    const counters = [...of.engine.sessions.services.readCounters().values()][0]!;
    expect(counters.connections).toBe(2n);
  });

  test('any chunks are an event, and any event leads to a state', () => {
    const bytes = fc.uint8Array({ maxLength: 40 });
    fc.assert(
      fc.property(bytes, fc.nat(SCTP_STATES - 1), fc.nat(2), (packet, before, direction) => {
        const event = sctpEvent(packet, 0, packet.length);
        const after = nextSctpState(before, direction, event);
        expect(after).toBeGreaterThanOrEqual(0);
        expect(after).toBeLessThan(SCTP_STATES);
        if (packet.length < 16) expect(after).toBe(before);
      }),
    );
  });

  test('an abort behind a cookie is one', () => {
    const bytes = frame({ ...toVip, chunks: [CHUNK.cookieEcho, CHUNK.abort] }).subarray(IP + 20);
    expect(sctpEvent(bytes, 0, bytes.length)).toBe(9);
  });
});
