// The same sequence of connections through the kernel's IPVS and the embedded engine: for every scheduler,
// random servers, weights, thresholds, flags and persistence, and changes of them on the way. Both must know
// the same connections, bound to the same servers, in the same states, with the same time left. Prints one
// JSON line {schedulers: [{name, runs, failure?}]}.
import { setTimeout as sleep } from 'node:timers/promises';
import fc from 'fast-check';
import { address } from '../../../src/core/address.ts';
import { flowOf } from '../../../src/ipvs/embedded/frame.ts';
import { SCTP_NAMES } from '../../../src/ipvs/embedded/sctp.ts';
import { CONNECTION } from '../../../src/ipvs/embedded/tuple.ts';
import {
  type AddressSelector,
  type Forwarding,
  type Server,
  type ServiceSettings,
  serverKey,
  serviceKey,
} from '../../../src/ipvs/model.ts';
import type { Command } from '../../../src/ipvs/plane.ts';
import { frame, VIRTUAL_MAC } from '../../ipvs/embedded/frames.ts';
import {
  EmbeddedDirector,
  GATEWAY,
  KernelDirector,
  type Known,
  macOf,
  numberOf,
  SERVERS,
  VIPS,
} from './both-directors.ts';

const RUNS = Number(process.env.LAB_RUNS ?? 40);
const SEED = Number(process.env.LAB_SEED ?? 1);
const SCHEDULERS = 'rr wrr lc wlc sed nq sh mh dh lblc lblcr fo ovf'.split(' ');
const FLAG = { fin: 1, syn: 2, rst: 4, ack: 0x10 };
const STATES = [
  'NONE',
  'ESTABLISHED',
  'SYN_SENT',
  'SYN_RECV',
  'FIN_WAIT',
  'TIME_WAIT',
  'CLOSE',
  'CLOSE_WAIT',
  'LAST_ACK',
  'LISTEN',
  'SYNACK',
];

/** `server` and `session` are taken modulo what there is. */
type Step =
  | { do: 'open'; session: number }
  | { do: 'fromClient'; session: number; flags: number }
  | { do: 'fromServer'; session: number; flags: number }
  | { do: 'set'; server: number; weight: number; upper: number; lower: number }
  | { do: 'remove'; server: number }
  | { do: 'add'; server: number; weight: number; upper: number; lower: number };
type Setting = {
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
const setting: fc.Arbitrary<Setting> = fc.record({
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

/** 20.x.y.z, behind the gateway; over IPv6 each of the numbers is in a word of its own. */
function hostOf(host: number, family: 4 | 6): string {
  const [x, y, z] = [host >> 16, (host >> 8) & 255, host & 255];
  if (family === 4) return `20.${x}.${y}.${z}`;
  return address([0x2001, 0xdb8, x!, y!, 1, z!, host & 0xffff, 9].map((word) => word.toString(16)).join(':'));
}
const NUMBER = { TCP: 6, UDP: 17, SCTP: 132 } as const;
const CHUNK = { init: 1, initAck: 2, abort: 6, shutdown: 7, shutdownAck: 8, error: 9 } as const;
/** What the same step is over SCTP: a chunk, or an abort behind another one. */
const CHUNKS: Readonly<Record<number, readonly number[]>> = {
  [FLAG.syn]: [CHUNK.init],
  [FLAG.syn | FLAG.ack]: [CHUNK.initAck],
  [FLAG.fin | FLAG.ack]: [CHUNK.shutdown],
  [FLAG.rst]: [CHUNK.abort],
  [FLAG.ack]: [0],
  0: [10],
  32: [11],
  33: [10, CHUNK.abort],
  34: [CHUNK.shutdownAck],
  35: [14],
  36: [CHUNK.error],
};
const PREFIXES = { 32: 128, 24: 112, 8: 48 } as const;

type Both = { kernel: KernelDirector; embedded: EmbeddedDirector };

class Case {
  readonly kernel: KernelDirector;
  readonly embedded: EmbeddedDirector;
  readonly setting: Setting;
  readonly servers: readonly string[];
  readonly head: AddressSelector & ServiceSettings & { protocol: 'TCP' | 'UDP' | 'SCTP' };
  readonly present: number[] = [];

  constructor(both: Both, given: Setting, scheduler: string, port: number) {
    this.kernel = both.kernel;
    this.embedded = both.embedded;
    this.setting = given;
    this.servers = SERVERS[given.family];
    const prefix = given.persistencePrefix as keyof typeof PREFIXES;
    this.head = {
      protocol: given.protocol,
      address: address(VIPS[given.family][given.vip]!),
      port,
      scheduler,
      schedulerFlags: scheduler === 'sh' || scheduler === 'mh' ? given.flags : 0,
      persistenceSeconds: given.persistenceSeconds,
      persistencePrefix: given.family === 4 ? prefix : PREFIXES[prefix],
      onePacket: given.onePacket && given.protocol === 'UDP',
    };
  }

  async run(): Promise<void> {
    await this.#apply({ do: 'addService', service: this.head });
    for (const [i, limit] of this.setting.servers.entries()) await this.#add(i, limit);
    for (const one of this.setting.steps) await this.#step(one);
  }

  async end(): Promise<void> {
    await this.#apply({ do: 'delService', service: this.head, key: serviceKey(this.head) });
  }

  /** Of this case only: a reply must not be taken for one of an earlier case. */
  #serverPort(): number {
    return this.head.port + 20_000;
  }

  #server(index: number, { weight, upper, lower }: { weight: number; upper: number; lower: number }): Server {
    return {
      address: address(this.servers[index]!),
      port: this.#serverPort(),
      forwarding: this.setting.forwarding[index]!,
      weight,
      upperThreshold: upper,
      lowerThreshold: Math.min(lower, upper),
    };
  }

  async #add(index: number, limit: { weight: number; upper: number; lower: number }): Promise<void> {
    this.present.push(index);
    await this.#apply({ do: 'addServer', service: this.head, server: this.#server(index, limit) });
  }

  async #step(step: Step): Promise<void> {
    const { present, head: service } = this;
    if (step.do === 'open' || step.do === 'fromClient' || step.do === 'fromServer') {
      if (this.#packet(step)) await sleep(TICKS_MS);
      return;
    }
    if (step.do === 'add') {
      const absent = this.servers.map((_, i) => i).filter((i) => !present.includes(i));
      if (absent.length > 0) await this.#add(absent[step.server % absent.length]!, step);
      return;
    }
    if (present.length === 0) return;
    const place = step.server % present.length;
    const index = present[place]!;
    if (step.do === 'set') {
      await this.#apply({ do: 'setServer', service, server: this.#server(index, step) });
      return;
    }
    present.splice(place, 1);
    const server = this.#server(index, { weight: 1, upper: 0, lower: 0 });
    await this.#apply({ do: 'delServer', service, key: serverKey(server), server });
  }

  /** True when it may have ended a connection at once. */
  #packet(step: Extract<Step, { session: number }>): boolean {
    const client = this.setting.clients[step.session % this.setting.clients.length]!;
    const { protocol, address: vip, port } = this.head;
    const common = { protocol, destinationMac: VIRTUAL_MAC, payload: Buffer.from('hello') } as const;
    const { family } = this.setting;
    const from = hostOf(client.host, family);
    const up = {
      ...common,
      from,
      fromPort: client.port,
      to: vip,
      toPort: port,
      sourceMac: macOf(GATEWAY[family]),
    };
    const { sessions } = this.embedded.engine;
    const { connections } = sessions;
    const { engine } = this.embedded;
    const flow = flowOf(NUMBER[protocol], family);
    const at = connections.find(flow, numberOf(engine, from), client.port, numberOf(engine, vip), port, 0);
    if (step.do === 'fromServer') {
      // Whichever server it is bound to by the engine; when the kernel thinks otherwise it shows in the end.
      if (at === 0) return false;
      const server = connections.addresses.text(connections.server(at), family);
      if (this.setting.forwarding[this.servers.indexOf(server)] !== 'NAT') return false;
      const down = {
        ...common,
        from: server,
        fromPort: this.#serverPort(),
        to: from,
        toPort: client.port,
        sourceMac: macOf(server),
      };
      this.#send(frame({ ...down, flags: step.flags, chunks: CHUNKS[step.flags]! }));
      return false;
    }
    const flags = step.do === 'open' ? FLAG.syn : step.flags;
    const chunks = CHUNKS[flags]!;
    const said = protocol === 'TCP' ? flags : protocol === 'SCTP' && chunks[0] === CHUNK.init ? 1 : 0;
    const isReused = at !== 0 && protocol !== 'UDP' && sessions.isReused(at, said);
    this.#send(frame({ ...up, flags, chunks }));
    return isReused;
  }

  #send(bytes: Buffer): void {
    this.embedded.receive(bytes);
    this.kernel.receive(bytes);
  }

  async #apply(command: Command): Promise<void> {
    const kernel = (await this.kernel.plane.apply([command])).map(({ reason }) => reason);
    const embedded = this.embedded.apply([command]);
    if (`${kernel}` !== `${embedded}`) throw new Error(`${command.do}: kernel ${kernel}, engine ${embedded}`);
  }

  /** Of this case's service only: earlier ones' connections live on. */
  kernelKnows(): Known[] {
    const virtual = `${this.head.address}:${this.head.port}`;
    return this.kernel.connections().filter((one) => one.virtual === virtual);
  }

  embeddedKnows(): Known[] {
    const { connections } = this.embedded.engine.sessions;
    const known: Known[] = [];
    for (let at = 1; at <= connections.last; at++) {
      if (!connections.isUsed(at)) continue;
      const isTemplate = (connections.flags(at) & CONNECTION.template) !== 0;
      const text = (number: number) => connections.addresses.text(number, connections.family(at));
      const virtual = `${text(connections.virtual(at))}:${connections.virtualPort(at)}`;
      if (virtual !== `${this.head.address}:${this.head.port}`) continue;
      const state = connections.state(at);
      const kind = connections.protocol(at);
      known.push({
        protocol: Object.keys(NUMBER).find((name) => NUMBER[name as keyof typeof NUMBER] === kind)!,
        client: `${text(connections.client(at))}:${connections.clientPort(at)}`,
        virtual,
        server: `${text(connections.server(at))}:${connections.serverPort(at)}`,
        state: isTemplate
          ? ['NONE', 'ASSURED'][state]!
          : kind === NUMBER.SCTP
            ? SCTP_NAMES[state]!
            : kind === NUMBER.TCP
              ? STATES[state]!
              : 'UDP',
        expiresSeconds: connections.secondsLeft(at),
      });
    }
    return known;
  }
}

const line = ({ protocol, client, server, state }: Known) => `${protocol} ${client} > ${server} ${state}`;
const lines = (known: Known[]) => known.map(line).toSorted();

/** Connections whose end is not where it must be when the last packet was at most `sinceMs` ago. */
function untimely(theirs: Known[], ours: Known[], sinceMs: number): string[] {
  const own = new Map(ours.map((one) => [line(one), one.expiresSeconds]));
  const goneSeconds = Math.ceil(sinceMs / 1000) + 1;
  return theirs.flatMap((one) => {
    const most = own.get(line(one))!;
    const isRight = one.expiresSeconds <= most && one.expiresSeconds >= most - goneSeconds;
    return isRight ? [] : [`${line(one)}: kernel ${one.expiresSeconds} s, engine ${most} s`];
  });
}

/** What the kernel ends at once goes when its clock ticks next. */
const TICKS_MS = 25;
let port = 1000;
const schedulers = [];
for (const name of SCHEDULERS) {
  // A namespace for each: /proc/net/ip_vs_conn is slow when it is long.
  const both: Both = { kernel: await KernelDirector.make(), embedded: new EmbeddedDirector() };
  const property = fc.asyncProperty(setting, async (given) => {
    const one = new Case(both, given, name, port++);
    const startedMs = performance.now();
    await one.run();
    await sleep(TICKS_MS);
    const [theirs, ours] = [one.kernelKnows(), one.embeddedKnows()];
    const sinceMs = performance.now() - startedMs;
    await one.end();
    if (lines(theirs).join('\n') !== lines(ours).join('\n')) {
      throw new Error(`kernel:\n${lines(theirs).join('\n')}\nengine:\n${lines(ours).join('\n')}`);
    }
    const wrong = untimely(theirs, ours, sinceMs);
    if (wrong.length > 0) throw new Error(wrong.join('\n'));
  });
  const result = await fc.check(property, { numRuns: RUNS, seed: SEED });
  const failure = result.failed
    ? `${(result.errorInstance as Error | undefined)?.message}\n${JSON.stringify(result.counterexample)}`
    : undefined;
  if (failure) console.log(`${name}: ${failure}`);
  schedulers.push({ name, runs: result.numRuns, failure });
  await both.kernel.plane.close();
}
console.log(JSON.stringify({ schedulers }));
process.exit(0);
