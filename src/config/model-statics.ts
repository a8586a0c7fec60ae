// What is this machine's whatever is elected, and who follows it: a part of the typed configuration.
import type { Located } from '../core/diagnostic.ts';
import type { Route } from '../core/route.ts';
import type { Rule } from '../core/rule.ts';
import type { VirtualAddress } from './model.ts';

type Followed<T> = { entry: T; group?: Located<string> };
export type Statics = {
  /** Each has an interface. */
  addresses: Followed<VirtualAddress>[];
  routes: Followed<Route>[];
  rules: Followed<Located<Rule>>[];
  /** `track_group`, by name. */
  groups: TrackGroup[];
};
export type TrackGroup = { name: Located<string>; members: Located<string>[] };
