// How packets get from this director to its real servers: the kernel's routes, and addresses to ask from.
import { type Address, type Family, familyOf, isLinkLocal, prefixContains } from '../../core/address.ts';
import type { Way } from '../../director/preflight/asking.ts';
import type { Host, HostAddress } from '../../director/preflight/host.ts';
import type { Link } from '../../netlink/route.ts';
import { decodeRoute, getRoute } from '../../netlink/route-message.ts';
import { SystemCallError } from '../libc.ts';
import type { NetlinkSocket } from '../netlink-socket.ts';

type Here = { host: Host; links: readonly Link[]; virtual: ReadonlySet<Address> };

/** Without the MAC, which nobody has asked for yet; undefined = there is no way. */
export function findWay(server: Address, requests: NetlinkSocket, here: Here): Way | undefined {
  const route = routeTo(server, requests, here.links);
  const link = here.links.find(({ name }) => name === route?.interface);
  if (route?.interface === undefined || link === undefined || link.loopback) return undefined;
  const family = familyOf(server);
  const nearest = here.host.addresses.find(
    (each) => each.interface === link.name && prefixContains(each.prefix, server),
  );
  const own = ofFamily(family, here);
  const onLink = own.filter((each) => each.interface === link.name);
  const near = onLink.filter(({ prefix }) => prefixContains(prefix, server));
  const from = [...near, ...onLink, ...own].at(0)?.prefix.address;
  const beyond = own.find(
    ({ prefix }) => nearest !== undefined && !prefixContains(nearest.prefix, prefix.address),
  );
  const any = (other: Family) => (other === family ? from : ofFamily(other, here)[0]?.prefix.address);
  return {
    server,
    interface: link.name,
    mtu: route.metrics?.mtu ?? link.mtu,
    ownMac: link.mac,
    ...(route.via === undefined ? {} : { via: route.via }),
    from: { server: from, vip4: any(4), vip6: any(6), beyond: beyond?.prefix.address },
  };
}

/** Addresses of this machine that stay where they are. */
function ofFamily(family: Family, { host, virtual, links }: Here): HostAddress[] {
  const loopback = new Set(links.flatMap((link) => (link.loopback ? [link.name] : [])));
  return host.addresses.filter(
    ({ interface: name, prefix: { address } }) =>
      familyOf(address) === family && !loopback.has(name) && !isLinkLocal(address) && !virtual.has(address),
  );
}

function routeTo(server: Address, requests: NetlinkSocket, links: readonly Link[]) {
  const nameOf = (index: number) => links.find((link) => link.index === index)?.name ?? '';
  try {
    const [answer] = requests.request(getRoute(server));
    const decoded = answer && decodeRoute(answer, nameOf);
    return decoded?.ok ? decoded.value : undefined;
  } catch (error) {
    if (error instanceof SystemCallError) return undefined; // ENETUNREACH, EHOSTUNREACH
    throw error;
  }
}
