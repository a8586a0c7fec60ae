// Two engines, one telling the other: what is told and when, what the receiver makes of it, and that nothing
// comes back.
import { describe, expect, test } from 'vitest';
import { adoptConnection, type ConnectionEntry, isWorthTelling } from '../../../src/ipvs/embedded/synced.ts';
import { CLIENT, head, server, told, VIP, World } from './world.ts';

const SYN = 0x02;
const ACK = 0x10;
const FIN = 0x01;
const toVip = { protocol: 'TCP', from: CLIENT, fromPort: 1025, to: VIP, toPort: 80 } as const;
const number = (text: string) => Buffer.from(text.split('.').map(Number)).readUInt32BE(0);
const ENTRY: ConnectionEntry = {
  family: 4,
  protocol: 6,
  flags: 0,
  state: 1,
  clientPort: 1025,
  virtualPort: 80,
  serverPort: 8080,
  fwmark: 0,
  timeoutSeconds: 900,
  client: number(CLIENT),
  virtual: number(VIP),
  server: number('10.1.0.21'),
};

function world(extra: Parameters<typeof head>[0] = {}): World {
  return new World([[head(extra), [server(21), server(22)]]]).own().meet(CLIENT, '10.1.0.21', '10.1.0.22');
}
const loads = (of: World) =>
  [...of.engine.sessions.services.readCounters().values()].flatMap(({ servers }) =>
    [...servers].map(([key, { activeConnections, inactiveConnections }]) => [
      key,
      activeConnections,
      inactiveConnections,
    ]),
  );

describe('telling', () => {
  test('established at once, every further end once, never the half-open', () => {
    const of = world();
    of.pass('outer', { ...toVip, flags: SYN });
    expect(told(of)).toEqual([]);
    of.pass('outer', { ...toVip, flags: ACK });
    expect(told(of)).toMatchObject([{ state: 1, flags: 0, timeoutSeconds: 900, serverPort: 8080 }]);
    of.pass('outer', { ...toVip, flags: ACK });
    expect(told(of)).toEqual([]);
    of.pass('outer', { ...toVip, flags: FIN | ACK });
    expect(told(of)).toMatchObject([{ state: 7, flags: 0x100, timeoutSeconds: 60 }]);
  });

  test('three changes between two datagrams are one entry, as it is then', () => {
    const of = world();
    for (const flags of [SYN, ACK, FIN | ACK]) of.pass('outer', { ...toVip, flags });
    expect(told(of)).toMatchObject([{ state: 7 }]);
  });

  test('UDP with its first packet, a template with its connection', () => {
    const udp = world({ protocol: 'UDP' });
    udp.pass('outer', { ...toVip, protocol: 'UDP' });
    expect(told(udp)).toMatchObject([{ protocol: 17, state: 0, flags: 0x100, timeoutSeconds: 300 }]);
    const persistent = world({ persistenceSeconds: 50 });
    for (const flags of [SYN, ACK]) persistent.pass('outer', { ...toVip, flags });
    expect(told(persistent)).toMatchObject([
      { flags: 0x1100, clientPort: 0, state: 1, timeoutSeconds: 50 },
      { flags: 0, clientPort: 1025, state: 1 },
    ]);
  });

  test('a connection that ended meanwhile is not told, nor its number’s next owner twice', () => {
    const of = world();
    for (const flags of [SYN, ACK]) of.pass('outer', { ...toVip, flags });
    of.engine.sessions.close(1);
    for (const flags of [SYN, ACK]) of.pass('outer', { ...toVip, fromPort: 7, flags });
    expect(told(of)).toMatchObject([{ clientPort: 7 }]);
  });
});

describe('adopting', () => {
  test('a session goes on through the second engine, both ways, to the same server', () => {
    const [first, second] = [world(), world()];
    const server = first.pass('outer', { ...toVip, flags: SYN })?.to;
    first.pass('outer', { ...toVip, flags: ACK });
    for (const entry of told(first)) expect(adoptConnection(second.engine.sessions, entry)).toBe('created');
    expect(second.pass('outer', { ...toVip, flags: ACK })).toMatchObject({
      to: server,
      checksumsRight: true,
    });
    const back = { protocol: 'TCP', from: server!, fromPort: 8080, to: CLIENT, toPort: 1025 } as const;
    expect(second.pass('inner', back)).toMatchObject({ from: VIP, fromPort: 80 });
    expect(loads(second)).toContainEqual([`${server}:8080`, 1, 0]);
  });

  test('is never told back, until it changes here', () => {
    const of = world();
    adoptConnection(of.engine.sessions, ENTRY);
    adoptConnection(of.engine.sessions, { ...ENTRY, state: 4, flags: 0x100 });
    expect(told(of)).toEqual([]);
    of.pass('outer', { ...toVip, flags: FIN | ACK });
    expect(told(of)).toMatchObject([{ state: 5, flags: 0x120 }]);
  });

  test('updates count: active becomes inactive and back', () => {
    const of = world();
    const send = (flags: number, state: number) =>
      adoptConnection(of.engine.sessions, { ...ENTRY, flags, state });
    expect([send(0, 1), loads(of)[1]]).toEqual(['created', ['10.1.0.21:8080', 1, 0]]);
    expect([send(0x100, 4), loads(of)[1]]).toEqual(['updated', ['10.1.0.21:8080', 0, 1]]);
    expect([send(0, 1), loads(of)[1]]).toEqual(['updated', ['10.1.0.21:8080', 1, 0]]);
  });

  test('another server: replaced when active, stale when it is the end of the replaced one', () => {
    const of = world();
    adoptConnection(of.engine.sessions, ENTRY);
    const moved = { ...ENTRY, server: number('10.1.0.22') };
    expect(adoptConnection(of.engine.sessions, { ...moved, flags: 0x100, state: 6 })).toBe('stale');
    expect(adoptConnection(of.engine.sessions, moved)).toBe('created');
    expect(of.pass('outer', { ...toVip, flags: ACK })?.to).toBe('10.1.0.22');
    expect(loads(of)).toEqual([
      ['10.1.0.22:8080', 1, 0],
      ['10.1.0.21:8080', 0, 0],
    ]);
  });

  test('without its service it is kept, forwards by its flags, and is bound once the server is there', () => {
    const of = new World([]).own().meet(CLIENT, '10.1.0.21');
    expect(adoptConnection(of.engine.sessions, ENTRY)).toBe('created');
    expect(of.pass('outer', { ...toVip, flags: ACK })?.to).toBe('10.1.0.21');
    of.add(head(), [server(21)]);
    of.pass('outer', { ...toVip, flags: ACK });
    expect(loads(of)).toEqual([['10.1.0.21:8080', 1, 0]]);
  });

  test('the server’s configured method wins over the flags of the entry', () => {
    const of = new World([[head(), [server(21, { forwarding: 'DR' })]]]).own().meet(CLIENT, '10.1.0.21');
    adoptConnection(of.engine.sessions, ENTRY);
    expect(of.pass('outer', { ...toVip, flags: ACK })?.to).toBe(VIP);
  });

  test.each([
    ['protocol', { protocol: 47 }],
    ['state', { state: 11 }],
    ['state', { protocol: 17, state: 1 }],
    ['no-client-port', { flags: 0x800 }],
  ] as const)('%s: left out', (reason, change) => {
    const of = world();
    expect(adoptConnection(of.engine.sessions, { ...ENTRY, ...change })).toBe(reason);
    expect(of.engine.sessions.connections.count).toBe(0);
  });

  test('a template keeps a client with its server on the second engine, too', () => {
    const [first, second] = [world({ persistenceSeconds: 50 }), world({ persistenceSeconds: 50 })];
    second.pass('outer', { ...toVip, from: '10.0.0.99', flags: SYN }); // its turn is elsewhere now
    const server = first.pass('outer', { ...toVip, flags: SYN })?.to;
    for (const entry of told(first)) adoptConnection(second.engine.sessions, entry);
    for (let port = 1; port <= 4; port++) {
      expect(second.pass('outer', { ...toVip, fromPort: port, flags: SYN })?.to).toBe(server);
    }
  });

  test('a table without room says so; timeouts of 0 are the table’s own', () => {
    const of = new World([[head(), [server(21)]]], 1);
    expect(adoptConnection(of.engine.sessions, { ...ENTRY, timeoutSeconds: 0 })).toBe('created');
    expect(of.engine.sessions.connections.secondsLeft(1)).toBe(900);
    expect(adoptConnection(of.engine.sessions, { ...ENTRY, clientPort: 1 })).toBe('table-full');
  });
});

test('worth telling in a full turn of the table: what can go on, not what is opening or over', () => {
  const of = world();
  const worth = (state: number) => {
    adoptConnection(of.engine.sessions, { ...ENTRY, state });
    return isWorthTelling(of.engine.sessions, 1);
  };
  expect(Array.from({ length: 11 }, (_, state) => state).filter(worth)).toEqual([1, 4, 7]);
});
