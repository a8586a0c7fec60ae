// A director's machine against its configuration: what has to be so before packets flow, and settings of the
// kernel that bring surprises with what the file has. Pure; only what the file makes matter is said.
import type { Configuration } from '../../config/model.ts';
import { type Address, familyOf, prefixContains } from '../../core/address.ts';
import type { Way } from './asking.ts';
import { type Duty, distinctBy, dutiesOf } from './duties.ts';
import { isLocal } from './examine.ts';
import type { Finding } from './finding.ts';
import { defaultRoute, effective, type Host, linkOf } from './host.ts';
import { examineGroups, examineMarks } from './marks.ts';
import { examineSettings, say, settingsInForce } from './settings.ts';
import { CLIENT_MTU, fittingSegment, tunnelOverhead } from './tunnels.ts';

/** Of a kernel module: in use (or built in), there to be loaded, or neither; undefined = nobody can tell. */
export type Presence = 'loaded' | 'available' | 'missing' | undefined;
export type System = {
  host: Host;
  /** `6.1.0-18-amd64` */
  kernel: string;
  hasIpvs: boolean;
  module: (name: string) => Presence;
  /** Below /proc/sys/net; undefined = the kernel has no such setting, or not yet. */
  sysctl: (path: string) => string | undefined;
  /** By server; those that there is no way to are missing. */
  ways: ReadonlyMap<Address, Way>;
};

const STRICT = 1;

export function examineDirector(configuration: Configuration, system: System): Finding[] {
  const { duties } = dutiesOf(configuration);
  const usesKernel =
    configuration.director.engine.value !== 'embedded' && configuration.virtualServers.length > 0;
  return [
    ...examineInterfaces(configuration, system.host),
    ...(usesKernel ? examineIpvs(configuration, system) : []),
    ...(usesKernel && !fallsBack(configuration, system) ? examineGroups : examineMarks)(
      configuration,
      system,
    ),
    ...examineForwarding(duties, configuration, system),
    ...examineReversePath(configuration, system.host),
    ...(usesKernel && system.hasIpvs ? examineSettings(configuration, system) : []),
    ...(usesKernel ? examineSync(configuration, duties) : []),
    ...examineWays(duties, system, settingsInForce(configuration, system)('pmtu_disc')),
  ];
}

/** To the embedded engine, where the file names none. */
function fallsBack({ director }: Configuration, { module, hasIpvs }: System): boolean {
  return director.engine.value !== 'kernel' && !hasIpvs && isMissing(module('ip_vs'));
}
function isMissing(presence: Presence): boolean {
  return presence === 'missing' || presence === undefined;
}

function examineInterfaces({ instances }: Configuration, host: Host): Finding[] {
  return [...new Set(instances.map((instance) => instance.interface.value))].map((name) => {
    const link = linkOf(host, name);
    if (link === undefined) return say('DIR_INTERFACE', 'wrong', `there is no interface ${name}`, 'ip link');
    if (!link.up) return say('DIR_INTERFACE', 'wrong', `${name} is down`, `ip link set ${name} up`);
    return say('DIR_INTERFACE', 'ok', `${name} is up`);
  });
}

function examineIpvs({ director, virtualServers }: Configuration, { module, hasIpvs }: System): Finding[] {
  const isNeeded = director.engine.value === 'kernel';
  const presence = hasIpvs ? 'loaded' : module('ip_vs');
  if (isMissing(presence))
    return [
      isNeeded
        ? say('DIR_IPVS', 'wrong', 'this kernel has no IPVS', 'a kernel with ip_vs, or `engine embedded`')
        : say(
            'DIR_IPVS',
            'warning',
            'this kernel has no IPVS: the embedded engine forwards',
            'a kernel with ip_vs',
          ),
    ];
  const first =
    presence === 'loaded'
      ? say('DIR_IPVS', 'ok', 'the kernel has IPVS')
      : say(
          'DIR_IPVS',
          'warning',
          'ip_vs is not loaded yet: its settings are not looked at',
          'modprobe ip_vs, and a line in /etc/modules-load.d/ to have settings from the start',
        );
  const schedulers = [...new Set(virtualServers.map(({ scheduler }) => scheduler.value))];
  return [first, ...schedulers.map((name) => examineScheduler(name, module(`ip_vs_${name}`)))];
}

/** The kernel loads it when the first service asks for it. */
function examineScheduler(name: string, presence: Presence): Finding {
  if (presence === 'missing')
    return say(
      'DIR_SCHEDULER',
      'wrong',
      `the kernel has no scheduler ${name}: its services cannot be made`,
      `the module ip_vs_${name}, or another lvs_sched`,
    );
  if (presence === undefined)
    return say('DIR_SCHEDULER', 'warning', `nobody can tell whether the kernel has the scheduler ${name}`);
  return say('DIR_SCHEDULER', 'ok', `the kernel has the scheduler ${name}`);
}

function examineForwarding(duties: readonly Duty[], { director }: Configuration, system: System): Finding[] {
  if (director.engine.value === 'embedded') return [];
  const masked = duties.filter((duty) => !isLocal(duty));
  const settings = { 4: 'ipv4/ip_forward', 6: 'ipv6/conf/all/forwarding' } as const;
  const forwarding = ([4, 6] as const).flatMap((family) => {
    if (!masked.some(({ server }) => familyOf(server) === family)) return [];
    const name = family === 4 ? 'net.ipv4.ip_forward' : 'net.ipv6.conf.all.forwarding';
    if (system.sysctl(settings[family]) !== '0')
      return [say('DIR_FORWARDING', 'ok', `${name} is on, as NAT needs`)];
    return [
      say(
        'DIR_FORWARDING',
        'wrong',
        `${name} is off: answers of NAT servers are not forwarded`,
        `sysctl -w ${name}=1`,
      ),
    ];
  });
  return [...forwarding, ...examineRedirects(masked, system.host)];
}

/** On one network the director would tell servers a shorter way to clients, past itself. */
function examineRedirects(masked: readonly Duty[], host: Host): Finding[] {
  const shared = masked.flatMap(({ vip, server }) => {
    const network = host.addresses.find(({ prefix }) => prefixContains(prefix, server));
    return network !== undefined && prefixContains(network.prefix, vip) ? [network.interface] : [];
  });
  return [...new Set(shared)].flatMap((name) =>
    effective(host, 'send_redirects', name) === 0
      ? [say('DIR_REDIRECTS', 'ok', `no redirects on ${name}, where clients and NAT servers share a network`)]
      : [
          say(
            'DIR_REDIRECTS',
            'wrong',
            `${name} sends redirects: NAT servers there learn a way to clients past this director`,
            `sysctl -w net.ipv4.conf.all.send_redirects=0 net.ipv4.conf.${name}.send_redirects=0`,
          ),
        ],
  );
}

/** What comes in where the way back does not lead is dropped before IPVS sees it. */
function examineReversePath({ instances }: Configuration, host: Host): Finding[] {
  const out = defaultRoute(host, 4)?.interface;
  const names = [...new Set(instances.map((instance) => instance.interface.value))];
  return names.flatMap((name) => {
    if (out === undefined || out === name || linkOf(host, name) === undefined) return [];
    if (effective(host, 'rp_filter', name) !== STRICT) return [];
    return [
      say(
        'DIR_RP_FILTER',
        'warning',
        `rp_filter is strict on ${name}, the default route is on ${out}: it drops clients from elsewhere`,
        `sysctl -w net.ipv4.conf.${name}.rp_filter=2, if clients come in by ${name}`,
      ),
    ];
  });
}

/** ip_vs_genl_new_daemon of the kernel. */
function examineSync({ global }: Configuration, duties: readonly Duty[]): Finding[] {
  const mixed = duties.find(({ vip, server }) => familyOf(vip) !== familyOf(server));
  if (global.syncDaemon === undefined || mixed === undefined) return [];
  return [
    say(
      'DIR_SYNC',
      'wrong',
      `the kernel starts no sync daemon: ${mixed.service} has ${mixed.server}, of another family`,
      'no lvs_sync_daemon, or servers of the family of their service',
    ),
  ];
}

function examineWays(
  duties: readonly Duty[],
  { ways, host }: System,
  discovers: string | undefined,
): Finding[] {
  const own = new Set(host.addresses.map(({ prefix }) => prefix.address));
  const one = distinctBy(
    duties,
    ({ server, method }) => `${server} ${method.forwarding} ${method.tunnel?.type}`,
  );
  return one.flatMap((duty): Finding[] => {
    const { server, method } = duty;
    if (own.has(server)) return [];
    const way = ways.get(server);
    if (way === undefined)
      return [
        say('DIR_ROUTE', 'wrong', `there is no route to the real server ${server}`, `ip route get ${server}`),
      ];
    if (method.forwarding === 'DR' && way.via !== undefined)
      return [
        say(
          'DIR_ROUTE',
          'wrong',
          `${server} is behind the router ${way.via}: DR needs it on a link of this director`,
          'TUN for servers elsewhere',
        ),
      ];
    const found = say(
      'DIR_ROUTE',
      'ok',
      `${server} is reached by ${way.interface}${way.via ? ` via ${way.via}` : ''}`,
    );
    return method.forwarding === 'TUN' ? [found, examineMtu(duty, way, discovers)] : [found];
  });
}

function examineMtu({ server, vip, method }: Duty, { mtu }: Way, discovers: string | undefined): Finding {
  const overhead = tunnelOverhead(server, method.tunnel);
  if (mtu - overhead >= CLIENT_MTU)
    return say(
      'DIR_TUNNEL_MTU',
      'ok',
      `MTU ${mtu} to ${server} takes packets of ${CLIENT_MTU} bytes in a tunnel`,
    );
  const become =
    discovers === '0' ? 'are cut into fragments' : 'are refused by ICMP, which some clients never see';
  return say(
    'DIR_TUNNEL_MTU',
    'warning',
    `MTU ${mtu} to ${server}: packets of ${CLIENT_MTU} bytes and ${overhead} of tunnel ${become}`,
    `an MTU of ${CLIENT_MTU + overhead}, or advmss ${fittingSegment(vip, mtu, overhead)} on the server`,
  );
}
