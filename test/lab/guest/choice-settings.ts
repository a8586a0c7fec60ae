// What same-choice.ts tries: random services, servers, clients, and steps of what happens to them.
import fc from 'fast-check';
import type { Forwarding } from '../../../src/ipvs/model.ts';
import { SERVERS, VIPS } from './both-directors.ts';

export const FLAG = { fin: 1, syn: 2, rst: 4, ack: 0x10 };
/** `server` and `session` are taken modulo what there is. */
export type Step =
  | { do: 'open'; session: number }
  | { do: 'fromClient'; session: number; flags: number }
  | { do: 'fromServer'; session: number; flags: number }
  | { do: 'set'; server: number; weight: number; upper: number; lower: number }
  | { do: 'remove'; server: number }
  | { do: 'add'; server: number; weight: number; upper: number; lower: number };
export type Setting = {
  family: 4 | 6;
  vip: number;
  protocol: 'TCP' | 'UDP' | 'SCTP';
  flags: number;
  persistenceSeconds: number;
  persistencePrefix: number;
  onePacket: boolean;
  forwarding: Forwarding[];
  servers: { weight: number; upper: number; lower: number }[];
  clients: { host: number; port: number }[];
  steps: Step[];
};

const small = (max: number) => fc.integer({ min: 0, max });
const limits = {
  weight: fc.oneof(small(4), small(300)),
  upper: fc.oneof({ arbitrary: fc.constant(0), weight: 3 }, { arbitrary: small(6), weight: 1 }),
  lower: fc.oneof({ arbitrary: fc.constant(0), weight: 3 }, { arbitrary: small(4), weight: 1 }),
};
const session = small(999);
const flags = fc.constantFrom(
  FLAG.syn,
  FLAG.ack,
  FLAG.ack,
  FLAG.fin | FLAG.ack,
  FLAG.rst,
  FLAG.syn | FLAG.ack,
  0,
  // With URG, of no meaning here to TCP; over SCTP other chunks.
  32,
  33,
  34,
  35,
  36,
);
const step: fc.Arbitrary<Step> = fc.oneof(
  { arbitrary: fc.record({ do: fc.constant('open' as const), session }), weight: 6 },
  { arbitrary: fc.record({ do: fc.constant('fromClient' as const), session, flags }), weight: 4 },
  { arbitrary: fc.record({ do: fc.constant('fromServer' as const), session, flags }), weight: 3 },
  { arbitrary: fc.record({ do: fc.constant('set' as const), server: small(99), ...limits }), weight: 1 },
  { arbitrary: fc.record({ do: fc.constant('remove' as const), server: small(99) }), weight: 1 },
  { arbitrary: fc.record({ do: fc.constant('add' as const), server: small(99), ...limits }), weight: 1 },
);
export const setting: fc.Arbitrary<Setting> = fc.record({
  family: fc.constantFrom(4, 6),
  vip: small(VIPS[4].length - 1),
  protocol: fc.constantFrom('TCP', 'TCP', 'UDP', 'SCTP'),
  flags: fc.constantFrom(0, 0x8, 0x10, 0x18),
  persistenceSeconds: fc.constantFrom(0, 0, 0, 300),
  persistencePrefix: fc.constantFrom(32, 24, 8),
  onePacket: fc.constantFrom(false, false, false, true),
  forwarding: fc.array(fc.constantFrom('NAT', 'DR', 'TUN'), {
    minLength: SERVERS[4].length,
    maxLength: SERVERS[4].length,
  }),
  servers: fc.array(fc.record(limits), { minLength: 1, maxLength: 6 }),
  clients: fc.array(
    fc.record({
      host: fc.oneof(small(0xffff), small(0xffffff)),
      port: fc.integer({ min: 1024, max: 65_535 }),
    }),
    { minLength: 1, maxLength: 16 },
  ),
  steps: fc.array(step, { minLength: 5, maxLength: 80 }),
});
