// The interfaces of `use_vmac` and `use_ipvlan` on this machine: makes what is missing, takes over what a
// dead director left, removes what nobody wants any more. Their settings, and those of the interfaces below
// them, are what keepalived 2.2.7 makes them.
import { familyOf, isLinkLocal, type Prefix } from '../../core/address.ts';
import type { EventName, Notice } from '../../core/events.ts';
import { createIpvlan, createMacvlan, deleteLink, setLinkUp } from '../../netlink/link-message.ts';
import { addAddress, FOREVER, IFA_F, type Link } from '../../netlink/route.ts';
import { macBytes } from '../../vrrp/ethernet.ts';
import type { VirtualDevice } from '../../vrrp/virtual-device.ts';
import type { NetlinkSocket, Result } from '../netlink-socket.ts';
import { readLink } from '../read-link.ts';
import { type FormerLedger, readSysctl, Sysctls } from '../sysctl.ts';
import type { Links } from './links.ts';

/** IN6_ADDR_GEN_MODE_NONE: no address of its own, which would be the same on both directors. */
const NO_ADDRESS = 1;
/** Answer ARP for addresses of the very interface: the base must not answer for those on its device. */
const OWN_ADDRESSES = 1;
/** RT_SCOPE_LINK */
const LINK_SCOPE = 253;
const ALL_RP_FILTER = 'ipv4/conf/all/rp_filter';

export class VirtualDevices {
  readonly #requests: NetlinkSocket;
  readonly #links: Links;
  readonly #say: (notice: Notice) => void;
  readonly #sysctls: Sysctls;
  readonly #held = new Map<string, VirtualDevice>();
  /** Interfaces of somebody else that have the name of one of ours. */
  readonly #foreign = new Set<string>();
  readonly #troubles = new Map<string, string>();

  constructor(requests: NetlinkSocket, links: Links, ledger: FormerLedger, say: (notice: Notice) => void) {
    this.#requests = requests;
    this.#links = links;
    this.#sysctls = new Sysctls((path, why) => this.#complainOnce(path, `net/${path}`, why), ledger);
    this.#say = say;
  }

  /** Exactly these, as far as the interfaces below them exist. */
  keep(wanted: readonly VirtualDevice[]): void {
    const same = new Set(wanted.map(identity));
    const going = [...this.#held.values()].filter((device) => !same.has(identity(device)));
    this.remove(going);
    this.#foreign.clear();
    const gone = new Set(going.map(({ name }) => name));
    for (const device of wanted) this.#add(device, gone);
  }

  /** What is there under a name with other properties stays until {@link keep}. */
  add(wanted: readonly VirtualDevice[]): void {
    for (const device of wanted) if (!this.#held.has(device.name)) this.#add(device);
  }

  /** Those that are ours; that one is not there is no error. */
  remove(devices: readonly VirtualDevice[]): void {
    for (const device of devices) {
      const isHeld = this.#held.delete(device.name);
      const there = this.#links.link(device.name);
      if (there === undefined || !this.#isOurs(device, there)) continue;
      const result = this.#do(deleteLink(device.name));
      if (result.ok && isHeld) this.#tell(device, 'removed', 'vmac.removed');
      else if (!result.ok && result.errno !== 'ENODEV') this.#complain(device, result);
      for (const family of [4, 6]) this.#sysctls.forget(`ipv${family}/conf/${device.name}/`);
    }
    const bases = new Set([...this.#held.values()].map(({ base }) => base));
    for (const base of new Set(devices.map((device) => device.base)))
      if (!bases.has(base)) this.#sysctls.restore(`ipv4/conf/${base}/`);
    if (this.#held.size === 0) this.#sysctls.restore();
  }

  /** It has the name of a device of ours, and is none. */
  isForeign(name: string): boolean {
    return this.#foreign.has(name);
  }

  /** `gone`: what no event has told of yet. */
  #add(device: VirtualDevice, gone: ReadonlySet<string> = new Set()): void {
    const base = this.#links.link(device.base);
    if (base === undefined) return; // the instance is in FAULT for it already
    const there = gone.has(device.name) ? undefined : this.#links.link(device.name);
    if (there !== undefined && !this.#isOurs(device, there)) {
      this.#foreign.add(device.name);
      this.#complainOnce(device.name, device.name, 'an interface of this name is there, and not ours');
      return;
    }
    if (there !== undefined && this.#held.has(device.name)) return;
    // It holds no virtual address: made anew it has this mode and this address.
    if (there !== undefined && device.ipvlan !== undefined) this.#do(deleteLink(device.name));
    if (there === undefined || device.ipvlan !== undefined) {
      const made = this.#do(creation(device, base.index));
      if (!made.ok) return this.#complain(device, made);
    }
    this.#held.set(device.name, device);
    if (device.mac === undefined) this.#settleIpvlan(device);
    else this.#settle(device);
    const up = this.#do(setLinkUp(device.name));
    if (!up.ok) return this.#complain(device, up);
    if (device.ipvlan?.address !== undefined) this.#addAddress(device, device.ipvlan.address);
    else if (device.mac !== undefined && device.family === 6) this.#lendLinkLocal(device);
    this.#troubles.delete(device.name);
    this.#tell(device, there === undefined ? 'added' : 'taken over', 'vmac.added');
  }

  /** Before it is up: an address of its own, or an answer to ARP, would be seen by others. */
  #settle({ name, base, family }: VirtualDevice): void {
    const of = (device: string) => `ipv4/conf/${device}`;
    this.#sysctls.set(`ipv6/conf/${name}/addr_gen_mode`, NO_ADDRESS);
    // Also where only IPv6 is spoken, unlike keepalived: it would answer for every IPv4 address of this
    // machine, with a MAC that the other director has as well.
    this.#sysctls.set(`${of(name)}/arp_ignore`, OWN_ADDRESSES);
    if (family === 6) return;
    this.#sysctls.set(`ipv6/conf/${name}/disable_ipv6`, 1);
    // What comes from an address of the base, as a peer's advert or our own packets, is no forgery here.
    this.#sysctls.set(`${of(name)}/accept_local`, 1);
    this.#letIn(name);
    this.#sysctls.set(`${of(name)}/promote_secondaries`, 1);
    this.#sysctls.set(`${of(base)}/arp_ignore`, OWN_ADDRESSES);
    this.#sysctls.set(`${of(base)}/arp_filter`, 1);
  }

  /** It has the MAC of its base, so there is nothing to keep from others; over IPv6 the kernel's address. */
  #settleIpvlan({ name, family }: VirtualDevice): void {
    if (family === 4) this.#sysctls.set(`ipv6/conf/${name}/disable_ipv6`, 1);
  }
  #addAddress(device: VirtualDevice, { address, length }: Prefix): void {
    const interfaceIndex = this.#indexOf(device);
    if (interfaceIndex === undefined) return;
    const isIPv6 = familyOf(address) === 6;
    const result = this.#do(
      addAddress(
        {
          interfaceIndex,
          address,
          prefixLength: length,
          scope: isIPv6 && isLinkLocal(address) ? LINK_SCOPE : 0,
          flags: isIPv6 ? IFA_F.NODAD : 0,
          // As keepalived has it: no source of what others on this machine send.
          ...(isIPv6 && length === 128 ? { validSeconds: FOREVER, preferredSeconds: 0 } : {}),
        },
        { replace: true },
      ),
    );
    if (!result.ok) this.#complain(device, result);
  }

  /**
   * Adverts over IPv6 come from a link-local address of the base, and what sends them is here. Deprecated, so
   * that nothing else is sent from it; without duplicate detection, which would find it on the base.
   */
  #lendLinkLocal(device: VirtualDevice): void {
    const interfaceIndex = this.#indexOf(device);
    if (interfaceIndex === undefined) return;
    for (const { address, prefixLength, scope } of this.#links.linkLocal(device.base)) {
      const lifetimes = { validSeconds: FOREVER, preferredSeconds: 0 };
      const lent = { interfaceIndex, address, prefixLength, scope, flags: IFA_F.NODAD, ...lifetimes };
      const result = this.#do(addAddress(lent, { replace: true }));
      if (!result.ok) this.#complain(device, result);
    }
  }

  /** Of one that no event has told of yet. */
  #indexOf({ name }: VirtualDevice): number | undefined {
    return readLink(this.#requests, name)?.index;
  }

  /**
   * The way back to a client is through the base, so the device's filter must be off. The kernel takes the
   * larger value of the interface and of `all`: what `all` says becomes a setting of every other interface.
   */
  #letIn(name: string): void {
    const all = Number(readSysctl(ALL_RP_FILTER) ?? 0);
    if (all > 0) {
      const names = this.#links.names().filter((other) => !this.#held.has(other));
      for (const other of [...names, 'default']) {
        const path = `ipv4/conf/${other}/rp_filter`;
        this.#sysctls.set(path, Math.max(all, Number(readSysctl(path) ?? 0)));
      }
      this.#sysctls.set(ALL_RP_FILTER, 0);
    }
    this.#sysctls.set(`ipv4/conf/${name}/rp_filter`, 0);
  }

  /** A former director made it, or we. */
  #isOurs({ mac, ...device }: VirtualDevice, there: Link): boolean {
    const isSame =
      mac === undefined
        ? there.kind === 'ipvlan'
        : there.kind === 'macvlan' && there.mac.equals(macBytes(mac));
    return isSame && there.lower === this.#links.link(device.base)?.index;
  }

  #do(request: ReturnType<typeof deleteLink>): Result {
    return this.#requests.requestMany([request])[0]!;
  }
  #complain(device: VirtualDevice, result: Result): void {
    if (!result.ok) this.#complainOnce(device.name, device.name, result.explanation ?? result.errno);
  }
  #complainOnce(key: string, what: string, why: string): void {
    if (this.#troubles.get(key) === why) return;
    this.#troubles.set(key, why);
    this.#say({ event: 'vmac.failed', message: `${what}: ${why}`, fields: { what, why } });
  }
  #tell({ name, base, mac, ipvlan }: VirtualDevice, what: string, event: EventName): void {
    this.#say({
      event,
      message: `${name} on ${base}, ${mac ?? `ipvlan ${ipvlan?.mode}`}: ${what}`,
      fields: { interface: name, base, ...(mac === undefined ? {} : { mac }) },
    });
  }
}

function creation({ name, group, mac, ipvlan }: VirtualDevice, lowerIndex: number) {
  const device = { name, lowerIndex, ...(group === undefined ? {} : { group }) };
  return mac === undefined
    ? createIpvlan({ ...device, mode: ipvlan.mode })
    : createMacvlan({ ...device, mac: macBytes(mac) });
}
function identity({ name, base, mac, ipvlan, family, group }: VirtualDevice): string {
  return `${name} ${base} ${mac ?? JSON.stringify(ipvlan)} ${family} ${group ?? ''}`;
}
