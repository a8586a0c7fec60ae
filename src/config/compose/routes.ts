// An entry of virtual_routes or static_routes → the route. One that cannot be made is left out as a whole:
// half of a route sends packets elsewhere.
import { type Address, address, type Prefix } from '../../core/address.ts';
import type { Located } from '../../core/diagnostic.ts';
import {
  type Encapsulation,
  METRIC_NUMBERS,
  type MetricName,
  type Metrics,
  type NextHop,
  type Route,
  RTAX_CC_ALGO,
} from '../../core/route.ts';
import { RTPROT_KEEPALIVED } from '../names.ts';
import { familyOfWord, type RouteValues } from '../schema/routing-words.ts';
import { type EntryContext, EntryReader } from './routing-words.ts';

const TYPES: Readonly<Record<string, number>> = {
  unicast: 1,
  local: 2,
  broadcast: 3,
  anycast: 4,
  multicast: 5,
  blackhole: 6,
  unreachable: 7,
  prohibit: 8,
  throw: 9,
};
const MAIN_TABLE = 254;
/** Else the kernel refuses them, as iproute2 knows and keepalived does not. */
const SCOPE_OF_TYPE: Readonly<Record<number, number>> = { 2: 254, 3: 253, 4: 253 };
const PREFERENCES: Readonly<Record<string, number>> = { medium: 0, high: 1, low: 3 };
/** RTAX_FEATURE_ECN */
const FEATURES: Readonly<Record<string, number>> = { ecn: 1 };

export function composeRoute({ value }: Located<RouteValues>, context: EntryContext): Route | undefined {
  const given = new EntryReader(value, 'a route', context);
  const type = TYPES[given.text('type') ?? 'unicast'];
  if (type === undefined) return given.leaveOut(value.type!, `of type ${given.text('type')}`);
  const family = familyOfRoute(value);
  const single = hopOf(given, '');
  const either = given.valueOf('or') as Prefix | undefined;
  const hops = either === undefined ? hopsOf(given, value) : eitherOf(single, either);
  const expiresSeconds = given.number('expires');
  const { lock, congctl, ...numbers } = metricsOf(given);
  const metrics = { ...(lock === 0 ? {} : { lock }), ...numbers, ...(congctl ? { congctl } : {}) };
  const route: Record<keyof Route, Route[keyof Route] | undefined> = {
    family,
    type,
    to: given.prefix('to') ?? { address: address(family === 6 ? '::' : '0.0.0.0'), length: 0 },
    from: given.prefix('from'),
    table: given.named('rt_tables', 'table') ?? MAIN_TABLE,
    scope: given.named('rt_scopes', 'scope') ?? SCOPE_OF_TYPE[type] ?? 0,
    tos: given.named('rt_dsfield', 'tos', 'dsfield'),
    source: given.valueOf('src') as Address | undefined,
    priority: given.number('metric', 'priority', 'preference'),
    origin: given.named('rt_protos', 'protocol') ?? RTPROT_KEEPALIVED,
    metrics: Object.keys(metrics).length === 0 ? undefined : metrics,
    hops: hops.length === 0 ? undefined : hops,
    expiresSeconds,
    preference: given.named(PREFERENCES, 'pref'),
    copiesTtl: given.has('ttl-propagate') ? given.text('ttl-propagate') === 'enabled' : undefined,
    place: given.has('add') ? 'alone' : given.has('append') ? 'behind' : undefined,
    // What is to go by itself is not put back.
    untracked: given.has('no_track') || expiresSeconds !== undefined ? true : undefined,
    vrf: given.text('vrf'),
    ...(either === undefined ? single : {}),
  } as Record<keyof Route, Route[keyof Route] | undefined>;
  if (given.isLeftOut) return undefined;
  return Object.fromEntries(Object.entries(route).filter(([, each]) => each !== undefined)) as Route;
}

/** What is said counts; the next hops only when nothing is. */
function familyOfRoute(value: RouteValues): 4 | 6 {
  const families = (words: readonly string[]) =>
    words.map((word) => (value[word] === undefined ? undefined : familyOfWord(word, value[word].value)));
  const said = families(['inet', 'inet6', 'to', 'from', 'src']);
  const ofHops = families(['via', 'gw', 'via 1', 'gw 1']);
  return said.find((family) => family !== undefined) ?? ofHops.find((family) => family !== undefined) ?? 4;
}

function hopsOf(given: EntryReader, value: RouteValues): (NextHop & { weight: number })[] {
  const count = Object.keys(value).filter((word) => word.startsWith('nexthop ')).length;
  return Array.from({ length: count }, (_, index) => {
    const of = ` ${index + 1}`;
    return { ...hopOf(given, of), weight: given.number(`weight${of}`) ?? 1 };
  });
}

/** keepalived's `via A or B`, from before it had `nexthop`: two of the same weight, on one interface. */
function eitherOf(first: NextHop, second: Prefix): (NextHop & { weight: number })[] {
  return [first, { ...first, via: second.address }].map((hop) => ({ ...hop, weight: 1 }));
}

/** `of`: which one of several. */
function hopOf(given: EntryReader, of: string): NextHop {
  const device = given.text(`dev${of}`, `oif${of}`);
  const via = given.valueOf(`via${of}`, `gw${of}`) as Prefix | undefined;
  const realms = given.realms(`realms${of}`);
  const encapsulation = given.valueOf(`encap${of}`) as Encapsulation | undefined;
  return {
    ...(device === undefined ? {} : { interface: device }),
    ...(via === undefined ? {} : { via: via.address }),
    ...(given.has(`onlink${of}`) ? { onlink: true } : {}),
    ...(realms === undefined ? {} : { realms }),
    ...(encapsulation === undefined ? {} : { encapsulation }),
  };
}

function metricsOf(given: EntryReader): Metrics & { lock: number } {
  const metrics: Metrics & { lock: number } = { lock: 0 };
  for (const [name, id] of Object.entries(METRIC_NUMBERS)) {
    const [value, isHeld] = unlocked(given.text(name));
    if (isHeld) metrics.lock |= 1 << id;
    if (value !== undefined) metrics[name as MetricName] = metricOf(name as MetricName, value);
  }
  const [algorithm, isHeld] = unlocked(given.text('congctl'));
  if (isHeld) metrics.lock |= 1 << RTAX_CC_ALGO;
  return algorithm === undefined ? metrics : { ...metrics, congctl: algorithm };
}

function unlocked(text: string | undefined): [string | undefined, boolean] {
  const isHeld = text?.startsWith('lock ') ?? false;
  return [isHeld ? text!.slice('lock '.length) : text, isHeld];
}

/** Of one millisecond; and keepalived takes less than 200 ms for 200. */
const UNITS: Partial<Record<MetricName, number>> = { rtt: 8, rttvar: 4, rto_min: 1 };
const SHORTEST_MS = 200;

function metricOf(name: MetricName, text: string): number {
  const unit = UNITS[name];
  if (unit === undefined) return FEATURES[text] ?? Number(text);
  const [, number, suffix] = /^([\d.]+)(m?s)?$/i.exec(text)!;
  const of = { s: 1000 * unit, ms: unit }[suffix?.toLowerCase() ?? ''] ?? 1;
  return Math.max(SHORTEST_MS * unit, Math.round(Number(number) * of));
}
