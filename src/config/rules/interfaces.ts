// Interfaces that a file names and this machine does not have. Only asked where the file is for this machine.
import type { Configuration } from '../model.ts';
import type { Report } from '../report.ts';
import { addressesOf, trackedBy } from './vrrp.ts';

export function checkInterfaces(
  { instances }: Configuration,
  present: ReadonlySet<string>,
  report: Report,
): void {
  for (const instance of instances) {
    const others = addressesOf(instance).flatMap(({ interface: device }) => device ?? []);
    for (const device of [instance.interface, ...others, ...trackedBy(instance)])
      if (!present.has(device.value))
        report.add(
          'CFG_INTERFACE',
          device.at,
          `this machine has no interface ${device.value}`,
          `it has ${[...present].slice(0, 8).join(', ')}`,
        );
  }
}
