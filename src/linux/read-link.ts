// Asks the kernel for one interface by its name.
import { decodeRouteMessage, getLink, type Link } from '../netlink/route.ts';
import type { NetlinkSocket } from './netlink-socket.ts';

/** Throws a SystemCallError ENODEV when there is none. */
export function readLink(requests: NetlinkSocket, name: string): Link | undefined {
  const [answer] = requests.request(getLink(name));
  const decoded = answer && decodeRouteMessage(answer);
  return decoded?.ok && decoded.value.type === 'link' ? decoded.value.link : undefined;
}
