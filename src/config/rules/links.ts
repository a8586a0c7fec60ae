// Delays of links that are longer than a backup waits for adverts.
import type { Configuration } from '../model.ts';
import type { Report } from '../report.ts';

/** A backup that hears nothing would become master, on a dead link, before the loss counts. */
export function checkLinks({ links, instances, global }: Configuration, report: Report): void {
  for (const { interface: device, downMs } of links.delays)
    for (const { name, interface: own, downTimerAdverts, advertIntervalMs } of instances) {
      if (own.value !== device.value) continue;
      const mostMs = ((downTimerAdverts ?? global.downTimerAdverts).value - 1) * advertIntervalMs.value;
      if (downMs.value <= mostMs) continue;
      const message = `${name.value} waits for ${device.value} no longer than ${mostMs / 1000} s`;
      const hint = 'it is one advert_int less than a BACKUP waits for adverts';
      report.add('CFG_REDUNDANT', downMs.at, message, hint);
    }
}
