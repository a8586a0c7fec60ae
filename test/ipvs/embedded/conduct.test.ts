// The settings of net.ipv4.vs that mean something to the engine, each on and off, as the kernel acts on them
// (ip_vs_core.c, ip_vs_conn.c and ip_vs_proto_*.c of Linux 5.16 and later).
import { describe, expect, test } from 'vitest';
import type { Conduct } from '../../../src/ipvs/embedded/conduct.ts';
import type { Server } from '../../../src/ipvs/model.ts';
import { CLIENT, head, NO_PAYLOAD, server, VIP, World } from './world.ts';

const FIN = 0x01;
const SYN = 0x02;
const RST = 0x04;
const ACK = 0x10;
const INIT = 1;
const DATA = 0;
const ABORT = 6;
const COOKIE_ECHO = 10;
const toVip = { protocol: 'TCP', from: CLIENT, fromPort: 1025, to: VIP, toPort: 80 } as const;

type More = { conduct?: Partial<Conduct>; servers?: Server[]; service?: Parameters<typeof head>[0] };
function world({ conduct = {}, servers = [server(21), server(22)], service = {} }: More = {}): World {
  const hosts = servers.map(({ address }) => address as string);
  const of = new World([[head(service), servers]]).own().meet(CLIENT, ...hosts);
  Object.assign(of.engine.sessions.conduct, conduct);
  return of;
}
const count = (of: World) => of.engine.sessions.connections.count;
const up = (of: World, flags: number, fromPort = 1025) => of.pass('outer', { ...toVip, fromPort, flags })?.to;
function down(of: World, from: string, flags: number): void {
  of.pass('inner', { protocol: 'TCP', from, fromPort: 8080, to: CLIENT, toPort: 1025, flags });
}
function change(of: World, host: string, wanted: Partial<Server> | undefined, service = head()): void {
  const one = server(Number(host.split('.')[3]));
  const { services } = of.engine.sessions;
  if (wanted === undefined)
    services.apply({ do: 'delServer', service, key: `${one.address}:${one.port}`, server: one });
  else services.apply({ do: 'setServer', service, server: { ...one, ...wanted } });
}
/** What is sent to the client's side by the engine itself. */
function answersTo(of: World, flags: number): number {
  const before = of.engine.drops.read()['no-connection'] ?? 0;
  up(of, flags);
  return (of.engine.drops.read()['no-connection'] ?? 0) - before;
}

describe('expire_nodest_conn', () => {
  test('off: packets to a server that was removed are dropped, and its connection is kept', () => {
    const of = world();
    const first = up(of, SYN)!;
    change(of, first, undefined);
    of.wait(10);
    expect([up(of, ACK), up(of, SYN), count(of)]).toEqual([undefined, undefined, 1]);
    expect(of.engine.drops.read()).toEqual({ 'server-removed': 2 });
  });

  test('on: with the removal its connections end, those of others do not', () => {
    const of = world({ conduct: { expire_nodest_conn: 1 } });
    const [first, second] = [up(of, SYN, 1)!, up(of, SYN, 2)!];
    expect(second).not.toBe(first);
    change(of, first, undefined);
    of.wait(10);
    expect(count(of)).toBe(1);
    expect(up(of, ACK, 2)).toBe(second);
    expect(up(of, SYN, 1)).toBe(second);
  });

  test('on: of a persistent client the template, too', () => {
    const of = world({ conduct: { expire_nodest_conn: 1 }, service: { persistenceSeconds: 60 } });
    const first = up(of, SYN, 1)!;
    up(of, SYN, 2);
    expect(count(of)).toBe(3);
    change(of, first, undefined, head({ persistenceSeconds: 60 }));
    of.wait(10);
    expect(count(of)).toBe(0);
  });

  test('turned on after the removal: the next packet ends it, a SYN begins a new one at once', () => {
    const of = world();
    const first = up(of, SYN)!;
    change(of, first, undefined);
    of.wait(10);
    of.engine.sessions.conduct.expire_nodest_conn = 1;
    of.wait(10);
    expect(count(of)).toBe(1);
    expect([answersTo(of, ACK), count(of)]).toEqual([1, 0]);
    expect(up(of, SYN)).toBe(first === '10.1.0.21' ? '10.1.0.22' : '10.1.0.21');
  });

  test.each([
    [0, true],
    [1, false],
  ])('%i: a SYN for a connection to a server of weight 0 stays there: %s', (value, stays) => {
    const of = world({ conduct: { expire_nodest_conn: value, conn_reuse_mode: 0 } });
    const first = up(of, SYN)!;
    change(of, first, { weight: 0 });
    expect(up(of, ACK)).toBe(first);
    expect(up(of, SYN) === first).toBe(stays);
    expect(count(of)).toBe(1);
  });

  test('a table larger than one portion is walked to its end', () => {
    const of = new World([[head(), [server(21)]]], 70_000).own().meet(CLIENT, '10.1.0.21');
    of.engine.sessions.conduct.expire_nodest_conn = 1;
    const { connections, services } = of.engine.sessions;
    up(of, SYN);
    const [flow, client, virtual] = [connections.flow(1), connections.client(1), connections.virtual(1)];
    const service = services.find(flow, virtual, 80)!;
    const common = { flow, destination: virtual, destinationPort: 80, mark: 0, ...NO_PAYLOAD };
    for (let n = 0; n < 69_000; n++) {
      const from = { source: client + 1 + (n >> 15), sourcePort: 1 + (n & 0x7fff) };
      of.engine.sessions.beginnings.open(service, { ...common, ...from });
    }
    expect(count(of)).toBe(69_001);
    change(of, '10.1.0.21', undefined);
    expect(of.engine.nextTimerMs()).toBe(of.nowMs);
    of.wait(2);
    expect(count(of)).toBe(0);
    expect(of.engine.nextTimerMs()).toBeGreaterThan(of.nowMs);
  });
});

describe('expire_quiescent_template', () => {
  test.each([
    [0, true],
    [1, false],
  ])('%i: a persistent client of a server of weight 0 stays: %s', (value, stays) => {
    const service = { persistenceSeconds: 60 };
    const of = world({ conduct: { expire_quiescent_template: value }, service });
    const first = up(of, SYN, 1)!;
    change(of, first, { weight: 0 }, head(service));
    expect(up(of, ACK, 1)).toBe(first);
    const second = up(of, SYN, 2)!;
    expect(second === first).toBe(stays);
    expect(up(of, SYN, 3)).toBe(second);
  });
});

describe('conn_reuse_mode', () => {
  const again = (mode: number, close: (of: World, first: string) => void, more: More = {}) => {
    const of = world({ conduct: { conn_reuse_mode: mode }, ...more });
    close(of, up(of, SYN)!);
    up(of, SYN);
    expect(count(of)).toBe(more.service?.persistenceSeconds === undefined ? 1 : 2);
    const [counters] = [...of.engine.sessions.services.readCounters().values()];
    return counters!.connections === 1n ? 'the same' : 'another';
  };
  const isReset = (of: World, first: string) => down(of, first, RST | ACK);
  const isFinished = (of: World) => {
    up(of, ACK);
    up(of, FIN | ACK);
  };
  const isFinishedByServer = (of: World, first: string) => {
    up(of, ACK);
    down(of, first, FIN | ACK);
  };
  const direct = {
    servers: [21, 22].map((host) => server(host, { forwarding: 'DR', port: 80 })),
  };
  test.each([
    ['reset', [0, 1, 2].map((mode) => again(mode, isReset)), ['the same', 'another', 'another']],
    [
      'finished by the client, answers pass',
      [0, 1, 2].map((mode) => again(mode, isFinished)),
      ['the same', 'the same', 'the same'],
    ],
    [
      'finished by the server',
      [0, 1, 2].map((mode) => again(mode, isFinishedByServer)),
      ['the same', 'the same', 'the same'],
    ],
    [
      'finished by the client, answers go past',
      [0, 1, 2].map((mode) => again(mode, isFinished, direct)),
      ['the same', 'the same', 'another'],
    ],
    ['open', [0, 1, 2].map((mode) => again(mode, () => undefined)), ['the same', 'the same', 'the same']],
    [
      'of a persistent client',
      [1, 2].map((mode) => again(mode, isReset, { service: { persistenceSeconds: 60 } })),
      ['the same', 'the same'],
    ],
  ])('%s: a SYN in mode 0, 1, 2', (_name, seen, expected) => expect(seen).toEqual(expected));
});

describe('sloppy_tcp', () => {
  test.each([
    ['ACK', ACK, 1],
    ['SYN, ACK', SYN | ACK, 3],
    ['FIN', FIN | ACK, 6],
    ['no flag', 0, 6],
  ])('on: %s begins a connection, in state %s', (_name, flags, state) => {
    const of = world({ conduct: { sloppy_tcp: 1 } });
    expect(up(of, flags)).toBeDefined();
    expect(of.state(CLIENT, 1025)).toBe(state);
  });

  test.each([
    [0, ACK],
    [0, SYN | RST],
    [1, RST],
    [1, RST | ACK],
    [1, SYN | RST],
  ])('%i: flags %i begin none', (value, flags) => {
    const of = world({ conduct: { sloppy_tcp: value } });
    expect([answersTo(of, flags), count(of)]).toEqual([1, 0]);
  });
});

describe('sloppy_sctp', () => {
  const sctp = { service: { protocol: 'SCTP' } } as const;
  const begins = (sloppy: number, ...chunks: number[]) => {
    const of = world({ ...sctp, conduct: { sloppy_sctp: sloppy } });
    of.pass('outer', { ...toVip, protocol: 'SCTP', chunks });
    return count(of) === 1;
  };
  test.each([
    ['INIT', [INIT], true, true],
    ['DATA', [DATA], false, true],
    ['ABORT', [ABORT], false, false],
    ['COOKIE ECHO and ABORT', [COOKIE_ECHO, ABORT], false, true],
    ['no chunk', [], false, false],
  ])('%s', (_name, chunks, strict, sloppy) => {
    expect([begins(0, ...chunks), begins(1, ...chunks)]).toEqual([strict, sloppy]);
  });
});
