// The groups in which an interface's neighbours ask for the engine's IPv6 addresses (RFC 4291 §2.7.1): heard
// by the interface, and reported to switches that listen for who wants what (MLD).
import { type Address, addressBytes } from '../../core/address.ts';
import { solicitedNode } from '../../vrrp/neighbour.ts';
import { AF, close, IPV6, PACKET, SOCK, SOL, SystemCallError, setsockopt, socket } from '../libc.ts';
import { ipv6Membership, packetMembership } from './membership.ts';

export class SolicitedGroups {
  readonly #packetFd: number;
  readonly #ifindex: number;
  readonly #kept = new Set<Address>();
  #reporterFd = -1;

  constructor(packetFd: number, ifindex: number) {
    this.#packetFd = packetFd;
    this.#ifindex = ifindex;
  }

  /** Those of exactly these addresses. */
  keep(addresses: readonly Address[]): void {
    const wanted = new Set(addresses.map(solicitedNode));
    for (const group of this.#kept) if (!wanted.has(group)) this.#leave(group);
    for (const group of wanted) if (!this.#kept.has(group)) this.#join(group);
  }

  close(): void {
    if (this.#reporterFd !== -1) close(this.#reporterFd);
  }

  #join(group: Address): void {
    setsockopt(this.#packetFd, SOL.PACKET, PACKET.ADD_MEMBERSHIP, this.#frames(group));
    this.#report(IPV6.JOIN_GROUP, group);
    this.#kept.add(group);
  }
  #leave(group: Address): void {
    setsockopt(this.#packetFd, SOL.PACKET, PACKET.DROP_MEMBERSHIP, this.#frames(group));
    this.#report(IPV6.LEAVE_GROUP, group);
    this.#kept.delete(group);
  }

  /** RFC 2464 §7. */
  #frames(group: Address): Buffer {
    const mac = Uint8Array.of(0x33, 0x33, ...addressBytes(group).subarray(12));
    return packetMembership(this.#ifindex, 'multicast', mac);
  }

  /** Not where the kernel has no IPv6 on the interface: then it reports nothing, and hears all the same. */
  #report(option: number, group: Address): void {
    try {
      if (this.#reporterFd === -1) this.#reporterFd = socket(AF.INET6, SOCK.DGRAM, 0);
      setsockopt(this.#reporterFd, SOL.IPV6, option, ipv6Membership(group, this.#ifindex));
    } catch (error) {
      if (!(error instanceof SystemCallError)) throw error;
    }
  }
}
