// What a socket with the filter hears of addresses, from the kernel itself: everything but renewals of leases
// that are marked as VRRP's.
import { execFileSync } from 'node:child_process';
import { setTimeout as sleep } from 'node:timers/promises';
import { beforeAll, expect, test } from 'vitest';
import { type Address, address, familyOf } from '../../src/core/address.ts';
import { attachProgram } from '../../src/linux/bpf.ts';
import { CLONE, unshare } from '../../src/linux/libc.ts';
import { NetlinkSocket } from '../../src/linux/netlink-socket.ts';
import { ORIGIN_VRRP, WITHOUT_RENEWALS } from '../../src/linux/renewal-filter.ts';
import {
  addAddress,
  decodeRouteMessage,
  deleteAddress,
  dumpLinks,
  IFA_F,
  NETLINK_ROUTE,
  RTMGRP,
} from '../../src/netlink/route.ts';

const GROUPS = RTMGRP.LINK | RTMGRP.IPV4_IFADDR | RTMGRP.IPV6_IFADDR;
/** When something was changed is kept in hundredths of a second. */
const LATER_MS = 30;
/** Of the kernel's detection of duplicates. */
const UNIQUE_MS = 3_000;
const ip = (words: string) => execFileSync('ip', words.split(' '));

let sockets: { requests: NetlinkSocket; filtered: NetlinkSocket; all: NetlinkSocket };
let interfaceIndex: number;
beforeAll(() => {
  unshare(CLONE.NEWNET);
  ip('link add eth0 type veth peer name eth1');
  for (const device of ['eth0', 'eth1']) ip(`link set ${device} up`);
  const requests = new NetlinkSocket(NETLINK_ROUTE);
  const [filtered, all] = [1, 2].map(() => new NetlinkSocket(NETLINK_ROUTE, { groups: GROUPS }));
  attachProgram(filtered!.fd, WITHOUT_RENEWALS);
  sockets = { requests, filtered: filtered!, all: all! };
  const links = requests.request(dumpLinks()).flatMap((message) => {
    const event = decodeRouteMessage(message);
    return event.ok && event.value.type === 'link' ? [event.value.link] : [];
  });
  interfaceIndex = links.find(({ name }) => name === 'eth0')!.index;
});

const leaseOf = (
  own: Address,
  { flags = 0, origin = ORIGIN_VRRP }: { flags?: number; origin?: number } = {},
) => ({
  ...{ interfaceIndex, address: own, prefixLength: familyOf(own) === 4 ? 32 : 128, scope: 0, flags, origin },
  ...{ validSeconds: 60, preferredSeconds: 0 },
});
/** What was heard since the last time of this address. */
function heard(by: 'filtered' | 'all', own: Address): string[] {
  return sockets[by].receive().messages.flatMap((message) => {
    const event = decodeRouteMessage(message);
    if (!event.ok || (event.value.type !== 'address' && event.value.type !== 'addressGone')) return [];
    return event.value.address.address === own ? [event.value.type] : [];
  });
}
/** Of IPv6 a queue of the kernel's tells, a moment later. */
async function hear(by: 'filtered' | 'all', own: Address, count: number): Promise<string[]> {
  const types: string[] = [];
  for (let tries = 0; tries < 100 && types.length < count; tries++) {
    await sleep(10);
    types.push(...heard(by, own));
  }
  return types;
}
async function renew(lease: ReturnType<typeof leaseOf>): Promise<void> {
  await sleep(LATER_MS);
  sockets.requests.request(addAddress(lease, { replace: true }));
}

test.each([
  ['10.8.0.1', 0],
  ['fd00::8', IFA_F.NODAD],
])('%s comes and goes, and is renewed without a word', async (text, flags) => {
  const own = address(text);
  const lease = leaseOf(own, { flags });
  await renew(lease);
  expect(await hear('filtered', own, 1)).toEqual(['address']);
  for (const _ of [1, 2, 3]) await renew(lease);
  expect(await hear('all', own, 4)).toHaveLength(4);
  expect(heard('filtered', own)).toEqual([]);
  sockets.requests.request(deleteAddress(lease));
  expect(await hear('filtered', own, 1)).toEqual(['addressGone']);
});

test('an address of somebody else is heard of each time', async () => {
  const own = address('10.8.0.2');
  for (const _ of [1, 2, 3]) await renew(leaseOf(own, { origin: 0 }));
  expect(heard('filtered', own)).toEqual(['address', 'address', 'address']);
});

test('that no other machine has an address is heard, also after a renewal', async () => {
  const own = address('fd00::9');
  await renew(leaseOf(own));
  await renew(leaseOf(own));
  await sleep(UNIQUE_MS);
  const of = sockets.filtered.receive().messages.flatMap((message) => {
    const event = decodeRouteMessage(message);
    return event.ok && event.value.type === 'address' && event.value.address.address === own
      ? [(event.value.address.flags & IFA_F.TENTATIVE) !== 0]
      : [];
  });
  expect(of.at(0)).toBe(true);
  expect(of.at(-1)).toBe(false);
});

test('links are heard of', () => {
  ip('link set eth1 down');
  const types = sockets.filtered.receive().messages.map((message) => {
    const event = decodeRouteMessage(message);
    return event.ok ? event.value.type : event.drop;
  });
  expect(types).toContain('link');
});
