// A packet socket on one interface: raw Ethernet frames with their virtio_net_hdr, both ways. Sees only what
// its filter lets through, never what this machine sends itself.

import type { Address } from '../../core/address.ts';
import { flowOf, virtualMac } from '../../ipvs/embedded/frame.ts';
import { attachProgram } from '../bpf.ts';
import {
  AF,
  bind,
  close,
  ETH_P_ALL,
  PACKET,
  SOCK,
  SOL,
  setReceiveBuffer,
  setsockopt,
  setsockoptInt,
  socket,
} from '../libc.ts';
import { sockaddrLl } from '../sockaddr.ts';
import { SendBatch } from './batch.ts';
import { filterProgram, type Wanted } from './filter.ts';
import { packetMembership } from './membership.ts';
import { SolicitedGroups } from './solicited-groups.ts';

const RECEIVE_BUFFER = 8 * 1024 * 1024;

export class PacketSocket {
  readonly fd: number;
  readonly ifindex: number;
  readonly out = new SendBatch();
  readonly #groups: SolicitedGroups;
  /** By vrid and family, as a flow. */
  #macs = new Map<number, Buffer>();

  /** Receives nothing until {@link want} is called. */
  constructor(ifindex: number) {
    this.ifindex = ifindex;
    // Protocol 0: until it is bound, with its filter in place, not a single frame is queued.
    this.fd = socket(AF.PACKET, SOCK.RAW, 0);
    try {
      setsockoptInt(this.fd, SOL.PACKET, PACKET.VNET_HDR, 1);
      setsockoptInt(this.fd, SOL.PACKET, PACKET.IGNORE_OUTGOING, 1);
      setReceiveBuffer(this.fd, RECEIVE_BUFFER);
      attachProgram(this.fd, filterProgram({ vrids: [] }));
      bind(this.fd, sockaddrLl(ifindex, ETH_P_ALL));
      this.#groups = new SolicitedGroups(this.fd, ifindex);
    } catch (error) {
      close(this.fd);
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
    attachProgram(this.fd, filterProgram(wanted));
  }

  close(): void {
    this.#groups.close();
    close(this.fd);
  }
}
