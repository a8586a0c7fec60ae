// What the engine knows of the machine it runs on, given to it as data: interfaces, routes, and the virtual
// addresses that this director owns now. Answers "is this MAC ours", "is this address ours" and "which way".
// Learns nothing by itself.
import { type Address, familyOf, type Prefix } from '../../core/address.ts';
import type { OwnedAddress } from '../plane.ts';
import { maskOf, toNumber } from './addresses.ts';
import { virtualMac, virtualMacVrid } from './frame.ts';

export type InterfaceFacts = {
  index: number;
  name: string;
  mac: Uint8Array;
  mtu: number;
  addresses: readonly Prefix[];
};
/** Without `gateway` the destination is on the link. Of equal prefixes the lowest metric counts. */
export type RouteFacts = {
  destination: Prefix;
  gateway?: Address;
  interface: number;
  metric: number;
};

export type Link = {
  readonly slot: number;
  readonly index: number;
  name: string;
  mac: Uint8Array;
  mtu: number;
  addresses: readonly { address: number; mask: number }[];
  /** By vrid: 1 for virtual routers of ours on it, whose MACs are ours. */
  readonly vrids: Uint8Array;
  up: boolean;
};
type Route = { network: number; mask: number; gateway: number; link: Link; metric: number };
export type Owned = {
  address: number;
  mask: number;
  link: Link;
  mac: Uint8Array;
  vrid: number;
  handedOver: boolean;
};
/** The MAC class of a frame's destination. */
export const MAC = { foreign: 0, virtual: 1, own: 2, broadcast: 3 } as const;
/** Where a packet to an address goes: the link and the neighbour's address on it. */
export type Hop = { link: Link; address: number };

export class Links {
  /** By slot; a slot stays with its ifindex for good. */
  readonly list: Link[] = [];
  #given: { owned: readonly OwnedAddress[]; routes: readonly RouteFacts[] } = { owned: [], routes: [] };
  #routes: Route[] = [];
  #owned = new Map<number, Owned>();
  /** Anything that is answered here may have changed when this has. */
  generation = 0;

  /**
   * Interfaces gone from the list keep their slot, down. Answers the addresses that are owned now and were
   * not before.
   */
  setInterfaces(facts: readonly InterfaceFacts[], routes: readonly RouteFacts[]): readonly Owned[] {
    for (const link of this.list) link.up = false;
    for (const fact of facts) {
      const known = this.list.find((link) => link.index === fact.index);
      const link = known ?? newLink(this.list.length, fact);
      if (!known) this.list.push(link);
      link.name = fact.name;
      link.mac = fact.mac;
      link.mtu = fact.mtu;
      link.up = true;
      link.addresses = fact.addresses
        .filter((prefix) => familyOf(prefix.address) === 4)
        .map((prefix) => ({ address: toNumber(prefix.address), mask: maskOf(prefix.length) }));
    }
    this.#given = { ...this.#given, routes };
    return this.#rebuild();
  }

  /** Addresses on interfaces that do not exist wait for them. Answers as {@link setInterfaces}. */
  own(owned: readonly OwnedAddress[]): readonly Owned[] {
    this.#given = { ...this.#given, owned };
    return this.#rebuild();
  }

  #rebuild(): readonly Owned[] {
    const before = this.#owned;
    this.#owned = new Map();
    for (const link of this.list) link.vrids.fill(0);
    for (const { address, prefixLength, interface: name, vrid, handedOver = false } of this.#given.owned) {
      const link = this.list.find((candidate) => candidate.name === name && candidate.up);
      if (!link || familyOf(address) !== 4) continue;
      const number = toNumber(address);
      const mask = maskOf(prefixLength);
      this.#owned.set(number, { address: number, mask, link, mac: virtualMac(vrid), vrid, handedOver });
      link.vrids[vrid] = 1;
    }
    this.#rebuildRoutes();
    this.generation++;
    return [...this.#owned.values()].filter(
      ({ address, handedOver }) => !handedOver && before.get(address)?.handedOver !== false,
    );
  }

  #rebuildRoutes(): void {
    const routes: Route[] = [];
    for (const { address, mask, link } of this.#owned.values()) {
      // A virtual address with a prefix makes a route, as it would on an interface.
      if (mask !== -1) routes.push({ network: address & mask, mask, gateway: 0, link, metric: 0 });
    }
    for (const fact of this.#given.routes) {
      const link = this.list.find(({ index, up }) => index === fact.interface && up);
      if (!link || familyOf(fact.destination.address) !== 4) continue;
      const mask = maskOf(fact.destination.length);
      const network = toNumber(fact.destination.address) & mask;
      const gateway = fact.gateway ? toNumber(fact.gateway) : 0;
      routes.push({ network, mask, gateway, link, metric: fact.metric });
    }
    // Longest prefix first: as unsigned numbers longer masks are larger.
    this.#routes = routes.sort((a, b) => (b.mask >>> 0) - (a.mask >>> 0) || a.metric - b.metric);
  }

  owned(address: number): Owned | undefined {
    return this.#owned.get(address);
  }
  /** This machine's own address, or one that it owns. */
  isOwn(address: number): boolean {
    if (this.#owned.has(address)) return true;
    return this.list.some((link) => link.up && link.addresses.some((own) => own.address === address));
  }
  allOwned(): Iterable<Owned> {
    return this.#owned.values();
  }

  macClass(link: Link, bytes: Uint8Array, at: number): number {
    const vrid = virtualMacVrid(bytes, at);
    if (vrid !== -1) return link.vrids[vrid] === 1 ? MAC.virtual : MAC.foreign;
    if ((bytes[at]! & 1) !== 0) return MAC.broadcast;
    for (let i = 0; i < 6; i++) if (bytes[at + i] !== link.mac[i]) return MAC.foreign;
    return MAC.own;
  }

  route(destination: number): Hop | undefined {
    for (const route of this.#routes) {
      if ((destination & route.mask) !== route.network) continue;
      return { link: route.link, address: route.gateway === 0 ? destination : route.gateway };
    }
    return undefined;
  }

  /**
   * Who asks for a neighbour's MAC: the host's own address, as the kernel would. A real server of direct
   * routing has the virtual address itself and answers nobody who calls himself by it; so that is only for
   * links without an own address.
   */
  asker(hop: Hop): { address: number; mac: Uint8Array } {
    const near = hop.link.addresses.find(({ address, mask }) => (address & mask) === (hop.address & mask));
    const own = near ?? hop.link.addresses[0];
    if (own) return { address: own.address, mac: hop.link.mac };
    return this.#ownedTowards(hop) ?? { address: 0, mac: hop.link.mac };
  }

  #ownedTowards(hop: Hop): Owned | undefined {
    let any: Owned | undefined;
    for (const owned of this.#owned.values()) {
      if (owned.link !== hop.link) continue;
      if ((owned.address & owned.mask) === (hop.address & owned.mask)) return owned;
      any ??= owned;
    }
    return any;
  }
}

/** Where a link has to be named before there is one. */
export const NOWHERE: Link = newLink(-1, {
  index: 0,
  name: '',
  mac: new Uint8Array(6),
  mtu: 0,
  addresses: [],
});

function newLink(slot: number, fact: InterfaceFacts): Link {
  const { index, name, mac, mtu } = fact;
  return { slot, index, name, mac, mtu, addresses: [], vrids: new Uint8Array(256), up: true };
}
