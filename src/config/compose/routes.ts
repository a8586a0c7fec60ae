// An entry of virtual_routes → the route. One with a word that is not acted upon is left out as a whole:
// half of a route sends packets elsewhere.
import { type Address, address, familyOf, type Prefix } from '../../core/address.ts';
import type { Located, Span } from '../../core/diagnostic.ts';
import type { Route } from '../../core/route.ts';
import type { Report } from '../report.ts';
import type { RouteValues } from '../schema/routing-words.ts';

const TYPES: Readonly<Record<string, number>> = {
  unicast: 1,
  blackhole: 6,
  unreachable: 7,
  prohibit: 8,
  throw: 9,
};
const TABLES: Readonly<Record<string, number>> = { default: 253, main: 254, local: 255 };
const SCOPES: Readonly<Record<string, number>> = { global: 0, universe: 0, site: 200, link: 253, host: 254 };
const ACTED_UPON = new Set([
  'type',
  'to',
  'via',
  'gw',
  'dev',
  'oif',
  'src',
  'table',
  'scope',
  'metric',
  'priority',
  'preference',
  'onlink',
  'no_track',
  'inet',
  'inet6',
  'add',
]);

export function composeRoute({ value }: Located<RouteValues>, report: Report): Route | undefined {
  const strange = Object.keys(value).find((word) => !ACTED_UPON.has(word));
  if (strange !== undefined) return leftOut(report, value[strange]!.at, `with \`${strange}\``);
  const via = addressOf(value.via ?? value.gw);
  const source = addressOf(value.src);
  const to = value.to?.value;
  const named = typeof to === 'object' ? (to as Prefix).address : (via ?? source);
  const isIPv6 =
    value.inet6 !== undefined || to === 'default6' || (named !== undefined && familyOf(named) === 6);
  const family = isIPv6 ? 6 : 4;
  const type = TYPES[text(value.type) ?? 'unicast'];
  const table = numberOf(value.table, TABLES) ?? TABLES.main;
  const device = text(value.dev ?? value.oif);
  const scope = numberOf(value.scope, SCOPES) ?? 0;
  const priority = numberOf(value.metric ?? value.priority ?? value.preference, {});
  if (type === undefined) return leftOut(report, value.type!.at, `of type ${text(value.type)}`);
  for (const [given, read] of [
    [value.table, table],
    [value.scope, scope],
    [value.metric ?? value.priority ?? value.preference, priority],
  ] as const)
    if (given !== undefined && !Number.isSafeInteger(read))
      return leftOut(
        report,
        given.at,
        `with "${text(given)}" for a number`,
        'names of files are not looked up',
      );
  return {
    family,
    type,
    to: typeof to === 'object' ? (to as Prefix) : { address: address(isIPv6 ? '::' : '0.0.0.0'), length: 0 },
    table: table!,
    scope,
    ...(device === undefined ? {} : { interface: device }),
    ...(via === undefined ? {} : { via }),
    ...(value.onlink === undefined ? {} : { onlink: true }),
    ...(source === undefined ? {} : { source }),
    ...(priority === undefined ? {} : { priority }),
    ...(value.no_track === undefined ? {} : { untracked: true }),
  };
}

function leftOut(report: Report, at: Span, what: string, hint?: string): undefined {
  report.add('CFG_UNSUPPORTED', at, `a route ${what} is known but not supported yet: it is left out`, hint);
}

function text(given: Located<unknown> | undefined): string | undefined {
  return given === undefined ? undefined : String(given.value);
}
/** NaN where it is a name that is not in `names`. */
function numberOf(
  given: Located<unknown> | undefined,
  names: Readonly<Record<string, number>>,
): number | undefined {
  const word = text(given);
  if (word === undefined) return undefined;
  return Object.hasOwn(names, word) ? names[word] : Number(word);
}
function addressOf(given: Located<unknown> | undefined): Address | undefined {
  if (given === undefined) return undefined;
  const { value } = given;
  return typeof value === 'object' && value !== null ? (value as Prefix).address : (value as Address);
}
