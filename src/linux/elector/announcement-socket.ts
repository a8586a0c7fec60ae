// The socket that announcements go through; and what a rehearsal sends, to nobody.
import { type Address, familyOf } from '../../core/address.ts';
import { gratuitousArp } from '../../vrrp/arp.ts';
import { ETHERTYPE } from '../../vrrp/ethernet.ts';
import { neighbourAdvertisement } from '../../vrrp/neighbour.ts';
import type { VirtualAddress } from '../../vrrp/settings.ts';
import { AF, close, MSG, SOCK, sendto, socket } from '../libc.ts';
import { sockaddrInet, sockaddrLl } from '../sockaddr.ts';
import { readSysctl } from '../sysctl.ts';
import { AnnouncementBatch } from './announcement-batch.ts';
import type { Links } from './links.ts';

/** No descriptor: the call is made, and refused. */
const NOBODY = -1;

export function rehearseSend(packet: Buffer, to: Address): void {
  sendto(NOBODY, packet, sockaddrInet(to, 0), MSG.DONTWAIT);
}

export class AnnouncementSocket {
  readonly #links: Links;
  /** Protocol 0: it sends, and is not shown what others send. */
  readonly #fd = socket(AF.PACKET, SOCK.RAW | SOCK.NONBLOCK, 0);
  readonly #batch = new AnnouncementBatch(this.#fd);

  constructor(links: Links) {
    this.#links = links;
  }

  announce(vips: readonly VirtualAddress[]): void {
    this.#put(vips, this.#batch);
  }

  rehearse(vips: readonly VirtualAddress[]): void {
    this.#put(vips, new AnnouncementBatch(NOBODY));
  }

  #put(vips: readonly VirtualAddress[], batch: AnnouncementBatch): void {
    for (const { frame, to } of this.#framesFor(vips)) batch.add(frame, to);
    batch.flush();
  }

  #framesFor(vips: readonly VirtualAddress[]): { frame: Buffer; to: Buffer }[] {
    const routers = new Map<string, boolean>();
    return vips.flatMap((vip) => {
      const link = this.#links.link(vip.interface);
      if (link === undefined || link.loopback || link.mac.length !== 6) return [];
      const isSix = familyOf(vip.address) === 6;
      if (isSix && !routers.has(link.name)) routers.set(link.name, isRouter(link.name));
      const frame = isSix
        ? neighbourAdvertisement(vip.address, link.mac, routers.get(link.name)!)
        : gratuitousArp(vip.address, link.mac);
      const type = isSix ? ETHERTYPE.IPV6 : ETHERTYPE.ARP;
      return [{ frame, to: sockaddrLl(link.index, type, frame.subarray(0, 6)) }];
    });
  }

  close(): void {
    close(this.#fd);
  }
}

/** As the kernel itself answers for the address. keepalived asks the base of a device with a virtual MAC. */
function isRouter(device: string): boolean {
  return Number(readSysctl(`ipv6/conf/${device}/forwarding`) ?? 0) > 0;
}
