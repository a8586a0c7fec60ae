// Settings of a `virtual_server` → its typed form. Where settings of one service contradict each other, the
// effective value is keepalived 2.2.7's (its check_data.c, validate_check_config), and it is said.
import { type Address, familyOf } from '../../core/address.ts';
import type { Located, Span } from '../../core/diagnostic.ts';
import type { Protocol } from '../../core/forwarding.ts';
import type { CheckDefaults, RealServer, Selects, TcpCheck, VirtualServer } from '../model-services.ts';
import type { Report } from '../report.ts';
import type { CHECK_KEYWORDS, TCP_CHECK } from '../schema/checks.ts';
import type { Endpoint, ServiceHead } from '../schema/endpoints.ts';
import {
  BARE_PERSISTENCE,
  FLAG_SCHEDULERS,
  type Granularity as Mask,
  type REAL_SERVER,
  type VIRTUAL_SERVER,
} from '../schema/ipvs.ts';
import { familiesOf, hasAddresses } from '../selects.ts';
import { all, last, mentioned, type Settings, settled } from '../settings.ts';
import { composeProgram } from './notify.ts';
import { composeQuorum, composeSorryServer } from './quorum.ts';
import { composeSelects, type Groups } from './selects.ts';

type Granularity = Located<Mask>;
type Service = Settings<typeof VIRTUAL_SERVER>;
type Real = Settings<typeof REAL_SERVER>;
type Timings = Settings<{ name: string; keywords: typeof CHECK_KEYWORDS }>;
type Head = Pick<VirtualServer, 'selects' | 'method' | 'alpha' | 'check'>;
type Flag = keyof typeof FLAG_SCHEDULERS;
const FLAGS = Object.keys(FLAG_SCHEDULERS) as Flag[];

/** Undefined when it is a service that we cannot have. */
export function composeVirtualServer(
  selector: ServiceHead,
  settings: Service,
  groups: Groups,
  report: Report,
): VirtualServer | undefined {
  const selects = composeSelects(selector, settings, groups, report);
  if (selects === undefined) return undefined;
  const protocol = settled(settings, 'protocol');
  const scheduler = later(settings, 'lvs_sched', 'lb_algo') ?? settled(settings, 'lvs_sched');
  const method = later(settings, 'lvs_method', 'lb_kind') ?? settled(settings, 'lvs_method');
  const granularity = last(settings, 'persistence_granularity');
  const persistenceSeconds = persistence(settings, selects, report);
  const engine = persistenceEngine(settings, persistenceSeconds, report);
  const no = { value: false, at: settings.at };
  const sorry = composeSorryServer(settings, { selects, method }, report);
  const head = {
    at: settings.at,
    selects,
    protocol,
    scheduler,
    schedulerFlags: schedulerFlags(settings, scheduler, report),
    method,
    persistenceSeconds,
    ...(granularity === undefined ? {} : { persistencePrefix: lengthOf(granularity) }),
    ...(engine === undefined ? {} : { persistenceEngine: engine }),
    onePacket: onePacket(settings, selects, protocol, report) ?? no,
    alpha: last(settings, 'alpha') ?? no,
    inhibitOnFailure: last(settings, 'inhibit_on_failure') ?? no,
    ...(sorry === undefined ? {} : { sorryServer: sorry }),
    check: checkDefaults(settings),
  };
  reportDefaults(head, settings, report);
  reportGranularity(head, granularity, report);
  const realServers = all(settings, 'real_server').flatMap(
    ({ value, body }) => composeRealServer(value, body, settings, head, report) ?? [],
  );
  return { ...head, ...composeQuorum(settings, head, realServers, report), realServers };
}

function lengthOf({ value, at }: Granularity): Located<number> {
  return { value: value.length, at };
}

/** Two names of one setting: whichever comes last counts. */
function later<A extends 'lvs_sched' | 'lvs_method', B extends 'lb_algo' | 'lb_kind'>(
  settings: Service,
  name: A,
  oldName: B,
) {
  const a = last(settings, name);
  const b = last(settings, oldName);
  return a !== undefined && b !== undefined ? (a.at.start > b.at.start ? a : b) : (a ?? b);
}

/** Each bit means something else to another scheduler: <linux/ip_vs.h> IP_VS_SVC_F_SCHED1 and on. */
function schedulerFlags(settings: Service, scheduler: Located<string>, report: Report): Located<string>[] {
  const given = FLAGS.flatMap((flag) => {
    const setting = last(settings, flag);
    return setting === undefined ? [] : [{ value: flag as string, at: setting.at }];
  });
  return given.filter(({ value, at }) => {
    const wanted = FLAG_SCHEDULERS[value as Flag];
    if (wanted === undefined) return true;
    if (wanted !== scheduler.value) {
      report.add('CFG_CONTRADICTION', at, `${value} is for the ${wanted} scheduler, not ${scheduler.value}`);
      return false;
    }
    if (at.source !== scheduler.at.source || at.start > scheduler.at.start) return true;
    report.add('CFG_ORDER', at, `${value} stands before its scheduler`, 'keepalived leaves it out then');
    return !report.compat;
  });
}

/** A granularity alone means persistence; every port at once needs it: keepalived.conf(5). */
function persistence(settings: Service, selects: Selects, report: Report): Located<number> {
  const given = last(settings, 'persistence_timeout');
  if (given !== undefined) return given;
  const granularity = last(settings, 'persistence_granularity');
  if (granularity !== undefined) return { value: BARE_PERSISTENCE, at: granularity.at };
  const whole = everyPort(selects);
  if (whole === undefined) return { value: 0, at: settings.at };
  const message = 'a virtual_server for every port must be persistent';
  report.add('CFG_CONTRADICTION', whole, message, 'name a port, or add persistence_timeout');
  return { value: BARE_PERSISTENCE, at: whole };
}

/** Where it says so; firewall marks are of no port. */
function everyPort(selects: Selects): Span | undefined {
  if (selects.by === 'mark') return undefined;
  if (selects.by === 'address') return selects.port.value === 0 ? selects.port.at : undefined;
  const member = selects.members.find((one) => 'port' in one && one.port === 0);
  return member === undefined ? undefined : selects.group.at;
}

/** A firewall mark may carry UDP. */
function onePacket(
  settings: Service,
  selects: Selects,
  protocol: Located<Protocol>,
  report: Report,
): Located<boolean> | undefined {
  const given = last(settings, 'ops');
  if (given === undefined || protocol.value === 'UDP' || !hasAddresses(selects)) return given;
  report.add('CFG_CONTRADICTION', given.at, 'ops, one packet a connection, is for UDP only: it is left out');
  return undefined;
}

/** keepalived complains about each of these and goes on; so do we. */
function reportDefaults(
  { at, selects }: Pick<VirtualServer, 'at' | 'selects'>,
  settings: Service,
  report: Report,
): void {
  const silent = (name: 'protocol' | 'lvs_sched' | 'lvs_method', means: string) =>
    report.add('CFG_DEFAULT', at, `no ${name} is given: ${means} is used`, 'keepalived does the same');
  const protocol = last(settings, 'protocol');
  if (protocol === undefined && hasAddresses(selects)) silent('protocol', 'UDP');
  if (protocol !== undefined && !hasAddresses(selects))
    report.add('CFG_REDUNDANT', protocol.at, 'a firewall mark is of any protocol: it is left out');
  if (!mentioned(settings, 'lvs_sched') && !mentioned(settings, 'lb_algo')) silent('lvs_sched', 'wlc');
  const needed = all(settings, 'real_server').some(({ body }) => last(body, 'lvs_method') === undefined);
  if (needed && !mentioned(settings, 'lvs_method') && !mentioned(settings, 'lb_kind'))
    silent('lvs_method', 'NAT');
}

function reportGranularity(
  { selects }: Pick<VirtualServer, 'selects'>,
  granularity: Granularity | undefined,
  report: Report,
): void {
  if (granularity === undefined) return;
  const { value, at } = granularity;
  const other = [...familiesOf(selects)].find((family) => family !== value.family);
  const form = other === 4 ? 'a netmask for IPv4' : 'a prefix length for IPv6';
  if (other !== undefined) report.add('CFG_RANGE', at, `persistence_granularity must be ${form}`);
}

/** Of a service that is not persistent keepalived says nothing, and does not set it either. */
function persistenceEngine(
  settings: Service,
  persistenceSeconds: Located<number>,
  report: Report,
): Located<string> | undefined {
  const engine = last(settings, 'persistence_engine');
  if (engine === undefined || persistenceSeconds.value > 0) return engine;
  const message = 'persistence_engine is for persistent services: it is left out';
  report.add('CFG_NO_EFFECT', engine.at, message, 'add persistence_timeout');
  return undefined;
}

function checkDefaults(settings: Timings): CheckDefaults {
  const delayLoopMs = last(settings, 'delay_loop');
  const connectTimeoutMs = last(settings, 'connect_timeout');
  const retry = last(settings, 'retry');
  const delayBeforeRetryMs = last(settings, 'delay_before_retry');
  const warmupMs = last(settings, 'warmup');
  return {
    ...(delayLoopMs === undefined ? {} : { delayLoopMs }),
    ...(connectTimeoutMs === undefined ? {} : { connectTimeoutMs }),
    ...(retry === undefined ? {} : { retry }),
    ...(delayBeforeRetryMs === undefined ? {} : { delayBeforeRetryMs }),
    ...(warmupMs === undefined ? {} : { warmupMs }),
  };
}

function composeRealServer(
  head: Endpoint,
  settings: Real,
  ofService: Service,
  service: Head,
  report: Report,
): RealServer | undefined {
  const method = last(settings, 'lvs_method');
  const effective = (method ?? service.method).value.forwarding;
  const { address } = head;
  if (effective !== 'TUN' && !fits(address, service, report)) return undefined;
  const given = { ...service.check, ...checkDefaults(settings) };
  const inhibit = last(settings, 'inhibit_on_failure');
  const up = composeProgram(last(settings, 'notify_up'));
  const down = composeProgram(last(settings, 'notify_down'));
  const alpha = last(settings, 'alpha') ?? service.alpha;
  const mails = last(settings, 'smtp_alert');
  return {
    at: settings.at,
    address,
    port: realPort(head, effective, service.selects, report),
    weight: last(settings, 'weight') ?? settled(ofService, 'weight'),
    ...(method === undefined ? {} : { method }),
    ...(inhibit === undefined ? {} : { inhibitOnFailure: inhibit }),
    upperThreshold: settled(settings, 'uthreshold'),
    lowerThreshold: settled(settings, 'lthreshold'),
    ...(up === undefined ? {} : { notifyUp: up }),
    ...(down === undefined ? {} : { notifyDown: down }),
    ...(mails === undefined ? {} : { mails }),
    checks: all(settings, 'TCP_CHECK').map(({ body }) => composeTcpCheck(body, given, alpha)),
  };
}

function fits({ value, at }: Located<Address>, { selects }: Head, report: Report): boolean {
  const other = [...familiesOf(selects)].find((family) => family !== familyOf(value));
  if (other === undefined) return true;
  const message = `${value} is not IPv${other} like its virtual_server`;
  report.add('CFG_CONTRADICTION', at, message, 'only TUN carries one family in the other');
  return false;
}

/** No port (or 0) is the virtual server's. Only NAT rewrites the packet, so only NAT can change the port. */
function realPort(head: Endpoint, forwarding: string, selects: Selects, report: Report): Located<number> {
  const given = head.port;
  const own = selects.by === 'address' ? selects.port.value : 0;
  const { at } = given ?? head.address;
  if (given === undefined || given.value === 0) return { value: own, at };
  if (forwarding === 'NAT' || !changesPort(given.value, selects))
    return { value: forwarding === 'NAT' ? given.value : own, at };
  const gets = selects.by === 'address' ? `packets for port ${own}` : 'packets for the port they came to';
  const hint = selects.by === 'address' ? `write ${own}, or use NAT` : 'leave the port out, or use NAT';
  const message = `${forwarding} cannot change the port: the real server gets ${gets}`;
  report.add('CFG_CONTRADICTION', at, message, hint);
  return { value: own, at };
}

function changesPort(port: number, selects: Selects): boolean {
  if (selects.by === 'mark') return true;
  if (selects.by === 'address') return selects.port.value !== port;
  return selects.members.some((member) => !('port' in member) || member.port !== port);
}

/** A checker's own value wins over its server's, that over its service's: keepalived.conf(5). */
function composeTcpCheck(
  settings: Settings<typeof TCP_CHECK>,
  given: CheckDefaults,
  alpha: Located<boolean>,
): TcpCheck {
  const connectAddress = last(settings, 'connect_ip');
  const connectPort = last(settings, 'connect_port');
  const bindAddress = last(settings, 'bindto');
  const warmupMs = last(settings, 'warmup') ?? given.warmupMs;
  return {
    type: 'TCP_CHECK',
    at: settings.at,
    ...(connectAddress === undefined ? {} : { connectAddress }),
    ...(connectPort === undefined ? {} : { connectPort }),
    ...(bindAddress === undefined ? {} : { bindAddress }),
    alpha: last(settings, 'alpha') ?? alpha,
    delayLoopMs: last(settings, 'delay_loop') ?? given.delayLoopMs ?? settled(settings, 'delay_loop'),
    connectTimeoutMs:
      last(settings, 'connect_timeout') ?? given.connectTimeoutMs ?? settled(settings, 'connect_timeout'),
    retry: last(settings, 'retry') ?? given.retry ?? settled(settings, 'retry'),
    delayBeforeRetryMs:
      last(settings, 'delay_before_retry') ??
      given.delayBeforeRetryMs ??
      settled(settings, 'delay_before_retry'),
    ...(warmupMs === undefined ? {} : { warmupMs }),
  };
}
