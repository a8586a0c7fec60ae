// Neighbour discovery as the engine's part in it: tells who asks, and everybody after a takeover, where the
// owned IPv6 addresses are; learns from what others say.

import { IPV6 } from '../../core/ip-header.ts';
import type { Addresses } from './addresses.ts';
import {
  DISCOVERY,
  DISCOVERY_FRAME,
  isOverriding,
  isUnspecified,
  LINK_ADDRESS,
  linkAddressAt,
  writeAdvertisement,
} from './discovery.ts';
import { DROP, type Drops, VERDICT } from './drops.ts';
import { ICMPV6_TYPE } from './frame.ts';
import { isIntact } from './icmp.ts';
import type { Links, Owned } from './links.ts';
import type { Neighbours } from './neighbours.ts';
import type { Outbox } from './outbox.ts';
import type { Packet } from './packet.ts';

type Parts = { outbox: Outbox; drops: Drops; links: Links; addresses: Addresses; neighbours: Neighbours };

export class Discoverer {
  readonly #with: Parts;

  constructor(parts: Parts) {
    this.#with = parts;
  }

  /** A solicitation or an advertisement. */
  receive(packet: Packet): number {
    const { addresses, drops } = this.#with;
    if (!isIntact(packet)) return drops.count(DROP['bad-checksum']);
    const { bytes, transport } = packet;
    // Whom nobody asks for here has no number: then there is nothing to learn or to answer.
    const target = addresses.find(bytes, transport + DISCOVERY.target);
    if (bytes[transport] === ICMPV6_TYPE.advertisement) return this.#learn(packet, target);
    return this.#answer(packet, target);
  }

  announce({ address, mac, link }: Owned): void {
    const { outbox, addresses } = this.#with;
    const at = outbox.reserve(link.slot, DISCOVERY_FRAME);
    if (at === -1) return;
    writeAdvertisement(addresses, outbox.bytes, at, { address, mac, to: undefined });
  }

  /** Another director's announcement of an address of ours teaches nothing. */
  #learn(packet: Packet, target: number): number {
    const { links, neighbours } = this.#with;
    const macAt = linkAddressAt(packet, LINK_ADDRESS.target);
    if (target === 0 || macAt === -1 || links.owned(target, 6, packet.link)) return VERDICT.taken;
    const who = { link: packet.link, address: target, family: 6 } as const;
    if (!isOverriding(packet) && neighbours.isKnown(who)) return VERDICT.taken;
    neighbours.learn(who, packet.bytes, macAt, false);
    return VERDICT.taken;
  }

  #answer(packet: Packet, target: number): number {
    const { links, neighbours, outbox, addresses, drops } = this.#with;
    const { link, bytes, ip } = packet;
    const owned = target === 0 ? undefined : links.owned(target, 6, link);
    const isForUs = owned !== undefined && owned.link === link;
    const macAt = linkAddressAt(packet, LINK_ADDRESS.source);
    // From no address somebody asks whether his own is taken (RFC 4862): he cannot be a neighbour yet.
    const isAsker = macAt !== -1 && !isUnspecified(bytes, ip + IPV6.source);
    if (isAsker && packet.name() && !links.owned(packet.source, 6, link)) {
      neighbours.learn({ link, address: packet.source, family: 6 }, bytes, macAt, isForUs);
    }
    if (!isForUs || owned.handedOver) return VERDICT.taken;
    const at = outbox.reserve(link.slot, DISCOVERY_FRAME);
    if (at === -1) return drops.count(DROP['outbox-full']);
    writeAdvertisement(addresses, outbox.bytes, at, { address: target, mac: owned.mac, to: packet });
    return VERDICT.taken;
  }
}
