// What same-choice.ts tries: random services, servers, clients, and steps of what happens to them.
import fc from 'fast-check';
import type { Forwarding } from '../../../src/ipvs/model.ts';
import { message } from '../../ipvs/embedded/sip-messages.ts';
import { SERVERS, VIPS } from './both-directors.ts';

export const FLAG = { fin: 1, syn: 2, rst: 4, ack: 0x10 };
export type Limits = { weight: number; upper: number; lower: number };
/** `server` is taken modulo what there is. */
export type Change =
  | ({ do: 'set' | 'add'; server: number } & Limits)
  | { do: 'remove' | 'fail' | 'recover' | 'failAll' | 'recoverAll'; server: number };
/** `session` and `server` are taken modulo what there is. `text`: in a datagram, of Latin-1. */
export type PacketStep =
  | { do: 'open'; session: number; text: string }
  | { do: 'fromClient'; session: number; flags: number; text: string }
  | { do: 'fromServer'; session: number; flags: number; text: string; server: number };
export type Step = PacketStep | Change;
export type Setting = {
  family: 4 | 6;
  vip: number;
  protocol: 'TCP' | 'UDP' | 'SCTP';
  /** Else it is known by its address and port. */
  byMark: boolean;
  /** Of servers behind a mark: the port that the packet has. */
  keepsPort: boolean;
  flags: number;
  persistenceSeconds: number;
  persistencePrefix: number;
  onePacket: boolean;
  /** Persistence engine "sip". */
  isSip: boolean;
  /** Of each server that there may be, as `inhibits`: does it stay with weight 0 when it has failed? */
  forwarding: Forwarding[];
  inhibits: boolean[];
  /** Servers that must be up, or the sorry server stands in. It may be one of the real servers. */
  quorum: number;
  sorry: { server: number; forwarding: Forwarding; isInhibited: boolean } | undefined;
  servers: Limits[];
  /** `aside`: of a service by mark, which of its addresses and ports. */
  clients: { host: number; port: number; aside: number }[];
  steps: Step[];
};

const small = (max: number) => fc.integer({ min: 0, max });
const limits = {
  weight: fc.oneof(small(4), small(300)),
  upper: fc.oneof({ arbitrary: fc.constant(0), weight: 3 }, { arbitrary: small(6), weight: 1 }),
  lower: fc.oneof({ arbitrary: fc.constant(0), weight: 3 }, { arbitrary: small(4), weight: 1 }),
};
const session = small(999);
const server = small(99);
const EVERY = SERVERS[4].length;
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
  { arbitrary: fc.record({ do: fc.constant('open' as const), session, text: message }), weight: 12 },
  {
    arbitrary: fc.record({ do: fc.constant('fromClient' as const), session, flags, text: message }),
    weight: 8,
  },
  {
    arbitrary: fc.record({ do: fc.constant('fromServer' as const), session, flags, text: message, server }),
    weight: 6,
  },
  { arbitrary: fc.record({ do: fc.constant('set' as const), server, ...limits }), weight: 2 },
  { arbitrary: fc.record({ do: fc.constant('add' as const), server, ...limits }), weight: 2 },
  {
    arbitrary: fc.record({
      do: fc.constantFrom('remove', 'remove', 'fail', 'fail', 'recover', 'failAll', 'recoverAll'),
      server,
    }),
    weight: 5,
  },
);
const method = fc.constantFrom<Forwarding>('NAT', 'DR', 'TUN');
const forEach = <T>(one: fc.Arbitrary<T>) => fc.array(one, { minLength: EVERY, maxLength: EVERY });
const anySetting: fc.Arbitrary<Setting> = fc.record({
  family: fc.constantFrom(4, 6),
  vip: small(VIPS[4].length - 1),
  protocol: fc.constantFrom('TCP', 'TCP', 'UDP', 'SCTP'),
  byMark: fc.constantFrom(false, false, true),
  keepsPort: fc.boolean(),
  flags: fc.constantFrom(0, 0x8, 0x10, 0x18),
  persistenceSeconds: fc.constantFrom(0, 0, 0, 300),
  persistencePrefix: fc.constantFrom(32, 24, 8),
  onePacket: fc.constantFrom(false, false, false, true),
  isSip: fc.constantFrom(false, false, true),
  forwarding: forEach(method),
  inhibits: fc.oneof(forEach(fc.constant(false)), forEach(fc.boolean())),
  quorum: fc.constantFrom(1, 1, 2),
  sorry: fc.option(
    fc.record({
      server: fc.constantFrom(EVERY - 1, EVERY - 1, 0),
      forwarding: method,
      isInhibited: fc.boolean(),
    }),
    { nil: undefined },
  ),
  servers: fc.array(fc.record(limits), { minLength: 1, maxLength: 6 }),
  clients: fc.array(
    fc.record({
      host: fc.oneof(small(0xffff), small(0xffffff)),
      port: fc.integer({ min: 1024, max: 65_535 }),
      aside: small(3),
    }),
    { minLength: 1, maxLength: 16 },
  ),
  // What is rare shows in long stories only; unasked, fast-check tells short ones.
  steps: fc.array(step, { minLength: 5, maxLength: 80, size: 'max' }),
});

/** The engine has little to do where there are no datagrams, and less where nothing is persistent. */
export const setting = anySetting.map((given) => {
  if (!given.isSip || given.protocol === 'SCTP') return given;
  const persistenceSeconds = given.flags === 0x8 ? 0 : 300;
  return { ...given, protocol: 'UDP' as const, persistenceSeconds, onePacket: given.keepsPort };
});
