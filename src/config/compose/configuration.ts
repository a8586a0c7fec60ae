// Settings of the whole file → the typed configuration. Blocks that may stand more than once and mean one
// thing are joined.
import type { Span } from '../../core/diagnostic.ts';
import type { Configuration } from '../model.ts';
import { namesOf, type ReadNames } from '../names.ts';
import type { Report } from '../report.ts';
import type { Block } from '../schema/block.ts';
import { DIRECTOR } from '../schema/director.ts';
import { GLOBAL_DEFS } from '../schema/global.ts';
import type { TOP } from '../schema/top.ts';
import { all, noSettings, type Setting, type Settings } from '../settings.ts';
import { composeGarpGroups } from './garp.ts';
import { composeDirector, composeGlobal } from './global.ts';
import { composeLinks } from './links.ts';
import { composeMail } from './mail.ts';
import { placeRules } from './rules.ts';
import { composeGroups } from './selects.ts';
import type { Services } from './services.ts';
import { composeStatics } from './statics.ts';
import { composeOldSync } from './sync-daemon.ts';
import { composeSyncGroups } from './sync-groups.ts';
import { composeFiles, composeProcesses, composeScripts, composeSessions } from './trackers.ts';
import { composeInstance } from './vrrp.ts';

/** `settings` are without the virtual servers, which `services` has taken one by one. */
export function composeConfiguration(
  settings: Settings<typeof TOP>,
  services: Services,
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
    virtualServers: services.finish(groups),
    director: composeDirector(own, report),
    mail: composeMail(globals, own),
  };
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
