// Addresses, routes and policy rules that are this machine's whatever is elected, and the track groups whose
// instances are no candidates while one of them is missing.
import type { Route } from '../core/route.ts';
import type { Rule } from '../core/rule.ts';
import type { VirtualAddress } from './settings.ts';

export type Followed<T> = { entry: T; group?: string };
export type Statics = {
  addresses: readonly Followed<VirtualAddress>[];
  routes: readonly Followed<Route>[];
  rules: readonly Followed<Rule>[];
};

export const NO_STATICS: Statics = { addresses: [], routes: [], rules: [] };

/** What of `before` is not in `after`; who follows it does not matter. */
export function goneStatics(before: Statics, after: Statics): Statics {
  return {
    addresses: without(before.addresses, after.addresses),
    routes: without(before.routes, after.routes),
    rules: without(before.rules, after.rules),
  };
}

function without<T>(some: readonly Followed<T>[], others: readonly Followed<T>[]): Followed<T>[] {
  const kept = new Set(others.map(({ entry }) => JSON.stringify(entry)));
  return some.filter(({ entry }) => !kept.has(JSON.stringify(entry)));
}

export function groupsOf({ addresses, routes, rules }: Statics): Set<string> {
  const all: readonly Followed<unknown>[] = [...addresses, ...routes, ...rules];
  return new Set(all.flatMap(({ group }) => group ?? []));
}
