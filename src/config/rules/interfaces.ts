// Interfaces that a file names and this machine does not have. Only asked where the file is for this machine.
import type { Configuration } from '../model.ts';
import type { Report } from '../report.ts';
import { addressesOf, trackedBy } from './vrrp.ts';

export function checkInterfaces(
  { instances, statics }: Configuration,
  present: ReadonlySet<string>,
  report: Report,
): void {
  const named = instances.flatMap((instance) => {
    const others = addressesOf(instance).flatMap(({ interface: device }) => device ?? []);
    return [instance.interface, ...others, ...trackedBy(instance)];
  });
  const ofStatics = statics.addresses.flatMap(({ entry }) => entry.interface ?? []);
  for (const device of [...named, ...ofStatics])
    if (!present.has(device.value))
      report.add(
        'CFG_INTERFACE',
        device.at,
        `this machine has no interface ${device.value}`,
        `it has ${[...present].slice(0, 8).join(', ')}`,
      );
}
