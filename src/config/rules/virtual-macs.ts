// Interfaces with virtual MACs: names that are taken, and an engine that needs none.
import type { Configuration } from '../model.ts';
import type { Report } from '../report.ts';

export function checkVirtualMacs({ instances, director }: Configuration, report: Report): void {
  const bases = new Set(instances.map((instance) => instance.interface.value));
  const named = new Map<string, string>();
  for (const { vmac, name } of instances) {
    if (vmac === undefined) continue;
    if (director.engine.value === 'embedded')
      report.add(
        'CFG_REDUNDANT',
        vmac.at,
        "the embedded engine speaks with the virtual router's MAC itself: no interface is made",
      );
    if (vmac.name === undefined) continue;
    const owner = bases.has(vmac.name) ? 'the interface of an instance' : named.get(vmac.name);
    named.set(vmac.name, `the interface that ${name.value} makes`);
    if (owner === undefined) continue;
    const message = `${vmac.name} is the name of ${owner}`;
    report.add('CFG_DUPLICATE', vmac.at, message, 'give it another name, or none');
    delete vmac.name;
  }
}
