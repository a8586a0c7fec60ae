// The same packets through the kernel's IPVS and the embedded engine: what comes out must be the same to the
// byte, but for what is anybody's choice (the identification of packets that they make themselves). NAT,
// direct routing and tunnels, also to the other family, TCP, UDP and SCTP, too big, too old, in fragments,
// with ICMP errors about them. Prints one JSON line {runs, failure?}.
import { setTimeout as sleep } from 'node:timers/promises';
import fc from 'fast-check';
import { address, addressBytes, addressFromBytes } from '../../../src/core/address.ts';
import { internetChecksum } from '../../../src/core/checksum.ts';
import { PROTOCOL } from '../../../src/core/ip-header.ts';
import { type Server, serviceKey } from '../../../src/ipvs/model.ts';
import { frame, icmpFrame, mac, type Segment, VIRTUAL_MAC, VNET } from '../../ipvs/embedded/frames.ts';
import { icmp6Frame } from '../../ipvs/embedded/world6.ts';
import { EmbeddedDirector, GATEWAY, KernelDirector, macOf, OWN, SERVERS, VIPS } from './both-directors.ts';
import { type Setting, type Shape, type Step, setting } from './packet-settings.ts';
import { EXTENSIONS, fragmentsOf, received } from './pieces.ts';

const RUNS = Number(process.env.LAB_RUNS ?? 100);
const SEED = Number(process.env.LAB_SEED ?? 1);
const CLIENT = { 4: '20.1.2.3', 6: '2001:db8::3' };
const ROUTER = { 4: '30.0.0.1', 6: '2001:db8:30::1' };
const IP = 14;
/** That of the wire: the kernel would remember a smaller one for the next case, the engine remembers none. */
const SAID_MTU = [1500 >> 8, 1500 & 255];
/** Of a fragment, in units of 8 bytes, with all that may be around it. */
const EACH_MAX6 = 170;
const FLAG = { syn: 2, ack: 0x10 };
const CHUNK = { data: 0, init: 1, initAck: 2 };
/** Of a transport's header; SCTP's with that of a chunk. */
const HEADER = { TCP: 20, UDP: 8, SCTP: 16 } as const;
/** What is said in ICMP by the same number over IPv6. */
const TYPES6: Readonly<Record<number, number>> = { 3: 1, 11: 3, 4: 2, 5: 4 };
const SPEAKER6 = addressBytes(address(OWN[6]));
const SPEAKERS = [OWN[4], VIPS[4][0]!].map((text) => addressBytes(address(text)));

const kernel = await KernelDirector.make();
/** A new one now and then: its clock stands still, and it gives so many answers a second. */
let embedded = new EmbeddedDirector();
const CASES_EACH = 50;
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
      address: address(VIPS[given.family][0]!),
      port: servicePort++,
      scheduler: 'rr',
      schedulerFlags: 0,
      persistenceSeconds: 0,
      persistencePrefix: given.family === 4 ? 32 : 128,
      onePacket: false,
    };
    const { forwarding } = given;
    const limits = { weight: 1, upperThreshold: 0, lowerThreshold: 0 };
    const port = forwarding === 'NAT' ? this.head.port + 20_000 : this.head.port;
    this.server = { address: address(SERVERS[this.#serverFamily][0]!), port, forwarding, ...limits };
    if (forwarding === 'TUN' && given.tunnel) this.server.tunnel = given.tunnel;
  }

  get #serverFamily(): 4 | 6 {
    const { family, across, forwarding } = this.setting;
    return across && forwarding === 'TUN' ? (family === 4 ? 6 : 4) : family;
  }

  async run(): Promise<void> {
    const { head: service, server } = this;
    if (servicePort % CASES_EACH === 0) embedded = new EmbeddedDirector();
    for (const command of [
      { do: 'addService', service } as const,
      { do: 'addServer', service, server } as const,
    ]) {
      await kernel.plane.apply([command]);
      embedded.apply([command]);
    }
    kernel.taken();
    await this.#both('open', [this.#segment('up', { syn: true })]);
    for (const one of this.setting.steps) {
      if (one.do === 'error') await this.#error(one);
      else if (one.do === 'pieces') await this.#pieces(one);
      else await this.#both(one.do, [this.#segment(one.do, one)]);
    }
    const key = serviceKey(service);
    await kernel.plane.apply([{ do: 'delService', service, key }]);
    embedded.apply([{ do: 'delService', service, key }]);
  }

  #ends(way: 'up' | 'down') {
    const { port, family } = this.setting;
    const [client, server] = [CLIENT[family], SERVERS[family][0]!];
    return way === 'up'
      ? {
          from: client,
          fromPort: port,
          to: this.head.address,
          toPort: this.head.port,
          destinationMac: VIRTUAL_MAC,
          sourceMac: macOf(GATEWAY[family]),
        }
      : {
          from: server,
          fromPort: this.server.port,
          to: client,
          toPort: port,
          destinationMac: VIRTUAL_MAC,
          sourceMac: macOf(server),
        };
  }

  #segment(way: 'up' | 'down', { shape, syn }: { shape?: Shape; syn: boolean }): Buffer {
    const { protocol, family } = this.setting;
    const flags = syn && way === 'up' ? FLAG.syn : syn ? FLAG.syn | FLAG.ack : FLAG.ack;
    const segment: Segment = {
      protocol,
      ...this.#ends(way),
      flags,
      chunks: [(flags & FLAG.syn) === 0 ? CHUNK.data : way === 'up' ? CHUNK.init : CHUNK.initAck],
      payload: Buffer.alloc(shape?.bytes ?? 10, 'x'),
      ttl: shape?.ttl ?? 64,
      fragment: shape?.fragment ?? 0x4000,
      // By NAT the kernel makes a checksum where there was none; the engine leaves it at that.
      unchecked: shape?.unchecked === true && protocol === 'UDP' && this.setting.forwarding !== 'NAT',
      ...(shape?.options
        ? { ipOptions: Buffer.from('01010100', 'hex'), extensions: [EXTENSIONS.destination] }
        : {}),
    };
    // Larger than the wire is nobody's packet.
    const header = family === 4 ? 20 + (shape?.options ? 4 : 0) : 40 + (shape?.options ? 8 : 0);
    const room = 1500 - header - HEADER[protocol];
    return frame({ ...segment, payload: segment.payload!.subarray(0, room) });
  }

  async #error(step: Extract<Step, { do: 'error' }>): Promise<void> {
    const quoted = this.#quotable[step.about];
    const { family, forwarding } = this.setting;
    if (!quoted) return;
    // The kernel knows of no tunnels in ICMPv6: it would tell nobody, the engine tells the client.
    const isTold = family === 4 && this.#serverFamily === 4;
    if (!isTold && forwarding === 'TUN' && step.about === 'up') return;
    const type = family === 4 ? step.type : TYPES6[step.type]!;
    const message = Buffer.concat([
      Buffer.from([type, step.code, 0, 0, 0, 0, ...SAID_MTU]),
      quoted.subarray(0, 128),
    ]);
    // About what went to the server: from a router near it, to whoever is the source there.
    const isAboutUp = step.about === 'up';
    const ends = {
      from: ROUTER[family],
      to: addressFromBytes(family === 4 ? quoted.subarray(12, 16) : quoted.subarray(8, 24)),
      destinationMac: VIRTUAL_MAC,
    };
    const bytes = family === 4 ? icmpFrame(ends, message) : icmp6Frame(ends, message);
    bytes.set(mac(isAboutUp ? macOf(this.server.address) : macOf(GATEWAY[family])), VNET + 6);
    // A damaged ICMPv6 error to a server leaves the kernel with a checksum made right; the engine drops it.
    const isDamaged = step.damaged && (family === 4 || isAboutUp || forwarding !== 'NAT');
    if (isDamaged) bytes[bytes.length - 1]! ^= 1;
    // The kernel judges checksums of ICMPv6 to clients without the pseudo-header: none would be right, so it
    // is given one that a network card has left open.
    const isJudged = family === 4 || !isAboutUp || isDamaged;
    // The kernel tells how much fits behind the outer header, without what is between the two.
    const isMtuAnother = this.setting.tunnel !== null && forwarding === 'TUN' && isAboutUp;
    const forKernel = isJudged ? bytes : withOpenChecksum(bytes);
    await this.#both('error', [bytes], forKernel, isMtuAnother ? plainWithoutMtu : plain);
  }

  /**
   * The kernel puts a packet together, and sends it on as it came. What differs then is known: by tunnel the
   * whole packet is what is wrapped, IPv6's extension headers change places with the fragment header, and
   * SCTP's checksum can be made anew.
   */
  async #pieces(step: Extract<Step, { do: 'pieces' }>): Promise<void> {
    const { way, bytes, each, isBackwards, extension } = step;
    const { family, forwarding, protocol } = this.setting;
    if (protocol === 'SCTP' && forwarding === 'NAT') return;
    const ends = this.#ends(way);
    const payload = Buffer.alloc(bytes, 'y');
    const extensions = extension === undefined ? [] : [EXTENSIONS[extension.name]];
    const fixed = { flags: FLAG.ack, chunks: [CHUNK.data], fragment: 0 };
    const whole = frame({ ...ends, ...fixed, protocol, payload, extensions });
    // One for each hop is nowhere else.
    const isBefore = extension?.isBefore === true || extension?.name === 'hopByHop';
    const before = family === 6 && isBefore ? extensions[0]!.bytes.length : 0;
    const pieces = fragmentsOf(whole, Math.min(each, family === 6 ? EACH_MAX6 : each) * 8, before);
    const fewEnough = isBackwards && pieces.length <= 64;
    const isWrapped = family === 6 || forwarding === 'TUN';
    const frames = fewEnough ? pieces.reverse() : pieces;
    await this.#both('pieces', frames, frames[0], isWrapped ? received : plain);
  }

  async #both(
    what: string,
    frames: readonly Buffer[],
    forKernel = frames[0]!,
    textOf = plain,
  ): Promise<void> {
    const bytes = frames[0]!;
    const ours = [...frames.flatMap((one) => embedded.receive(one)), ...embedded.due()];
    for (const one of frames) kernel.receive(one === bytes ? forKernel : one);
    let theirs = kernel.taken();
    // The kernel answers when it gets to it.
    for (let tries = 0; textOf(theirs).join() !== textOf(ours).join() && tries < 5; tries++) {
      await sleep(2);
      theirs = [...theirs, ...kernel.taken()];
    }
    const [left, right] = [textOf(theirs), textOf(ours)];
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

/** An ICMPv6 message right behind the IPv6 header. */
function withOpenChecksum(bytes: Buffer): Buffer {
  const open = Buffer.from(bytes);
  open[0] = 1;
  open.writeUInt16LE(IP + 40, 6);
  open.writeUInt16LE(2, 8);
  const packet = open.subarray(VNET + IP);
  packet.writeUInt16BE(~internetChecksum(pseudoHeader6(packet)) & 0xffff, 42);
  return open;
}
function pseudoHeader6(packet: Buffer): Buffer {
  const tail = [0, 0, packet[4]!, packet[5]!, 0, 0, 0, PROTOCOL.icmpv6];
  return Buffer.concat([packet.subarray(8, 40), Buffer.from(tail)]);
}

/** Of "fragmentation needed" with the MTU the checksum, too, is another one. */
function plainWithoutMtu(frames: Buffer[]): string[] {
  return plain(
    frames.map((bytes) => {
      const isTooBig = bytes[IP + 9] === PROTOCOL.icmp && bytes.readUInt16BE(IP + 20) === 0x304;
      return isTooBig
        ? Buffer.from(bytes)
            .fill(0, IP + 22, IP + 24)
            .fill(0, IP + 26, IP + 28)
        : bytes;
    }),
  );
}

/** IP packets as text, without what is anybody's choice. */
function plain(frames: Buffer[]): string[] {
  return frames
    .flatMap((bytes) => {
      const type = bytes.readUInt16BE(12);
      const text = type === 0x0800 ? plain4(bytes) : type === 0x86dd ? plain6(bytes) : undefined;
      return text === undefined ? [] : [`${bytes.subarray(0, 6).toString('hex')} ${text}`];
    })
    .toSorted();
}

function plain4(bytes: Buffer): string {
  const packet = Buffer.from(bytes.subarray(IP, IP + bytes.readUInt16BE(IP + 2)));
  const isRight = internetChecksum(packet.subarray(0, (packet[0]! & 15) * 4)) === 0;
  // A tunnel's header, or an answer's: its identification is its maker's, and the checksum follows.
  const source = packet.subarray(12, 16);
  const isAnswer = packet[9] === 1 && SPEAKERS.some((speaker) => source.equals(speaker));
  const isTunnel = packet[9] !== 1 && source.equals(SPEAKERS[0]!);
  if (isAnswer || isTunnel) packet.fill(0, 4, 6).fill(0, 10, 12);
  // It is in the first fragment only.
  const isBegun = (packet.readUInt16BE(6) & 0x1fff) === 0;
  const between =
    isTunnel && isBegun ? plainBetween(packet[9]!, packet.subarray(12, 20), packet.subarray(20)) : '';
  return `${isRight ? '' : 'header checksum wrong '}${between}${packet.toString('hex')}`;
}

/** What is between the headers of a tunnel. */
function plainBetween(protocol: number, ends: Buffer, bytes: Buffer): string {
  if (protocol === PROTOCOL.udp) return plainGue(ends, bytes);
  if (protocol !== PROTOCOL.gre || bytes[0] !== 0x80) return '';
  // Of what is no super-frame the kernel makes none, and its receivers would drop it.
  const isRight = bytes.readUInt16BE(4) === 0 || internetChecksum(bytes) === 0;
  bytes.fill(0, 4, 6);
  return `GRE checksum ${isRight ? 'right' : 'wrong'} `;
}

/** Its source port is anybody's choice; by checksum the kernel leaves the sum to the card. */
function plainGue(ends: Buffer, udp: Buffer): string {
  const pseudo = Buffer.concat([ends, Buffer.from([0, PROTOCOL.udp, udp.length >> 8, udp.length & 255])]);
  const given = udp.readUInt16BE(6);
  const isPartial = given === (~internetChecksum(pseudo) & 0xffff);
  const word = given === 0 ? 'none' : isPartial || internetChecksum(pseudo, udp) === 0 ? 'right' : 'wrong';
  udp.fill(0, 0, 2).fill(0, 6, 8);
  return `UDP checksum ${word} `;
}

/** Of a tunnel's packet: its identification is its maker's; GRE and GUE are in the first one only. */
function plainFragment6(packet: Buffer): string {
  packet.fill(0, 44, 48);
  const isFirst = (packet.readUInt16BE(42) & 0xfff8) === 0;
  if (isFirst && packet[40] === PROTOCOL.udp) packet.fill(0, 48, 50).fill(0, 54, 56);
  if (isFirst && packet[40] === PROTOCOL.gre && packet[48] === 0x80) packet.fill(0, 52, 54);
  return packet.toString('hex');
}

const INFORMATION = 128;

/** Undefined: a host's own doing, neighbour discovery or who listens to which group. */
function plain6(bytes: Buffer): string | undefined {
  const packet = Buffer.from(bytes.subarray(IP, IP + 40 + bytes.readUInt16BE(IP + 4)));
  if (packet[6] === 0) return undefined;
  const isTunnel = packet[6] !== PROTOCOL.icmpv6 && packet.subarray(8, 24).equals(SPEAKER6);
  const ends = packet.subarray(8, 40);
  if (isTunnel && packet[6] === PROTOCOL.fragment) return plainFragment6(packet);
  const between = isTunnel ? plainBetween(packet[6]!, ends, packet.subarray(40)) : '';
  if (packet[6] !== PROTOCOL.icmpv6) return `${between}${packet.toString('hex')}`;
  if (packet[40]! >= INFORMATION) return undefined;
  const message = packet.subarray(40);
  const pseudo = pseudoHeader6(packet);
  // By NAT the kernel leaves the sum over the message to the card.
  const isPartial = message.readUInt16BE(2) === (~internetChecksum(pseudo) & 0xffff);
  const isRight = isPartial || internetChecksum(pseudo, message) === 0;
  message.fill(0, 2, 4);
  return `${isRight ? '' : 'checksum wrong '}${packet.toString('hex')}`;
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
