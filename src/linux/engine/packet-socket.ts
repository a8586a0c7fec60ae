// Packet sockets on one interface: raw Ethernet frames with their virtio_net_hdr, both ways. They see only
// what their filter lets through, never what this machine sends itself.
//
// One socket hears everything, before the hooks where a frame may be given a firewall mark. Sockets of single
// protocols hear behind those hooks, and are told the marks: three of them hear in the place of the one while
// there are services by mark. Nor are marks told of frames in a ring, which the one has where it can.

import type { Address } from '../../core/address.ts';
import { flowOf, virtualMac } from '../../ipvs/embedded/frame.ts';
import { attachProgram } from '../bpf.ts';
import {
  AF,
  bind,
  close,
  ETH_P,
  ETH_P_ALL,
  lostPackets,
  PACKET,
  SO,
  SOCK,
  SOL,
  SystemCallError,
  setReceiveBuffer,
  setsockopt,
  setsockoptInt,
  socket,
} from '../libc.ts';
import { sockaddrLl } from '../sockaddr.ts';
import { type ReceiveBatch, SendBatch } from './batch.ts';
import { filterProgram, type Wanted } from './filter.ts';
import { packetMembership } from './membership.ts';
import { ReceiveRing } from './ring.ts';
import { SolicitedGroups } from './solicited-groups.ts';

const HEARS_NOTHING = filterProgram({ vrids: [] });
const RECEIVE_BUFFER = 8 * 1024 * 1024;
/**
 * To send through only. One of a single protocol would not do: its frames would all be taken for that one's.
 */
const NOTHING = 0;
/** Those that are told marks. */
const MARKED = [ETH_P.IP, ETH_P.IPV6, ETH_P.ARP];

type Options = {
  hearsMarks?: boolean;
  /** Of the one that this one is to replace. */
  out?: SendBatch;
  /** Without it only to send through. `large`: what frames beyond the MTU are received with. */
  receiving?: { mtu: number; large: ReceiveBatch };
};

export class PacketSocket {
  /** To send through. */
  readonly fd: number;
  /** To receive from. */
  readonly fds: readonly number[];
  readonly ifindex: number;
  readonly hearsMarks: boolean;
  readonly out: SendBatch;
  /** What is to be received is there. Undefined = it is asked for by system calls. */
  readonly ring: ReceiveRing | undefined;
  readonly #groups: SolicitedGroups;
  /** By vrid and family, as a flow. */
  #macs = new Map<number, Buffer>();

  /** Receives nothing until {@link want} is called. */
  constructor(ifindex: number, { hearsMarks = false, out = new SendBatch(), receiving }: Options = {}) {
    this.ifindex = ifindex;
    this.hearsMarks = hearsMarks;
    this.out = out;
    const opened: number[] = [];
    const open = () => opened[opened.push(openSocket()) - 1]!;
    try {
      this.fd = open();
      if (receiving && !hearsMarks) this.ring = openRing(this.fd, receiving);
      attach(this.fd, ifindex, hearsMarks ? NOTHING : ETH_P_ALL);
      this.fds = hearsMarks ? MARKED.map((protocol) => attach(open(), ifindex, protocol)) : [this.fd];
      if (hearsMarks) for (const fd of this.fds) setsockoptInt(fd, SOL.SOCKET, SO.RCVMARK, 1);
      this.#groups = new SolicitedGroups(this.fd, ifindex);
    } catch (error) {
      this.ring?.close();
      for (const fd of opened) close(fd);
      throw error;
    }
  }

  /**
   * What to receive from now on. The interface's own filter is opened for the virtual MACs, too, and for
   * those who ask for one of `groups`, IPv6 addresses.
   */
  want(wanted: Wanted & { groups: readonly Address[] }): void {
    const macs = new Map(
      wanted.vrids.map(({ vrid, family }) => [flowOf(vrid, family), virtualMac(vrid, family)]),
    );
    for (const [flow, request] of this.#macs) {
      if (macs.has(flow)) continue;
      setsockopt(this.fd, SOL.PACKET, PACKET.DROP_MEMBERSHIP, request);
      this.#macs.delete(flow);
    }
    for (const [flow, mac] of macs) {
      if (this.#macs.has(flow)) continue;
      const request = packetMembership(this.ifindex, 'unicast', mac);
      setsockopt(this.fd, SOL.PACKET, PACKET.ADD_MEMBERSHIP, request);
      this.#macs.set(flow, request);
    }
    this.#groups.keep(wanted.groups);
    const program = filterProgram(wanted);
    for (const fd of this.fds) attachProgram(fd, program);
  }

  /** Nothing more comes, but what has come already is still there to be read. */
  deafen(): void {
    for (const fd of this.fds) attachProgram(fd, HEARS_NOTHING);
  }

  /** How many frames the queues had no room for since the last time. */
  lost(): number {
    return this.fds.reduce((sum, fd) => sum + lostPackets(fd), this.ring?.lost() ?? 0);
  }

  close(): void {
    this.#groups.close();
    this.ring?.close();
    for (const fd of new Set([this.fd, ...this.fds])) close(fd);
  }
}

function openSocket(): number {
  // Protocol 0: until it is bound, with its filter in place, not a single frame is queued.
  const fd = socket(AF.PACKET, SOCK.RAW, 0);
  try {
    setsockoptInt(fd, SOL.PACKET, PACKET.VNET_HDR, 1);
    setsockoptInt(fd, SOL.PACKET, PACKET.IGNORE_OUTGOING, 1);
    setReceiveBuffer(fd, RECEIVE_BUFFER);
    attachProgram(fd, HEARS_NOTHING);
    return fd;
  } catch (error) {
    close(fd);
    throw error;
  }
}

function attach(fd: number, ifindex: number, protocol: number): number {
  bind(fd, sockaddrLl(ifindex, protocol));
  return fd;
}

/** Undefined where the kernel has no memory for one: then each frame costs more, and that is all. */
function openRing(fd: number, receiving: Required<Options>['receiving']): ReceiveRing | undefined {
  try {
    return new ReceiveRing(fd, receiving);
  } catch (error) {
    if (error instanceof SystemCallError) return undefined;
    throw error;
  }
}

/** Why no packet socket is told of firewall marks, for people; undefined = it is. */
export function lackOfMarks(): string | undefined {
  let fd: number | undefined;
  try {
    fd = socket(AF.PACKET, SOCK.RAW, 0);
    setsockoptInt(fd, SOL.SOCKET, SO.RCVMARK, 1);
    return undefined;
  } catch (error) {
    const { errno } = error as SystemCallError;
    const reason = errno === 'ENOPROTOOPT' ? 'from Linux 5.19 on' : `with CAP_NET_RAW (${errno})`;
    return `it hears firewall marks only ${reason}`;
  } finally {
    if (fd !== undefined) close(fd);
  }
}
