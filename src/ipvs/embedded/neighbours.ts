// Neighbours: which MAC a packet's next hop has. Asks by ARP or neighbour discovery when it does not know,
// keeps a few frames meanwhile, learns from all it sees of those it knows, and asks again now and then.
// Bounded in neighbours and in kept frames.
import type { Family } from '../../core/address.ts';
import type { Addresses } from './addresses.ts';
import { ARP_FRAME, writeArp } from './arp.ts';
import { DISCOVERY_FRAME, writeSolicitation } from './discovery.ts';
import { DROP, type Drops, VERDICT } from './drops.ts';
import { ARP_OPERATION, copyMac, ETHERNET, VNET } from './frame.ts';
import type { Hop, Link, Links } from './links.ts';
import type { Outbox } from './outbox.ts';
import type { Packet } from './packet.ts';

export type Neighbour = {
  readonly link: Link;
  /** IPv6: in use as long as the neighbour is remembered. */
  readonly address: number;
  readonly family: Family;
  /**
   * Destination and source MAC: the first 12 bytes of a frame to it. The source is the host's own. Were it
   * the virtual router's, a frame that a former master still had in hand would turn the switches back to it
   * after the new one's announcement: the virtual MAC moves by ARP only.
   */
  readonly header: Uint8Array;
  /** Our own address towards it, 0 = none: where tunnels begin. */
  source: number;
  known: boolean;
  confirmedTick: number;
  usedTick: number;
  /** Requests since the last sign of life. */
  asked: number;
  /** Frames with their virtio_net_hdr, waiting for the MAC. */
  kept: Buffer[];
};

const NEIGHBOURS_MAX = 8192;
const KEPT_PER_NEIGHBOUR = 16;
const KEPT_MAX = 256;
/** A neighbour not heard of for so long is asked again, while frames go on to where it was. */
const CONFIRM_SECONDS = 30;
const FORGET_SECONDS = 300;
const ASK_EVERY_MS = 250;
const ASKS_MAX = 12;
/** Direct-mapped cache of the ways that packets went last. */
const WAYS = 4096;

export class Neighbours {
  readonly #links: Links;
  readonly #outbox: Outbox;
  readonly #drops: Drops;
  readonly #addresses: Addresses;
  readonly #table = new Map<number, Neighbour>();
  /** Those that a request is out for. */
  readonly #asking = new Set<Neighbour>();
  /** Those of IPv4 before those of IPv6, whose addresses are in use here. */
  readonly #wayKeys = new Int32Array(2 * WAYS);
  readonly #ways: (Neighbour | undefined)[] = new Array(2 * WAYS).fill(undefined);
  #generation = -1;
  #keptCount = 0;
  #nowMs = 0;
  #tick = 0;
  #askAtMs = 0;
  #sweptTick = 0;

  constructor(parts: { links: Links; outbox: Outbox; drops: Drops; addresses: Addresses }) {
    this.#addresses = parts.addresses;
    this.#links = parts.links;
    this.#outbox = parts.outbox;
    this.#drops = parts.drops;
  }

  /**
   * Puts the MACs of the way to `destination` on the frame and answers the interface to send it on; or keeps
   * a copy until the neighbour has answered; or drops it.
   */
  send(destination: number, packet: Packet, family: Family): number {
    const neighbour = this.towards(destination, family);
    if (!neighbour) return VERDICT.dropped;
    if (!neighbour.known) return this.#keep(neighbour, packet);
    neighbour.usedTick = this.#tick;
    if (this.#tick - neighbour.confirmedTick > CONFIRM_SECONDS && neighbour.asked === 0) this.#ask(neighbour);
    const { bytes, start } = packet;
    const header = neighbour.header;
    for (let i = 0; i < ETHERNET.type; i++) bytes[start + i] = header[i]!;
    return neighbour.link.slot;
  }

  /** For a frame that nobody keeps: undefined when its way is not known yet, which is asked for. */
  reachable(destination: number, family: Family): Neighbour | undefined {
    const neighbour = this.towards(destination, family);
    if (!neighbour || neighbour.known) return neighbour;
    if (neighbour.asked === 0) this.#ask(neighbour);
    this.#drops.count(DROP['no-neighbour']);
    return undefined;
  }

  /** Undefined: there is no way, and the drop has been counted. */
  towards(destination: number, family: Family): Neighbour | undefined {
    if (this.#generation !== this.#links.generation) this.#rebuild();
    const way = ((destination ^ (destination >>> 12)) & (WAYS - 1)) + (family === 4 ? 0 : WAYS);
    if (this.#wayKeys[way] === destination) {
      const cached = this.#ways[way];
      if (cached) return cached;
    }
    const hop = this.#links.route(destination, family);
    if (!hop) {
      this.#drops.count(DROP['no-route']);
      return undefined;
    }
    const neighbour = this.#table.get(tableKey(hop)) ?? this.#add(hop);
    if (!neighbour) {
      this.#drops.count(DROP['neighbours-full']);
      return undefined;
    }
    if (family === 6) {
      this.#addresses.hold(destination);
      if (this.#ways[way]) this.#addresses.release(this.#wayKeys[way]!);
    }
    this.#ways[way] = neighbour;
    this.#wayKeys[way] = destination;
    return neighbour;
  }

  #forgetWays(): void {
    for (let way = WAYS; way < 2 * WAYS; way++) {
      if (this.#ways[way]) this.#addresses.release(this.#wayKeys[way]!);
    }
    this.#ways.fill(undefined);
  }

  /**
   * A message says that somebody has the MAC at `macAt`. Others than those known are only learnt when
   * `wanted`.
   */
  learn(who: Hop, bytes: Uint8Array, macAt: number, wanted: boolean): void {
    const known = this.#table.get(tableKey(who));
    const neighbour = known ?? (wanted ? this.#add(who) : undefined);
    if (!neighbour) return;
    copyMac(bytes, macAt, neighbour.header, ETHERNET.destination);
    neighbour.known = true;
    neighbour.asked = 0;
    neighbour.confirmedTick = this.#tick;
    this.#asking.delete(neighbour);
    this.#release(neighbour);
  }

  isKnown(who: Hop): boolean {
    return this.#table.get(tableKey(who))?.known === true;
  }

  /** Asks those that have not answered once more, or gives up on them. */
  setClock(nowMs: number, tick: number): void {
    this.#nowMs = nowMs;
    this.#tick = tick;
    if (this.#generation !== this.#links.generation) this.#rebuild();
    if (nowMs < this.nextTimerMs()) return;
    this.#askAtMs = nowMs + ASK_EVERY_MS;
    for (const neighbour of this.#asking) {
      if (neighbour.asked >= ASKS_MAX) this.#giveUp(neighbour);
      else this.#ask(neighbour);
    }
  }

  nextTimerMs(): number {
    return this.#asking.size === 0 ? Number.POSITIVE_INFINITY : this.#askAtMs;
  }

  #add(hop: Hop): Neighbour | undefined {
    if (this.#table.size >= NEIGHBOURS_MAX && !this.#forgetUnused()) return undefined;
    const neighbour: Neighbour = {
      link: hop.link,
      address: hop.address,
      family: hop.family,
      header: new Uint8Array(ETHERNET.type),
      source: this.#links.asker(hop).address,
      known: false,
      confirmedTick: this.#tick,
      usedTick: this.#tick,
      asked: 0,
      kept: [],
    };
    copyMac(hop.link.mac, 0, neighbour.header, ETHERNET.source);
    if (hop.family === 6) this.#addresses.hold(hop.address);
    this.#table.set(tableKey(hop), neighbour);
    return neighbour;
  }

  /** Interfaces, routes or owned addresses have changed: ways and source MACs follow. */
  #rebuild(): void {
    this.#generation = this.#links.generation;
    this.#forgetWays();
    for (const [key, neighbour] of this.#table) {
      if (!neighbour.link.up) {
        this.#forget(key, neighbour);
        continue;
      }
      copyMac(neighbour.link.mac, 0, neighbour.header, ETHERNET.source);
      neighbour.source = this.#links.asker(neighbour).address;
    }
  }

  /** At most once a second: somebody may be making up addresses. */
  #forgetUnused(): boolean {
    if (this.#sweptTick === this.#tick) return false;
    this.#sweptTick = this.#tick;
    for (const [key, neighbour] of this.#table) {
      const isFresh = this.#tick - neighbour.usedTick < FORGET_SECONDS;
      if (neighbour.known ? isFresh : this.#asking.has(neighbour)) continue;
      this.#forget(key, neighbour);
    }
    this.#forgetWays();
    return this.#table.size < NEIGHBOURS_MAX;
  }

  #forget(key: number, neighbour: Neighbour): void {
    this.#giveUp(neighbour);
    this.#table.delete(key);
    this.#addresses.letGo(neighbour.address, neighbour.family);
  }

  #keep(neighbour: Neighbour, { bytes, start, length }: Packet): number {
    if (neighbour.asked === 0) this.#ask(neighbour);
    if (neighbour.kept.length === KEPT_PER_NEIGHBOUR || this.#keptCount === KEPT_MAX) {
      return this.#drops.count(DROP['no-neighbour']);
    }
    neighbour.kept.push(Buffer.from(bytes.subarray(start - VNET.size, start + length)));
    this.#keptCount++;
    return VERDICT.taken;
  }

  #release(neighbour: Neighbour): void {
    for (const frame of neighbour.kept) {
      const start = this.#outbox.reserve(neighbour.link.slot, frame.length - VNET.size);
      if (start === -1) {
        this.#drops.count(DROP['outbox-full']);
        continue;
      }
      frame.copy(this.#outbox.bytes, start - VNET.size);
      this.#outbox.bytes.set(neighbour.header, start);
    }
    this.#keptCount -= neighbour.kept.length;
    neighbour.kept = [];
  }

  #giveUp(neighbour: Neighbour): void {
    for (const _ of neighbour.kept) this.#drops.count(DROP['no-neighbour']);
    this.#keptCount -= neighbour.kept.length;
    neighbour.kept = [];
    neighbour.known = false;
    neighbour.asked = 0;
    this.#asking.delete(neighbour);
  }

  #ask(neighbour: Neighbour): void {
    if (this.#asking.size === 0) this.#askAtMs = this.#nowMs + ASK_EVERY_MS;
    neighbour.asked++;
    this.#asking.add(neighbour);
    const asker = this.#links.asker(neighbour);
    if (neighbour.family === 6) {
      this.#solicit(neighbour, asker);
      return;
    }
    const start = this.#outbox.reserve(neighbour.link.slot, ARP_FRAME);
    if (start === -1) return;
    writeArp(this.#outbox.bytes, start, {
      operation: ARP_OPERATION.request,
      senderMac: asker.mac,
      senderAddress: asker.address,
      targetAddress: neighbour.address,
    });
  }

  #solicit({ link, address }: Neighbour, asker: { address: number; mac: Uint8Array }): void {
    // From no address it would be the question whether the address is taken: nobody answers that here.
    if (asker.address === 0) return;
    const start = this.#outbox.reserve(link.slot, DISCOVERY_FRAME);
    if (start === -1) return;
    writeSolicitation(this.#addresses, this.#outbox.bytes, start, { target: address, asker });
  }
}

function tableKey({ link, address, family }: Hop): number {
  return (link.slot * 2 + (family === 4 ? 0 : 1)) * 0x100000000 + (address >>> 0);
}
