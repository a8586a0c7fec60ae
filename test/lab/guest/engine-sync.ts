// The embedded engine and the kernel's IPVS as a pair: sessions opened through one go on through the other,
// both ways, by the kernel's own sync datagrams. Runs in the guest; prints one JSON line with what each side
// knew and what survived.
import { setTimeout as sleep } from 'node:timers/promises';
import { invite } from '../../ipvs/embedded/sip-messages.ts';
import { EngineHost } from '../../linux/engine-host.ts';
import { EngineNet, INNER_VIP, VIP } from '../../linux/engine-net.ts';

const net = new EngineNet('pair');
const kernel = (...command: string[]) => net.exec('b', ...command);
const daemon = (role: 'master' | 'backup') => ({ role, interface: 'eth1', id: 51 });
const NOBODY = { do: 'own', addresses: [] };
const EVERYTHING = {
  do: 'own',
  addresses: [
    { address: VIP, prefixLength: 24, interface: 'eth0', vrid: 51 },
    { address: INNER_VIP, prefixLength: 24, interface: 'eth1', vrid: 51 },
  ],
};
const SERVERS = ['10.77.1.21', '10.77.1.22'];
const SERVICES = [
  { protocol: 'TCP', port: 80, serverPort: 8080, persistenceSeconds: 0 },
  { protocol: 'TCP', port: 443, serverPort: 8080, persistenceSeconds: 60 },
  { protocol: 'UDP', port: 53, serverPort: 5300, persistenceSeconds: 0 },
  { protocol: 'UDP', port: 5060, serverPort: 5300, persistenceSeconds: 60, persistenceEngine: 'sip' },
] as const;
const engineOf = (service: (typeof SERVICES)[number]) =>
  'persistenceEngine' in service ? { persistenceEngine: service.persistenceEngine } : {};

function engineCommands() {
  return SERVICES.flatMap((one) => {
    const { protocol, port, serverPort, persistenceSeconds } = one;
    const service = {
      protocol,
      address: VIP,
      port,
      scheduler: 'rr',
      schedulerFlags: 0,
      persistenceSeconds,
      persistencePrefix: 32,
      onePacket: false,
      ...engineOf(one),
    };
    const limits = { forwarding: 'NAT', weight: 1, upperThreshold: 0, lowerThreshold: 0 };
    return [
      { do: 'addService', service },
      ...SERVERS.map((address) => ({
        do: 'addServer',
        service,
        server: { address, port: serverPort, ...limits },
      })),
    ];
  });
}
function setUpKernel(): void {
  // Each packet is told of. With the defaults the kernel keeps short connections to itself, and a backup that
  // comes later is not told of the others again.
  for (const setting of ['ipv4.ip_forward=1', 'ipv4.vs.sync_threshold=0 1']) {
    kernel('sysctl', '-qw', `net.${setting}`);
  }
  for (const one of SERVICES) {
    const { protocol, port, serverPort, persistenceSeconds } = one;
    const service = [protocol === 'TCP' ? '-t' : '-u', `${VIP}:${port}`];
    const persistent = persistenceSeconds > 0 ? ['-p', `${persistenceSeconds}`] : [];
    const engines = Object.values(engineOf(one)).flatMap((name) => ['--pe', name]);
    kernel('ipvsadm', '-A', ...service, '-s', 'rr', ...persistent, ...engines);
    for (const server of SERVERS) kernel('ipvsadm', '-a', ...service, '-r', `${server}:${serverPort}`, '-m');
  }
}
function kernelRole(role: 'master' | 'backup', other?: 'master' | 'backup'): void {
  if (other) kernel('ipvsadm', '--stop-daemon', other);
  kernel('ipvsadm', '--start-daemon', role, '--mcast-interface', 'eth1', '--syncid', '51');
  for (const [device, address] of [
    ['eth0', VIP],
    ['eth1', INNER_VIP],
  ] as const) {
    if (role === 'master' || other)
      kernel('ip', 'addr', role === 'master' ? 'add' : 'del', `${address}/24`, 'dev', device);
  }
  // There is no arping in the guest: neighbours are made to ask.
  for (const host of ['client', 's1', 's2'] as const) net.exec(host, 'ip', 'neigh', 'flush', 'all');
}
async function engine(role: 'master' | 'backup'): Promise<EngineHost> {
  const host = new EngineHost(net.namespace('a'));
  await host.ask({ do: 'plane' });
  await host.ask({ do: 'apply', commands: [...engineCommands(), { do: 'startSync', daemon: daemon(role) }] });
  await host.ask(role === 'master' ? EVERYTHING : NOBODY);
  return host;
}

const [client, s1, s2] = (['client', 's1', 's2'] as const).map((name) => new EngineHost(net.namespace(name)));
const say = async (sessions: readonly number[]) => {
  const said = sessions.map((session) => client!.ask({ do: 'say', session, text: 'still here' }));
  return (await Promise.allSettled(said)).filter(({ status }) => status === 'fulfilled').length;
};
const open = (session: number, port: number) => client!.ask({ do: 'open', session, address: VIP, port });
/** Whose server answers each call; each time from another port. */
const call = (ids: readonly string[]) =>
  Promise.all(
    ids.map(async (id) => {
      const text = invite(`Call-ID: ${id}`);
      const answer: string = await client!.ask({ do: 'askUdp', address: VIP, port: 5060, text });
      return answer.split(' ')[0];
    }),
  );
const CALLS = { engine: ['a@x', 'b', 'c@x', 'd@y'], kernel: ['e', 'f@x', 'g@y', 'h'] };
const FIRST = [1, 2, 3, 4, 5, 6, 7, 8];
const ALL = [...FIRST, 9, 10, 11, 12];

for (const [host, name] of [
  [s1!, 's1'],
  [s2!, 's2'],
] as const) {
  await host.ask({ do: 'serve', port: 8080, name });
  await host.ask({ do: 'serveUdp', port: 5300, name });
}
setUpKernel();
kernelRole('backup');
const a = await engine('master');
for (const session of FIRST) await open(session, session % 2 === 0 ? 80 : 443);
await client!.ask({ do: 'askUdp', address: VIP, port: 53, text: 'hi' });
const callsOfEngine = [await call(CALLS.engine)];
await sleep(300);
const kernelTable = kernel('cat', '/proc/net/ip_vs_conn').trim().split('\n').slice(1);
const kernelServices = kernel('ipvsadm', '-Ln');
await a.kill();
kernelRole('master', 'backup');
const engineToKernel = await say(FIRST);
// One more in between: whose turn it is says nothing.
await call(['z']);
callsOfEngine.push(await call(CALLS.engine));

const back = await engine('backup');
for (const session of ALL.slice(FIRST.length)) await open(session, 80);
await say(ALL);
const callsOfKernel = [await call(CALLS.kernel)];
// The kernel's master keeps entries for company up to three seconds.
for (let tries = 0; tries < 40; tries++) {
  // A template of port 443; of each call a connection and a template.
  const known = await back.ask({ do: 'read', what: 'countConnections' });
  if (known >= ALL.length + 1 + 2 * CALLS.kernel.length) break;
  await sleep(200);
}
const engineKnows = await back.ask({ do: 'read', what: 'countConnections' });
kernelRole('backup', 'master');
await back.ask({
  do: 'apply',
  commands: [
    { do: 'stopSync', daemon: daemon('backup') },
    { do: 'startSync', daemon: daemon('master') },
  ],
});
await back.ask(EVERYTHING);
const kernelToEngine = await say(ALL);
await call(['y']);
callsOfKernel.push(await call(CALLS.kernel));
const { sync } = await back.ask({ do: 'read', what: 'readStatistics' });
await Promise.all([back, client!, s1!, s2!].map((host) => host.stop()));
net.remove();
console.log(
  JSON.stringify({
    ...{ kernelTable, kernelServices, engineToKernel, engineKnows, kernelToEngine, sync },
    ...{ callsOfEngine, callsOfKernel },
  }),
);
