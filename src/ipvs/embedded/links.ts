// What the engine knows of the machine it runs on, given to it as data: interfaces, routes, and the virtual
// addresses that this director owns now. Answers "is this MAC ours", "is this address ours" and "which way".
// Learns nothing by itself.
import { type Address, type Family, familyOf, isLinkLocal, type Prefix } from '../../core/address.ts';
import type { OwnedAddress } from '../plane.ts';
import { type Addresses, maskOf, toNumber } from './addresses.ts';
import { IPV6_FLOW, virtualMac, virtualMacVrid } from './frame.ts';

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
  /** IPv6. */
  addresses6: readonly { address: number; length: number; isLinkLocal: boolean }[];
  /** By vrid, IPv6 with IPV6_FLOW: 1 for virtual routers of ours on it, whose MACs are ours. */
  readonly vrids: Uint8Array;
  up: boolean;
};
type Route = { network: number; mask: number; gateway: number; link: Link; metric: number };
/** Without a gateway it is 0. */
type Route6 = { network: number; length: number; gateway: number; link: Link; metric: number };
export type Owned = {
  address: number;
  family: Family;
  /** In bits. */
  length: number;
  link: Link;
  mac: Uint8Array;
  vrid: number;
  handedOver: boolean;
};
/** The MAC class of a frame's destination. */
export const MAC = { foreign: 0, virtual: 1, own: 2, broadcast: 3 } as const;
/** Where a packet to an address goes: the link and the neighbour's address on it. */
export type Hop = { link: Link; address: number; family: Family };

export class Links {
  /** By slot; a slot stays with its ifindex for good. */
  readonly list: Link[] = [];
  #given: { owned: readonly OwnedAddress[]; routes: readonly RouteFacts[] } = { owned: [], routes: [] };
  #interfaces: readonly InterfaceFacts[] = [];
  #routes: Route[] = [];
  #routes6: Route6[] = [];
  #owned = new Map<number, Owned>();
  /** Those that are link-local by their link, too: each link may have one of its own. */
  #owned6 = new Map<number, Owned>();
  readonly #addresses: Addresses;
  /** IPv6 addresses in use by what is known here. */
  #held: number[] = [];
  /** Anything that is answered here may have changed when this has. */
  generation = 0;

  constructor(addresses: Addresses) {
    this.#addresses = addresses;
  }

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
    }
    this.#interfaces = facts;
    this.#given = { ...this.#given, routes };
    return this.#rebuild();
  }

  /** Addresses on interfaces that do not exist wait for them. Answers as {@link setInterfaces}. */
  own(owned: readonly OwnedAddress[]): readonly Owned[] {
    this.#given = { ...this.#given, owned };
    return this.#rebuild();
  }

  #rebuild(): readonly Owned[] {
    const before = [this.#owned, this.#owned6];
    const held = this.#held;
    this.#held = [];
    this.#owned = new Map();
    this.#owned6 = new Map();
    this.#rebuildAddresses();
    for (const link of this.list) link.vrids.fill(0);
    for (const { address, prefixLength, interface: name, vrid, handedOver = false } of this.#given.owned) {
      const link = this.list.find((candidate) => candidate.name === name && candidate.up);
      if (!link) continue;
      const family = familyOf(address);
      const number = this.#number(address);
      const mac = virtualMac(vrid, family);
      const owned: Owned = { address: number, family, length: prefixLength, link, mac, vrid, handedOver };
      if (family === 4) this.#owned.set(number, owned);
      else this.#owned6.set(isLinkLocal(address) ? scoped(number, link) : number, owned);
      link.vrids[family === 4 ? vrid : vrid | IPV6_FLOW] = 1;
    }
    this.#rebuildRoutes();
    this.generation++;
    const fresh = [this.#owned, this.#owned6].flatMap((owned, i) =>
      [...owned]
        .filter(([key, { handedOver }]) => !handedOver && before[i]!.get(key)?.handedOver !== false)
        .map(([, one]) => one),
    );
    // Last: what is known as before keeps its number.
    for (const number of held) this.#addresses.release(number);
    return fresh;
  }

  /** In use until the next time. */
  #number(address: Address): number {
    if (familyOf(address) === 4) return toNumber(address);
    const number = this.#addresses.keep(address);
    if (number !== 0) this.#held.push(number);
    return number;
  }

  #rebuildAddresses(): void {
    for (const link of this.list) link.addresses6 = [];
    for (const fact of this.#interfaces) {
      const link = this.list.find(({ index }) => index === fact.index)!;
      const of = (family: Family) => fact.addresses.filter(({ address }) => familyOf(address) === family);
      link.addresses = of(4).map(({ address, length }) => ({
        address: toNumber(address),
        mask: maskOf(length),
      }));
      link.addresses6 = of(6).map(({ address, length }) => ({
        address: this.#number(address),
        length,
        isLinkLocal: isLinkLocal(address),
      }));
    }
  }

  #rebuildRoutes(): void {
    const routes: Route[] = [];
    const routes6: Route6[] = [];
    const add = (prefix: Prefix, gateway: Address | undefined, link: Link, metric: number) => {
      const hop = gateway === undefined ? 0 : this.#number(gateway);
      const network = this.#number(prefix.address);
      const mask = maskOf(prefix.length);
      if (familyOf(prefix.address) === 6) {
        routes6.push({ network, length: prefix.length, gateway: hop, link, metric });
      } else routes.push({ network: network & mask, mask, gateway: hop, link, metric });
    };
    for (const { address, family, length, link } of this.allOwned()) {
      // A virtual address with a prefix makes a route, as it would on an interface.
      const prefix = { address: this.#addresses.text(address, family), length };
      if (length !== (family === 4 ? 32 : 128)) add(prefix, undefined, link, 0);
    }
    for (const fact of this.#given.routes) {
      const link = this.list.find(({ index, up }) => index === fact.interface && up);
      if (link) add(fact.destination, fact.gateway, link, fact.metric);
    }
    // Longest prefix first: as unsigned numbers longer masks are larger.
    this.#routes = routes.sort((a, b) => (b.mask >>> 0) - (a.mask >>> 0) || a.metric - b.metric);
    this.#routes6 = routes6.sort((a, b) => b.length - a.length || a.metric - b.metric);
  }

  /** As somebody on `on` means it. */
  owned(address: number, family: Family, on: Link): Owned | undefined {
    if (family === 4) return this.#owned.get(address);
    return this.#owned6.get(address) ?? this.#owned6.get(scoped(address, on));
  }
  /** This machine's own address, or one that it owns. */
  isOwn(address: number, family: Family, on: Link): boolean {
    if (this.owned(address, family, on) !== undefined) return true;
    return this.list.some(
      (link) =>
        link.up && (family === 4 ? link.addresses : link.addresses6).some((own) => own.address === address),
    );
  }
  allOwned(): readonly Owned[] {
    return [...this.#owned.values(), ...this.#owned6.values()];
  }

  macClass(link: Link, bytes: Uint8Array, at: number): number {
    const vrid = virtualMacVrid(bytes, at);
    if (vrid !== -1) return link.vrids[vrid] === 1 ? MAC.virtual : MAC.foreign;
    if ((bytes[at]! & 1) !== 0) return MAC.broadcast;
    for (let i = 0; i < 6; i++) if (bytes[at + i] !== link.mac[i]) return MAC.foreign;
    return MAC.own;
  }

  route(destination: number, family: Family): Hop | undefined {
    if (family === 6) return this.#route6(destination);
    for (const route of this.#routes) {
      if ((destination & route.mask) !== route.network) continue;
      return { link: route.link, address: route.gateway === 0 ? destination : route.gateway, family };
    }
    return undefined;
  }

  #route6(destination: number): Hop | undefined {
    for (const { network, length, gateway, link } of this.#routes6) {
      if (!this.#addresses.sharePrefix(destination, network, length)) continue;
      return { link, address: gateway === 0 ? destination : gateway, family: 6 };
    }
    return undefined;
  }

  /**
   * Who asks for a neighbour's MAC: the host's own address, as the kernel would. A real server of direct
   * routing has the virtual address itself and answers nobody who calls himself by it; so that is only for
   * links without an own address.
   */
  asker(hop: Hop): { address: number; mac: Uint8Array } {
    const own = hop.family === 4 ? this.#nearest(hop) : this.#nearest6(hop);
    if (own) return { address: own.address, mac: hop.link.mac };
    return this.#ownedTowards(hop) ?? { address: 0, mac: hop.link.mac };
  }

  #nearest({ link, address }: Hop): { address: number } | undefined {
    return (
      link.addresses.find((own) => (own.address & own.mask) === (address & own.mask)) ?? link.addresses[0]
    );
  }

  /** Of the same network; else one that the neighbour can answer from anywhere, before a link-local one. */
  #nearest6({ link, address }: Hop): { address: number } | undefined {
    return (
      link.addresses6.find((own) => this.#addresses.sharePrefix(own.address, address, own.length)) ??
      link.addresses6.find((own) => !own.isLinkLocal) ??
      link.addresses6[0]
    );
  }

  #ownedTowards(hop: Hop): Owned | undefined {
    let any: Owned | undefined;
    for (const owned of (hop.family === 4 ? this.#owned : this.#owned6).values()) {
      if (owned.link !== hop.link) continue;
      if (this.#isNear(owned, hop.address)) return owned;
      any ??= owned;
    }
    return any;
  }

  #isNear({ address, family, length }: Owned, other: number): boolean {
    if (family === 6) return this.#addresses.sharePrefix(address, other, length);
    return ((address ^ other) & maskOf(length)) === 0;
  }
}

/** Larger than any address. */
function scoped(address: number, link: Link): number {
  return (link.slot + 1) * 0x100000000 + address;
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
  return { slot, index, name, mac, mtu, addresses: [], addresses6: [], vrids: new Uint8Array(512), up: true };
}
