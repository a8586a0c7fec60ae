// Services by firewall mark in the embedded engine, between real kernels: marks that nft sets in netdev
// ingress, of both families; and a reload that brings the first such service.
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest';
import { EngineHost } from './engine-host.ts';
import { EngineNet, type HostName, INNER_VIP, INNER_VIP6, ip, VIP, VIP6 } from './engine-net.ts';

const SETTINGS = { scheduler: 'rr', schedulerFlags: 0, persistenceSeconds: 0, onePacket: false };
const marked = (family: 4 | 6) => ({
  mark: 7,
  family,
  ...SETTINGS,
  persistencePrefix: family === 4 ? 32 : 128,
});
const ADDRESSED = { protocol: 'TCP', address: VIP, port: 80, ...SETTINGS, persistencePrefix: 32 };
const server = (address: string, port: number) => ({
  address,
  port,
  forwarding: 'NAT',
  weight: 1,
  upperThreshold: 0,
  lowerThreshold: 0,
});
const add = (service: object, ...servers: object[]) => [
  { do: 'addService', service },
  ...servers.map((one) => ({ do: 'addServer', service, server: one })),
];
const MARKED4 = add(marked(4), server('10.77.1.21', 8080), server('10.77.1.22', 8080));
const MARKED6 = add(marked(6), server('fd77:1::21', 8080), server('fd77:1::22', 8080));
const OWNED = [
  { address: VIP, prefixLength: 24, interface: 'eth0', vrid: 51 },
  { address: INNER_VIP, prefixLength: 24, interface: 'eth1', vrid: 51 },
  { address: VIP6, prefixLength: 64, interface: 'eth0', vrid: 51 },
  { address: INNER_VIP6, prefixLength: 64, interface: 'eth1', vrid: 51 },
];
/** Nobody's; clients go there through the director. */
const ELSEWHERE = '10.99.0.1';
/** The one that s1 or s2 says it is. */
const SOMEBODY = /^s[12] hello$/;
const PORT = 80;

let net: EngineNet;
const hosts = {} as Record<HostName, EngineHost>;

beforeAll(async () => {
  net = new EngineNet('engmark').withIpv6();
  for (const name of ['client', 's1', 's2'] as const) hosts[name] = new EngineHost(net.namespace(name));
  for (const name of ['s1', 's2'] as const) {
    await hosts[name].ask({ do: 'serve', port: 8080, name });
    await hosts[name].ask({ do: 'serveUdp', port: 5300, name });
  }
  ip('-n', net.namespace('client'), 'route', 'add', ELSEWHERE, 'via', VIP);
});
afterAll(async () => {
  await Promise.all((['client', 's1', 's2'] as const).map((name) => hosts[name]?.stop()));
  net.remove();
});
beforeEach(async () => {
  hosts.a = new EngineHost(net.namespace('a'));
  await hosts.a.ask({ do: 'plane' });
  await hosts.a.ask({ do: 'own', addresses: OWNED });
});
afterEach(async () => {
  net.exec('a', 'nft', 'flush', 'ruleset');
  await hosts.a.stop();
});

/** In a director, what its administrator is told to do. */
function mark(...matches: string[]): void {
  const rules = matches.map((match) => `${match} meta mark set 7`).join('\n');
  const chain = 'type filter hook ingress device eth0 priority 0; policy accept;';
  net.exec('a', 'nft', `table netdev lvs {\nchain marks {\n${chain}\n${rules}\n}\n}`);
}
const apply = async (commands: readonly object[]) =>
  expect(await hosts.a.ask({ do: 'apply', commands })).toEqual([]);
const open = (session: number, address: string, port: number): Promise<string> =>
  hosts.client.ask({ do: 'open', session, address, port });
const refused = (address: string, port: number) =>
  expect(open(99, address, port), `${address} ${port}`).rejects.toThrow();
const counters = () => hosts.a.ask({ do: 'read', what: 'readCounters' });

test('marked: two ports of our address and one of nobody’s go to the servers; unmarked: none', async () => {
  mark(`ip daddr ${VIP} tcp dport { 80, 443 }`, `ip daddr ${ELSEWHERE} tcp dport 80`);
  await apply(MARKED4);
  const answers = [await open(1, VIP, 80), await open(2, VIP, 443), await open(3, ELSEWHERE, 80)];
  for (const answer of answers) expect(answer).toMatch(SOMEBODY);
  expect(new Set(answers).size).toBe(2);
  await refused(VIP, 81);
  expect((await counters())['FWM 7'].connections).toBe(3);
});

test('over IPv6, too, and each family’s is its own', async () => {
  mark('tcp dport { 80, 443 }');
  await apply(MARKED6);
  for (const port of [80, 443]) expect(await open(port, VIP6, port)).toMatch(SOMEBODY);
  await refused(VIP, 80);
  await apply(MARKED4);
  expect(await open(4, VIP, 80)).toMatch(SOMEBODY);
  const { 'FWM 7': four, 'FWM 7 IPv6': six } = await counters();
  expect([four.connections, six.connections]).toEqual([1, 2]);
});

test('megabytes of both families arrive whole, super-frames and all', async () => {
  mark('tcp dport 80');
  await apply([...MARKED4, ...MARKED6]);
  for (const address of [VIP, VIP6])
    expect(await hosts.client.ask({ do: 'transfer', address, port: PORT, bytes: 8_000_000 })).toBe(true);
  const { interfaces } = await hosts.a.ask({ do: 'read', what: 'readStatistics' });
  for (const one of interfaces) expect(one).toMatchObject({ overruns: 0, sendFailed: 0 });
});

test('the first service by mark, and the last, come and go without a frame lost', async () => {
  mark('tcp dport 443');
  const real = (port: number) => [server('10.77.1.21', port), server('10.77.1.22', port)];
  await apply([
    ...add(ADDRESSED, ...real(8080)),
    ...add({ ...ADDRESSED, protocol: 'UDP', port: 53 }, ...real(5300)),
  ]);
  const sessions = Array.from({ length: 8 }, (_, i) => i + 10);
  const told: string[] = await Promise.all(sessions.map((session) => open(session, VIP, 80)));
  const says = async (text: string) => {
    const asked = sessions.map((session) => hosts.client.ask({ do: 'say', session, text }));
    expect(await Promise.all(asked)).toEqual(told.map((answer) => answer.replace('hello', text)));
  };
  let goesOn = true;
  let answers = 0;
  // Nobody sends a datagram again: one frame less, and there is no answer.
  const asking = sessions.map(async (n) => {
    for (; goesOn; answers++)
      await hosts.client.ask({ do: 'askUdp', address: VIP, port: 53, text: `${n} ${answers}` });
  });
  const remove = [{ do: 'delService', service: marked(4), key: 'FWM 7' }];
  for (let round = 0; round < 20; round++) {
    await Promise.all([apply(MARKED4), says(`before ${round}`)]);
    expect(await open(100 + round, VIP, 443)).toMatch(SOMEBODY);
    await Promise.all([apply(remove), says(`after ${round}`)]);
    await refused(VIP, 443);
  }
  goesOn = false;
  await Promise.all(asking);
  expect(answers).toBeGreaterThan(100);
  const { interfaces } = await hosts.a.ask({ do: 'read', what: 'readStatistics' });
  for (const one of interfaces) expect(one).toMatchObject({ overruns: 0, sendFailed: 0 });
});
