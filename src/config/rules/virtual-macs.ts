// Interfaces that are made for instances: names that are taken, kinds that the kernel does not have on one
// base, and an engine that needs none.
import type { Span } from '../../core/diagnostic.ts';
import type { Configuration, VrrpInstance } from '../model.ts';
import type { Report } from '../report.ts';

export function checkVirtualMacs({ instances, director }: Configuration, report: Report): void {
  const bases = new Set(instances.map((instance) => instance.interface.value));
  const named = new Map<string, string>();
  for (const { vmac, ipvlan, name } of instances) {
    const device = vmac ?? ipvlan;
    if (device === undefined) continue;
    if (director.engine.value === 'embedded')
      report.add(
        'CFG_REDUNDANT',
        device.at,
        "the embedded engine speaks with the virtual router's MAC itself: no interface is made",
      );
    if (device.name === undefined) continue;
    const owner = bases.has(device.name) ? 'the interface of an instance' : named.get(device.name);
    named.set(device.name, `the interface that ${name.value} makes`);
    if (owner === undefined) continue;
    const message = `${device.name} is the name of ${owner}`;
    report.add('CFG_DUPLICATE', device.at, message, 'give it another name, or none');
    delete device.name;
  }
  if (director.engine.value !== 'embedded') checkKinds(instances, report);
}

/** The kernel has one kind of them on a base, and of ipvlans one mode. */
function checkKinds(instances: readonly VrrpInstance[], report: Report): void {
  const first = new Map<string, { kind: string; at: Span; of: string }>();
  for (const instance of instances) {
    const of = instance.name.value;
    for (const { base, kind, at } of kindsOf(instance)) {
      const other = first.get(base);
      if (other === undefined) first.set(base, { kind, at, of });
      if (other === undefined || other.kind === kind) continue;
      const message = `${base} has ${other.kind} for ${other.of}: the kernel has no ${kind} beside it`;
      const hint = 'of use_vmac and use_ipvlan an interface carries one kind, in one mode';
      report.add('CFG_KERNEL', at, message, hint, [{ at: other.at, message: 'first here' }]);
    }
  }
}

function kindsOf({ interface: own, ...instance }: VrrpInstance): { base: string; kind: string; at: Span }[] {
  const { vmac, ipvlan, virtualAddresses, virtualAddressesExcluded } = instance;
  const single = [...virtualAddresses, ...virtualAddressesExcluded].filter((vip) => vip.onVirtualMac);
  const macvlan = 'a macvlan (use_vmac)';
  return [
    ...(vmac === undefined ? [] : [{ base: own.value, kind: macvlan, at: vmac.at }]),
    ...(ipvlan === undefined
      ? []
      : [{ base: own.value, kind: `an ipvlan of mode ${ipvlan.mode}`, at: ipvlan.at }]),
    ...single.map((vip) => ({ base: (vip.interface ?? own).value, kind: macvlan, at: vip.at })),
  ];
}
