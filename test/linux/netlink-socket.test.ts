// The netlink socket on the kernel of this machine, in a network namespace of its own.
import { execFileSync } from 'node:child_process';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { address } from '../../src/core/address.ts';
import { CLONE, SO, SOL, SystemCallError, setsockoptInt, unshare } from '../../src/linux/libc.ts';
import { NetlinkSocket } from '../../src/linux/netlink-socket.ts';
import { decodeFamily, familyRequest, NETLINK_GENERIC } from '../../src/netlink/generic.ts';
import type { Message } from '../../src/netlink/message.ts';
import {
  addAddress,
  decodeRouteMessage,
  deleteAddress,
  dumpAddresses,
  dumpLinks,
  dumpRoutes,
  getLink,
  type InterfaceAddress,
  type Link,
  NETLINK_ROUTE,
  type RouteEvent,
  RTMGRP,
} from '../../src/netlink/route.ts';

const ip = (...words: string[]): string => execFileSync('ip', words, { encoding: 'utf8' });
let route: NetlinkSocket;
let front: Link;

beforeAll(() => {
  unshare(CLONE.NEWNET);
  ip('link', 'set', 'lo', 'up');
  ip('link', 'add', 'front', 'address', '02:00:00:00:00:01', 'type', 'veth', 'peer', 'name', 'other');
  ip('link', 'set', 'front', 'up');
  ip('link', 'set', 'other', 'up');
  route = new NetlinkSocket(NETLINK_ROUTE);
  front = linkNamed('front');
});
afterAll(() => route?.close());

function events(messages: readonly Message[]): RouteEvent[] {
  return messages.map((message) => {
    const decoded = decodeRouteMessage(message);
    if (!decoded.ok) throw new Error(decoded.drop);
    return decoded.value;
  });
}
function linkNamed(name: string): Link {
  const [answer] = events(route.request(getLink(name)));
  if (answer?.type !== 'link') throw new Error(`no link ${name}`);
  return answer.link;
}
const on = (text: string, prefixLength = 32): InterfaceAddress => ({
  interfaceIndex: front.index,
  address: address(text),
  prefixLength,
  scope: 0,
  flags: 0,
});
function addresses(family?: 4 | 6): string[] {
  return events(route.request(dumpAddresses(family))).flatMap((event) =>
    event.type === 'address' && event.address.interfaceIndex === front.index ? [event.address.address] : [],
  );
}

test('links: one by name, and all', () => {
  expect(front).toMatchObject({ name: 'front', up: true, running: true, operstate: 'up', kind: 'veth' });
  expect(front.mac.toString('hex')).toBe('020000000001');
  const names = events(route.request(dumpLinks())).map((event) => event.type === 'link' && event.link.name);
  expect(names.sort()).toEqual(['front', 'lo', 'other']);
});

test('a refusal has the errno name and says what was asked', () => {
  expect(() => route.request(getLink('nothing'))).toThrow(/RTM_GETLINK nothing.*ENODEV/);
  let refusal: unknown;
  try {
    route.request(deleteAddress(on('10.9.9.9')));
  } catch (error) {
    refusal = error;
  }
  expect(refusal).toBeInstanceOf(SystemCallError);
  expect(refusal).toMatchObject({ errno: 'EADDRNOTAVAIL', code: 'SYSTEM_CALL' });
});

test('an address as a lease: ip shows it, renewing it keeps it, deleting removes it', () => {
  const lease = { ...on('10.1.0.100', 24), label: 'front:vip', validSeconds: 60 };
  route.request(addAddress(lease, { replace: true }));
  expect(ip('addr', 'show', 'dev', 'front')).toMatch(
    /inet 10\.1\.0\.100\/24 scope global dynamic front:vip\n +valid_lft (60|59)sec/,
  );
  route.request(addAddress({ ...lease, validSeconds: 900 }, { replace: true }));
  expect(ip('addr', 'show', 'dev', 'front')).toMatch(/valid_lft (900|899)sec/);
  const routes = events(route.request(dumpRoutes(4)));
  expect(routes).toContainEqual({
    type: 'route',
    route: expect.objectContaining({
      destination: '10.1.0.0',
      prefixLength: 24,
      interfaceIndex: front.index,
    }),
  });
  expect(addresses(4)).toEqual(['10.1.0.100']);
  route.request(deleteAddress(lease));
  expect(addresses(4)).toEqual([]);
});

test('many requests: each result is at its place, a failure stops nothing', () => {
  const wanted = Array.from({ length: 1200 }, (_, i) => on(`10.2.${i >> 8}.${i & 255}`));
  // Every seventh comes twice: the second time it is there already.
  const requests = wanted.flatMap((one, i) =>
    Array.from({ length: i % 7 === 0 ? 2 : 1 }, () => addAddress(one, { replace: false })),
  );
  const results = route.requestMany(requests);
  expect(results).toHaveLength(requests.length);
  let at = 0;
  for (const i of wanted.keys()) {
    expect(results[at++]).toEqual({ ok: true });
    if (i % 7 === 0) expect(results[at++]).toMatchObject({ ok: false, errno: 'EEXIST' });
  }
  expect(addresses(4)).toHaveLength(1200);
  const removed = route.requestMany(wanted.map(deleteAddress));
  expect(removed.filter((result) => !result.ok)).toEqual([]);
  expect(addresses(4)).toEqual([]);
  expect(route.requestMany([])).toEqual([]);
});

test('reports that did not fit are not taken for success, and the socket goes on', () => {
  const small = new NetlinkSocket(NETLINK_ROUTE);
  setsockoptInt(small.fd, SOL.SOCKET, SO.RCVBUF, 4096);
  const failing = Array.from({ length: 200 }, () => deleteAddress(on('10.9.9.9')));
  const results = small.requestMany(failing);
  const reasons = new Set(results.map((result) => (result.ok ? 'ok' : result.errno)));
  expect([...reasons].sort()).toEqual(['EADDRNOTAVAIL', 'ENOBUFS']);
  expect(small.requestMany([deleteAddress(on('10.9.9.9'))])).toMatchObject([{ errno: 'EADDRNOTAVAIL' }]);
  expect(events(small.request(getLink('front')))).toHaveLength(1);
  small.close();
  small.close();
});

test('events: links, addresses, and an overrun is told', () => {
  const groups = RTMGRP.LINK | RTMGRP.IPV4_IFADDR;
  const listener = new NetlinkSocket(NETLINK_ROUTE, { groups });
  expect(listener.receive()).toEqual({ messages: [], overrun: false });
  route.request(addAddress(on('10.3.0.1'), { replace: false }));
  route.request(deleteAddress(on('10.3.0.1')));
  ip('link', 'set', 'other', 'down');
  const seen = events(listener.receive().messages);
  expect(seen.map((event) => event.type).slice(0, 2)).toEqual(['address', 'addressGone']);
  const last = seen.findLast((event) => event.type === 'link' && event.link.name === 'front');
  expect(last).toMatchObject({ link: { up: true, running: false } });
  ip('link', 'set', 'other', 'up');

  setsockoptInt(listener.fd, SOL.SOCKET, SO.RCVBUF, 4096);
  listener.receive();
  const burst = Array.from({ length: 100 }, (_, i) => on(`10.4.0.${i}`));
  route.requestMany(burst.map((one) => addAddress(one, { replace: false })));
  route.requestMany(burst.map(deleteAddress));
  expect(listener.receive().overrun).toBe(true);
  expect(listener.receive()).toEqual({ messages: [], overrun: false });
  listener.close();
});

test('generic netlink: a family that exists, and one that does not', () => {
  const generic = new NetlinkSocket(NETLINK_GENERIC);
  const [answer] = generic.request(familyRequest('nlctrl'));
  const family = decodeFamily(answer!);
  expect(family.ok && family.value.id).toBe(0x10);
  expect(() => generic.request(familyRequest('NOT_A_FAMILY'))).toThrow(/ENOENT/);
  generic.close();
});
