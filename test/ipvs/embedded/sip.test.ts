// A service with persistence engine "sip": who is sent where by the Call-ID, what a server begins that speaks
// first, what is listed, told and adopted of it, and that all of it ends.
import { describe, expect, test } from 'vitest';
import { showConnections } from '../../../src/ipvs/embedded/shown.ts';
import { adoptConnection, type ConnectionEntry } from '../../../src/ipvs/embedded/synced.ts';
import { type Server, serverKey, serviceKey } from '../../../src/ipvs/model.ts';
import { frame, VIRTUAL_MAC } from './frames.ts';
import { invite } from './sip-messages.ts';
import { CLIENT, head, OWN_MAC, server, told, VIP, World } from './world.ts';
import { CLIENT6, head6, server6, VIP6, VIRTUAL_MAC6, World6 } from './world6.ts';

const OTHER = '10.0.0.11';
const SERVERS = [21, 22, 23];
const PORT = 5060;
const SERVER_PORT = 5080;
const SIP = { protocol: 'UDP', port: PORT, persistenceSeconds: 60, persistenceEngine: 'sip' } as const;

function world(extra: Parameters<typeof head>[0] = {}, of: Partial<Server> = {}, capacity?: number): World {
  const servers = SERVERS.map((last) => server(last, { port: SERVER_PORT, ...of }));
  const there = new World([[head({ ...SIP, ...extra }), servers]], capacity);
  return meet(there.own());
}
function meet(of: World): World {
  return of.meet(CLIENT, OTHER, ...SERVERS.map((last) => `10.1.0.${last}`));
}
const call = (id: string) => Buffer.from(invite(`Call-ID: ${id}`), 'latin1');
const request = (fromPort: number, id: string, from = CLIENT) => {
  return { protocol: 'UDP', from, fromPort, to: VIP, toPort: PORT, payload: call(id) } as const;
};
const response = (from: string, toPort: number, id: string) => {
  const ends = { from, fromPort: SERVER_PORT, to: CLIENT, toPort };
  return { protocol: 'UDP', ...ends, payload: call(id) } as const;
};
const to = (of: World, ...ends: Parameters<typeof request>) => of.pass('outer', request(...ends))?.to;
const list = ({ engine }: World) =>
  showConnections(engine.sessions.connections, 0).connections.map((one) => {
    const { client, clientPort, virtual, virtualPort, destination, destinationPort, persistence } = one;
    const by = persistence === undefined ? '' : ` ${persistence.engine} ${persistence.data}`;
    const ends = `${client}:${clientPort} ${virtual}:${virtualPort} ${destination}:${destinationPort}`;
    return `${ends} ${one.state}${by}`;
  });
const templates = (of: World) => list(of).filter((line) => line.includes(' sip '));
const count = ({ engine }: World) => engine.sessions.connections.count;
const pieces = ({ engine }: World) => engine.sessions.connections.persistenceData.pieces;

describe('a call', () => {
  test('stays with its server from whatever port, and each call has its own', () => {
    const of = world();
    const first = to(of, 1000, 'a@x');
    const second = to(of, 1001, 'b@x');
    expect(second).not.toBe(first);
    for (let port = 2000; port < 2010; port += 2) {
      expect(to(of, port, 'a@x')).toBe(first);
      expect(to(of, port + 1, 'b@x')).toBe(second);
    }
    expect(templates(of)).toEqual([
      `${CLIENT}:0 ${VIP}:${PORT} ${first}:${SERVER_PORT} NONE sip a@x`,
      `${CLIENT}:0 ${VIP}:${PORT} ${second}:${SERVER_PORT} NONE sip b@x`,
    ]);
    // As the kernel's, connections themselves have none.
    expect(list(of)).toContain(`${CLIENT}:1000 ${VIP}:${PORT} ${first}:${SERVER_PORT} UDP`);
  });

  test('is one of its client’s network, as in ip_vs_sip_ct_match()', () => {
    const of = world();
    expect(to(of, 1000, 'a@x', OTHER)).not.toBe(to(of, 1000, 'a@x'));
    const wide = world({ persistencePrefix: 24 });
    expect(to(wide, 1000, 'a@x', OTHER)).toBe(to(wide, 1000, 'a@x'));
    expect(templates(wide)).toHaveLength(1);
  });

  test('a port that has a connection goes where that goes, whatever is said through it', () => {
    const of = world();
    const first = to(of, 1000, 'a@x');
    expect(to(of, 1000, 'b@x')).toBe(first);
    expect(of.pass('outer', { ...request(1000, ''), payload: Buffer.from('keep-alive') })?.to).toBe(first);
    expect(templates(of)).toHaveLength(1);
  });

  test('with one_packet each datagram is for its own call, and leaves only the template', () => {
    const of = world({ onePacket: true });
    const [first, second] = [to(of, PORT, 'a@x'), to(of, PORT, 'b@x')];
    expect(second).not.toBe(first);
    for (let i = 0; i < 5; i++) {
      expect(to(of, PORT, 'a@x')).toBe(first);
      expect(to(of, PORT, 'b@x')).toBe(second);
    }
    expect(list(of)).toEqual(templates(of));
    expect(count(of)).toBe(2);
  });

  test('without a Call-ID begins nothing, and nobody is told', () => {
    const of = world();
    const nameless = { ...request(1000, ''), payload: Buffer.from('\r\n\r\n') };
    expect(of.receive('outer', frame(nameless))).toEqual([]);
    expect(of.engine.drops.read()).toEqual({ 'no-call-id': 1 });
    expect(count(of)).toBe(0);
  });

  test('over TCP there is none', () => {
    const of = world({ protocol: 'TCP' });
    const segment = { ...request(1000, 'a@x'), protocol: 'TCP', flags: 2 } as const;
    expect(of.pass('outer', segment)).toBeUndefined();
    expect(of.engine.drops.read()).toEqual({ 'no-call-id': 1 });
  });

  test('by a firewall mark is one of the mark’s', () => {
    const { protocol: _, address: __, port: ___, ...settings } = head(SIP);
    const service = { mark: 7, family: 4 as const, ...settings };
    const servers = SERVERS.map((last) => server(last, { port: 0 }));
    const of = new World([[service, servers]]).own().meet(CLIENT, ...SERVERS.map((last) => `10.1.0.${last}`));
    const pass = (port: number, id: string) => of.pass('outer', request(port, id), 7)?.to;
    const first = pass(1000, 'a@x');
    expect(pass(1001, 'b@x')).not.toBe(first);
    expect(pass(1002, 'a@x')).toBe(first);
    expect(templates(of)[0]).toBe(`${CLIENT}:0 0.0.0.7:0 ${first}:0 NONE sip a@x`);
  });

  test('over IPv6', () => {
    const servers = SERVERS.map((last) => server6(last, { port: SERVER_PORT }));
    const of = new World6([[head6({ ...SIP, persistencePrefix: 128 }), servers]]);
    of.own().meet(CLIENT6, ...SERVERS.map((last) => `2001:db8:1::${last}`));
    const pass = (fromPort: number, id: string) => {
      const ends = { from: CLIENT6, fromPort, to: VIP6, toPort: PORT, destinationMac: VIRTUAL_MAC6 };
      return of.pass('outer', { protocol: 'UDP', ...ends, payload: call(id) })?.to;
    };
    const first = pass(1000, 'a@x');
    expect(pass(1001, 'b@x')).not.toBe(first);
    expect(pass(1002, 'a@x')).toBe(first);
    expect(of.engine.sessions.connections.count).toBe(5);
  });
});

describe('templates', () => {
  test('live as long as their connections and their own timeout, and leave nothing', () => {
    const of = world();
    const first = to(of, 1000, 'a@x');
    expect(pieces(of)).toBe(1);
    of.wait(299_000);
    meet(of);
    expect(to(of, 1001, 'a@x')).toBe(first);
    of.wait(700_000);
    expect([count(of), pieces(of)]).toEqual([0, 0]);
  });

  test('of a server that is gone are made anew, and the old one ends with its connections', () => {
    const of = world();
    const first = to(of, 1000, 'a@x');
    const gone = server(Number(first?.split('.')[3]), { port: SERVER_PORT });
    const command = { do: 'delServer', service: head(SIP), server: gone, key: serverKey(gone) } as const;
    expect(of.engine.sessions.services.apply(command)).toBeUndefined();
    const second = to(of, 1001, 'a@x');
    expect(second).not.toBe(first);
    expect(to(of, 1002, 'a@x')).toBe(second);
    expect(templates(of)).toHaveLength(2);
    of.wait(1_000_000);
    expect([count(of), pieces(of)]).toEqual([0, 0]);
  });

  test('have no room: the datagram is dropped, and nobody is told', () => {
    const of = world({}, {}, 3);
    for (const id of ['a', 'b', 'c']) to(of, 1000, id, CLIENT);
    expect(to(of, 1001, 'x'.repeat(255))).toBeUndefined();
    expect(of.engine.drops.read()).toEqual({ 'table-full': 1 });
    expect(pieces(of)).toBe(1);
    of.wait(1_000_000);
    expect([count(of), pieces(of)]).toEqual([0, 0]);
  });
});

describe('a server that speaks first', () => {
  test('is heard as the virtual address, and answered', () => {
    const of = world();
    const seen = of.pass('inner', response('10.1.0.22', 7000, 'a@x'));
    expect(seen).toMatchObject({ from: VIP, fromPort: PORT, to: CLIENT, toPort: 7000, checksumsRight: true });
    expect(to(of, 7000, 'whatever')).toBe('10.1.0.22');
    // Its call is its own from now on.
    expect(to(of, 7001, 'a@x')).toBe('10.1.0.22');
    expect(templates(of)).toEqual([`${CLIENT}:0 ${VIP}:${PORT} 10.1.0.22:${SERVER_PORT} ASSURED sip a@x`]);
  });

  test('takes over a call that led to another one', () => {
    const of = world();
    const first = to(of, 1000, 'a@x');
    const other = first === '10.1.0.21' ? '10.1.0.22' : '10.1.0.21';
    of.pass('inner', response(other, 7000, 'a@x'));
    expect(to(of, 1001, 'a@x')).toBe(other);
    expect(to(of, 1000, 'a@x')).toBe(first);
  });

  test('with one_packet it answers what is over', () => {
    const of = world({ onePacket: true });
    const first = to(of, 1000, 'a@x')!;
    expect(of.pass('inner', response(first, 1000, 'a@x'))).toMatchObject({ from: VIP, fromPort: PORT });
    expect(count(of)).toBe(1);
  });

  test('of a service that is not persistent, by any message', () => {
    const of = world({ persistenceSeconds: 0 });
    const message = { ...response('10.1.0.22', 7000, ''), payload: Buffer.from('hello') };
    expect(of.pass('inner', message)).toMatchObject({ from: VIP, fromPort: PORT });
    expect(count(of)).toBe(1);
  });

  test.each([
    ['without a Call-ID', {}, {}, { payload: Buffer.from('hello') }],
    ['from another port', {}, {}, { fromPort: 5081 }],
    ['from nobody', {}, {}, { from: '10.1.0.99' }],
    ['over TCP', {}, {}, { protocol: 'TCP' as const }],
    ['behind no NAT', {}, { forwarding: 'DR' as const }, {}],
    ['of a service without an engine', { persistenceEngine: undefined }, {}, {}],
    ['of a service for every port', { port: 0 }, {}, {}],
  ])('%s it is only routed', (_, service, one, message) => {
    const { persistenceEngine: engine, ...extra } = { ...SIP, ...service };
    const of = world({}, one);
    of.engine.sessions.services.apply({ do: 'delService', service: head(SIP), key: serviceKey(head(SIP)) });
    const servers = SERVERS.map((last) => server(last, { port: SERVER_PORT, ...one }));
    of.add(head({ ...extra, ...(engine === undefined ? {} : { persistenceEngine: engine }) }), servers);
    const sent = { ...response('10.1.0.22', 7000, 'a@x'), ...message, destinationMac: VIRTUAL_MAC };
    expect(of.pass('inner', sent)?.from).toBe(sent.from);
    expect(count(of)).toBe(0);
  });

  test('to this machine it is not routed', () => {
    const of = world();
    for (const own of ['10.0.0.1', '10.1.0.1']) {
      const sent = { ...response('10.1.0.22', 7000, 'a@x'), to: own, destinationMac: OWN_MAC.inner };
      expect(of.pass('inner', sent)).toBeUndefined();
    }
    expect(count(of)).toBe(0);
  });
});

describe('sync', () => {
  /** The kernel's bytes: see test/sync/wire.test.ts. */
  const ENTRY: ConnectionEntry = {
    family: 4,
    protocol: 17,
    flags: 0x1100,
    state: 0,
    clientPort: 0,
    virtualPort: PORT,
    serverPort: SERVER_PORT,
    fwmark: 0,
    timeoutSeconds: 60,
    client: 0x0a00000a,
    virtual: 0x0a000064,
    server: 0x0a010016,
    peData: Buffer.from('a@x'),
    peName: 'sip',
  };

  test('a call goes on through the second engine', () => {
    const [first, second] = [world(), world()];
    to(second, 1, 'z@x'); // its turn is elsewhere now
    const server = to(first, 1000, 'a@x');
    const entries = told(first);
    expect(entries).toMatchObject([
      { clientPort: 1000, flags: 0x100 },
      { clientPort: 0, flags: 0x1100, peName: 'sip', timeoutSeconds: 60 },
    ]);
    expect(Buffer.from(entries[1]!.peData!).toString()).toBe('a@x');
    expect(entries[0]).not.toHaveProperty('peData');
    expect(entries.map((entry) => adoptConnection(second.engine.sessions, entry))).toEqual([
      'created',
      'created',
    ]);
    expect(entries.map((entry) => adoptConnection(second.engine.sessions, entry))).toEqual([
      'updated',
      'updated',
    ]);
    expect(to(second, 1001, 'a@x')).toBe(server);
  });

  test('templates of one client are told apart, and from one without an engine', () => {
    const of = world();
    const { sessions } = of.engine;
    const { peData: _, peName: __, ...plain } = ENTRY;
    const adopt = (entry: ConnectionEntry) => adoptConnection(sessions, entry);
    expect(adopt(ENTRY)).toBe('created');
    expect(adopt({ ...ENTRY, peData: Buffer.from('b@x') })).toBe('created');
    expect(adopt(plain)).toBe('created');
    expect([adopt(ENTRY), adopt(plain)]).toEqual(['updated', 'updated']);
    expect([count(of), pieces(of)]).toEqual([3, 2]);
    of.wait(100_000);
    expect([count(of), pieces(of)]).toEqual([0, 0]);
  });

  test.each([
    ['of another engine', { peName: 'other' }, 'persistence-engine'],
    ['with what is no Call-ID', { peData: Buffer.from('\u001b[2J') }, 'persistence-data'],
  ] as const)('%s: left out', (_, change, reason) => {
    const of = world();
    expect(adoptConnection(of.engine.sessions, { ...ENTRY, ...change })).toBe(reason);
    expect([count(of), pieces(of)]).toEqual([0, 0]);
  });

  test('a connection itself is taken without', () => {
    const of = world();
    const entry = { ...ENTRY, flags: 0x100, clientPort: 1000 };
    expect(adoptConnection(of.engine.sessions, entry)).toBe('created');
    expect([to(of, 1000, 'z@x'), pieces(of)]).toEqual(['10.1.0.22', 0]);
  });

  test('without room for it a template is left out', () => {
    const of = world({}, {}, 3);
    const long = { ...ENTRY, peData: Buffer.from('x'.repeat(255)) };
    expect(adoptConnection(of.engine.sessions, long)).toBe('table-full');
    expect([count(of), pieces(of)]).toEqual([0, 0]);
  });
});

test('an engine of another name there is none', () => {
  const { services } = new World([]).engine.sessions;
  const service = head({ ...SIP, persistenceEngine: 'other' });
  expect(services.apply({ do: 'addService', service })).toBe('ENOENT');
  expect(services.apply({ do: 'addService', service: head(SIP) })).toBeUndefined();
  expect(services.apply({ do: 'setService', service })).toBe('ENOENT');
  expect(services.hasEngines).toBe(true);
  const { persistenceEngine: _, ...without } = SIP;
  expect(services.apply({ do: 'setService', service: head(without) })).toBeUndefined();
  expect(services.hasEngines).toBe(false);
});
