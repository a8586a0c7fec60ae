// Names and MACs for the interfaces that `use_vmac` and `use_vmac_addr` ask for, of an instance or of an
// address, or `use_ipvlan`, and which addresses go onto them: as keepalived 2.2.7 was measured. Names are
// keepalived's: `vrrp.51`; for IPv6 `vrrp6.51` when that is taken; else `vrrp1.51`, `vrrp2.51` … A prefix
// that is too long is cut off, so that the number fits.
import { familyOfInstance } from '../config/family.ts';
import type { Configuration, VirtualAddress, VrrpInstance } from '../config/model.ts';
import { familyOf } from '../core/address.ts';
import { devicesOf, type VirtualDevice, type VirtualMac } from '../vrrp/virtual-device.ts';

/** <linux/if.h> IFNAMSIZ without the terminating zero. */
const LONGEST_NAME = 15;
/** RFC 9568 §7.3; the VRID is the last byte. */
const MACS = { 4: '00:00:5e:00:01', 6: '00:00:5e:00:02' } as const;

type Place = { base: string; family: 4 | 6 };

/** By the name of the instance; of those that need one. */
export function planVirtualMacs({ instances, global }: Configuration): Map<string, VirtualMac> {
  const planned = new Map<string, VirtualMac>();
  const taken = new Set(instances.flatMap(({ vmac, ipvlan }) => vmac?.name ?? ipvlan?.name ?? []));
  const own = global.vmacPrefix.value;
  const prefixes = { own, other: global.vmacAddressPrefix?.value ?? own };
  for (const instance of instances) {
    const vmac = planVirtualMac(instance, prefixes, taken);
    if (devicesOf({ vmac }).length > 0) planned.set(instance.name.value, vmac);
  }
  return planned;
}

/** Where an address goes: on the interface that it names or its instance has, or above it. */
export function interfaceFor(
  vip: VirtualAddress,
  instance: VrrpInstance,
  vmac: VirtualMac | undefined,
): string {
  const base = vip.interface?.value ?? instance.interface.value;
  if (!wantsDevice(vip, instance)) return base;
  const family = familyIn(vip);
  return devicesOf({ vmac }).find((device) => holdsThose(device, { base, family }))?.name ?? base;
}

function holdsThose(device: VirtualDevice, { base, family }: Place): boolean {
  return device.mac !== undefined && device.base === base && device.family === family;
}

/** Of the other family than the instance it stays where it is, unless the file says otherwise. */
function wantsDevice(vip: VirtualAddress, instance: VrrpInstance): boolean {
  const base = instance.interface.value;
  const isAtHome = (vip.interface?.value ?? base) === base && familyIn(vip) === familyOfInstance(instance);
  if (vip.onVirtualMac) return true;
  return isAtHome ? instance.vmac !== undefined : instance.virtualMacsElsewhere;
}

function planVirtualMac(
  instance: VrrpInstance,
  prefixes: { own: string; other: string },
  taken: Set<string>,
): VirtualMac {
  const { vmac, ipvlan } = instance;
  const vrid = instance.virtualRouterId.value;
  const home: Place = { base: instance.interface.value, family: familyOfInstance(instance) };
  const devices: VirtualDevice[] = [];
  const nameFor = (family: Place['family'], named: string | undefined, prefix: string) => {
    const name = named ?? freeName(prefix, vrid, family, taken);
    taken.add(name);
    return name;
  };
  const add = ({ base, family }: Place, named: string | undefined, prefix: string) => {
    const name = nameFor(family, named, prefix);
    const usual = `${MACS[family]}:${vrid.toString(16).padStart(2, '0')}`;
    const mac = family === home.family ? (vmac?.mac ?? usual) : usual;
    const { group } = vmac ?? {};
    devices.push({ name, base, mac, family, ...(group === undefined ? {} : { group }) });
  };
  if (vmac !== undefined) add(home, vmac.name, prefixes.own);
  if (ipvlan !== undefined) {
    const { mode, address, group } = ipvlan;
    const name = nameFor(home.family, ipvlan.name, prefixes.own);
    const own = { mode, ...(address === undefined ? {} : { address }) };
    devices.push({ name, ...home, ipvlan: own, ...(group === undefined ? {} : { group }) });
  }
  for (const vip of [...instance.virtualAddresses, ...instance.virtualAddressesExcluded]) {
    const place = { base: vip.interface?.value ?? home.base, family: familyIn(vip) };
    const isThere = devices.some((device) => holdsThose(device, place));
    if (wantsDevice(vip, instance) && !isThere) add(place, undefined, prefixes.other);
  }
  if (vmac === undefined && ipvlan === undefined) return { sendsOnBase: true, others: devices };
  const [device, ...others] = devices;
  return { device: device!, sendsOnBase: vmac?.sendsOnBase ?? false, others };
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
