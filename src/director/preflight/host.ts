// A machine as far as a real server's work depends on it: what the kernel told, at one moment.

import { type Address, type Family, type Prefix, prefixContains } from '../../core/address.ts';
import type { Protocol } from '../../core/forwarding.ts';
import { oncePer } from '../../core/once-per.ts';
import type { Route } from '../../core/route.ts';

export type HostLink = {
  name: string;
  up: boolean;
  loopback: boolean;
  /** Of rtnetlink: `ipip`, `dummy` …; undefined = a device of its own. */
  kind?: string;
  mtu: number;
  /** `aa:bb:…`; undefined = no Ethernet. */
  mac?: string;
  /** Its ends; undefined = any. */
  tunnel?: { local?: Address; remote?: Address };
};
export type HostAddress = { interface: string; prefix: Prefix; scope: number };
/** Undefined address = every one, of both families when `family` is undefined. */
export type Listener = { protocol: Protocol; address?: Address; port: number; family?: 4 };
export type Host = {
  links: readonly HostLink[];
  addresses: readonly HostAddress[];
  /** Of the main table, to everywhere and to connected networks, the best first. */
  routes: readonly Route[];
  /** Values below /proc/sys/net by their path there. */
  sysctls: ReadonlyMap<string, string>;
  listeners: readonly Listener[];
};

export function linkOf(host: Host, name: string): HostLink | undefined {
  return host.links.find((link) => link.name === name);
}

/** The one that is used. */
export function defaultRoute(host: Host, family: Family): Route | undefined {
  return host.routes.find((route) => route.family === family && route.to.length === 0);
}

/** Others can ask it who has an address. A dummy is Ethernet that nobody is on. */
export function isAsked({ up, loopback, kind, mac }: HostLink): boolean {
  return up && !loopback && mac !== undefined && kind !== 'dummy';
}

/** A group of services may have tens of thousands of addresses. */
const indexOf = oncePer(({ addresses }: Host) => Map.groupBy(addresses, ({ prefix }) => prefix.address));

export function placesOf(host: Host, address: Address): readonly HostAddress[] {
  return indexOf(host).get(address) ?? [];
}

/** The connected network that an address of another machine is in. */
export function networkAround(host: Host, address: Address): HostAddress | undefined {
  return host.addresses.find(
    ({ interface: name, prefix }) =>
      linkOf(host, name)?.loopback === false && prefixContains(prefix, address),
  );
}

export function sysctlNumber(host: Host, path: string): number | undefined {
  const value = host.sysctls.get(path);
  return value === undefined ? undefined : Number(value);
}

/**
 * The kernel takes the larger of the interface's value and that of `all` (arp_ignore, arp_announce,
 * rp_filter).
 */
export function effective(host: Host, word: string, link: string): number {
  const of = (name: string) => sysctlNumber(host, `ipv4/conf/${name}/${word}`) ?? 0;
  return Math.max(of('all'), of(link));
}
