// One packet through two directors: the kernel's IPVS in a network namespace of this process, and the
// embedded engine on a machine that exists only as data and looks the same. Both have one interface with the
// same MAC and addresses, know the same neighbours, obey the same commands and get the same frames.
import { execFileSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { address, addressBytes, addressFromBytes } from '../../../src/core/address.ts';
import { VERDICT } from '../../../src/ipvs/embedded/drops.ts';
import { Engine } from '../../../src/ipvs/embedded/engine.ts';
import { HEADROOM } from '../../../src/ipvs/embedded/outbox.ts';
import type { Command } from '../../../src/ipvs/plane.ts';
import { type KernelPlane, openKernelPlane } from '../../../src/linux/kernel-plane.ts';
import {
  AF,
  bind,
  CLONE,
  errnoName,
  ifNametoindex,
  MSG,
  recv,
  SOCK,
  SOL,
  setsockoptInt,
  socket,
  unshare,
  write,
} from '../../../src/linux/libc.ts';
import { sockaddrLl } from '../../../src/linux/sockaddr.ts';
import { neighbourAdvertisement, neighbourSolicitation } from '../../../src/vrrp/neighbour.ts';
import { arpFrame, lookArp, mac, VIRTUAL_MAC, VNET } from '../../ipvs/embedded/frames.ts';

const eight = (of: (i: number) => string) => Array.from({ length: 8 }, (_, i) => of(i));
/** By family; everybody else is behind the gateway. */
export const OWN = { 4: '10.77.0.1', 6: 'fd77::1' };
export const VIPS = { 4: eight((i) => `10.77.0.${100 + i}`), 6: eight((i) => `fd77::1:${10 + i}`) };
export const SERVERS = { 4: eight((i) => `10.77.1.${20 + i}`), 6: eight((i) => `fd77::${20 + i}:0:1`) };
export const GATEWAY = { 4: '10.77.0.254', 6: 'fd77::fe' };
const INDEX = 2;
const VRID = Number.parseInt(VIRTUAL_MAC.slice(-2), 16);
const MTU = 1500;
const IGNORE_OUTGOING = 23;
const VNET_HDR = 15;
const NEEDS_CHECKSUM = 1;
const ETH_P_ALL = 3;

export function macOf(host: string): string {
  const bytes = addressBytes(address(host));
  const end = bytes.length === 4 ? bytes.subarray(2) : Buffer.from([bytes[11]!, bytes[15]!]);
  return `02:00:00:00:${end.toString('hex').replace(/..(?=.)/, '$&:')}`;
}
const NEIGHBOURS = [GATEWAY[4], ...SERVERS[4], GATEWAY[6], ...SERVERS[6]];

/** A connection as /proc/net/ip_vs_conn and the engine's table have it. */
export type Known = {
  protocol: string;
  client: string;
  virtual: string;
  server: string;
  state: string;
  /** What a persistence engine knows the client of a template by. */
  data: string;
  /** Without another packet. The engine's clock stands still, so it is as long as after the last one. */
  expiresSeconds: number;
};

export class KernelDirector {
  readonly plane: KernelPlane;
  readonly #fd: number;
  /** For frames whose checksum is still to be completed: they go with their virtio_net_hdr. */
  readonly #offloadFd: number;
  readonly #bytes = Buffer.alloc(0x10000);

  private constructor(plane: KernelPlane) {
    this.plane = plane;
    this.#fd = socket(AF.PACKET, SOCK.RAW, 0);
    setsockoptInt(this.#fd, SOL.PACKET, IGNORE_OUTGOING, 1);
    bind(this.#fd, sockaddrLl(ifNametoindex('wire')!, ETH_P_ALL));
    this.#offloadFd = socket(AF.PACKET, SOCK.RAW, 0);
    setsockoptInt(this.#offloadFd, SOL.PACKET, VNET_HDR, 1);
    bind(this.#offloadFd, sockaddrLl(ifNametoindex('wire')!, 0));
  }

  /** Leaves this thread's namespace for a new one. `marks`: that frames are given by their sources' MACs. */
  static async make({ marks = [] }: { marks?: readonly number[] } = {}): Promise<KernelDirector> {
    unshare(CLONE.NEWNET);
    const lines = [
      'link set lo up',
      `link add dir address ${VIRTUAL_MAC} mtu ${MTU} type veth peer name wire mtu ${MTU}`,
      'link set dir addrgenmode none up',
      'link set wire addrgenmode none up',
      `addr add ${OWN[4]}/16 dev dir`,
      `addr add ${OWN[6]}/64 dev dir nodad`,
      ...VIPS[4].map((vip) => `addr add ${vip}/32 dev lo`),
      ...VIPS[6].map((vip) => `addr add ${vip}/128 dev lo nodad`),
      ...NEIGHBOURS.map((host) => `neigh add ${host} lladdr ${macOf(host)} dev dir`),
      `route add default via ${GATEWAY[4]}`,
      `route add default via ${GATEWAY[6]}`,
    ];
    execFileSync('ip', ['-batch', '-'], { input: lines.join('\n') });
    for (const [name, value] of Object.entries({
      'ipv4/ip_forward': 1,
      'ipv4/conf/all/rp_filter': 0,
      'ipv4/conf/dir/rp_filter': 0,
      'ipv4/conf/all/send_redirects': 0,
      'ipv4/conf/dir/send_redirects': 0,
      // Errors are to be seen, however many there are.
      'ipv4/icmp_ratelimit': 0,
      'ipv4/icmp_msgs_per_sec': 1_000_000,
      'ipv4/icmp_msgs_burst': 1_000_000,
      'ipv6/conf/all/forwarding': 1,
      'ipv6/icmp/ratelimit': 0,
      // What the kernel makes itself has none then, as what the engine makes.
      'ipv6/auto_flowlabels': 0,
    })) {
      writeFileSync(`/proc/sys/net/${name}`, `${value}`);
    }
    if (marks.length > 0) setMarks(marks);
    const plane = await openKernelPlane();
    if (!plane) throw new Error('this kernel has no IPVS');
    return new KernelDirector(plane);
  }

  /** `frame`: behind a virtio_net_hdr, as the engine gets it. */
  receive(frame: Buffer): void {
    const isPartial = frame[0] === NEEDS_CHECKSUM;
    const whole = isPartial ? frame : frame.subarray(VNET);
    const sent = write(isPartial ? this.#offloadFd : this.#fd, whole);
    if (sent !== whole.length) throw new Error(`a frame was not sent: ${errnoName(-sent)}`);
  }

  /** What has come out since the last time, without virtio_net_hdr. */
  taken(): Buffer[] {
    const frames: Buffer[] = [];
    for (;;) {
      const length = recv(this.#fd, this.#bytes, MSG.DONTWAIT);
      if (length < 0) return frames;
      frames.push(Buffer.from(this.#bytes.subarray(0, length)));
    }
  }

  /** Of all services ever: connections, packets in and out, bytes in and out. */
  totals(): number[] {
    const table = readFileSync('/proc/thread-self/net/ip_vs_stats_percpu', 'latin1');
    // The line that begins with ~ has their sums, but of two seconds ago.
    const ofCpus = [...table.split('~')[0]!.matchAll(/^ +[0-9a-fA-F]+ +(.*)$/gm)];
    const rows = ofCpus.map(([, row]) => row!.split(/ +/).map((hex) => Number.parseInt(hex, 16)));
    return rows[0]!.map((_, i) => rows.reduce((sum, row) => sum + row[i]!, 0));
  }

  connections(): Known[] {
    const lines = readFileSync('/proc/thread-self/net/ip_vs_conn', 'latin1').trim().split('\n').slice(1);
    return lines.map((line) => {
      const [protocol, ...words] = line.trim().split(/\s+/);
      const at = (i: number) => `${hexAddress(words[i]!)}:${Number.parseInt(words[i + 1]!, 16)}`;
      return {
        protocol: protocol!,
        client: at(0),
        virtual: at(2),
        server: at(4),
        state: words[6]!,
        data: words[9] ?? '',
        expiresSeconds: Number(words[7]),
      };
    });
  }
}

/** As `nft` would in netdev ingress, which the guest's kernel does not have. */
function setMarks(marks: readonly number[]): void {
  const modules = ['sch_ingress', 'cls_flower', 'act_skbedit'];
  execFileSync('modprobe', ['-d', process.env.LAB_OUT!, '-a', ...modules]);
  const filter = 'filter add dev dir ingress protocol all flower src_mac';
  const lines = marks.map((mark) => `${filter} ${markedMac(mark)} action skbedit mark ${mark}`);
  execFileSync('tc', ['-batch', '-'], { input: ['qdisc add dev dir clsact', ...lines].join('\n') });
}
/** The source of a frame that has the mark: by its last byte. */
export function markedMac(mark: number): string {
  return `02:00:00:00:fe:${(mark & 0xff).toString(16).padStart(2, '0')}`;
}

function hexAddress(hex: string): string {
  if (hex.includes(':')) return address(hex);
  return Buffer.from(hex, 'hex').join('.');
}

export class EmbeddedDirector {
  readonly engine = new Engine({ capacity: 65_536, seed: 1 });

  constructor() {
    const { engine } = this;
    engine.setClock(0);
    engine.setInterfaces(
      [
        {
          index: INDEX,
          name: 'dir',
          mac: mac('02:00:00:00:00:01'),
          mtu: MTU,
          addresses: [
            { address: address(OWN[4]), length: 16 },
            { address: address(OWN[6]), length: 64 },
          ],
        },
      ],
      [
        { destination: { address: address('10.77.0.0'), length: 16 }, interface: INDEX, metric: 0 },
        { destination: { address: address('fd77::'), length: 64 }, interface: INDEX, metric: 0 },
        {
          destination: { address: address('0.0.0.0'), length: 0 },
          gateway: address(GATEWAY[4]),
          interface: INDEX,
          metric: 0,
        },
        {
          destination: { address: address('::'), length: 0 },
          gateway: address(GATEWAY[6]),
          interface: INDEX,
          metric: 0,
        },
      ],
    );
    engine.own(
      ([4, 6] as const).flatMap((family) =>
        VIPS[family].map((vip) => ({
          address: address(vip),
          prefixLength: family === 4 ? 32 : 128,
          interface: 'dir',
          vrid: VRID,
        })),
      ),
    );
    this.#taken();
    // Each asks for an address of the director's, which so knows them as the kernel does.
    for (const host of NEIGHBOURS) this.receive(host.includes(':') ? solicitationOf(host) : requestOf(host));
  }

  apply(commands: readonly Command[]): string[] {
    return commands.flatMap((command) => {
      if (command.do === 'startSync' || command.do === 'stopSync') return [];
      return this.engine.sessions.services.apply(command) ?? [];
    });
  }

  /** What comes out because of one frame, without virtio_net_hdr; the engine's own questions are answered. */
  receive(frame: Buffer, mark = 0): Buffer[] {
    const bytes = Buffer.concat([Buffer.alloc(HEADROOM), frame]);
    const verdict = this.engine.receive(0, bytes, HEADROOM + VNET, frame.length - VNET, mark | 0);
    const sent = this.#taken();
    const { packet } = this.engine;
    const passed = bytes.subarray(packet.start, packet.start + packet.length);
    return verdict > VERDICT.taken ? [passed, ...sent] : sent;
  }

  /** What the engine had kept for the end of a batch. */
  due(): Buffer[] {
    this.engine.setClock(0);
    return this.#taken();
  }

  #taken(): Buffer[] {
    const { outbox } = this.engine;
    const sent = Array.from({ length: outbox.count }, (_, place) =>
      Buffer.from(outbox.bytes.subarray(outbox.start(place), outbox.start(place) + outbox.length(place))),
    );
    outbox.clear();
    return sent.flatMap((bytes) => {
      const asked = solicited(bytes);
      if (asked !== undefined) return NEIGHBOURS.includes(asked) ? this.receive(advertised(asked)) : [];
      const arp = lookArp(bytes);
      if (!arp) return [bytes.subarray(VNET)];
      return arp.sender === arp.target ? [] : this.receive(answer(arp.target, arp.sender));
    });
  }
}

function requestOf(host: string): Buffer {
  const own = macOf(host);
  return arpFrame({
    operation: 1,
    senderMac: own,
    sender: host,
    targetMac: '00:00:00:00:00:00',
    target: VIPS[4][0]!,
    destinationMac: 'ff:ff:ff:ff:ff:ff',
  });
}
function solicitationOf(host: string): Buffer {
  const bytes = neighbourSolicitation(address(VIPS[6][0]!), mac(macOf(host)), address(host));
  return Buffer.concat([Buffer.alloc(VNET), bytes]);
}
function answer(host: string, asker: string): Buffer {
  const own = macOf(host);
  return arpFrame({
    operation: 2,
    senderMac: own,
    sender: host,
    targetMac: '02:00:00:00:00:01',
    target: asker,
    destinationMac: '02:00:00:00:00:01',
  });
}

const DISCOVERY = { type: VNET + 54, target: VNET + 62 } as const;

/** Whom neighbour discovery is about: asked for, or announced. */
function solicited(bytes: Buffer): string | undefined {
  if (bytes.readUInt16BE(VNET + 12) !== 0x86dd || bytes[VNET + 20] !== 58) return undefined;
  const isDiscovery = bytes[DISCOVERY.type] === 135 || bytes[DISCOVERY.type] === 136;
  return isDiscovery ? addressFromBytes(bytes.subarray(DISCOVERY.target, DISCOVERY.target + 16)) : undefined;
}

function advertised(host: string): Buffer {
  const bytes = neighbourAdvertisement(address(host), mac(macOf(host)), false);
  return Buffer.concat([Buffer.alloc(VNET), bytes]);
}

/** The engine's, 0 = it has none for it. */
export function numberOf(engine: Engine, host: string): number {
  const bytes = addressBytes(address(host));
  return bytes.length === 4 ? bytes.readInt32BE(0) : engine.sessions.addresses.find(bytes, 0);
}
