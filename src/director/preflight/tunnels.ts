// Tunnels that end at a real server: which kind of device takes in what a director wraps, what it costs of a
// packet, and whether the machine has one. ip_vs_tunnel_xmit of the kernel's IPVS is the sender.
import { type Address, type Family, familyOf, isLinkLocal } from '../../core/address.ts';
import type { Tunnel as Wrapping } from '../../core/forwarding.ts';
import type { Route } from '../../core/route.ts';
import { type Duty, distinctBy, familiesOfTunnel } from './duties.ts';
import { type Finding, stepsOf } from './finding.ts';
import { effective, type Host, type HostLink, isAsked, linkOf, placesOf, sysctlNumber } from './host.ts';
import type { Step, TunnelKind } from './steps.ts';

/** What a client's packet may be long: Ethernet. */
export const CLIENT_MTU = 1500;
const IP_HEADER = { 4: 20, 6: 40 } as const;
const TCP_HEADER = 20;
const GRE = { header: 4, checksum: 4 } as const;
/** UDP and GUE. */
const GUE_HEADER = 12;
const RP_FILTER = { STRICT: 1, LOOSE: 2 } as const;

/** IPVS puts the family inside into one header, whatever both families are; gue is one within UDP. */
export function deviceKind(duty: Duty): TunnelKind {
  const { inner, outer } = familiesOfTunnel(duty);
  if (duty.method.tunnel?.type === 'gre') return outer === 4 ? 'gre' : 'ip6gre';
  if (outer === 6) return 'ip6tnl';
  return inner === 4 ? 'ipip' : 'sit';
}

/** Bytes in front of a client's packet. */
export function tunnelOverhead(server: Address, wrapping: Wrapping | undefined): number {
  const header = IP_HEADER[familyOf(server)];
  if (wrapping === undefined) return header;
  if (wrapping.type === 'gue') return header + GUE_HEADER;
  return header + GRE.header + (wrapping.checksum === 'none' ? 0 : GRE.checksum);
}

/** The largest segment whose packet, wrapped, is no longer than `mtu`. */
export function fittingSegment(vip: Address, mtu: number, overhead: number): number {
  return mtu - overhead - IP_HEADER[familyOf(vip)] - TCP_HEADER;
}

/** `duties`: the tunnelled ones of one server. */
export function examineTunnels(duties: readonly Duty[], host: Host): Finding[] {
  // A device that takes in both families has to be right for IPv4, which has a filter.
  const kinds = distinctBy(duties, (duty) => `${deviceKind(duty)} ${familyOf(duty.vip)}`).toSorted(
    (one, other) => familyOf(one.vip) - familyOf(other.vip),
  );
  const devices = distinctBy(kinds, deviceKind).flatMap((duty) => examineDevice(duty, host));
  const segments = distinctBy(kinds, ({ vip }) => String(familyOf(vip))).map((duty) =>
    examineSegments(duty, host),
  );
  return [...devices, ...segments];
}

function examineDevice(duty: Duty, host: Host): Finding[] {
  const { server } = duty;
  const kind = deviceKind(duty);
  const key = `tunnel ${kind} ${server}`;
  const ofKind = host.links.filter((link) => link.kind === kind);
  const fitting = ofKind.filter(({ tunnel }) => fits(tunnel, server));
  const device = fitting.find(({ up }) => up);
  if (device !== undefined) {
    const finding: Finding = {
      code: 'RS_TUNNEL',
      level: 'ok',
      server,
      key,
      says: `${device.name} takes in ${kind} for ${server}`,
    };
    return [
      finding,
      ...examinePort(duty),
      ...examineReturnPath(duty, device, host),
      ...examineOwnAddress(duty, device.name, host),
    ];
  }
  const [down] = fitting.filter(({ tunnel }) => tunnel?.local === server);
  const says = down === undefined ? missing(ofKind, kind, server) : `the tunnel device ${down.name} is down`;
  const name = freeName(host, kind);
  const steps: Step[] =
    down === undefined
      ? [{ do: 'addTunnel', tunnel: { name, kind, local: server } }]
      : [{ do: 'setLinkUp', name: down.name }];
  if (down === undefined && familyOf(duty.vip) === 4)
    steps.push({ do: 'initSysctl', path: `ipv4/conf/${name}/rp_filter`, value: String(RP_FILTER.LOOSE) });
  const hint =
    down === undefined
      ? `ip link add ${name} type ${kind} local ${server} && ip link set ${name} up`
      : `ip link set ${down.name} up`;
  const rest = down === undefined ? [] : examineReturnPath(duty, down, host);
  const address = examineOwnAddress(duty, down?.name ?? name, host);
  const also = down === undefined ? stepsOf(address) : [];
  return [
    { code: 'RS_TUNNEL', level: 'wrong', server, key, says, hint, steps, also },
    ...examinePort(duty),
    ...rest,
    ...(down === undefined ? [] : address),
  ];
}

function fits(tunnel: HostLink['tunnel'], server: Address): boolean {
  return (tunnel?.local === undefined || tunnel.local === server) && tunnel?.remote === undefined;
}

function missing(ofKind: readonly HostLink[], kind: TunnelKind, server: Address): string {
  const others = ofKind.filter(({ up, tunnel }) => up || tunnel?.local !== undefined);
  if (others.length === 0) return `there is no ${kind} device for ${server}`;
  const ends = others.map(
    ({ name, tunnel }) => `${name} (local ${tunnel?.local ?? 'any'}, remote ${tunnel?.remote ?? 'any'})`,
  );
  return `no ${kind} device takes in packets of every director for ${server}: ${ends.join(', ')}`;
}

/** 15 characters are what a name may have. */
function freeName(host: Host, kind: TunnelKind): string {
  const names = [`lvs-${kind}`, ...Array.from({ length: 99 }, (_, i) => `lvs-${kind}${i + 1}`)];
  return names.find((name) => linkOf(host, name) === undefined) ?? names[0]!;
}

/** The port is of the kernel's fou, which this does not ask. */
function examinePort({ server, method }: Duty): Finding[] {
  if (method.tunnel?.type !== 'gue') return [];
  const { port } = method.tunnel;
  return [
    {
      code: 'RS_TUNNEL',
      level: 'warning',
      server,
      key: `gue ${port}`,
      says: `gue: whether the kernel opens UDP port ${port} is not looked at`,
      hint: `ip fou add port ${port} gue; \`realserver verify\` on a director sends a packet through it`,
    },
  ];
}

/** Clients' addresses are behind another interface, so a strict filter drops all that comes out. */
function examineReturnPath({ server, vip }: Duty, { name }: HostLink, host: Host): Finding[] {
  const path = `ipv4/conf/${name}/rp_filter`;
  const former = sysctlNumber(host, path);
  if (familyOf(vip) === 6 || former === undefined) return [];
  const key = `rp_filter ${name}`;
  const value = effective(host, 'rp_filter', name);
  if (value !== RP_FILTER.STRICT)
    return [{ code: 'RS_RP_FILTER', level: 'ok', server, key, says: `rp_filter of ${name} lets clients in` }];
  const all = sysctlNumber(host, 'ipv4/conf/all/rp_filter') ?? 0;
  return [
    {
      code: 'RS_RP_FILTER',
      level: 'wrong',
      server,
      key,
      says: `rp_filter is strict on ${name} (${former}, all ${all}): what comes out of the tunnel is dropped`,
      hint: `sysctl -w net.ipv4.conf.${name}.rp_filter=${RP_FILTER.LOOSE}: loose; the larger one counts`,
      steps: [{ do: 'setSysctl', path, value: String(RP_FILTER.LOOSE), former: String(former) }],
    },
  ];
}

/**
 * On a device without an IPv4 address even the loose filter drops everything: fib_validate_source of the
 * kernel. The virtual address does, beside where else it is.
 */
function examineOwnAddress({ server, vip }: Duty, name: string, host: Host): Finding[] {
  if (familyOf(vip) === 6) return [];
  const about = { code: 'RS_RP_FILTER', server, key: `address ${vip} of ${name}` } as const;
  const isThere = linkOf(host, name) !== undefined;
  const hasAddress = host.addresses.some(
    ({ interface: at, prefix }) => at === name && familyOf(prefix.address) === 4,
  );
  if (hasAddress) return [{ ...about, level: 'ok', says: `${name} has an address, as its rp_filter needs` }];
  if (isThere && effective(host, 'rp_filter', name) === 0) return [];
  return [
    {
      ...about,
      level: 'wrong',
      says: `${name} has no address: its rp_filter, even a loose one, drops what comes out of it`,
      hint: `ip addr add ${vip}/32 dev ${name}; or rp_filter 0, of \`all\` as well`,
      steps: [{ do: 'addAddress', interface: name, address: vip }],
    },
  ];
}

/** What a server says in its SYN-ACK is what clients send: the advmss of the route to them. */
function examineSegments(duty: Duty, host: Host): Finding {
  const { server, vip, method } = duty;
  const family = familyOf(vip);
  const about = { code: 'RS_TUNNEL_MTU', server, key: `advmss ${family}` } as const;
  const overhead = tunnelOverhead(server, method.tunnel);
  const mtu = linkOf(host, placesOf(host, server)[0]?.interface ?? '')?.mtu ?? CLIENT_MTU;
  if (mtu - overhead >= CLIENT_MTU)
    return { ...about, level: 'ok', says: `MTU ${mtu} takes packets of ${CLIENT_MTU} bytes in a tunnel` };
  const most = fittingSegment(vip, mtu, overhead);
  const routes = routesToClients(host, family);
  const large = routes.filter(({ metrics }) => metrics?.advmss === undefined || metrics.advmss > most);
  if (routes.length > 0 && large.length === 0)
    return { ...about, level: 'ok', says: `clients are told to send segments of at most ${most} bytes` };
  return {
    ...about,
    level: 'warning',
    says: `MTU ${mtu} less ${overhead} bytes of tunnel: clients send more than the ${most} that fit`,
    hint: `advmss ${most} at the routes to clients, or an MTU of ${CLIENT_MTU + overhead} all the way here`,
    steps: large.map((route) => ({
      do: 'setRoute',
      route: { ...route, metrics: { ...route.metrics, advmss: most } },
      former: route,
    })),
  };
}

function routesToClients(host: Host, family: Family): Route[] {
  const isOut = (name: string | undefined) => host.links.some((link) => link.name === name && isAsked(link));
  return host.routes.filter(
    (route) => route.family === family && isOut(route.interface) && !isLinkLocal(route.to.address),
  );
}
