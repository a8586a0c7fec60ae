// The embedded engine over IPv6 between real kernels: TCP and UDP through NAT and direct routing, neighbour
// discovery both ways, checksums as the receivers judge them, a second director that carries on.
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Forwarding, Protocol } from '../../src/ipvs/model.ts';
import { EngineHost } from './engine-host.ts';
import { EngineNet, type HostName, INNER_VIP6 as INNER_VIP, VIP6 as VIP } from './engine-net.ts';

const MEGABYTES = 8;
let net: EngineNet;
const hosts = {} as Record<HostName, EngineHost>;

const service = (protocol: Protocol, port: number, extra: object = {}) => ({
  protocol,
  address: VIP,
  port,
  scheduler: 'rr',
  schedulerFlags: 0,
  persistenceSeconds: 0,
  persistencePrefix: 128,
  onePacket: false,
  ...extra,
});
const server = (address: string, port: number, forwarding: Forwarding) => ({
  address,
  port,
  forwarding,
  weight: 1,
  upperThreshold: 0,
  lowerThreshold: 0,
});
const commandsFor = (head: object, ...servers: object[]) => [
  { do: 'addService', service: head },
  ...servers.map((one) => ({ do: 'addServer', service: head, server: one })),
];
const COMMANDS = [
  ...commandsFor(service('TCP', 80), server('fd77:1::21', 8080, 'NAT'), server('fd77:1::22', 8080, 'NAT')),
  ...commandsFor(service('UDP', 53), server('fd77:1::21', 5300, 'NAT'), server('fd77:1::22', 5300, 'NAT')),
  ...commandsFor(service('TCP', 8081), server('fd77::31', 8081, 'DR')),
];
const OWNED = [
  { address: VIP, prefixLength: 128, interface: 'eth0', vrid: 51 },
  { address: INNER_VIP, prefixLength: 128, interface: 'eth1', vrid: 51 },
];
const daemon = (role: 'master' | 'backup') => ({ role, interface: 'eth1', id: 51 });

async function director(name: 'a' | 'b', role: 'master' | 'backup'): Promise<EngineHost> {
  const host = new EngineHost(net.namespace(name));
  hosts[name] = host;
  await host.ask({ do: 'plane' });
  const commands = [...COMMANDS, { do: 'startSync', daemon: daemon(role) }];
  expect(await host.ask({ do: 'apply', commands })).toEqual([]);
  await host.ask({ do: 'own', addresses: role === 'master' ? OWNED : [] });
  return host;
}
const transfer = (port: number) =>
  hosts.client.ask({ do: 'transfer', address: VIP, port, bytes: MEGABYTES * 1_000_000 });
const counters = async () => hosts.a.ask({ do: 'read', what: 'readCounters' });

beforeAll(async () => {
  net = new EngineNet('engsix').withIpv6();
  for (const name of ['client', 's1', 's2', 'd1'] as const) hosts[name] = new EngineHost(net.namespace(name));
  for (const name of ['s1', 's2'] as const) {
    await hosts[name].ask({ do: 'serve', port: 8080, name });
    await hosts[name].ask({ do: 'serveUdp', port: 5300, name, address: '::' });
  }
  await hosts.d1.ask({ do: 'serve', port: 8081, name: 'd1' });
  await director('a', 'master');
});
afterAll(async () => {
  await Promise.all(Object.values(hosts).map((host) => host.stop()));
  net.remove();
});

test('megabytes of TCP through NAT arrive whole, super-frames and all', async () => {
  expect(await transfer(80)).toBe(true);
  const total = (await counters())[`TCP [${VIP}]:80`];
  expect(total.inBytes).toBeGreaterThan(MEGABYTES * 1_000_000);
  expect(total.outBytes).toBeGreaterThan(MEGABYTES * 1_000_000);
  expect(total.inPackets).toBeLessThan((MEGABYTES * 1_000_000) / 1500);
});

test('the same without offloads: checksums are the engine’s work alone', async () => {
  const offloads = (on: 'on' | 'off') => {
    for (const name of ['client', 's1', 's2'] as const) {
      net.exec(name, 'ethtool', '-K', 'eth0', 'tx', on, 'tso', on, 'gso', on);
    }
  };
  offloads('off');
  expect(await transfer(80)).toBe(true);
  offloads('on');
});

test('TCP by direct routing: the server answers the client itself', async () => {
  expect(await transfer(8081)).toBe(true);
  const seen = await counters();
  expect(seen[`TCP [${VIP}]:8081`]).toMatchObject({ connections: 1, outPackets: 0 });
});

test('UDP, answered from the virtual address, by each server in turn', async () => {
  const ask = () => hosts.client.ask({ do: 'askUdp', address: VIP, port: 53, text: 'hi' });
  expect([await ask(), await ask()].toSorted()).toEqual(['s1 hi', 's2 hi']);
});

test('ping is answered; a port without a service is refused at once', async () => {
  expect(net.exec('client', 'ping', '-c', '2', '-i', '0.2', '-W', '1', VIP)).toContain('2 received');
  const open = hosts.client.ask({ do: 'open', session: 9, address: VIP, port: 81 });
  await expect(open).rejects.toThrow('ECONNREFUSED');
});

test('neighbours know the virtual address by the virtual router’s MAC of IPv6', () => {
  expect(net.exec('client', 'ip', 'neigh', 'show', VIP)).toContain('00:00:5e:00:02:33');
  expect(net.exec('s1', 'ip', 'neigh', 'show', INNER_VIP)).toContain('00:00:5e:00:02:33');
});

test('a second director carries on with every session when the first one dies', async () => {
  const all = Array.from({ length: 10 }, (_, index) => index + 100);
  for (const session of all) await hosts.client.ask({ do: 'open', session, address: VIP, port: 80 });
  const b = await director('b', 'backup');
  const count = () => b.ask({ do: 'read', what: 'countConnections' });
  for (const deadline = Date.now() + 5000; (await count()) < all.length && Date.now() < deadline; ) {
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
  await hosts.a.kill();
  await b.ask({ do: 'own', addresses: OWNED });
  const say = (session: number) => hosts.client.ask({ do: 'say', session, text: 'still here' });
  expect(await Promise.all(all.map(say))).toHaveLength(all.length);
  expect(await transfer(80)).toBe(true);
});

test('no receiver ever saw a wrong checksum', () => {
  for (const name of ['client', 's1', 's2', 'd1'] as const) {
    const words = ['TcpInCsumErrors', 'Udp6InCsumErrors', 'Icmp6InCsumErrors'];
    const text = net.exec(name, 'nstat', '-asz', ...words);
    const errors = [...text.matchAll(/CsumErrors\s+(\d+)/g)].map((match) => Number(match[1]));
    expect([name, ...errors]).toEqual([name, 0, 0, 0]);
  }
});
