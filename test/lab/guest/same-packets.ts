// The same packets through the kernel's IPVS and the embedded engine: what comes out must be the same to the
// byte, but for what is anybody's choice (the identification of packets that they make themselves). NAT,
// direct routing and tunnels, TCP and UDP, too big, too old, with ICMP errors about
// them. Prints one JSON line {runs, failure?}.
import { setTimeout as sleep } from 'node:timers/promises';
import fc from 'fast-check';
import { address, addressBytes } from '../../../src/core/address.ts';
import { internetChecksum } from '../../../src/core/checksum.ts';
import { type Server, serviceKey } from '../../../src/ipvs/model.ts';
import { frame, type Segment, VIRTUAL_MAC, VNET } from '../../ipvs/embedded/frames.ts';
import { EmbeddedDirector, KernelDirector, macOf, OWN, SERVERS, VIPS } from './both-directors.ts';

const RUNS = Number(process.env.LAB_RUNS ?? 100);
const SEED = Number(process.env.LAB_SEED ?? 1);
const CLIENT = '20.1.2.3';
const GATEWAY_MAC = macOf('10.77.0.254');
const IP = 14;
/** That of the wire: the kernel would remember a smaller one for the next case, the engine remembers none. */
const SAID_MTU = [1500 >> 8, 1500 & 255];
const FLAG = { syn: 2, ack: 0x10 };
const SPEAKERS = [OWN, VIPS[0]!].map((text) => addressBytes(address(text)));

type Shape = { bytes: number; ttl: number; fragment: number; options: boolean; unchecked: boolean };
type Step =
  | { do: 'up' | 'down'; shape: Shape; syn: boolean }
  /** A router's word about the packet before: `about` = which way that went. */
  | { do: 'error'; about: 'up' | 'down'; type: number; code: number; damaged: boolean };
type Setting = { forwarding: 'NAT' | 'DR' | 'TUN'; protocol: 'TCP' | 'UDP'; port: number; steps: Step[] };

const shape: fc.Arbitrary<Shape> = fc.record({
  bytes: fc.oneof(
    fc.integer({ min: 0, max: 100 }),
    fc.integer({ min: 1420, max: 1472 }),
    fc.integer({ min: 0, max: 1472 }),
  ),
  ttl: fc.constantFrom(64, 64, 64, 2, 1),
  fragment: fc.constantFrom(0x4000, 0x4000, 0),
  options: fc.boolean(),
  unchecked: fc.boolean(),
});
const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 5,
    arbitrary: fc.record({
      do: fc.constantFrom('up' as const, 'up' as const, 'down' as const),
      shape,
      syn: fc.boolean(),
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({
      do: fc.constant('error' as const),
      about: fc.constantFrom('up' as const, 'down' as const),
      type: fc.constantFrom(3, 3, 11, 4, 5),
      code: fc.constantFrom(0, 1, 3, 4),
      damaged: fc.constantFrom(false, false, false, true),
    }),
  },
);
const setting: fc.Arbitrary<Setting> = fc.record({
  forwarding: fc.constantFrom('NAT', 'DR', 'TUN'),
  protocol: fc.constantFrom('TCP', 'UDP'),
  port: fc.integer({ min: 1024, max: 65_535 }),
  steps: fc.array(step, { minLength: 1, maxLength: 10 }),
});

const kernel = await KernelDirector.make();
const embedded = new EmbeddedDirector();
let servicePort = 1000;

class Case {
  readonly setting: Setting;
  readonly head;
  readonly server: Server;
  readonly #quotable: Record<'up' | 'down', Buffer | undefined> = { up: undefined, down: undefined };

  constructor(given: Setting) {
    this.setting = given;
    this.head = {
      protocol: given.protocol,
      address: address(VIPS[0]!),
      port: servicePort++,
      scheduler: 'rr',
      schedulerFlags: 0,
      persistenceSeconds: 0,
      persistencePrefix: 32,
      onePacket: false,
    };
    const { forwarding } = given;
    const limits = { weight: 1, upperThreshold: 0, lowerThreshold: 0 };
    const port = forwarding === 'NAT' ? this.head.port + 20_000 : this.head.port;
    this.server = { address: address(SERVERS[0]!), port, forwarding, ...limits };
  }

  async run(): Promise<void> {
    const { head: service, server } = this;
    for (const command of [
      { do: 'addService', service } as const,
      { do: 'addServer', service, server } as const,
    ]) {
      await kernel.plane.apply([command]);
      embedded.apply([command]);
    }
    kernel.taken();
    await this.#both('open', this.#segment('up', { syn: true }));
    for (const one of this.setting.steps) {
      if (one.do !== 'error') await this.#both(one.do, this.#segment(one.do, one));
      else await this.#error(one);
    }
    const key = serviceKey(service);
    await kernel.plane.apply([{ do: 'delService', service, key }]);
    embedded.apply([{ do: 'delService', service, key }]);
  }

  #segment(way: 'up' | 'down', { shape, syn }: { shape?: Shape; syn: boolean }): Buffer {
    const { protocol, port } = this.setting;
    const ends =
      way === 'up'
        ? { from: CLIENT, fromPort: port, to: this.head.address, toPort: this.head.port }
        : { from: this.server.address, fromPort: this.server.port, to: CLIENT, toPort: port };
    const flags = syn && way === 'up' ? FLAG.syn : syn ? FLAG.syn | FLAG.ack : FLAG.ack;
    const segment: Segment = {
      protocol,
      ...ends,
      flags,
      destinationMac: VIRTUAL_MAC,
      sourceMac: way === 'up' ? GATEWAY_MAC : macOf(this.server.address),
      payload: Buffer.alloc(shape?.bytes ?? 10, 'x'),
      ttl: shape?.ttl ?? 64,
      fragment: shape?.fragment ?? 0x4000,
      // By NAT the kernel makes a checksum where there was none; the engine leaves it at that.
      unchecked: shape?.unchecked === true && protocol === 'UDP' && this.setting.forwarding !== 'NAT',
      ...(shape?.options ? { ipOptions: Buffer.from('01010100', 'hex') } : {}),
    };
    // Larger than the wire is nobody's packet.
    const room = 1500 - 20 - (segment.ipOptions?.length ?? 0) - (protocol === 'TCP' ? 20 : 8);
    return frame({ ...segment, payload: segment.payload!.subarray(0, room) });
  }

  async #error(step: Extract<Step, { do: 'error' }>): Promise<void> {
    const quoted = this.#quotable[step.about];
    if (!quoted) return;
    const icmp = Buffer.concat([
      Buffer.from([step.type, step.code, 0, 0, 0, 0, ...SAID_MTU]),
      quoted.subarray(0, 128),
    ]);
    icmp.writeUInt16BE(internetChecksum(icmp), 2);
    if (step.damaged) icmp[icmp.length - 1]! ^= 1;
    // About what went to the server: from a router near it, to whoever is the source there.
    const isAboutUp = step.about === 'up';
    const to = quoted.subarray(12, 16);
    const header = Buffer.from('450000000000400040010000', 'hex');
    header.writeUInt16BE(20 + icmp.length, 2);
    const packet = Buffer.concat([header, addressBytes(address('30.0.0.1')), to, icmp]);
    packet.writeUInt16BE(internetChecksum(packet.subarray(0, 20)), 10);
    const ethernet = Buffer.from(
      `${VIRTUAL_MAC}${isAboutUp ? macOf(this.server.address) : GATEWAY_MAC}0800`.replaceAll(':', ''),
      'hex',
    );
    await this.#both('error', Buffer.concat([Buffer.alloc(VNET), ethernet, packet]));
  }

  async #both(what: string, bytes: Buffer): Promise<void> {
    const ours = embedded.receive(bytes);
    kernel.receive(bytes);
    let theirs = kernel.taken();
    // The kernel answers when it gets to it.
    for (let tries = 0; theirs.length < ours.length && tries < 5; tries++) {
      await sleep(2);
      theirs = [...theirs, ...kernel.taken()];
    }
    const [left, right] = [plain(theirs), plain(ours)];
    if (left.join('\n') !== right.join('\n')) {
      throw new Error(
        `${what} ${bytes
          .subarray(VNET + IP)
          .toString('hex')
          .slice(0, 120)}\nkernel:\n${left.join('\n')}\nengine:\n${right.join('\n')}`,
      );
    }
    const passed = ours[0]?.subarray(IP);
    if (passed && (what === 'up' || what === 'open')) this.#quotable.up = passed;
    if (passed && what === 'down') this.#quotable.down = passed;
  }
}

/** IPv4 packets as text, without what is anybody's choice. */
function plain(frames: Buffer[]): string[] {
  return frames
    .filter((bytes) => bytes.readUInt16BE(12) === 0x0800)
    .map((bytes) => {
      const packet = Buffer.from(bytes.subarray(IP, IP + bytes.readUInt16BE(IP + 2)));
      const isRight = internetChecksum(packet.subarray(0, (packet[0]! & 15) * 4)) === 0;
      // A tunnel's header, or an answer's: its identification is its maker's, and the checksum follows.
      const source = packet.subarray(12, 16);
      const isAnswer = packet[9] === 1 && SPEAKERS.some((speaker) => source.equals(speaker));
      if (isAnswer || packet[9] === 4) packet.fill(0, 4, 6).fill(0, 10, 12);
      const judged = isRight ? '' : 'header checksum wrong ';
      return `${judged}${bytes.subarray(0, 6).toString('hex')} ${packet.toString('hex')}`;
    })
    .toSorted();
}

const result = await fc.check(
  fc.asyncProperty(setting, (given) => new Case(given).run()),
  { numRuns: RUNS, seed: SEED, interruptAfterTimeLimit: 90_000, markInterruptAsFailure: true },
);
const failure = result.failed
  ? `${(result.errorInstance as Error | undefined)?.message}\n${JSON.stringify(result.counterexample)}`
  : undefined;
if (failure) console.log(failure);
console.log(JSON.stringify({ runs: result.numRuns, failure }));
await kernel.plane.close();
process.exit(0);
