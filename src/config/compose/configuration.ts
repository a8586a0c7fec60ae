// Settings of the whole file → the typed configuration. Blocks that may stand more than once and mean one
// thing are joined.
import type { Span } from '../../core/diagnostic.ts';
import type { Configuration } from '../model.ts';
import type { VirtualServer } from '../model-services.ts';
import { namesOf, type ReadNames } from '../names.ts';
import type { Report } from '../report.ts';
import type { Block } from '../schema/block.ts';
import { DIRECTOR } from '../schema/director.ts';
import { GLOBAL_DEFS } from '../schema/global.ts';
import type { TOP } from '../schema/top.ts';
import { serviceName } from '../selects.ts';
import { all, noSettings, type Setting, type Settings } from '../settings.ts';
import { composeGarpGroups } from './garp.ts';
import { composeDirector, composeGlobal } from './global.ts';
import { composeVirtualServer } from './ipvs.ts';
import { composeLinks } from './links.ts';
import { composeMail } from './mail.ts';
import { placeRules } from './rules.ts';
import { composeGroups } from './selects.ts';
import { composeStatics } from './statics.ts';
import { composeOldSync } from './sync-daemon.ts';
import { composeSyncGroups } from './sync-groups.ts';
import { composeFiles, composeProcesses, composeScripts, composeSessions } from './trackers.ts';
import { composeInstance } from './vrrp.ts';

export function composeConfiguration(
  settings: Settings<typeof TOP>,
  report: Report,
  readNames?: ReadNames,
): Configuration {
  const globals = joined(GLOBAL_DEFS, all(settings, 'global_defs'), settings.at);
  const own = joined(DIRECTOR, all(settings, 'director'), settings.at);
  const global = composeGlobal(globals, report);
  const names = namesOf(globals, readNames);
  const instances = all(settings, 'vrrp_instance').flatMap(
    ({ value, at, body }) => composeInstance({ value, at }, body, { global, names }, report) ?? [],
  );
  const statics = composeStatics(settings, globals, { names, report });
  placeRules([...instances.map(({ rules }) => rules), statics.rules.map(({ entry }) => entry)]);
  const trackers = {
    files: composeFiles(settings, report),
    processes: composeProcesses(settings, report),
    scripts: composeScripts(settings, report),
    sessions: composeSessions(settings, report),
  };
  const groups = composeGroups(settings, report);
  const syncDaemon = composeOldSync(settings, instances, global.syncDaemon, report);
  return {
    global: { ...global, ...(syncDaemon === undefined ? {} : { syncDaemon }) },
    instances,
    syncGroups: composeSyncGroups(settings, instances, trackers, report),
    trackers,
    links: composeLinks(settings),
    statics,
    garpGroups: composeGarpGroups(settings, report),
    virtualServers: numbered(
      all(settings, 'virtual_server').flatMap(
        ({ value, body }) => composeVirtualServer(value, body, groups, report) ?? [],
      ),
    ),
    director: composeDirector(own, report),
    mail: composeMail(globals, own),
  };
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

/** Several `global_defs` say one thing together. */
function joined<B extends Block>(
  block: B,
  parts: readonly { body: Settings<B> }[],
  nowhere: Span,
): Settings<B> {
  const values: Record<string, Setting[]> = {};
  for (const { body } of parts)
    for (const [word, settings] of Object.entries(body.values as unknown as typeof values)) {
      values[word] ??= [];
      for (const setting of settings) values[word].push(setting);
    }
  return {
    ...noSettings(block, parts[0]?.body.at ?? nowhere),
    values: values as unknown as Settings<B>['values'],
  };
}
