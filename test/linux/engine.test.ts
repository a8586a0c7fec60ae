// The embedded engine between real kernels: TCP and UDP through NAT and direct routing, checksums as the
// receivers judge them, and a second director that carries on with the first one's sessions.
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import type { Forwarding, Protocol } from '../../src/ipvs/model.ts';
import { EngineHost } from './engine-host.ts';
import { EngineNet, type HostName, INNER_VIP, ip, VIP } from './engine-net.ts';

const PREFIX = 'engtest';
const MEGABYTES = 8;
let net: EngineNet;
const hosts = {} as Record<HostName, EngineHost>;

function service(protocol: Protocol, port: number, extra: object = {}) {
  return {
    protocol,
    address: VIP,
    port,
    scheduler: 'rr',
    schedulerFlags: 0,
    persistenceSeconds: 0,
    persistencePrefix: 32,
    onePacket: false,
    ...extra,
  };
}
function server(address: string, port: number, forwarding: Forwarding) {
  return { address, port, forwarding, weight: 1, upperThreshold: 0, lowerThreshold: 0 };
}
const NAT_TCP = service('TCP', 80);
const NAT_UDP = service('UDP', 53);
const DIRECT_TCP = service('TCP', 8081);
const DIRECT_UDP = service('UDP', 5353);
const PERSISTENT = service('TCP', 443, { persistenceSeconds: 60 });
const BOTH = (head: object, port: number) => [
  { do: 'addServer', service: head, server: server('10.77.1.21', port, 'NAT') },
  { do: 'addServer', service: head, server: server('10.77.1.22', port, 'NAT') },
];
const COMMANDS = [
  ...[NAT_TCP, NAT_UDP, DIRECT_TCP, DIRECT_UDP, PERSISTENT].map((head) => ({
    do: 'addService',
    service: head,
  })),
  ...BOTH(NAT_TCP, 8080),
  ...BOTH(NAT_UDP, 5300),
  ...BOTH(PERSISTENT, 8080),
  { do: 'addServer', service: DIRECT_TCP, server: server('10.77.0.31', 8081, 'DR') },
  { do: 'addServer', service: DIRECT_UDP, server: server('10.77.0.31', 5353, 'DR') },
];
const OWNED = [
  { address: VIP, prefixLength: 24, interface: 'eth0', vrid: 51 },
  { address: INNER_VIP, prefixLength: 24, interface: 'eth1', vrid: 51 },
];
const daemon = (role: 'master' | 'backup') => ({ role, interface: 'eth1', id: 51 });

async function become(host: EngineHost, role: 'master' | 'backup'): Promise<void> {
  const other = role === 'master' ? 'backup' : 'master';
  const running: { role: string }[] = await host.ask({ do: 'read', what: 'readSync' });
  const commands = [
    ...(running.some((known) => known.role === other) ? [{ do: 'stopSync', daemon: daemon(other) }] : []),
    { do: 'startSync', daemon: daemon(role) },
  ];
  expect(await host.ask({ do: 'apply', commands })).toEqual([]);
  await host.ask({ do: 'own', addresses: role === 'master' ? OWNED : [] });
}
async function director(name: 'a' | 'b', role: 'master' | 'backup'): Promise<EngineHost> {
  const host = new EngineHost(net.namespace(name));
  hosts[name] = host;
  await host.ask({ do: 'plane' });
  expect(await host.ask({ do: 'apply', commands: COMMANDS })).toEqual([]);
  await become(host, role);
  return host;
}
async function eventually(what: () => Promise<boolean>): Promise<void> {
  for (const deadline = Date.now() + 5000; Date.now() < deadline; ) {
    if (await what()) return;
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
  throw new Error(`not within 5 s: ${what}`);
}
/** Packets that a kernel found to have a wrong checksum since it was made. */
function checksumErrors(name: HostName): number {
  const text = net.exec(name, 'nstat', '-asz', 'TcpInCsumErrors', 'UdpInCsumErrors', 'IcmpInCsumErrors');
  return [...text.matchAll(/CsumErrors\s+(\d+)/g)].reduce((sum, match) => sum + Number(match[1]), 0);
}
const transfer = (port: number) =>
  hosts.client.ask({ do: 'transfer', address: VIP, port, bytes: MEGABYTES * 1_000_000 });
const statistics = (host: EngineHost) => host.ask({ do: 'read', what: 'readStatistics' });

beforeAll(async () => {
  net = new EngineNet(PREFIX);
  for (const name of ['client', 's1', 's2', 'd1'] as const) hosts[name] = new EngineHost(net.namespace(name));
  for (const name of ['s1', 's2'] as const) {
    await hosts[name].ask({ do: 'serve', port: 8080, name });
    await hosts[name].ask({ do: 'serveUdp', port: 5300, name });
  }
  await hosts.d1.ask({ do: 'serve', port: 8081, name: 'd1' });
  // Bound to the virtual address: a server that answers from its own would not be believed.
  await hosts.d1.ask({ do: 'serveUdp', port: 5353, name: 'd1', address: VIP });
});
afterAll(async () => {
  await Promise.all((['client', 's1', 's2', 'd1'] as const).map((name) => hosts[name]?.stop()));
  net.remove();
});

describe('one director', () => {
  beforeEach(() => director('a', 'master'));
  afterEach(() => hosts.a.stop());

  test('megabytes of TCP through NAT arrive whole, super-frames and all', async () => {
    expect(await transfer(80)).toBe(true);
    const { counters } = { counters: await hosts.a.ask({ do: 'read', what: 'readCounters' }) };
    const total = counters[`TCP ${VIP}:80`];
    expect(total.connections).toBe(1);
    expect(total.inBytes).toBeGreaterThan(MEGABYTES * 1_000_000);
    expect(total.outBytes).toBeGreaterThan(MEGABYTES * 1_000_000);
    // Fewer packets than frames of 1,500 bytes would have been: super-frames passed as such.
    expect(total.inPackets).toBeLessThan((MEGABYTES * 1_000_000) / 1500);
  });

  test('the same without offloads: checksums are the engine’s work alone', async () => {
    for (const [name, device] of [
      ['client', 'eth0'],
      ['s1', 'eth0'],
      ['s2', 'eth0'],
    ] as const) {
      net.exec(name, 'ethtool', '-K', device, 'tx', 'off', 'tso', 'off', 'gso', 'off');
    }
    expect(await transfer(80)).toBe(true);
    for (const [name, device] of [
      ['client', 'eth0'],
      ['s1', 'eth0'],
      ['s2', 'eth0'],
    ] as const) {
      net.exec(name, 'ethtool', '-K', device, 'tx', 'on', 'tso', 'on', 'gso', 'on');
    }
  });

  test('TCP by direct routing: the server answers the client itself', async () => {
    expect(await transfer(8081)).toBe(true);
    const counters = await hosts.a.ask({ do: 'read', what: 'readCounters' });
    expect(counters[`TCP ${VIP}:8081`].outPackets).toBe(0);
    expect(counters[`TCP ${VIP}:8081`].inBytes).toBeGreaterThan(MEGABYTES * 1_000_000);
  });

  test('UDP through NAT and by direct routing, answered from the virtual address', async () => {
    const ask = (port: number) => hosts.client.ask({ do: 'askUdp', address: VIP, port, text: 'hi' });
    const answers = [await ask(53), await ask(53), await ask(53), await ask(53)];
    expect(answers.sort()).toEqual(['s1 hi', 's1 hi', 's2 hi', 's2 hi']);
    expect(await ask(5353)).toBe('d1 hi');
  });

  test('connections take turns; persistent ones do not', async () => {
    const open = (session: number, port: number) =>
      hosts.client.ask({ do: 'open', session, address: VIP, port });
    expect([await open(1, 80), await open(2, 80), await open(3, 80)]).toEqual([
      's2 hello',
      's1 hello',
      's2 hello',
    ]);
    const first = await open(4, 443);
    expect([await open(5, 443), await open(6, 443)]).toEqual([first, first]);
  });

  test('ping and traceroute-like probes are answered from the virtual address', () => {
    expect(net.exec('client', 'ping', '-c', '2', '-i', '0.2', '-W', '1', VIP)).toContain('2 received');
    expect(net.exec('client', 'ping', '-c', '1', '-s', '1400', '-W', '1', VIP)).toContain('1 received');
  });

  test('a port without a service is refused at once, TCP and UDP', async () => {
    await expect(hosts.client.ask({ do: 'open', session: 9, address: VIP, port: 81 })).rejects.toThrow(
      'ECONNREFUSED',
    );
    const { drops } = await statistics(hosts.a);
    expect(drops).toMatchObject({ 'no-service': 1 });
  });

  test('an interface that appears later is used', async () => {
    ip('-n', net.namespace('a'), 'link', 'add', 'late0', 'type', 'veth', 'peer', 'late1');
    ip('-n', net.namespace('a'), 'addr', 'add', '10.77.9.1/24', 'dev', 'late0');
    ip('-n', net.namespace('a'), 'link', 'set', 'late0', 'up');
    await eventually(async () =>
      (await statistics(hosts.a)).interfaces.some((known: { name: string }) => known.name === 'late0'),
    );
    ip('-n', net.namespace('a'), 'link', 'del', 'late0');
    await eventually(async () =>
      (await statistics(hosts.a)).interfaces.every((known: { name: string }) => known.name !== 'late0'),
    );
  });
});

describe('two directors', () => {
  const SESSIONS = 20;
  const say = (session: number) => hosts.client.ask({ do: 'say', session, text: 'still here' });
  const all = Array.from({ length: SESSIONS }, (_, index) => index + 100);
  async function openAll(port: number): Promise<void> {
    for (const session of all) await hosts.client.ask({ do: 'open', session, address: VIP, port });
  }
  const knows = (host: EngineHost, connections: number) =>
    eventually(async () => (await host.ask({ do: 'read', what: 'countConnections' })) >= connections);

  test('the second carries on with every session when the first one dies', async () => {
    const a = await director('a', 'master');
    const b = await director('b', 'backup');
    await openAll(80);
    await knows(b, SESSIONS);
    await a.kill();
    await become(b, 'master');
    expect(await Promise.all(all.map(say))).toHaveLength(SESSIONS);
    expect(await transfer(80)).toBe(true);
    await b.stop();
  });

  test('a backup that comes late is told of sessions that have been idle since', async () => {
    const a = await director('a', 'master');
    await openAll(443);
    const b = await director('b', 'backup');
    // Connections and the template that keeps the client with its server.
    await knows(b, SESSIONS + 1);
    await become(a, 'backup');
    await become(b, 'master');
    await Promise.all(all.map(say));
    // And back again: the first one has kept what it knew, the second one tells it the rest.
    await hosts.client.ask({ do: 'open', session: 200, address: VIP, port: 443 });
    await knows(a, SESSIONS + 2);
    await become(b, 'backup');
    await become(a, 'master');
    expect(await Promise.all([...all, 200].map(say))).toHaveLength(SESSIONS + 1);
    await Promise.all([a.stop(), b.stop()]);
  });
});

test('no receiver ever saw a wrong checksum', () => {
  for (const name of ['client', 's1', 's2', 'd1'] as const)
    expect([name, checksumErrors(name)]).toEqual([name, 0]);
});
