// The interfaces that are made for virtual routers: with the virtual router's MAC (RFC 9568 §7.3),
// keepalived's `use_vmac`, or with an address of their own, `use_ipvlan`: which ones there should be, and
// which way adverts go. Makes none: that is src/linux/elector/virtual-devices.ts.
import { type Address, familyOf, type Prefix } from '../core/address.ts';
import { solicitedNode } from './neighbour.ts';
import type { ElectorSettings, InstanceSettings, VirtualAddress } from './settings.ts';

export type VirtualDevice = {
  name: string;
  /** The interface that it is a part of. */
  base: string;
  /** Of its addresses, and its MAC. */
  family: 4 | 6;
  /** Of interfaces, for `ip link show group`. */
  group?: number;
} & (
  | { /** `00:00:5e:00:01:33` */ mac: string; ipvlan?: never }
  | { /** With the MAC of its base. */ ipvlan: Ipvlan; mac?: never }
);
/** Adverts leave through it, virtual addresses are on its base. */
export type Ipvlan = {
  mode: 'bridge' | 'private' | 'vepa';
  /** This director's own; over IPv6 the kernel gives it a link-local one. */
  address?: Prefix;
};
export type VirtualMac = {
  /** `use_vmac`: that adverts go through, and addresses of the instance's interface. */
  device?: VirtualDevice;
  /** `vmac_xmit_base`; unicast always. */
  sendsOnBase: boolean;
  /** `use_vmac_addr`, `use_vmac` of an address: for those on other interfaces, and single ones. */
  others: readonly VirtualDevice[];
};

export function devicesOf({ vmac }: { vmac?: VirtualMac | undefined }): VirtualDevice[] {
  if (vmac === undefined) return [];
  return vmac.device === undefined ? [...vmac.others] : [vmac.device, ...vmac.others];
}

export function virtualDevices(instances: Iterable<InstanceSettings>): VirtualDevice[] {
  return [...instances].flatMap(devicesOf);
}

export function sendingInterface({
  interface: base,
  vmac,
}: Pick<InstanceSettings, 'interface' | 'vmac'>): string {
  return vmac?.device === undefined || vmac.sendsOnBase ? base : vmac.device.name;
}

/** Whose addresses adverts come from, where the file does not say. */
export function sourceInterface({
  interface: base,
  vmac,
}: Pick<InstanceSettings, 'interface' | 'vmac'>): string {
  return vmac?.device?.ipvlan === undefined ? base : vmac.device.name;
}

/**
 * A device with a MAC of its own hears every multicast on its base. The base does not hear those that a peer
 * sends with the MAC of the device: the kernel gives them to the device alone. What comes to an ipvlan by
 * multicast is heard on the base, too, and there at once. Unicast is for an address.
 */
export function hearingInterface(own: InstanceSettings): string {
  if (own.unicastPeers.length > 0) return sourceInterface(own);
  const family = familyOf(own.multicastGroup);
  const isIt = (each: VirtualDevice) =>
    each.mac !== undefined && each.base === own.interface && each.family === family;
  return devicesOf(own).find(isIt)?.name ?? own.interface;
}

/**
 * The groups that solicitations for an address go to. The kernel joins them on the device,
 * whose reports are kept back; so the base joins them as well, and a switch that listens sends them here.
 */
export function solicitedGroups(own: InstanceSettings): { interface: string; group: Address }[] {
  return devicesOf(own).flatMap((device) =>
    [...own.vips, ...own.excludedVips]
      .filter((vip) => vip.interface === device.name && familyOf(vip.address) === 6)
      .map(({ address }) => ({ interface: device.base, group: solicitedNode(address) })),
  );
}

/** For the embedded engine, which speaks with the virtual MAC itself. */
export function withoutVirtualDevices<S extends Pick<ElectorSettings, 'instances'>>(settings: S): S {
  return { ...settings, instances: settings.instances.map(withoutDevices) };
}

function withoutDevices(own: InstanceSettings): InstanceSettings {
  const { vmac, ...rest } = own;
  if (vmac === undefined) return own;
  if (rest.source === vmac.device?.ipvlan?.address?.address) delete rest.source;
  const bases = new Map(devicesOf(own).map(({ name, base }) => [name, base]));
  const onBase = (vip: VirtualAddress) => ({
    ...vip,
    interface: bases.get(vip.interface) ?? vip.interface,
  });
  return { ...rest, vips: own.vips.map(onBase), excludedVips: own.excludedVips.map(onBase) };
}
