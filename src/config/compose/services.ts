// The virtual servers of a file. Each is composed as soon as it has been read, so that of thousands nothing
// is kept but what they became; one that names a group waits, because groups may stand further down.
import type { VirtualServer } from '../model-services.ts';
import type { Report } from '../report.ts';
import type { TOP } from '../schema/top.ts';
import { serviceName } from '../selects.ts';
import type { Setting } from '../settings.ts';
import { composeVirtualServer } from './ipvs.ts';
import type { Groups } from './selects.ts';

type ServiceSetting = Setting<(typeof TOP)['keywords']['virtual_server']>;

const NO_GROUPS: Groups = new Map();

export class Services {
  readonly #report: Report;
  /** In the order of the file. */
  readonly #found: ({ waits: ServiceSetting } | { composed: VirtualServer })[] = [];

  constructor(report: Report) {
    this.#report = report;
  }

  take(setting: ServiceSetting): void {
    if ('group' in setting.value) {
      this.#found.push({ waits: setting });
      return;
    }
    const composed = composeVirtualServer(setting.value, setting.body, NO_GROUPS, this.#report);
    if (composed !== undefined) this.#found.push({ composed });
  }

  /** When every group is known. */
  finish(groups: Groups): VirtualServer[] {
    return numbered(
      this.#found.flatMap((one) => {
        if ('composed' in one) return one.composed;
        return composeVirtualServer(one.waits.value, one.waits.body, groups, this.#report) ?? [];
      }),
    );
  }
}

/** As keepalived counts the virtual servers of a group; the first of a protocol has no number in its name. */
function numbered(virtualServers: VirtualServer[]): VirtualServer[] {
  const names = new Set<string>();
  const counts = new Map<string, number>();
  for (const service of virtualServers) {
    const { selects } = service;
    if (selects.by !== 'group') continue;
    const number = counts.get(selects.group.value) ?? 0;
    counts.set(selects.group.value, number + 1);
    if (names.has(serviceName(service))) selects.number = number;
    names.add(serviceName(service));
  }
  return virtualServers;
}
