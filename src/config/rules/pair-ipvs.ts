// The services of two directors: after a failover the other one answers, so both should say the same.
import { endpoint } from '../../core/address.ts';
import type { Located, Span } from '../../core/diagnostic.ts';
import { methodName } from '../../core/forwarding.ts';
import { allotMarks, markedName } from '../marks.ts';
import type { Configuration } from '../model.ts';
import type { Check, RealServer, VirtualServer } from '../model-services.ts';
import { placeOf as headOf, serviceName } from '../selects.ts';
import type { PairReport } from './pair-report.ts';

/** What is in the key, compared by itself, or inherited by what is compared. */
const NOT_OF_SERVICES = new Set(['protocol', 'check', 'realServers']);
const NOT_OF_SERVERS = new Set(['address', 'port', 'checks', 'method']);
/** The director's own address differs for good reason. */
const NOT_OF_CHECKS = new Set(['type', 'bindAddress']);
/** Where the language's word is not the model's. */
const WORDS: Readonly<Record<string, string>> = {
  scheduler: 'lvs_sched',
  schedulerFlags: 'the flags of lvs_sched',
  method: 'lvs_method',
  selects: 'the members',
  persistenceSeconds: 'persistence_timeout',
  persistencePrefix: 'persistence_granularity',
  onePacket: 'ops',
  upperThreshold: 'uthreshold',
  lowerThreshold: 'lthreshold',
  connectAddress: 'connect_ip',
};

type DifferenceCode = 'CFG_PAIR_SERVICE' | 'CFG_PAIR_SERVER' | 'CFG_PAIR_CHECK';

export function compareServices(a: Configuration, b: Configuration, pair: PairReport): void {
  const matches = joinByName(a.virtualServers, b.virtualServers, serviceName, (service, whose) => {
    const message = `virtual_server ${serviceName(service)} is not on the other director`;
    pair.alone('CFG_PAIR_SERVICE', whose, headOf(service.selects), message);
  });
  for (const services of matches) {
    compareFields('CFG_PAIR_SERVICE', services, NOT_OF_SERVICES, pair);
    compareServers(services, pair);
  }
  compareMarks([a, b], matches, pair);
}

/** A peer is told of connections by mark. */
function compareMarks(
  [a, b]: readonly [Configuration, Configuration],
  matches: readonly (readonly [VirtualServer, VirtualServer])[],
  pair: PairReport,
): void {
  const [marksA, marksB] = [allotMarks(a), allotMarks(b)];
  if (marksA === undefined && marksB === undefined) return;
  const shown = (mark: number | undefined) => (mark === undefined ? 'none, each address is a service' : mark);
  for (const [first, second] of matches) {
    const name = markedName(first);
    if (name === undefined || name !== markedName(second)) continue;
    const places = [
      { value: shown(marksA?.of[name]), at: headOf(first.selects) },
      { value: shown(marksB?.of[name]), at: headOf(second.selects) },
    ] as const;
    const hint = 'the marks of nftables_ipvs follow the order of the virtual servers';
    pair.compare('CFG_PAIR_MARKS', `the mark of ${name}`, places, hint);
  }
}

function compareServers([a, b]: readonly [VirtualServer, VirtualServer], pair: PairReport): void {
  const name = ({ address, port }: RealServer) => endpoint(address.value, port.value);
  const matches = joinByName(a.realServers, b.realServers, name, (server, whose) => {
    const message = `real_server ${name(server)} of ${serviceName(a)} is not on the other director`;
    pair.alone('CFG_PAIR_SERVER', whose, server.address.at, message);
  });
  for (const [first, second] of matches) {
    compareFields('CFG_PAIR_SERVER', [first, second], NOT_OF_SERVERS, pair);
    const methods = [first.method ?? a.method, second.method ?? b.method].map(({ value, at }) => ({
      value: methodName(value),
      at,
    })) as [Located<string>, Located<string>];
    if (first.method !== undefined || second.method !== undefined)
      pair.compare('CFG_PAIR_SERVER', 'lvs_method', methods);
    compareChecks(first, second, pair);
  }
}

function joinByName<T>(
  a: readonly T[],
  b: readonly T[],
  nameOf: (item: T) => string,
  alone: (item: T, whose: 'first' | 'second') => void,
): (readonly [T, T])[] {
  const left = new Map(b.map((item) => [nameOf(item), item]));
  const matches = a.flatMap((item) => {
    const name = nameOf(item);
    const other = left.get(name);
    left.delete(name);
    if (other !== undefined) return [[item, other] as const];
    alone(item, 'first');
    return [];
  });
  for (const item of left.values()) alone(item, 'second');
  return matches;
}

function compareChecks(a: RealServer, b: RealServer, pair: PairReport): void {
  const kinds = ({ checks }: RealServer) => checks.map(({ type }) => type).join(', ') || 'none';
  if (kinds(a) !== kinds(b)) {
    const places = [
      { value: kinds(a), at: a.address.at },
      { value: kinds(b), at: b.address.at },
    ] as const;
    pair.compare('CFG_PAIR_CHECK', 'the check', places);
    return;
  }
  a.checks.forEach((check, i) => {
    compareFields('CFG_PAIR_CHECK', [check, b.checks[i]!], NOT_OF_CHECKS, pair);
  });
}

/** Whatever settings there are: a new one is compared without being named here. */
function compareFields<T extends VirtualServer | RealServer | Check>(
  code: DifferenceCode,
  [a, b]: readonly [T, T],
  skipped: ReadonlySet<string>,
  pair: PairReport,
): void {
  const [first, second] = [a, b].map((item) => new Map<string, unknown>(Object.entries(item)));
  for (const key of new Set([...first!.keys(), ...second!.keys()])) {
    if (key === 'at' || key.startsWith('notify') || skipped.has(key)) continue;
    const [there, here] = [first!.get(key), second!.get(key)];
    if (JSON.stringify(withoutPlaces(there)) === JSON.stringify(withoutPlaces(here))) continue;
    const shown = (value: unknown, at: Span): Located<string> => ({
      value: show(key, value),
      at: placeOf(value) ?? at,
    });
    pair.compare(code, wordFor(key), [shown(there, a.at), shown(here, b.at)]);
  }
}

/** `connectTimeoutMs` is `connect_timeout`. */
function wordFor(key: string): string {
  return (
    WORDS[key] ?? key.replace(/(Ms|Seconds)$/, '').replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`)
  );
}

function withoutPlaces(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(withoutPlaces);
  if (typeof value !== 'object' || value === null) return value;
  const { at: _, ...rest } = value as Record<string, unknown>;
  return Object.fromEntries(
    Object.entries(rest)
      .sort(([x], [y]) => (x < y ? -1 : 1))
      .map(([key, inner]) => [key, withoutPlaces(inner)]),
  );
}

function placeOf(value: unknown): Span | undefined {
  if (Array.isArray(value)) return placeOf(value[0]);
  return typeof value === 'object' && value !== null && 'at' in value ? (value.at as Span) : undefined;
}

function show(key: string, value: unknown): string {
  if (value === undefined) return 'not set';
  if (Array.isArray(value)) return value.map((one) => show(key, one)).join(' ') || 'none';
  if (typeof value !== 'object' || value === null) return String(value);
  if (!('value' in value)) return JSON.stringify(withoutPlaces(value));
  const inner = value.value;
  if (typeof inner === 'boolean') return inner ? 'on' : 'off';
  if (typeof inner === 'object') return JSON.stringify(withoutPlaces(inner));
  return key.endsWith('Ms') ? `${Number(inner) / 1000} s` : String(inner);
}
