// This machine, looked at once: rtnetlink, /proc/sys/net, and who listens. Decides nothing.
import { readFileSync } from 'node:fs';
import { addressFromBytes } from '../../core/address.ts';
import type { Route } from '../../core/route.ts';
import type { Host, HostLink, Listener } from '../../director/preflight/host.ts';
import {
  decodeRouteMessage,
  dumpAddresses,
  dumpLinks,
  dumpRoutes,
  IFA_F,
  type Link,
  NETLINK_ROUTE,
} from '../../netlink/route.ts';
import { decodeRoute } from '../../netlink/route-message.ts';
import { macText } from '../../vrrp/ethernet.ts';
import { NetlinkSocket } from '../netlink-socket.ts';
import { readSysctl } from '../sysctl.ts';

/** Of every interface, and of `all`. */
const WORDS = ['arp_ignore', 'arp_announce', 'rp_filter', 'send_redirects'];
const MAIN_TABLE = 254;
const UNICAST = 1;
/** What the kernel takes for a metric that an IPv6 route does not name: IP6_RT_PRIO_USER. */
const IPV6_METRIC = 1024;
/** /proc/net: TCP_LISTEN; a UDP socket without a peer has the number of TCP_CLOSE. */
const LISTENING = { TCP: '0A', UDP: '07' } as const;
const ANYWHERE = /^0+$/;

export function openRequests(): NetlinkSocket {
  return new NetlinkSocket(NETLINK_ROUTE);
}

export function readHost(requests: NetlinkSocket): Host {
  const links = readLinks(requests);
  const nameOf = (index: number) => links.find((link) => link.index === index)?.name ?? `interface ${index}`;
  return {
    links: links.map(hostLink),
    addresses: readAddresses(requests, nameOf),
    routes: readRoutes(requests, nameOf),
    sysctls: readSysctls(links.map(({ name }) => name)),
    listeners: [...readListeners('TCP'), ...readListeners('UDP')],
  };
}

export function readLinks(requests: NetlinkSocket): Link[] {
  return requests.request(dumpLinks()).flatMap((message) => {
    const decoded = decodeRouteMessage(message);
    return decoded.ok && decoded.value.type === 'link' ? [decoded.value.link] : [];
  });
}

function hostLink({ name, up, loopback, kind, mtu, mac, tunnel }: Link): HostLink {
  const isEthernet = mac.length === 6 && mac.some((byte) => byte !== 0);
  return {
    name,
    up,
    loopback,
    mtu,
    ...(kind === undefined ? {} : { kind }),
    ...(isEthernet ? { mac: macText(mac) } : {}),
    ...(tunnel === undefined ? {} : { tunnel }),
  };
}

/** But for those of IPv6 that turned out to be somebody else's. */
function readAddresses(requests: NetlinkSocket, nameOf: (index: number) => string): Host['addresses'] {
  return requests.request(dumpAddresses()).flatMap((message) => {
    const decoded = decodeRouteMessage(message);
    if (!decoded.ok || decoded.value.type !== 'address') return [];
    const { interfaceIndex, address, prefixLength: length, scope, flags } = decoded.value.address;
    if ((flags & IFA_F.DADFAILED) !== 0) return [];
    return [{ interface: nameOf(interfaceIndex), prefix: { address, length }, scope }];
  });
}

/** The best first. */
function readRoutes(requests: NetlinkSocket, nameOf: (index: number) => string): Route[] {
  const routes = requests.request(dumpRoutes()).flatMap((message) => {
    const decoded = decodeRoute({ ...message, flags: 0 }, nameOf);
    if (!decoded.ok) return [];
    const { place: _, ...route } = decoded.value;
    const isNear = route.to.length === 0 || (route.via === undefined && route.hops === undefined);
    return isNear && route.table === MAIN_TABLE && route.type === UNICAST ? [route] : [];
  });
  const metric = ({ family, priority }: Route) => priority ?? (family === 6 ? IPV6_METRIC : 0);
  return routes.toSorted((one, other) => metric(one) - metric(other));
}

function readSysctls(names: readonly string[]): Map<string, string> {
  const paths = ['all', ...names].flatMap((name) => WORDS.map((word) => `ipv4/conf/${name}/${word}`));
  return new Map(
    paths.flatMap((path): [string, string][] => {
      const value = readSysctl(path);
      return value === undefined ? [] : [[path, value]];
    }),
  );
}

function readListeners(protocol: 'TCP' | 'UDP'): Listener[] {
  const table = (name: string) => {
    try {
      return readFileSync(`/proc/self/net/${name}`, 'latin1').split('\n').slice(1);
    } catch {
      return []; // a kernel without IPv6
    }
  };
  const word = protocol.toLowerCase();
  return [...table(word), ...table(`${word}6`)].flatMap((line) => {
    const [, , remote, state] = line.trim().split(/\s+/, 4);
    const found = /^ *\d+: ([0-9A-F]+):([0-9A-F]{4}) /.exec(line);
    if (found === null || state !== LISTENING[protocol] || !ANYWHERE.test(remote!.split(':')[0]!)) return [];
    return [listener(protocol, found[1]!, Number.parseInt(found[2]!, 16))];
  });
}

/** Words of 32 bits in this machine's order. A socket for every IPv6 address mostly is one for IPv4, too. */
function listener(protocol: 'TCP' | 'UDP', digits: string, port: number): Listener {
  if (ANYWHERE.test(digits)) return { protocol, port, ...(digits.length === 8 ? { family: 4 } : {}) };
  const bytes = Buffer.from(digits, 'hex');
  return { protocol, port, address: addressFromBytes(bytes.swap32()) };
}
