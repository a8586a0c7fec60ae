// A table that takes commands as IPVS does (its refusals included), and arbitrary tables of a few colliding
// services.
import fc from 'fast-check';
import { address } from '../../src/core/address.ts';
import {
  type Selector,
  type Server,
  type ServerKey,
  type Service,
  type ServiceKey,
  serverKey,
  serviceKey,
  type Table,
} from '../../src/ipvs/model.ts';
import type { Command } from '../../src/ipvs/plane.ts';
import { type Pool, type PoolName, servicesOf } from '../../src/ipvs/pool.ts';

/** The table after one command. Throws the errno that the kernel would answer. */
export function apply(table: Table, command: Command): Table {
  if (command.do === 'startSync' || command.do === 'stopSync') throw new Error('EINVAL');
  const next = new Map(table);
  const key = serviceKey(command.service);
  const have = next.get(key);
  if (command.do === 'addService') {
    if (have) throw new Error('EEXIST');
    next.set(key, { ...command.service, servers: new Map() });
    return next;
  }
  if (!have) throw new Error('ESRCH');
  const servers = new Map(have.servers);
  switch (command.do) {
    case 'setService':
      next.set(key, { ...command.service, servers });
      break;
    case 'delService':
      next.delete(key);
      break;
    case 'addServer':
    case 'setServer': {
      const there = servers.has(serverKey(command.server));
      if (there === (command.do === 'addServer')) throw new Error(there ? 'EEXIST' : 'ENOENT');
      servers.set(serverKey(command.server), command.server);
      next.set(key, { ...have, servers });
      break;
    }
    case 'delServer':
      if (!servers.delete(command.key)) throw new Error('ENOENT');
      next.set(key, { ...have, servers });
  }
  return next;
}

const forwardingArbitrary: fc.Arbitrary<Pick<Server, 'forwarding' | 'tunnel'>> = fc.constantFrom(
  { forwarding: 'NAT' },
  { forwarding: 'DR' },
  { forwarding: 'TUN' },
  { forwarding: 'TUN', tunnel: { type: 'gre', checksum: 'csum' } },
  { forwarding: 'TUN', tunnel: { type: 'gue', port: 6080, checksum: 'none' } },
  { forwarding: 'TUN', tunnel: { type: 'gue', port: 6081, checksum: 'none' } },
);
const serverArbitrary: fc.Arbitrary<Server> = fc
  .tuple(
    fc.record({
      address: fc.constantFrom(address('10.1.0.21'), address('10.1.0.22'), address('2001:db8::21')),
      port: fc.constantFrom(80, 8080),
      weight: fc.constantFrom(0, 1, 5),
      upperThreshold: fc.constantFrom(0, 100),
      lowerThreshold: fc.constantFrom(0, 50),
    }),
    forwardingArbitrary,
  )
  .map(([server, forwarding]) => ({ ...server, ...forwarding }));
const selectorArbitrary: fc.Arbitrary<Selector> = fc.oneof(
  {
    weight: 3,
    arbitrary: fc.record({
      protocol: fc.constantFrom('TCP', 'UDP', 'SCTP'),
      address: fc.constantFrom(address('10.0.0.100'), address('2001:db8::100')),
      port: fc.constantFrom(80, 443),
    }),
  },
  { weight: 1, arbitrary: fc.record({ mark: fc.constantFrom(1, 7), family: fc.constantFrom(4, 6) }) },
);
const serviceArbitrary: fc.Arbitrary<Service> = fc
  .tuple(
    selectorArbitrary,
    fc.record({
      scheduler: fc.constantFrom('rr', 'wlc', 'mh'),
      schedulerFlags: fc.constantFrom(0, 0x8, 0x18),
      persistenceSeconds: fc.constantFrom(0, 300),
      persistencePrefix: fc.constantFrom(24, 32),
      onePacket: fc.boolean(),
    }),
    fc.constantFrom({}, { persistenceEngine: 'sip' }),
    fc.array(serverArbitrary, { maxLength: 5 }),
  )
  .map(([selector, settings, engine, servers]) => ({
    ...selector,
    ...settings,
    ...engine,
    servers: new Map(servers.map((server) => [serverKey(server), server])),
  }));
export const tableArbitrary: fc.Arbitrary<Table> = fc
  .array(serviceArbitrary, { maxLength: 6 })
  .map((services) => new Map(services.map((service) => [serviceKey(service), service])));

/** Of one service each, servers at the port to which only NAT sends something else. */
export const poolsArbitrary: fc.Arbitrary<ReadonlyMap<PoolName, Pool>> = tableArbitrary.map(
  (table) => new Map([...table].map(([key, service]) => [key, poolOf(service)])),
);

function poolOf({ servers, ...head }: Service): Pool {
  const { scheduler, schedulerFlags, persistenceSeconds, persistencePrefix, onePacket } = head;
  const { persistenceEngine: engine } = head;
  const settings = {
    scheduler,
    schedulerFlags,
    persistenceSeconds,
    persistencePrefix,
    ...(engine === undefined ? {} : { persistenceEngine: engine }),
    onePacket,
  };
  const member =
    'mark' in head
      ? { mark: head.mark, family: head.family }
      : { protocol: head.protocol, first: head.address, last: head.address, port: head.port };
  const pool = { members: [member], settings, servers, inhibited: new Set<ServerKey>() };
  return { ...pool, servers: servicesOf(pool)[0]![1].servers };
}

/** Any subset of the services that {@link tableArbitrary} makes. */
export const keysArbitrary: fc.Arbitrary<ReadonlySet<ServiceKey>> = tableArbitrary.map(
  (table) => new Set(table.keys()),
);
