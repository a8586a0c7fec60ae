// Settings of a `virtual_server` → its typed form. Where settings of one service contradict each other, the
// effective value is keepalived 2.2.7's (its check_data.c, validate_check_config), and it is said.
import { type Family, familyOf } from '../../core/address.ts';
import type { Located } from '../../core/diagnostic.ts';
import type { CheckDefaults, RealServer, TcpCheck, VirtualServer } from '../model.ts';
import type { Report } from '../report.ts';
import type { CHECK_KEYWORDS, TCP_CHECK } from '../schema/checks.ts';
import type { Endpoint, ServiceHead } from '../schema/endpoints.ts';
import { BARE_PERSISTENCE, FLAG_SCHEDULERS, type REAL_SERVER, type VIRTUAL_SERVER } from '../schema/ipvs.ts';
import { all, last, mentioned, type Settings, settled } from '../settings.ts';

type Service = Settings<typeof VIRTUAL_SERVER>;
type Real = Settings<typeof REAL_SERVER>;
type Timings = Settings<{ name: string; keywords: typeof CHECK_KEYWORDS }>;
type Flag = keyof typeof FLAG_SCHEDULERS;
const FLAGS = Object.keys(FLAG_SCHEDULERS) as Flag[];

/** Undefined when it is a service that we cannot have. */
export function composeVirtualServer(
  head: ServiceHead,
  settings: Service,
  report: Report,
): VirtualServer | undefined {
  if (!('address' in head)) return reportSelector(head, report);
  const protocol = protocolOf(settings, report);
  if (protocol === undefined) return undefined;
  const address = head.address;
  const port = head.port ?? { value: 0, at: address.at };
  const scheduler = later(settings, 'lvs_sched', 'lb_algo') ?? settled(settings, 'lvs_sched');
  const forwarding = later(settings, 'lvs_method', 'lb_kind') ?? settled(settings, 'lvs_method');
  const granularity = last(settings, 'persistence_granularity');
  const no = { value: false, at: settings.at };
  const service: VirtualServer = {
    at: settings.at,
    address,
    port,
    protocol,
    scheduler,
    schedulerFlags: schedulerFlags(settings, scheduler, report),
    forwarding,
    persistenceSeconds: persistence(settings, port, granularity, report),
    ...(granularity === undefined ? {} : { persistencePrefix: granularity }),
    onePacket: onePacket(settings, protocol, report) ?? no,
    alpha: last(settings, 'alpha') ?? no,
    inhibitOnFailure: last(settings, 'inhibit_on_failure') ?? no,
    check: checkDefaults(settings),
    realServers: [],
  };
  reportDefaults(service, settings, report);
  reportGranularity(service, report);
  service.realServers = all(settings, 'real_server').flatMap(
    ({ value, body }) => composeRealServer(value, body, settings, service, report) ?? [],
  );
  return service;
}

function reportSelector(head: Exclude<ServiceHead, Endpoint>, report: Report): undefined {
  const [kind, { at }] =
    'fwmark' in head ? (['fwmark', head.fwmark] as const) : (['group', head.group] as const);
  const message = `a virtual_server by ${kind} is not supported yet: it is left out`;
  report.add('CFG_UNSUPPORTED', at, message, 'name its address and port instead');
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

/** keepalived sets UDP where nothing is said, because the kernel would: check_data.c. */
function protocolOf(settings: Service, report: Report): Located<'TCP' | 'UDP'> | undefined {
  const { value, at } = settled(settings, 'protocol');
  if (value !== 'SCTP') return { value, at };
  report.add('CFG_UNSUPPORTED', at, 'SCTP is not supported yet: this virtual_server is left out');
  return undefined;
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
function persistence(
  settings: Service,
  port: Located<number>,
  granularity: Located<number> | undefined,
  report: Report,
): Located<number> {
  const given = last(settings, 'persistence_timeout');
  if (given !== undefined) return given;
  if (granularity !== undefined) return { value: BARE_PERSISTENCE, at: granularity.at };
  if (port.value !== 0) return { value: 0, at: settings.at };
  const message = 'a virtual_server for every port must be persistent';
  report.add('CFG_CONTRADICTION', port.at, message, 'name a port, or add persistence_timeout');
  return { value: BARE_PERSISTENCE, at: port.at };
}

function onePacket(
  settings: Service,
  protocol: Located<'TCP' | 'UDP'>,
  report: Report,
): Located<boolean> | undefined {
  const given = last(settings, 'ops');
  if (given === undefined || protocol.value === 'UDP') return given;
  report.add('CFG_CONTRADICTION', given.at, 'ops, one packet a connection, is for UDP only: it is left out');
  return undefined;
}

/** keepalived complains about each of these and goes on; so do we. */
function reportDefaults({ at }: VirtualServer, settings: Service, report: Report): void {
  const silent = (name: 'protocol' | 'lvs_sched' | 'lvs_method', means: string) =>
    report.add('CFG_DEFAULT', at, `no ${name} is given: ${means} is used`, 'keepalived does the same');
  if (!mentioned(settings, 'protocol')) silent('protocol', 'UDP');
  if (!mentioned(settings, 'lvs_sched') && !mentioned(settings, 'lb_algo')) silent('lvs_sched', 'wlc');
  const needed = all(settings, 'real_server').some(({ body }) => last(body, 'lvs_method') === undefined);
  if (needed && !mentioned(settings, 'lvs_method') && !mentioned(settings, 'lb_kind'))
    silent('lvs_method', 'NAT');
}

function reportGranularity({ address, persistencePrefix }: VirtualServer, report: Report): void {
  if (persistencePrefix === undefined || persistencePrefix.value <= 32) return;
  if (familyOf(address.value) === 4)
    report.add('CFG_RANGE', persistencePrefix.at, 'persistence_granularity must be a netmask for IPv4');
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
  service: VirtualServer,
  report: Report,
): RealServer | undefined {
  const method = last(settings, 'lvs_method');
  const effective = method?.value ?? service.forwarding.value;
  const { address } = head;
  const family: Family = familyOf(service.address.value);
  if (effective !== 'TUN' && familyOf(address.value) !== family) {
    const message = `${address.value} is not IPv${family} like its virtual_server`;
    report.add('CFG_CONTRADICTION', address.at, message, 'only TUN carries one family in the other');
    return undefined;
  }
  const given = { ...service.check, ...checkDefaults(settings) };
  const inhibit = last(settings, 'inhibit_on_failure');
  const alpha = last(settings, 'alpha') ?? service.alpha;
  return {
    at: settings.at,
    address,
    port: realPort(head, effective, service, report),
    weight: last(settings, 'weight') ?? settled(ofService, 'weight'),
    ...(method === undefined ? {} : { forwarding: method }),
    ...(inhibit === undefined ? {} : { inhibitOnFailure: inhibit }),
    upperThreshold: settled(settings, 'uthreshold'),
    lowerThreshold: settled(settings, 'lthreshold'),
    checks: all(settings, 'TCP_CHECK').map(({ body }) => composeTcpCheck(body, given, alpha)),
  };
}

/** No port (or 0) is the virtual server's. Only NAT rewrites the packet, so only NAT can change the port. */
function realPort(head: Endpoint, method: string, service: VirtualServer, report: Report): Located<number> {
  const given = head.port;
  if (given === undefined || given.value === 0)
    return { value: service.port.value, at: (given ?? head.address).at };
  if (method === 'NAT' || given.value === service.port.value) return given;
  report.add(
    'CFG_CONTRADICTION',
    given.at,
    `${method} cannot change the port: the real server gets packets for port ${service.port.value}`,
    `write ${service.port.value}, or use NAT`,
  );
  return { value: service.port.value, at: given.at };
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
