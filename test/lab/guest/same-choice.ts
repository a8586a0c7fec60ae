// The same sequence of connections through the kernel's IPVS and the embedded engine: for every scheduler,
// services by address and by firewall mark, random servers, weights, thresholds, flags, persistence (also by
// what a SIP message of either side says, or only seems to say), and changes of them on the way: by hand, by
// checks that fail, with a sorry server. After each step both must count the same for each server; in the end
// both must have the same table and know the same connections, bound to the same servers, in the same states,
// with the same flags, marks and time left. Prints one JSON line {schedulers: [{name, runs, failure?}]}.
import { setTimeout as sleep } from 'node:timers/promises';
import fc from 'fast-check';
import { address, addressFromBytes } from '../../../src/core/address.ts';
import { IPV4, IPV6, PROTOCOL } from '../../../src/core/ip-header.ts';
import type { ShownConnection } from '../../../src/ipvs/connection.ts';
import type { ConnectionTable } from '../../../src/ipvs/embedded/connections.ts';
import { ETHERNET, ETHERTYPE, flowOf } from '../../../src/ipvs/embedded/frame.ts';
import { type ShownPortion, showConnections } from '../../../src/ipvs/embedded/shown.ts';
import { CONNECTION } from '../../../src/ipvs/embedded/tuple.ts';
import {
  type ServerCounters,
  type ServerKey,
  type Service,
  type ServiceHead,
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
  markedMac,
  numberOf,
  SERVERS,
  VIPS,
} from './both-directors.ts';
import { FLAG, type PacketStep, type Setting, type Step, setting } from './choice-settings.ts';
import { inTime } from './in-time.ts';
import { Operated } from './operated.ts';
import { mayGoOn, Told } from './told.ts';

const RUNS = Number(process.env.LAB_RUNS ?? 40);
const SEED = Number(process.env.LAB_SEED ?? 1);
const SCHEDULERS = 'rr wrr lc wlc sed nq sh mh dh lblc lblcr fo ovf'.split(' ');

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

/** One for each case of a namespace; those of even number beyond 31 bits. */
const MARKS = Array.from({ length: 128 }, (_, i) => (i % 2 === 0 ? 0xf0000000 : 1000 * 256) + i);
/** From one port of a service by mark to another one. */
const NEXT_PORT = 10_000;

type Both = { kernel: KernelDirector; embedded: EmbeddedDirector; told: Told };

function isIcmp(bytes: Buffer): boolean {
  const type = bytes.readUInt16BE(ETHERNET.type);
  if (type === ETHERTYPE.ipv4) return bytes[ETHERNET.size + IPV4.protocol] === PROTOCOL.icmp;
  return type === ETHERTYPE.ipv6 && bytes[ETHERNET.size + IPV6.nextHeader] === PROTOCOL.icmpv6;
}

const COUNT_TRIES = 30;

class Case {
  readonly kernel: KernelDirector;
  readonly embedded: EmbeddedDirector;
  readonly told: Told;
  readonly setting: Setting;
  readonly head: ServiceHead;
  /** 0 = it is by address. */
  readonly #mark: number;
  readonly #port: number;
  readonly #operated: Operated;
  /**
   * "Port unreachable" for a client that uses its port again when there is no server: behind DR and tunnels
   * the kernel counts its own error as the server's answer in the old connection.
   */
  readonly #ownErrors: Buffer[] = [];

  constructor(both: Both, given: Setting, scheduler: string, port: number) {
    this.kernel = both.kernel;
    this.embedded = both.embedded;
    this.told = both.told;
    this.setting = given;
    const prefix = given.persistencePrefix as keyof typeof PREFIXES;
    const { family, protocol } = given;
    this.#port = port;
    this.#mark = given.byMark ? MARKS[port % MARKS.length]! : 0;
    const selector = given.byMark
      ? { mark: this.#mark, family }
      : { protocol, address: address(VIPS[family][given.vip]!), port };
    const settings = {
      scheduler,
      schedulerFlags: scheduler === 'sh' || scheduler === 'mh' ? given.flags : 0,
      persistenceSeconds: given.persistenceSeconds,
      persistencePrefix: given.family === 4 ? prefix : PREFIXES[prefix],
      onePacket: given.onePacket && given.protocol === 'UDP',
      ...(given.isSip ? { persistenceEngine: 'sip' } : {}),
    };
    this.head = { ...selector, ...settings };
    const serverPort = given.byMark && given.keepsPort ? 0 : this.#serverPort();
    this.#operated = new Operated(given, selector, { settings, serverPort });
  }

  /** address:port of all its connections, and of templates that are not retired. */
  get virtual(): string[] {
    const asides = this.setting.byMark ? [0, 1, 2, 3] : [0];
    const ends = asides.map((aside) => this.#destination(aside)).map(({ to, toPort }) => `${to}:${toPort}`);
    if (!this.setting.byMark) return ends;
    const bytes = Buffer.alloc(this.setting.family === 4 ? 4 : 16);
    bytes.writeUInt32BE(this.#mark);
    return [...ends, `${addressFromBytes(bytes)}:0`];
  }

  #destination(aside: number): { to: string; toPort: number } {
    const { family, vip, byMark } = this.setting;
    if (!byMark) return { to: VIPS[family][vip]!, toPort: this.#port };
    const to = VIPS[family][(vip + (aside & 1)) % VIPS[family].length]!;
    return { to, toPort: this.#port + ((aside & 2) === 0 ? 0 : NEXT_PORT) };
  }

  async run(): Promise<void> {
    this.told.clear();
    this.embedded.engine.sessions.changes.clear();
    const before = this.kernel.totals();
    await this.#apply(this.#operated.begin());
    for (const [i, one] of this.setting.steps.entries()) {
      await this.#step(one);
      await this.#compareCounts(`step ${i}, ${JSON.stringify(one)}`);
    }
    this.#compareTotals(before);
    await this.#compareTables();
  }

  async end(): Promise<void> {
    await this.#apply([{ do: 'delService', service: this.head, key: serviceKey(this.head) }]);
  }

  /** Of this case only: a reply must not be taken for one of an earlier case. */
  #serverPort(): number {
    return this.#port + 20_000;
  }

  async #step(step: Step): Promise<void> {
    if (step.do !== 'open' && step.do !== 'fromClient' && step.do !== 'fromServer') {
      await this.#apply(this.#operated.change(step));
    } else if (this.#packet(step)) await sleep(TICKS_MS);
  }

  /** True when it may have ended a connection at once. */
  #packet(step: PacketStep): boolean {
    const client = this.setting.clients[step.session % this.setting.clients.length]!;
    const { family, protocol } = this.setting;
    const { to: vip, toPort: port } = this.#destination(client.aside);
    const payload = protocol === 'UDP' ? Buffer.from(step.text, 'latin1') : Buffer.from('hello');
    const common = { protocol, destinationMac: VIRTUAL_MAC, payload } as const;
    const from = hostOf(client.host, family);
    const up = {
      ...common,
      from,
      fromPort: client.port,
      to: vip,
      toPort: port,
      sourceMac: this.#mark === 0 ? macOf(GATEWAY[family]) : markedMac(this.#mark),
    };
    const { sessions } = this.embedded.engine;
    const { connections } = sessions;
    const { engine } = this.embedded;
    const flow = flowOf(NUMBER[protocol], family);
    const at = connections.find(flow, numberOf(engine, from), client.port, numberOf(engine, vip), port, 0);
    if (step.do === 'fromServer') {
      const server = this.#speaker(step, at);
      if (server === undefined) return false;
      const down = { ...common, ...server, to: from, toPort: client.port, sourceMac: macOf(server.from) };
      this.#send(frame({ ...down, flags: step.flags, chunks: CHUNKS[step.flags]! }));
      // The kernel tells of what a server begins when its client speaks.
      if (at === 0) sessions.changes.clear();
      return at === 0 && this.head.onePacket;
    }
    const flags = step.do === 'open' ? FLAG.syn : step.flags;
    const chunks = CHUNKS[flags]!;
    const said = protocol === 'TCP' ? flags : protocol === 'SCTP' && chunks[0] === CHUNK.init ? 1 : 0;
    const isReused = at !== 0 && protocol !== 'UDP' && sessions.isReused(at, said);
    const isNat = (connections.flags(at) & CONNECTION.methodMask) === CONNECTION.masquerade;
    const isError = isReused && !isNat && mayGoOn(sessions, at);
    const answered = this.#send(frame({ ...up, flags, chunks }), this.#mark).filter(isIcmp);
    if (isError) this.#ownErrors.push(...answered);
    this.#note(() =>
      connections.find(flow, numberOf(engine, from), client.port, numberOf(engine, vip), port, 0),
    );
    return isReused;
  }

  /** Whichever server it is bound to by the engine; when the kernel thinks otherwise it shows in the end. */
  #speaker({ server }: PacketStep & { do: 'fromServer' }, at: number) {
    const { connections } = this.embedded.engine.sessions;
    const { family, isSip } = this.setting;
    const first = { from: SERVERS[family][server % SERVERS[family].length]!, fromPort: this.#serverPort() };
    if (at === 0) return isSip ? first : undefined;
    if ((connections.flags(at) & CONNECTION.methodMask) !== CONNECTION.masquerade) return undefined;
    return {
      from: connections.addresses.text(connections.server(at), family),
      fromPort: connections.serverPort(at),
    };
  }

  #note(known: () => number): void {
    const { sessions } = this.embedded.engine;
    if (this.head.onePacket) this.told.noteTemplates(sessions);
    else this.told.note(sessions, known());
    this.told.hear();
  }

  /** Of every server: connections active, inactive, persistent. */
  async #compareCounts(after: string): Promise<void> {
    const key = serviceKey(this.head);
    const ours = counted(this.embedded.engine.sessions.services.readCounters().get(key)!.servers);
    let theirs = '';
    // The kernel counts when it gets to it.
    for (let tries = 0; tries < COUNT_TRIES && theirs !== ours; tries++) {
      if (tries > 0) await sleep(1);
      theirs = counted((await this.kernel.plane.readServerCounters([this.head])).get(key)!);
    }
    if (theirs !== ours) throw new Error(`${after}\nkernel counts:\n${theirs}\nengine:\n${ours}`);
  }

  /** Of single servers the kernel tells every two seconds only. */
  #compareTotals(before: readonly number[]): void {
    const theirs = this.kernel.totals().map((total, i) => total - before[i]!);
    const own = this.embedded.engine.sessions.services.readCounters().get(serviceKey(this.head))!;
    const errors = this.#ownErrors;
    const errorBytes = errors.reduce((sum, bytes) => sum + bytes.length - ETHERNET.size, 0);
    const ours = [
      own.connections,
      own.inPackets,
      own.outPackets + BigInt(errors.length),
      own.inBytes,
      own.outBytes + BigInt(errorBytes),
    ];
    if (theirs.join(' ') !== ours.join(' ')) throw new Error(`totals: kernel ${theirs}, engine ${ours}`);
  }

  #send(bytes: Buffer, mark = 0): Buffer[] {
    this.kernel.receive(bytes);
    return this.embedded.receive(bytes, mark);
  }

  async #compareTables(): Promise<void> {
    const key = serviceKey(this.head);
    const wanted = configured(this.#operated.table.get(key)!);
    const theirs = configured((await this.kernel.plane.readServices([this.head])).get(key)!);
    const ours = configured(this.embedded.engine.sessions.services.readTable().get(key)!);
    if (theirs !== wanted || ours !== wanted) {
      throw new Error(`wanted:\n${wanted}\nkernel:\n${theirs}\nengine:\n${ours}`);
    }
  }

  async #apply(commands: readonly Command[]): Promise<void> {
    for (const command of commands) {
      const kernel = (await this.kernel.plane.apply([command])).map(({ reason }) => reason);
      const embedded = this.embedded.apply([command]);
      if (`${kernel}` !== `${embedded}`)
        throw new Error(`${command.do}: kernel ${kernel}, engine ${embedded}`);
    }
  }

  /** Of this case's service only: earlier ones' connections live on. */
  kernelKnows(): Known[] {
    const virtual = new Set(this.virtual);
    return this.kernel.connections().filter((one) => virtual.has(one.virtual));
  }

  embeddedKnows(): Known[] {
    const own = new Set(this.virtual);
    return knownOf(this.embedded.engine.sessions.connections).filter((one) => own.has(one.virtual));
  }
}

function knownOf(connections: ConnectionTable): Known[] {
  const known: ShownConnection[] = [];
  for (let from: number | undefined = 0; from !== undefined; ) {
    const portion: ShownPortion = showConnections(connections, from);
    known.push(...portion.connections);
    from = portion.next;
  }
  return known.map(({ protocol, state, expiresSeconds, persistence, ...ends }) => ({
    protocol,
    client: `${ends.client}:${ends.clientPort}`,
    virtual: `${ends.virtual}:${ends.virtualPort}`,
    server: `${ends.destination}:${ends.destinationPort}`,
    state,
    data: persistence?.data ?? '',
    expiresSeconds,
  }));
}

function configured({ servers, ...head }: Service): string {
  const lines = [...servers.values()].map((server) => JSON.stringify(sorted(server)));
  return [JSON.stringify(sorted(head)), ...lines.toSorted()].join('\n');
}
const sorted = (value: object) => Object.fromEntries(Object.entries(value).toSorted());
function counted(servers: ReadonlyMap<ServerKey, ServerCounters>): string {
  return [...servers]
    .map(([key, one]) => {
      return `${key} ${one.activeConnections} ${one.inactiveConnections} ${one.persistentConnections}`;
    })
    .toSorted()
    .join('\n');
}
const line = ({ protocol, client, server, state, data }: Known) =>
  `${protocol} ${client} > ${server} ${state} ${data}`;
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
  const kernel = await KernelDirector.make({ marks: MARKS });
  const both: Both = { kernel, embedded: new EmbeddedDirector(), told: await Told.start(kernel) };
  const property = fc.asyncProperty(setting, (given) =>
    inTime(() => compare(both, new Case(both, given, name, port++))),
  );
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

async function compare({ told }: Both, one: Case): Promise<void> {
  const startedMs = performance.now();
  await one.run();
  await sleep(TICKS_MS);
  const [theirs, ours] = [one.kernelKnows(), one.embeddedKnows()];
  const sinceMs = performance.now() - startedMs;
  const difference = await told.difference(one.virtual);
  await one.end();
  if (lines(theirs).join('\n') !== lines(ours).join('\n')) {
    throw new Error(`kernel:\n${lines(theirs).join('\n')}\nengine:\n${lines(ours).join('\n')}`);
  }
  const wrong = untimely(theirs, ours, sinceMs);
  if (difference !== undefined) throw new Error(difference);
  if (wrong.length > 0) throw new Error(wrong.join('\n'));
}
