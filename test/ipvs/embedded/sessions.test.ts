// Connections through their lives: states and timeouts as IPVS has them, persistence, thresholds, servers
// that come and go, a full table.
import { describe, expect, test } from 'vitest';
import { address } from '../../../src/core/address.ts';
import { CLIENT, head, server, VIP, World } from './world.ts';

const FIN = 0x01;
const SYN = 0x02;
const RST = 0x04;
const ACK = 0x10;
const STATE = { none: 0, est: 1, synRecv: 3, finWait: 4, timeWait: 5, close: 6, closeWait: 7 };
const toVip = { protocol: 'TCP', from: CLIENT, fromPort: 1025, to: VIP, toPort: 80 } as const;
const fromServer = { protocol: 'TCP', from: '10.1.0.21', fromPort: 8080, to: CLIENT, toPort: 1025 } as const;

function world(extra: Parameters<typeof head>[0] = {}, servers = [server(21)]): World {
  const hosts = servers.map(({ address: host }) => host as string);
  return new World([[head(extra), servers]]).own().meet(CLIENT, ...hosts);
}
type Step = ['>' | '<', number];
function states(of: World, steps: readonly Step[]): (number | undefined)[] {
  return steps.map(([direction, flags]) => {
    if (direction === '>') of.pass('outer', { ...toVip, flags });
    else of.pass('inner', { ...fromServer, flags });
    return of.state(CLIENT, 1025);
  });
}
const HANDSHAKE: Step[] = [
  ['>', SYN],
  ['<', SYN | ACK],
  ['>', ACK],
];

describe('TCP states', () => {
  const { synRecv, est, finWait, timeWait, close, closeWait } = STATE;
  test.each<[string, Step[], number[]]>([
    ['handshake', HANDSHAKE, [synRecv, synRecv, est]],
    [
      'closed by the client',
      [...HANDSHAKE, ['>', FIN | ACK], ['<', ACK], ['<', FIN | ACK], ['>', ACK]],
      [synRecv, synRecv, est, closeWait, closeWait, timeWait, timeWait],
    ],
    [
      'closed by the server',
      [...HANDSHAKE, ['<', FIN | ACK], ['>', ACK], ['>', FIN | ACK], ['<', ACK]],
      [synRecv, synRecv, est, finWait, finWait, timeWait, timeWait],
    ],
    ['reset by the server', [...HANDSHAKE, ['<', RST | ACK]], [synRecv, synRecv, est, close]],
    [
      'refused',
      [
        ['>', SYN],
        ['<', RST | ACK],
      ],
      [synRecv, close],
    ],
  ])('%s', (_name, steps, expected) => {
    expect(states(world(), steps)).toEqual(expected);
  });

  test.each([
    ['half open', HANDSHAKE.slice(0, 1), 60],
    ['established', HANDSHAKE, 900],
    ['finished', [...HANDSHAKE, ['<', FIN | ACK], ['>', FIN | ACK]] as Step[], 120],
    ['reset', [...HANDSHAKE, ['>', RST]] as Step[], 10],
  ])('%s: lives as long as in IPVS', (_name, steps, seconds) => {
    const of = world();
    states(of, steps);
    of.wait(seconds * 1000 - 1100);
    expect(of.engine.sessions.connections.count).toBe(1);
    of.wait(2200);
    expect(of.engine.sessions.connections.count).toBe(0);
  });

  test.each([
    ['established', HANDSHAKE, 30],
    ['finished by the server', [...HANDSHAKE, ['<', FIN | ACK]] as Step[], 7],
    ['half open', HANDSHAKE.slice(0, 1), 60],
  ])('%s: lives as long as lvs_timeouts says, from its next packet on', (_name, steps, seconds) => {
    const of = world();
    states(of, steps.slice(0, -1));
    of.engine.sessions.timeouts.change({ tcpSeconds: 30, tcpFinSeconds: 7, udpSeconds: 0 });
    expect(of.engine.sessions.timeouts.read()).toEqual({ tcpSeconds: 30, tcpFinSeconds: 7, udpSeconds: 300 });
    states(of, steps.slice(-1));
    of.wait(seconds * 1000 - 1100);
    expect(of.engine.sessions.connections.count).toBe(1);
    of.wait(2200);
    expect(of.engine.sessions.connections.count).toBe(0);
  });

  test('UDP, too, also one that lives already', () => {
    const of = world({ protocol: 'UDP' });
    of.pass('outer', { ...toVip, protocol: 'UDP' });
    of.engine.sessions.timeouts.change({ tcpSeconds: 0, tcpFinSeconds: 0, udpSeconds: 5 });
    of.pass('outer', { ...toVip, protocol: 'UDP' });
    of.wait(4000);
    expect(of.engine.sessions.connections.count).toBe(1);
    of.wait(3000);
    expect(of.engine.sessions.connections.count).toBe(0);
  });

  test('every packet begins its life anew', () => {
    const of = world();
    states(of, HANDSHAKE);
    for (let minutes = 0; minutes < 60; minutes += 10) {
      of.wait(600_000);
      of.meet('10.1.0.21', CLIENT);
      expect(states(of, [['>', ACK]])).toEqual([STATE.est]);
    }
  });

  test('a port used again after the end is a new connection, maybe of another server', () => {
    const of = world({}, [server(21), server(22)]);
    expect(of.pass('outer', { ...toVip, flags: SYN })?.to).toBe('10.1.0.22');
    of.pass('inner', { ...fromServer, from: '10.1.0.22', flags: RST | ACK });
    expect(of.state(CLIENT, 1025)).toBe(STATE.close);
    expect(of.pass('outer', { ...toVip, flags: SYN })?.to).toBe('10.1.0.21');
    expect(of.engine.sessions.connections.count).toBe(1);
  });

  test('UDP lives five minutes from its last packet', () => {
    const of = world({ protocol: 'UDP' });
    of.pass('outer', { ...toVip, protocol: 'UDP' });
    of.wait(299_000);
    expect(of.engine.sessions.connections.count).toBe(1);
    of.wait(2000);
    expect(of.engine.sessions.connections.count).toBe(0);
  });
});

describe('servers', () => {
  const open = (of: World, fromPort: number) => of.pass('outer', { ...toVip, fromPort, flags: SYN })?.to;
  const apply = (of: World, command: Parameters<typeof of.engine.sessions.services.apply>[0]) =>
    of.engine.sessions.services.apply(command);

  test('quiesced: keeps its connections, gets no new ones', () => {
    const of = world({}, [server(21), server(22)]);
    const kept = open(of, 1);
    apply(of, { do: 'setServer', service: head(), server: server(22, { weight: 0 }) });
    expect(kept).toBe('10.1.0.22');
    expect([open(of, 2), open(of, 3)]).toEqual(['10.1.0.21', '10.1.0.21']);
    expect(of.pass('outer', { ...toVip, fromPort: 1, flags: ACK })?.to).toBe('10.1.0.22');
  });

  test('removed: its connections stop, and go on when it is added again', () => {
    const of = world();
    open(of, 1);
    apply(of, { do: 'delServer', service: head(), key: '10.1.0.21:8080', server: server(21) });
    expect(of.pass('outer', { ...toVip, fromPort: 1, flags: ACK })).toBeUndefined();
    expect(of.engine.drops.read()).toEqual({ 'server-removed': 1 });
    apply(of, { do: 'addServer', service: head(), server: server(21) });
    expect(of.pass('outer', { ...toVip, fromPort: 1, flags: ACK })?.to).toBe('10.1.0.21');
    expect(of.engine.sessions.services.readCounters().get(`TCP ${VIP}:80`)?.servers.size).toBe(1);
  });

  test('removed: what it still answers goes out, and is counted for nobody', () => {
    const of = world();
    states(of, HANDSHAKE);
    const outPackets = () => of.engine.sessions.services.readCounters().get(`TCP ${VIP}:80`)?.outPackets;
    expect(outPackets()).toBe(1n);
    apply(of, { do: 'delServer', service: head(), key: '10.1.0.21:8080', server: server(21) });
    expect(of.pass('inner', { ...fromServer, flags: ACK })?.from).toBe(VIP);
    expect(outPackets()).toBe(1n);
  });

  test('a whole service removed and added again finds its connections', () => {
    const of = world();
    states(of, HANDSHAKE);
    apply(of, { do: 'delService', key: `TCP ${VIP}:80`, service: head() });
    of.add(head(), [server(21)]);
    expect(of.pass('outer', { ...toVip, flags: ACK })?.to).toBe('10.1.0.21');
    const [counters] = [...of.engine.sessions.services.readCounters().values()];
    expect(counters?.servers.get('10.1.0.21:8080')).toMatchObject({ activeConnections: 1 });
  });

  test('thresholds: full at the upper, open again below the lower', () => {
    const of = world({}, [server(21, { upperThreshold: 3, lowerThreshold: 2 })]);
    expect([open(of, 1), open(of, 2), open(of, 3)]).toEqual(Array(3).fill('10.1.0.21'));
    const { connections, services } = of.engine.sessions;
    const service = services.find(6, connections.virtual(1), 80)!;
    const opening = { sourceFold: 0, sourcePort: 4, destinationFold: 0, destination: 0, nowSeconds: 0 };
    expect(services.schedule(service, opening)).toBeUndefined();
    of.engine.sessions.close(1);
    expect(services.schedule(service, opening)).toBeUndefined();
    of.engine.sessions.close(2);
    expect(services.schedule(service, opening)?.key).toBe('10.1.0.21:8080');
  });

  test('commands are refused by the kernel’s names', () => {
    const of = world();
    const ipv6 = server(23, { address: address('2001:db8::1') });
    expect(apply(of, { do: 'addService', service: head() })).toBe('EEXIST');
    expect(apply(of, { do: 'addService', service: head({ port: 1, scheduler: 'nothing' }) })).toBe('ENOENT');
    expect(apply(of, { do: 'addService', service: head({ port: 0 }) })).toBe('EINVAL');
    expect(apply(of, { do: 'addServer', service: head(), server: ipv6 })).toBe('EINVAL');
    expect(apply(of, { do: 'setService', service: head({ port: 1 }) })).toBe('ESRCH');
    expect(apply(of, { do: 'addServer', service: head(), server: server(21) })).toBe('EEXIST');
    expect(apply(of, { do: 'setServer', service: head(), server: server(24) })).toBe('ENOENT');
    expect(apply(of, { do: 'delServer', service: head(), key: '10.1.0.24:8080', server: server(24) })).toBe(
      'ENOENT',
    );
  });

  test('the table is read back as it was written', () => {
    const of = world({ scheduler: 'wlc', persistenceSeconds: 50 }, [server(21, { weight: 3 })]);
    expect(of.engine.sessions.services.readTable()).toEqual(
      new Map([
        [
          `TCP ${VIP}:80`,
          {
            ...head({ scheduler: 'wlc', persistenceSeconds: 50 }),
            servers: new Map([['10.1.0.21:8080', server(21, { weight: 3 })]]),
          },
        ],
      ]),
    );
  });
});

describe('persistence', () => {
  const two = [server(21), server(22)];
  const open = (of: World, from: string, fromPort: number, toPort = 80) =>
    of.pass('outer', { ...toVip, from, fromPort, toPort, flags: SYN })?.to;

  test('a client stays with its server, a network with one when it is grouped', () => {
    const single = world({ persistenceSeconds: 60 }, two).meet('10.0.0.11');
    const [mine, mineAgain, other] = [
      open(single, CLIENT, 1),
      open(single, CLIENT, 2),
      open(single, '10.0.0.11', 1),
    ];
    expect(mineAgain).toBe(mine);
    expect(other).not.toBe(mine);
    const grouped = world({ persistenceSeconds: 60, persistencePrefix: 24 }, two).meet('10.0.0.11');
    expect(open(grouped, '10.0.0.11', 1)).toBe(open(grouped, CLIENT, 1));
  });

  test('a service for every port keeps a client’s ports together, each sent to the same port', () => {
    const of = world({ port: 0, persistenceSeconds: 60 }, [server(21, { port: 0 }), server(22, { port: 0 })]);
    const first = of.pass('outer', { ...toVip, toPort: 80, flags: SYN });
    const second = of.pass('outer', { ...toVip, toPort: 443, flags: SYN });
    expect([first?.toPort, second?.toPort, second?.to]).toEqual([80, 443, first?.to]);
  });

  test('ends its time after the last connection; a removed server’s clients get another', () => {
    const of = world({ persistenceSeconds: 60 }, two);
    const first = open(of, CLIENT, 1);
    of.engine.sessions.services.apply({
      do: 'delServer',
      service: head(),
      key: `${first}:8080`,
      server: server(first === '10.1.0.21' ? 21 : 22),
    });
    const second = open(of, CLIENT, 2);
    expect(second).toBeDefined();
    expect(second).not.toBe(first);
    of.wait(200_000);
    expect(of.engine.sessions.connections.count).toBe(0);
  });
});

test('a full table ends half-open connections first, and never established ones', () => {
  const of = new World([[head(), [server(21)]]], 50).own().meet(CLIENT, '10.1.0.21');
  for (let port = 1; port <= 30; port++) {
    for (const flags of [SYN, ACK]) of.pass('outer', { ...toVip, fromPort: port, flags });
  }
  for (let port = 100; port < 400; port++) {
    expect(of.pass('outer', { ...toVip, fromPort: port, flags: SYN })?.to).toBe('10.1.0.21');
  }
  expect(of.engine.sessions.connections.count).toBe(50);
  for (let port = 1; port <= 30; port++) expect(of.state(CLIENT, port)).toBe(STATE.est);
});
