// Static addresses, routes and rules, and track groups → their typed form.
import type { Located } from '../../core/diagnostic.ts';
import type { Statics, TrackGroup } from '../model-statics.ts';
import type { Report } from '../report.ts';
import type { GLOBAL_DEFS } from '../schema/global.ts';
import type { RouteValues } from '../schema/routing-words.ts';
import type { TOP } from '../schema/top.ts';
import { all, last, type Settings } from '../settings.ts';
import { composeAddress } from './addresses.ts';
import { composeRoute } from './routes.ts';
import type { EntryContext } from './routing-words.ts';
import { composeRule } from './rules.ts';

/** keepalived's default_interface. */
const USUAL_INTERFACE = 'eth0';

export function composeStatics(
  settings: Settings<typeof TOP>,
  globals: Settings<typeof GLOBAL_DEFS>,
  context: EntryContext,
): Statics {
  const fallback = last(globals, 'default_interface') ?? { value: USUAL_INTERFACE, at: settings.at };
  const addresses = all(settings, 'static_ipaddress').flatMap(({ body }) => body.entries);
  const routes = all(settings, 'static_routes').flatMap(({ body }) => body.entries);
  const rules = all(settings, 'static_rules').flatMap(({ body }) => body.entries);
  return {
    addresses: addresses.map((given) => ({
      entry: { interface: fallback, ...composeAddress(given) },
      ...followers((given.value as Following).track_group),
    })),
    routes: routes.flatMap((given) => entryOf(composeRoute(given, context), given)),
    rules: rules.flatMap((given) => entryOf(composeRule(given, context), given)),
    groups: composeGroups(settings, context.report),
  };
}

type Following = { track_group?: Located<string> };

function followers(group: Located<string> | undefined): { group?: Located<string> } {
  return group === undefined ? {} : { group };
}

function entryOf<T>(entry: T | undefined, { value }: Located<RouteValues>) {
  const group = value.track_group as Located<string> | undefined;
  return entry === undefined ? [] : [{ entry, ...followers(group) }];
}

function composeGroups(settings: Settings<typeof TOP>, report: Report): TrackGroup[] {
  const groups: TrackGroup[] = [];
  for (const { value, at, body } of all(settings, 'track_group')) {
    const first = groups.find(({ name }) => name.value === value);
    if (first !== undefined) {
      report.add('CFG_DUPLICATE', at, `there is a track_group ${value} already`, undefined, [
        { at: first.name.at, message: 'first here' },
      ]);
      continue;
    }
    const members = all(body, 'group').flatMap(({ body: list }) => list.entries);
    if (members.length === 0) report.add('CFG_EMPTY', at, `track_group ${value} has no instances`);
    groups.push({ name: { value, at }, members: [...members] });
  }
  return groups;
}
