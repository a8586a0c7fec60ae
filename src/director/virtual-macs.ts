// Names and MACs for the interfaces that `use_vmac` asks for, and which addresses go onto them. Names are
// keepalived's: `vrrp.51`; for IPv6 `vrrp6.51` when that is taken; else `vrrp1.51`, `vrrp2.51` … A prefix
// that is too long is cut off, so that the number fits.
import type { Configuration, VirtualAddress, VirtualMacSetting, VrrpInstance } from '../config/model.ts';
import { familyOf } from '../core/address.ts';
import type { VirtualDevice, VirtualMac } from '../vrrp/virtual-device.ts';

/** <linux/if.h> IFNAMSIZ without the terminating zero. */
const LONGEST_NAME = 15;
/** RFC 9568 §7.3; the VRID is the last byte. */
const MACS = { 4: '00:00:5e:00:01', 6: '00:00:5e:00:02' } as const;

/** By the name of the instance. */
export function planVirtualMacs({ instances, global }: Configuration): Map<string, VirtualMac> {
  const planned = new Map<string, VirtualMac>();
  const taken = new Set(instances.flatMap(({ vmac }) => (vmac?.name === undefined ? [] : [vmac.name])));
  const own = global.vmacPrefix.value;
  const prefixes = { own, other: global.vmacAddressPrefix?.value ?? own };
  for (const instance of instances)
    if (instance.vmac !== undefined)
      planned.set(instance.name.value, planVirtualMac(instance, instance.vmac, prefixes, taken));
  return planned;
}

/** Where an address goes that is on `base` or, with a virtual MAC, above it. */
export function interfaceFor(base: string, vmac: VirtualMac | undefined): string {
  if (vmac === undefined) return base;
  return [vmac.device, ...vmac.others].find((device) => device.base === base)?.name ?? base;
}

function planVirtualMac(
  instance: VrrpInstance,
  vmac: VirtualMacSetting,
  prefixes: { own: string; other: string },
  taken: Set<string>,
): VirtualMac {
  const vrid = instance.virtualRouterId.value;
  const base = instance.interface.value;
  const vips = [...instance.virtualAddresses, ...instance.virtualAddressesExcluded];
  const first = instance.virtualAddresses[0];
  const family = first === undefined ? 4 : familyIn(first);
  const deviceOn = (lower: string, name: string): VirtualDevice => {
    taken.add(name);
    const mac = vmac.mac ?? `${MACS[family]}:${vrid.toString(16).padStart(2, '0')}`;
    const onIt = vips.filter((vip) => (vip.interface?.value ?? base) === lower);
    const ipv6 = family === 6 || onIt.some((vip) => familyIn(vip) === 6);
    return {
      name,
      base: lower,
      mac,
      family,
      ipv6,
      ...(vmac.group === undefined ? {} : { group: vmac.group }),
    };
  };
  const free = (prefix: string) => freeName(prefix, vrid, family, taken);
  const device = deviceOn(base, vmac.name ?? free(prefixes.own));
  const named = vips.flatMap((vip) => (vip.interface === undefined ? [] : [vip.interface.value]));
  const elsewhere = vmac.alsoElsewhere ? [...new Set(named)].filter((name) => name !== base) : [];
  const others = elsewhere.map((other) => deviceOn(other, free(prefixes.other)));
  return { device, sendsOnBase: vmac.sendsOnBase, others };
}

function freeName(prefix: string, vrid: number, family: 4 | 6, taken: ReadonlySet<string>): string {
  const name = (which: string) => {
    const end = `${which}.${vrid}`;
    return prefix.slice(0, LONGEST_NAME - end.length) + end;
  };
  const usual = family === 6 ? [name(''), name('6')] : [name('')];
  const found = usual.find((one) => !taken.has(one));
  if (found !== undefined) return found;
  for (let n = 1; ; n++) if (!taken.has(name(`${n}`))) return name(`${n}`);
}

function familyIn({ prefix }: VirtualAddress): 4 | 6 {
  return familyOf(prefix.value.address);
}
