// A director's settings of IPVS (net.ipv4.vs) against its file: those that bring surprises with what the file
// has, and what kernel versions made of them. Judged is what will be in force: what the file sets, else what
// the kernel has now.
import type { Configuration } from '../../config/model.ts';
import type { VirtualServer } from '../../config/model-services.ts';
import type { System } from './doctor.ts';
import type { Finding, FindingCode, Level } from './finding.ts';

const ABOUT = 'director';
/** What keeps a client at one server without anybody remembering it. */
const CONSISTENT = ['mh', 'sh'];
/**
 * Since then a new connection from a port that was just used is not held up (kubernetes/kubernetes#81775).
 */
const REUSE_REPAIRED = { major: 5, minor: 9 } as const;
/** Until then conn_reuse_mode 0 took the half of expire_nodest_conn with it that is about weight 0. */
const REUSE_SEPARATE = { major: 5, minor: 16 } as const;

type Say = (code: FindingCode, level: Level, says: string, hint?: string) => Finding;
export const say: Say = (code, level, says, hint) => ({
  code,
  level,
  server: ABOUT,
  key: says,
  says,
  ...(hint === undefined ? {} : { hint }),
});

/** Undefined = the kernel has no such setting, or not yet. */
type Setting = (name: string) => string | undefined;

export function settingsInForce({ director }: Configuration, system: System): Setting {
  return (name) => {
    const now = system.sysctl(`ipv4/vs/${name}`);
    return now === undefined ? undefined : (director.ipvs[name]?.value.toString() ?? now);
  };
}

export function examineSettings(configuration: Configuration, system: System): Finding[] {
  const { virtualServers, global, director } = configuration;
  const vs = settingsInForce(configuration, system);
  const hasSync = global.syncDaemon !== undefined || director.sync !== undefined;
  return [
    ...examineNames(Object.keys(director.ipvs), vs),
    ...examineConntrack(virtualServers, vs('conntrack'), system),
    ...examineExpiry(virtualServers, vs),
    ...examineReuse(vs, system.kernel),
    ...examineSloppiness(virtualServers, vs('sloppy_tcp'), hasSync),
  ];
}

/** By the file, or by hand. */
function setting(name: string, value: number, word = value === 0 ? 'off' : 'on'): string {
  return `\`ipvs { ${name} ${word} }\` in director, or sysctl -w net.ipv4.vs.${name}=${value}`;
}

function examineNames(names: readonly string[], vs: Setting): Finding[] {
  const missing = names.filter((name) => vs(name) === undefined);
  if (missing.length === 0) return [];
  const says = `this kernel has no net.ipv4.vs.${missing.join(', ')}: left out`;
  return [say('DIR_SETTING', 'warning', says, 'a kernel that has them: `ls /proc/sys/net/ipv4/vs`')];
}

function examineConntrack(
  services: readonly VirtualServer[],
  value: string | undefined,
  system: System,
): Finding[] {
  const isTracked = system.sysctl('netfilter/nf_conntrack_count') !== undefined;
  if (value === undefined || !isTracked) return [];
  const hasNat = services.some(({ method, realServers }) =>
    [method, ...realServers.map((server) => server.method ?? method)].some(
      (each) => each.value.forwarding === 'NAT',
    ),
  );
  if (value === '0' && hasNat)
    return [
      say(
        'DIR_CONNTRACK',
        'warning',
        'net.ipv4.vs.conntrack is 0: rules with `ct state` do not know the connections of NAT services',
        `${setting('conntrack', 1)} if the packet filter has such rules, or masquerades`,
      ),
    ];
  if (value !== '0' && !hasNat)
    return [
      say(
        'DIR_CONNTRACK',
        'warning',
        'net.ipv4.vs.conntrack is on, and DR and TUN gain nothing by it',
        `${setting('conntrack', 0)}: it costs time and room for each connection`,
      ),
    ];
  return [say('DIR_CONNTRACK', 'ok', `net.ipv4.vs.conntrack is ${value}`)];
}

function examineExpiry(services: readonly VirtualServer[], vs: Setting): Finding[] {
  const removed = services.filter(
    ({ inhibitOnFailure, realServers }) =>
      !inhibitOnFailure.value && realServers.some((server) => server.inhibitOnFailure?.value !== true),
  );
  const kept = services.filter(
    ({ persistenceSeconds, inhibitOnFailure, realServers }) =>
      persistenceSeconds.value > 0 &&
      (inhibitOnFailure.value ||
        realServers.some(({ weight, inhibitOnFailure: own }) => own?.value || weight.value === 0)),
  );
  const says = (name: string, code: FindingCode, applies: boolean, trouble: string) => {
    if (!applies || vs(name) === undefined) return [];
    if (vs(name) !== '0') return [say(code, 'ok', `net.ipv4.vs.${name} is on`)];
    return [say(code, 'warning', `net.ipv4.vs.${name} is 0: ${trouble}`, setting(name, 1))];
  };
  const udp = removed.some(({ protocol }) => protocol.value === 'UDP')
    ? ', and UDP clients stay there for good'
    : '';
  return [
    ...says(
      'expire_nodest_conn',
      'DIR_NODEST',
      removed.length > 0,
      `packets of connections to a server that failed are dropped in silence until they time out${udp}`,
    ),
    ...says(
      'expire_quiescent_template',
      'DIR_TEMPLATE',
      kept.length > 0,
      'persistent clients are still sent to a server of weight 0',
    ),
  ];
}

function examineReuse(vs: Setting, kernel: string): Finding[] {
  const mode = vs('conn_reuse_mode');
  if (mode === undefined) return [];
  const isRepaired = isAtLeast(kernel, REUSE_REPAIRED);
  if (mode === '0' && isRepaired)
    return [
      say(
        'DIR_REUSE',
        'warning',
        'net.ipv4.vs.conn_reuse_mode is 0: a port used again leads to the old server, even a drained one',
        `${setting('conn_reuse_mode', 1, '1')}: kernels since 5.9 need no 0${lost(vs, kernel)}`,
      ),
    ];
  if (mode !== '0' && !isRepaired && vs('conntrack') === '1')
    return [
      say(
        'DIR_REUSE',
        'warning',
        `conn_reuse_mode ${mode} with conntrack delays connections by 1 s before kernel 5.9 (${kernel})`,
        `${setting('conn_reuse_mode', 0, '0')}: a port used again then goes to the old server`,
      ),
    ];
  return [say('DIR_REUSE', 'ok', `net.ipv4.vs.conn_reuse_mode is ${mode}`)];
}

function lost(vs: Setting, kernel: string): string {
  const isMeant = (vs('expire_nodest_conn') ?? '0') !== '0';
  if (!isMeant || isAtLeast(kernel, REUSE_SEPARATE)) return '';
  return ', and before 5.16 it takes from expire_nodest_conn what is about weight 0';
}

export function isAtLeast(kernel: string, { major, minor }: { major: number; minor: number }): boolean {
  const [ofKernel = 0, second = 0] = kernel.split('.').map((part) => Number.parseInt(part, 10));
  return ofKernel > major || (ofKernel === major && second >= minor);
}

function examineSloppiness(
  services: readonly VirtualServer[],
  value: string | undefined,
  hasSync: boolean,
): Finding[] {
  const tcp = services.filter(({ protocol }) => protocol.value === 'TCP');
  if (value === undefined || tcp.length === 0) return [];
  const isConsistent = ({ scheduler }: VirtualServer) => CONSISTENT.includes(scheduler.value);
  if (value !== '0' && !tcp.every(isConsistent)) {
    const other = tcp.find((service) => !isConsistent(service))!.scheduler.value;
    return [
      say(
        'DIR_SLOPPY',
        'warning',
        `net.ipv4.vs.sloppy_tcp is on: with ${other} an unknown connection goes on at any server`,
        `${setting('sloppy_tcp', 0)}; it is for mh and sh`,
      ),
    ];
  }
  if (value === '0' && tcp.some(isConsistent) && !hasSync)
    return [
      say(
        'DIR_SLOPPY',
        'warning',
        'net.ipv4.vs.sloppy_tcp is 0, and nothing is synced: a failover ends connections of mh and sh, too',
        `${setting('sloppy_tcp', 1)}, on both directors; or sync`,
      ),
    ];
  return [say('DIR_SLOPPY', 'ok', `net.ipv4.vs.sloppy_tcp is ${value}`)];
}
