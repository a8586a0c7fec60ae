// Routes and policy rules that move with an instance: there while its addresses are, behind them when they
// come and before them when they go.
import type { Route } from '../core/route.ts';
import type { Rule } from '../core/rule.ts';
import type { InstanceSettings } from './settings.ts';

export type Routing = { routes: readonly Route[]; rules: readonly Rule[] };
export type RoutingAction =
  /** Also puts those back that somebody else removed. */
  { do: 'addRouting'; routing: Routing } | { do: 'removeRouting'; routing: Routing };
type Own = Pick<InstanceSettings, 'routes' | 'rules'>;

/** None where there is nothing to do. */
export function routingAction(what: RoutingAction['do'], own: Own): RoutingAction[] {
  return hasRouting(own) ? [{ do: what, routing: routingOf(own) }] : [];
}

export function hasRouting({ routes, rules }: Own): boolean {
  return routes !== undefined || rules !== undefined;
}

export function routingOf({ routes = [], rules = [] }: Own): Routing {
  return { routes, rules };
}

/** What of `before` is not in `own`. */
export function goneRouting(before: Own, own: Own): Own {
  const routes = without(before.routes ?? [], own.routes ?? []);
  const rules = without(before.rules ?? [], own.rules ?? []);
  return { ...(routes.length === 0 ? {} : { routes }), ...(rules.length === 0 ? {} : { rules }) };
}

/** What of it no other instance has. */
export function unheldRouting({ routes, rules }: Routing, holders: readonly Own[]): Routing {
  return {
    routes: without(
      routes,
      holders.flatMap((own) => own.routes ?? []),
    ),
    rules: without(
      rules,
      holders.flatMap((own) => own.rules ?? []),
    ),
  };
}

function without<T>(some: readonly T[], others: readonly T[]): T[] {
  const kept = new Set(others.map((other) => JSON.stringify(other)));
  return some.filter((one) => !kept.has(JSON.stringify(one)));
}
