// Virtual addresses on this machine's interfaces. Each is a lease: the kernel itself takes it away when
// nobody renews it.
//
// Whose is an address that is there already? Ours, if it is marked so or has an end: a former director left
// it. One that is permanent and not marked belongs to the machine (the address owner of RFC 9568 has such):
// it is used as it is, and neither given an end nor taken away.
import { familyOf } from '../../core/address.ts';
import type { EventName, Notice } from '../../core/events.ts';
import type { Request } from '../../netlink/message.ts';
import { addAddress, deleteAddress, FOREVER, IFA_F, type InterfaceAddress } from '../../netlink/route.ts';
import { AT_ONCE } from '../../vrrp/announcements.ts';
import type { VirtualAddress } from '../../vrrp/settings.ts';
import type { NetlinkSocket, Result } from '../netlink-socket.ts';
import { ORIGIN_VRRP } from '../renewal-filter.ts';
import type { Errands } from './errands.ts';
import type { Links } from './links.ts';

/** `request` is what adds and renews it. */
type Held = { vip: VirtualAddress; entry: InterfaceAddress; leaseSeconds: number; request: Request };

export class Addresses {
  readonly #requests: NetlinkSocket;
  readonly #links: Links;
  readonly #say: (notice: Notice) => void;
  readonly #errands: Errands | undefined;
  readonly #held = new Map<string, Held>();
  /** Yet to be added. */
  readonly #waiting = new Map<string, VirtualAddress>();
  /** What went wrong with an address, so that each renewal does not say it again. */
  readonly #troubles = new Map<string, string>();
  /** valid_lft; 0 = no end. */
  leaseSeconds = 0;

  /** `errands` renew what is there already. */
  constructor(requests: NetlinkSocket, links: Links, say: (notice: Notice) => void, errands?: Errands) {
    this.#requests = requests;
    this.#links = links;
    this.#say = say;
    this.#errands = errands;
  }

  /** Renews those that are there; of many that are not adds the first, and {@link step} the others. */
  keep(vips: readonly VirtualAddress[]): void {
    const renewed: Held[] = [];
    for (const vip of vips) {
      const before = this.#held.get(keyOf(vip));
      const held = before && this.#there(vip) && this.#leaseOf(vip, before);
      if (held) renewed.push(held);
      else this.#waiting.set(keyOf(vip), vip);
    }
    this.#renew(renewed);
    this.step();
  }

  get isAdding(): boolean {
    return this.#waiting.size > 0;
  }

  /** As many as are announced at once: an advert that is due does not wait for a thousand of them. */
  step(): void {
    const next: VirtualAddress[] = [];
    for (const vip of this.#waiting.values()) if (next.push(vip) === AT_ONCE) break;
    this.hasten(next);
  }

  /** Those of them that wait are added now: nobody announces what is not there. */
  hasten(vips: readonly VirtualAddress[]): void {
    if (this.isAdding) this.add(vips.filter((vip) => this.#waiting.delete(keyOf(vip))));
  }

  /** Also renews those that are there. Gives those that are not, and cannot be: at once. */
  add(vips: readonly VirtualAddress[]): VirtualAddress[] {
    const wanted: Held[] = [];
    const missing: VirtualAddress[] = [];
    for (const vip of vips) {
      const before = this.#held.get(keyOf(vip));
      const held = this.#leaseOf(vip, before);
      if (held === undefined) {
        this.#complain(vip, 'the interface does not exist');
        missing.push(vip);
      } else if (before === undefined && this.#isForeign(vip))
        this.#complain(vip, 'permanent, and there before us: used as it is', 'vip.added');
      else wanted.push(held);
    }
    const results = this.#requests.requestMany(wanted.map(({ request }) => request));
    for (const [index, held] of wanted.entries())
      if (!this.#noteAdded(held, results[index]!)) missing.push(held.vip);
    return missing;
  }

  /** What {@link add} would send. */
  requestsFor(vips: readonly VirtualAddress[]): Request[] {
    return vips.flatMap((vip) => this.#leaseOf(vip, undefined)?.request ?? []);
  }

  /** Those that are ours; that one is not there is no error. */
  remove(vips: readonly VirtualAddress[]): void {
    this.#errands?.finish();
    const going: { vip: VirtualAddress; entry: InterfaceAddress }[] = [];
    for (const vip of vips) {
      this.#waiting.delete(keyOf(vip));
      const entry = this.#held.get(keyOf(vip))?.entry ?? this.#leftover(vip);
      this.#held.delete(keyOf(vip));
      this.#troubles.delete(keyOf(vip));
      if (entry) going.push({ vip, entry });
    }
    const results = this.#requests.requestMany(going.map(({ entry }) => deleteAddress(entry)));
    for (const [index, { vip }] of going.entries()) this.#noteRemoved(vip, results[index]!);
  }

  removeAll(): void {
    this.remove([...this.#held.values()].map(({ vip }) => vip));
  }

  #renew(renewed: readonly Held[]): void {
    for (const held of renewed) this.#held.set(keyOf(held.vip), held);
    const requests = renewed.map(({ request }) => request);
    this.#errands?.add(requests, (results) => {
      for (const [index, held] of renewed.entries())
        if (this.#held.get(keyOf(held.vip)) === held) this.#noteAdded(held, results[index]!);
    });
  }
  #noteAdded(held: Held, result: Result): boolean {
    const { vip } = held;
    const key = keyOf(vip);
    if (!result.ok) {
      this.#complain(vip, result.explanation ?? result.errno);
      return false;
    }
    this.#troubles.delete(key);
    if (!this.#held.has(key)) this.#say({ event: 'vip.added', ...said(vip, 'added') });
    this.#held.set(key, held);
    return true;
  }
  #noteRemoved(vip: VirtualAddress, result: Result): void {
    if (result.ok) this.#say({ event: 'vip.removed', ...said(vip, 'removed') });
    // Gone already: its interface, or the lease ran out.
    else if (result.errno !== 'EADDRNOTAVAIL' && result.errno !== 'ENODEV')
      this.#complain(vip, result.explanation ?? result.errno);
  }

  #isForeign(vip: VirtualAddress): boolean {
    const there = this.#there(vip);
    return there !== undefined && !isOurs(there);
  }
  #leftover(vip: VirtualAddress): InterfaceAddress | undefined {
    const entry = this.#there(vip);
    return entry && isOurs(entry) ? entry : undefined;
  }
  #there(vip: VirtualAddress): InterfaceAddress | undefined {
    return this.#links.address(vip.interface, vip.address, vip.prefixLength);
  }
  /** As `before`, while nothing about it has changed: thousands are renewed at once. */
  #leaseOf(vip: VirtualAddress, before: Held | undefined): Held | undefined {
    const link = this.#links.link(vip.interface);
    if (link === undefined) return undefined;
    const { leaseSeconds } = this;
    const isAsBefore = before?.vip === vip && before.leaseSeconds === leaseSeconds;
    if (isAsBefore && before.entry.interfaceIndex === link.index) return before;
    const entry = this.#entryOf(vip, link.index);
    return { vip, entry, leaseSeconds, request: addAddress(entry, { replace: true }) };
  }
  #entryOf(vip: VirtualAddress, interfaceIndex: number): InterfaceAddress {
    const entry: InterfaceAddress = {
      interfaceIndex,
      address: vip.address,
      prefixLength: vip.prefixLength,
      scope: vip.scope,
      flags: flagsOf(vip),
      origin: ORIGIN_VRRP,
    };
    if (vip.label !== undefined) entry.label = vip.label;
    if (vip.broadcast !== undefined) entry.broadcast = vip.broadcast;
    if (vip.peer !== undefined) entry.peer = vip.peer;
    // Deprecated: never chosen as the source of what the director itself sends. A real server that has the
    // address too would drop such packets. IPv4 chooses by subnet, and there a second address of it is not
    // chosen anyway.
    const deprecated = familyOf(vip.address) === 6 || vip.prefixLength === 32;
    const preferred = vip.preferredSeconds ?? (deprecated ? 0 : FOREVER);
    if (this.leaseSeconds > 0 || preferred !== FOREVER) {
      entry.validSeconds = this.leaseSeconds > 0 ? this.leaseSeconds : FOREVER;
      entry.preferredSeconds = Math.min(preferred, entry.validSeconds);
    }
    return entry;
  }

  #complain(vip: VirtualAddress, why: string, event: EventName = 'vip.failed'): void {
    if (this.#troubles.get(keyOf(vip)) === why) return;
    this.#troubles.set(keyOf(vip), why);
    const { message, fields } = said(vip, why);
    this.#say({ event, message, fields: { ...fields, why } });
  }
}

function flagsOf(vip: VirtualAddress): number {
  const isIPv6 = familyOf(vip.address) === 6;
  const flags: [boolean | undefined, number][] = [
    // No duplicate address detection: the old master may hold it for a moment, and it would fail for good.
    [isIPv6 && !vip.detectsDuplicates, IFA_F.NODAD],
    [isIPv6 && vip.home, IFA_F.HOMEADDRESS],
    [isIPv6 && vip.managesTemporary, IFA_F.MANAGETEMPADDR],
    [vip.noPrefixRoute, IFA_F.NOPREFIXROUTE],
    [vip.joinsMulticast, IFA_F.MCAUTOJOIN],
  ];
  return flags.reduce((bits, [is, bit]) => (is ? bits | bit : bits), 0);
}

function isOurs(entry: InterfaceAddress): boolean {
  return entry.validSeconds !== undefined || entry.origin === ORIGIN_VRRP;
}
function keyOf(vip: VirtualAddress): string {
  return `${vip.interface} ${vip.address}/${vip.prefixLength}`;
}
function said(vip: VirtualAddress, what: string): { message: string; fields: Record<string, unknown> } {
  const prefix = `${vip.address}/${vip.prefixLength}`;
  return {
    message: `${prefix} on ${vip.interface}: ${what}`,
    fields: { vip: prefix, interface: vip.interface },
  };
}
