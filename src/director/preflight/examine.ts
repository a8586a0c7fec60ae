// A real server looked at from inside: what the configuration wants of it against what the machine has. Pure;
// the steps that each finding brings are what `apply` does.
//
// DR and TUN: the server takes packets for the virtual address, so it has to have it, and nobody may learn
// so: who asks by ARP must reach a director. IPv6 needs nothing for that: a neighbour solicitation is
// answered for addresses of the very interface only. NAT: the server does not know the virtual address, but
// its answers have to come back through the director, which is its default route.
import { type Address, endpoint, type Family, familyOf, prefixContains } from '../../core/address.ts';
import type { Route } from '../../core/route.ts';
import { type Duty, distinctBy } from './duties.ts';
import type { Finding } from './finding.ts';
import { defaultRoute, effective, type Host, isAsked, linkOf, networkAround, placesOf } from './host.ts';
import { hostLength, type Step } from './steps.ts';
import { examineTunnels } from './tunnels.ts';

const LOOPBACK = 'lo';
/** RT_SCOPE_HOST */
const HOST_SCOPE = 254;
/**
 * Documentation/networking/ip-sysctl: 1, 2 and 8 keep quiet about addresses of lo, 3 about those of scope
 * host.
 */
const QUIET = { ALWAYS: [1, 2, 8], FOR_HOST_SCOPE: 3, SET: 1 } as const;
const ANNOUNCE_BEST = 2;
/** RTPROT_STATIC; RTN_UNICAST, RT_TABLE_MAIN */
const STATIC = 4;
const UNICAST = 1;
const MAIN = 254;
/** A router advertised it or DHCP set it for a while: it comes back by itself. RTPROT_KERNEL, RTPROT_RA. */
const AUTOMATIC = [2, 9];
/** Better than what router advertisements bring: 1024. */
const BEFORE_ADVERTISED = 512;

/** `gateways`: addresses of directors that may be one; the first in a server's network is set. */
export type Surroundings = { gateways: readonly Address[] };

/** `duties`: those of this machine. */
export function examineServer(duties: readonly Duty[], host: Host, around: Surroundings): Finding[] {
  const servers = [...new Set(duties.map(({ server }) => server))];
  return servers.flatMap((server) => {
    const own = duties.filter((duty) => duty.server === server);
    const [local, masked] = [own.filter(isLocal), own.filter((duty) => !isLocal(duty))];
    const arp = examineArp(server, local, host);
    const vips = distinctBy(local, ({ vip }) => vip).map((duty) => examineVip(duty, host));
    // Where ARP is answered for good, an address that is missing does less harm than one that is there.
    const isLoud = arp.some(
      ({ code, level, steps }) => code === 'RS_ARP_IGNORE' && level === 'wrong' && !steps,
    );
    return [
      ...arp,
      ...(isLoud ? vips.map(withoutSteps) : vips),
      ...examineTunnels(
        local.filter(({ method }) => method.forwarding === 'TUN'),
        host,
      ),
      ...distinctBy(masked, ({ vip }) => vip).flatMap((duty) => examineMasked(duty, local, host)),
      ...(masked.length === 0 ? [] : examineGateway(server, masked, host, around)),
      ...examinePorts(own, host),
    ];
  });
}

function withoutSteps({ steps: _, ...finding }: Finding): Finding {
  return finding;
}

/** It sees the virtual address itself. */
export function isLocal({ method }: Duty): boolean {
  return method.forwarding !== 'NAT';
}

function examineArp(server: Address, duties: readonly Duty[], host: Host): Finding[] {
  const vips = duties.map(({ vip }) => vip).filter((vip) => familyOf(vip) === 4);
  if (vips.length === 0) return [];
  const hostScoped = vips.every((vip) => placesOf(host, vip).every(({ scope }) => scope === HOST_SCOPE));
  const quiet: number[] = [...QUIET.ALWAYS, ...(hostScoped ? [QUIET.FOR_HOST_SCOPE] : [])];
  const asked = host.links.filter(isAsked);
  const loud = asked.filter(({ name }) => !quiet.includes(effective(host, 'arp_ignore', name)));
  const naming = asked.filter(({ name }) => effective(host, 'arp_announce', name) < ANNOUNCE_BEST);
  const values = (word: string, links: typeof asked) =>
    links.map(({ name }) => `${effective(host, word, name)} on ${name}`).join(', ');
  const set = (word: string, value: number): Step[] => {
    const former = host.sysctls.get(`ipv4/conf/all/${word}`) ?? '0';
    return [{ do: 'setSysctl', path: `ipv4/conf/all/${word}`, value: String(value), former }];
  };
  const ignore = { code: 'RS_ARP_IGNORE', server, key: 'arp_ignore' } as const;
  const announce = { code: 'RS_ARP_ANNOUNCE', server, key: 'arp_announce' } as const;
  const repairable = loud.every(({ name }) => effective(host, 'arp_ignore', name) < QUIET.SET);
  return [
    loud.length === 0
      ? { ...ignore, level: 'ok', says: 'ARP for virtual addresses is not answered (arp_ignore)' }
      : {
          ...ignore,
          level: 'wrong',
          says: `ARP for virtual addresses is answered: arp_ignore is ${values('arp_ignore', loud)}`,
          hint: 'sysctl -w net.ipv4.conf.all.arp_ignore=1, before the address is there',
          ...(repairable ? { steps: set('arp_ignore', QUIET.SET) } : {}),
        },
    naming.length === 0
      ? { ...announce, level: 'ok', says: 'no virtual address is the sender of ARP (arp_announce)' }
      : {
          ...announce,
          level: 'wrong',
          says: `ARP asks in their name: arp_announce is ${values('arp_announce', naming)}`,
          hint: 'sysctl -w net.ipv4.conf.all.arp_announce=2',
          steps: set('arp_announce', ANNOUNCE_BEST),
        },
  ];
}

function examineVip({ server, vip }: Duty, host: Host): Finding {
  const about = { code: 'RS_VIP', server, key: `vip ${vip}` } as const;
  const own = `${vip}/${hostLength(vip)}`;
  const places = placesOf(host, vip);
  const heard = places.find((place) => isAskedAt(host, place.interface));
  if (heard !== undefined)
    return {
      ...about,
      level: 'wrong',
      says: `${vip} is on ${heard.interface}, where others ask for it`,
      hint: `ip addr del ${vip}/${heard.prefix.length} dev ${heard.interface}: a real server has it on lo`,
    };
  const wide = places.find(({ prefix }) => prefix.length !== hostLength(vip));
  if (wide !== undefined)
    return {
      ...about,
      level: 'wrong',
      says: `${vip}/${wide.prefix.length} is on ${wide.interface}: that takes in the whole network`,
      hint: `ip addr del ${vip}/${wide.prefix.length} dev ${wide.interface}, then ip addr add ${own} dev lo`,
    };
  const [place] = places.filter(({ interface: name }) => linkOf(host, name)?.up);
  if (place !== undefined) return { ...about, level: 'ok', says: `${own} is on ${place.interface}` };
  return {
    ...about,
    level: 'wrong',
    says:
      places.length === 0
        ? `${vip} is on no interface`
        : `${vip} is on ${places[0]!.interface}, which is down`,
    hint: `ip addr add ${own} dev lo`,
    steps: [{ do: 'addAddress', interface: LOOPBACK, address: vip }],
  };
}

function isAskedAt(host: Host, name: string): boolean {
  const link = linkOf(host, name);
  return link !== undefined && isAsked({ ...link, up: true });
}

/** It may be a DR server of another service of the address. */
function examineMasked({ server, vip }: Duty, local: readonly Duty[], host: Host): Finding[] {
  if (vip === server || local.some((duty) => duty.vip === vip)) return [];
  const [place] = placesOf(host, vip);
  if (place === undefined) return [];
  return [
    {
      code: 'RS_NAT_VIP',
      level: 'wrong',
      server,
      key: `no vip ${vip}`,
      says: `${vip} is on ${place.interface}, and NAT needs it on directors only: answers to it never leave`,
      hint: `ip addr del ${vip}/${place.prefix.length} dev ${place.interface}`,
    },
  ];
}

function examineGateway(
  server: Address,
  masked: readonly Duty[],
  host: Host,
  { gateways }: Surroundings,
): Finding[] {
  const family = familyOf(server);
  const network = placesOf(host, server)[0];
  const about = { code: 'RS_GATEWAY', server, key: `gateway ${family}` } as const;
  if (network === undefined) return [];
  const near = gateways.filter(
    (gateway) => prefixContains(network.prefix, gateway) && placesOf(host, gateway).length === 0,
  );
  const route = defaultRoute(host, family);
  const now = route === undefined ? 'there is no default route' : `the default route is ${hopOf(route)}`;
  const inside = masked.find(({ vip }) => networkAround(host, vip) !== undefined);
  const oneArm: Finding[] =
    inside === undefined
      ? []
      : [
          {
            ...about,
            level: 'warning',
            key: `one arm ${family}`,
            says: `${inside.vip} is in a network of this server: clients there get answers past the director`,
            hint: 'put the virtual address in another network, or use DR',
          },
        ];
  if (near.length === 0)
    return [
      {
        ...about,
        level: 'warning',
        says: `${now}; the file names no address of directors in the network of ${server}`,
        hint: 'answers have to go through the director: name its address there with --gateway',
      },
      ...oneArm,
    ];
  if (route?.via !== undefined && near.includes(route.via))
    return [{ ...about, level: 'ok', says: `the default route is the director's ${route.via}` }, ...oneArm];
  const via = near[0]!;
  return [
    {
      ...about,
      level: 'wrong',
      says: `${now}, and not the director's ${via}: answers to clients do not come back through it`,
      hint: `ip route replace default via ${via}`,
      steps: [gatewayStep(family, via, network.interface, route)],
    },
    ...oneArm,
  ];
}

function hopOf({ via, interface: device, hops }: Route): string {
  if (hops !== undefined) return `of ${hops.length} next hops`;
  return via ?? `on ${device ?? 'no interface'}`;
}

function gatewayStep(family: Family, via: Address, device: string, former: Route | undefined): Step {
  const automatic =
    former !== undefined && (AUTOMATIC.includes(former.origin) || former.expiresSeconds !== undefined);
  const replaced = former === undefined || automatic ? undefined : former;
  const priority = automatic && family === 6 ? BEFORE_ADVERTISED : replaced?.priority;
  const route: Route = {
    family,
    type: UNICAST,
    to: { address: (family === 4 ? '0.0.0.0' : '::') as Address, length: 0 },
    table: MAIN,
    scope: 0,
    origin: STATIC,
    via,
    interface: device,
    ...(priority === undefined ? {} : { priority }),
  };
  return { do: 'setRoute', route, ...(replaced === undefined ? {} : { former: replaced }) };
}

function examinePorts(duties: readonly Duty[], host: Host): Finding[] {
  const ends = duties.map((duty) => {
    const [address, port] = isLocal(duty)
      ? [duty.vip, duty.port]
      : [duty.server, duty.serverPort || duty.port];
    return { server: duty.server, protocol: duty.protocol, address, port };
  });
  // Of SCTP /proc has no list of this form; port 0 is every one.
  const known = ends.filter(({ protocol, port }) => protocol !== 'SCTP' && port !== 0);
  return distinctBy(known, (end) => `${end.protocol} ${endpoint(end.address, end.port)}`).map(
    ({ server, protocol, address, port }): Finding => {
      const name = `${protocol} ${endpoint(address, port)}`;
      const about = { code: 'RS_PORT', server, key: `port ${name}` } as const;
      const there = host.listeners.filter((each) => each.protocol === protocol && each.port === port);
      const takes = there.some(({ address: at, family = familyOf(address) }) =>
        at === undefined ? family === familyOf(address) : at === address,
      );
      if (takes) return { ...about, level: 'ok', says: `somebody listens at ${name}` };
      const elsewhere = there.flatMap((each) =>
        each.address === undefined ? [] : [endpoint(each.address, port)],
      );
      return {
        ...about,
        level: 'wrong',
        says:
          elsewhere.length === 0
            ? `nobody listens at ${name}`
            : `nobody listens at ${name}, but at ${elsewhere.join(', ')}`,
        hint: isLocalHint(address, server),
      };
    },
  );
}

function isLocalHint(address: Address, server: Address): string {
  if (address === server) return 'start the service';
  return 'DR and TUN keep the address: the service has to listen at the virtual address, or at every one';
}
