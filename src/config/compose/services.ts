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
/** One that is left out stays undefined. */
export type Composed = { waits?: ServiceSetting | undefined; composed?: VirtualServer | undefined };

const NO_GROUPS: Groups = new Map();

export class Services {
  readonly #report: Report;
  /** In the order of the file. */
  readonly #found: Composed[] = [];

  constructor(report: Report) {
    this.#report = report;
  }

  /** Answers where it will be when all is finished. */
  take(setting: ServiceSetting): Composed {
    const { value, body } = setting;
    const one: Composed =
      'group' in value
        ? { waits: setting }
        : { composed: composeVirtualServer(value, body, NO_GROUPS, this.#report) };
    this.#found.push(one);
    return one;
  }

  /** When every group is known. */
  finish(groups: Groups): VirtualServer[] {
    for (const one of this.#found) {
      if (one.waits === undefined) continue;
      one.composed = composeVirtualServer(one.waits.value, one.waits.body, groups, this.#report);
      one.waits = undefined;
    }
    return numbered(this.#found.flatMap(({ composed }) => composed ?? []));
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
