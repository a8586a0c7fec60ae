// The interfaces of this machine and their addresses, as rtnetlink tells: one look at the start, then
// events. When the kernel had more events than room it is looked at anew.
import { type Address, familyOf } from '../../core/address.ts';
import type { Message } from '../../netlink/message.ts';
import {
  decodeRouteMessage,
  dumpAddresses,
  dumpLinks,
  IFA_F,
  type InterfaceAddress,
  type Link,
  NETLINK_ROUTE,
  type RouteEvent,
  RTMGRP,
} from '../../netlink/route.ts';
import type { Link as ElectorLink } from '../../vrrp/elector.ts';
import { macBytes } from '../../vrrp/ethernet.ts';
import type { NetlinkBuffer } from '../../vrrp/settings.ts';
import { attachProgram } from '../bpf.ts';
import { NetlinkSocket } from '../netlink-socket.ts';
import { WITHOUT_RENEWALS } from '../renewal-filter.ts';

/** `changed`: names whose link or addresses are not what they were. `gone`: addresses taken away. */
export type Changes = { changed: Set<string>; gone: Gone[] };
export type Gone = { interface: string; address: Address };
/** RT_SCOPE_LINK */
const LINK_SCOPE = 253;
/** Of IPv6, until duplicate address detection is over. */
const UNUSABLE = IFA_F.TENTATIVE | IFA_F.DADFAILED;
const GROUPS = RTMGRP.LINK | RTMGRP.IPV4_IFADDR | RTMGRP.IPV6_IFADDR;

export class Links {
  readonly #events = new NetlinkSocket(NETLINK_ROUTE, { groups: GROUPS });
  readonly #requests: NetlinkSocket;
  readonly #links = new Map<number, Link>();
  readonly #addresses = new Map<string, InterfaceAddress>();
  /** What is known was read while it changed: it may lack what is there. */
  #isTorn = false;

  /** `requests`: a socket of NETLINK_ROUTE without groups. */
  constructor(requests: NetlinkSocket) {
    this.#requests = requests;
    attachProgram(this.#events.fd, WITHOUT_RENEWALS);
    this.#look();
  }

  /** To wait on: readable when there are events. */
  get fd(): number {
    return this.#events.fd;
  }
  names(): string[] {
    return [...this.#links.values()].map((link) => link.name);
  }
  link(name: string): Link | undefined {
    for (const link of this.#links.values()) if (link.name === name) return link;
    return undefined;
  }
  nameOf(index: number): string | undefined {
    return this.#links.get(index)?.name;
  }
  /**
   * `mac` as `aa:bb:…`. What comes in by an interface is not from a virtual MAC on it: another director has
   * the same one.
   */
  hasMac(mac: string, seenBy: number): boolean {
    const bytes = macBytes(mac);
    return [...this.#links.values()].some(
      (link) => bytes.equals(link.mac) && !(link.kind === 'macvlan' && link.lower === seenBy),
    );
  }
  /** Those that IPv6 itself needs on every interface. */
  linkLocal(name: string): InterfaceAddress[] {
    const index = this.link(name)?.index;
    return [...this.#addresses.values()].filter(
      ({ interfaceIndex, address, scope }) =>
        interfaceIndex === index && scope === LINK_SCOPE && familyOf(address) === 6,
    );
  }
  address(name: string, address: Address, prefixLength: number): InterfaceAddress | undefined {
    const link = this.link(name);
    return link && this.#addresses.get(keyOf(link.index, address, prefixLength));
  }
  /**
   * Its addresses, those first that the kernel takes as source. One of IPv6 that may yet turn out to be a
   * duplicate is none.
   */
  electorLink(name: string): ElectorLink | undefined {
    const link = this.link(name);
    if (link === undefined) return undefined;
    const own = [...this.#addresses.values()].filter(
      (entry) => entry.interfaceIndex === link.index && (entry.flags & UNUSABLE) === 0,
    );
    const rank = ({ flags }: InterfaceAddress) => flags & IFA_F.SECONDARY;
    const addresses = own.sort((a, b) => rank(a) - rank(b)).map((entry) => entry.address);
    return { up: link.running, addresses, ...(link.mtu > 0 ? { mtu: link.mtu } : {}) };
  }

  /** Takes in the events that wait. */
  read(): Changes {
    const changes: Changes = { changed: new Set(), gone: [] };
    const { messages, overrun } = this.#events.receive();
    for (const message of messages) this.#take(message, changes);
    if (overrun || this.#isTorn) this.#lookAgain(changes);
    return changes;
  }
  keepBuffer(wanted: NetlinkBuffer | undefined): number {
    return this.#events.keepBuffer(wanted);
  }
  close(): void {
    this.#events.close();
  }

  #look(): void {
    const ignored: Changes = { changed: new Set(), gone: [] };
    const looks = [dumpLinks(), dumpAddresses()].map((request) => this.#requests.ask(request));
    for (const message of looks.flatMap(({ answers }) => answers)) this.#take(message, ignored);
    this.#isTorn = looks.some(({ torn }) => torn);
  }
  #lookAgain(changes: Changes): void {
    const before = new Map(this.#addresses);
    const names = this.names();
    this.#links.clear();
    this.#addresses.clear();
    this.#look();
    for (const name of [...names, ...this.names()]) changes.changed.add(name);
    for (const [key, entry] of before) {
      if (this.#addresses.has(key)) continue;
      // Nobody gives an address up for what a torn picture lacks: the events that tore it bring another look.
      if (this.#isTorn) this.#addresses.set(key, entry);
      else this.#noteGone(entry, changes);
    }
  }
  #take(message: Message, changes: Changes): void {
    const decoded = decodeRouteMessage(message);
    // A kernel newer than us may say things we do not know; none of them is about links or addresses.
    if (decoded.ok) this.#apply(decoded.value, changes);
  }
  #apply(event: RouteEvent, changes: Changes): void {
    switch (event.type) {
      case 'link':
        this.#noteRename(event.link, changes);
        this.#links.set(event.link.index, event.link);
        changes.changed.add(event.link.name);
        return;
      case 'linkGone':
        this.#links.delete(event.link.index);
        for (const [key, entry] of this.#addresses)
          if (entry.interfaceIndex === event.link.index) this.#addresses.delete(key);
        changes.changed.add(event.link.name);
        return;
      case 'address': {
        const before = this.#addresses.get(entryKey(event.address));
        this.#addresses.set(entryKey(event.address), event.address);
        // A lease that was renewed, of a kernel that does not keep whose it is.
        if (before?.flags !== event.address.flags) this.#noteAddress(event.address, changes);
        return;
      }
      case 'addressGone':
        this.#addresses.delete(entryKey(event.address));
        this.#noteAddress(event.address, changes);
        this.#noteGone(event.address, changes);
        return;
      case 'route':
      case 'routeGone':
        return;
    }
  }
  #noteRename(link: Link, changes: Changes): void {
    const before = this.#links.get(link.index);
    if (before && before.name !== link.name) changes.changed.add(before.name);
  }
  #noteAddress(entry: InterfaceAddress, changes: Changes): void {
    const name = this.#links.get(entry.interfaceIndex)?.name;
    if (name !== undefined) changes.changed.add(name);
  }
  #noteGone(entry: InterfaceAddress, changes: Changes): void {
    const name = this.#links.get(entry.interfaceIndex)?.name;
    if (name !== undefined) changes.gone.push({ interface: name, address: entry.address });
  }
}

function entryKey(entry: InterfaceAddress): string {
  return keyOf(entry.interfaceIndex, entry.address, entry.prefixLength);
}
function keyOf(index: number, address: Address, prefixLength: number): string {
  return `${index} ${address}/${prefixLength}`;
}
