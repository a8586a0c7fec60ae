// The embedded engine as a router on a stick: one cable, the client's side and the servers' side two VLANs on
// it. Megabytes of TCP go through; prints one JSON line with what arrived, and on which interfaces the engine
// sent frames. Runs in the guest, whose kernel has VLANs.
import { EngineHost } from '../../linux/engine-host.ts';
import { ip } from '../../linux/engine-net.ts';

const NAMES = ['client', 'a', 's1'] as const;
type Name = (typeof NAMES)[number];
const VIP = '10.77.0.100';
const INNER_VIP = '10.77.1.100';
const BYTES = 2_000_000;
const at = (name: Name) => `vlan-${name}`;
const hosts = {} as Record<Name, EngineHost>;

const SERVICE = {
  protocol: 'TCP',
  address: VIP,
  port: 80,
  scheduler: 'rr',
  schedulerFlags: 0,
  persistenceSeconds: 0,
  persistencePrefix: 32,
  onePacket: false,
};
const SERVER = {
  address: '10.77.1.21',
  port: 8080,
  forwarding: 'NAT',
  weight: 1,
  upperThreshold: 0,
  lowerThreshold: 0,
};

/** The VLAN of the cable that begins in `on`, as an interface of `name`. */
function vlan(on: Name, name: Name, id: number, address: string): void {
  ip('-n', at(on), 'link', 'add', 'link', 'eth0', 'name', `eth0.${id}`, 'type', 'vlan', 'id', `${id}`);
  if (on !== name) ip('-n', at(on), 'link', 'set', `eth0.${id}`, 'netns', at(name));
  ip('-n', at(name), 'addr', 'add', address, 'dev', `eth0.${id}`);
  ip('-n', at(name), 'link', 'set', `eth0.${id}`, 'up');
}

for (const name of NAMES) {
  ip('netns', 'add', at(name));
  ip('-n', at(name), 'link', 'set', 'lo', 'up');
}
ip('-n', at('a'), 'link', 'add', 'eth0', 'type', 'veth', 'peer', 'name', 'eth0', 'netns', at('client'));
for (const name of ['a', 'client'] as const) ip('-n', at(name), 'link', 'set', 'eth0', 'up');
vlan('a', 'a', 10, '10.77.0.1/24');
vlan('a', 'a', 20, '10.77.1.1/24');
vlan('client', 'client', 10, '10.77.0.10/24');
vlan('client', 's1', 20, '10.77.1.21/24');
ip('-n', at('s1'), 'route', 'add', 'default', 'via', INNER_VIP);
for (const name of NAMES) hosts[name] = new EngineHost(at(name));
await hosts.s1.ask({ do: 'serve', port: 8080, name: 's1' });
await hosts.a.ask({ do: 'plane' });
const commands = [
  { do: 'addService', service: SERVICE },
  { do: 'addServer', service: SERVICE, server: SERVER },
];
const failures = await hosts.a.ask({ do: 'apply', commands });
const addresses = [
  { address: VIP, prefixLength: 24, interface: 'eth0.10', vrid: 51 },
  { address: INNER_VIP, prefixLength: 24, interface: 'eth0.20', vrid: 51 },
];
await hosts.a.ask({ do: 'own', addresses });
const arrived = await hosts.client.ask({ do: 'transfer', address: VIP, port: 80, bytes: BYTES });
const { interfaces } = await hosts.a.ask({ do: 'read', what: 'readStatistics' });
const sent = (interfaces as { name: string; sent: number }[]).filter((one) => one.sent > 0);
for (const name of NAMES) await hosts[name].stop();
console.log(JSON.stringify({ failures, arrived, sentOn: sent.map(({ name }) => name).toSorted() }));
