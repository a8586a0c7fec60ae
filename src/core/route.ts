// A route as a file gives it and the kernel takes it, by the name of its interface.
import type { Address, Prefix } from './address.ts';

export type Route = {
  family: 4 | 6;
  /** RTN_*, <linux/rtnetlink.h>: 1 unicast, 6 blackhole, 7 unreachable, 8 prohibit, 9 throw. */
  type: number;
  /** Length 0 = the default route. */
  to: Prefix;
  table: number;
  /** 0 global, 200 site, 253 link, 254 host. */
  scope: number;
  interface?: string;
  via?: Address;
  /** The next hop is on the link, whatever its address says. */
  onlink?: true;
  source?: Address;
  /** The lowest wins. */
  priority?: number;
  /** Not put back when somebody else removes it. */
  untracked?: true;
};

/** In iproute2's words. */
export function routeName(route: Route): string {
  const { to, via, interface: device, source, table, priority } = route;
  const words = [`${to.address}/${to.length}`];
  if (via !== undefined) words.push(`via ${via}`);
  if (device !== undefined) words.push(`dev ${device}`);
  if (source !== undefined) words.push(`src ${source}`);
  words.push(`table ${table}`);
  if (priority !== undefined) words.push(`metric ${priority}`);
  return words.join(' ');
}
