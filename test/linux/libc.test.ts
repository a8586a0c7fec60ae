// The system calls and their byte structures on this machine's kernel.
import { once } from 'node:events';
import { Worker } from 'node:worker_threads';
import { expect, test } from 'vitest';
import { address } from '../../src/core/address.ts';
import {
  AF,
  bind,
  close,
  ERRNO,
  errnoName,
  eventfd,
  getsockname,
  getsockoptInt,
  ifNametoindex,
  MSG,
  POLL,
  pointerTo,
  read,
  recvfrom,
  SCHED,
  SO,
  SOCK,
  SOL,
  SystemCallError,
  schedGetscheduler,
  schedSetscheduler,
  sendto,
  setsockoptInt,
  socket,
  systemError,
  write,
} from '../../src/linux/libc.ts';
import { PollSet } from '../../src/linux/poll.ts';
import { decodeSockaddrInet, sockaddrInet, sockaddrLl } from '../../src/linux/sockaddr.ts';

test.each([
  ['127.0.0.1', AF.INET, 16],
  ['::1', AF.INET6, 28],
] as const)('a datagram to %s, its sender, and then nothing more', (host, family, size) => {
  const receiver = socket(family, SOCK.DGRAM, 0);
  const sender = socket(family, SOCK.DGRAM, 0);
  bind(receiver, sockaddrInet(address(host), 0));
  bind(sender, sockaddrInet(address(host), 0));
  const to = getsockname(receiver);
  const bytes = Buffer.alloc(64);
  const from = Buffer.alloc(size);
  expect(recvfrom(receiver, bytes, from, MSG.DONTWAIT)).toBe(-ERRNO.EAGAIN);
  expect(sendto(sender, Buffer.from('hello, world'), to, 0, 5)).toBe(5);
  expect(recvfrom(receiver, bytes, from, MSG.DONTWAIT)).toBe(5);
  expect(bytes.toString('latin1', 0, 5)).toBe('hello');
  expect(decodeSockaddrInet(from)).toEqual(decodeSockaddrInet(getsockname(sender)));
  expect(decodeSockaddrInet(from)).toMatchObject({ address: host, scope: 0 });
  expect(recvfrom(receiver, bytes, from, MSG.DONTWAIT)).toBe(-ERRNO.EAGAIN);
  close(receiver);
  close(sender);
});

test('a refusal has the call, the errno name and a code', () => {
  const fd = socket(AF.INET, SOCK.DGRAM, 0);
  let refusal: unknown;
  try {
    bind(fd, sockaddrInet(address('192.0.2.1'), 9));
  } catch (error) {
    refusal = error;
  }
  expect(refusal).toBeInstanceOf(SystemCallError);
  expect(refusal).toMatchObject({ call: 'bind', errno: 'EADDRNOTAVAIL', code: 'SYSTEM_CALL' });
  expect(() => setsockoptInt(fd, SOL.SOCKET, 9999, 1)).toThrow(/setsockopt.*ENOPROTOOPT/);
  expect(systemError('socket', ERRNO.EPERM)).toMatchObject({ code: 'NETLINK_DENIED', errno: 'EPERM' });
  close(fd);
  expect(() => close(fd), 'closing twice is our own mistake').toThrow(/closed twice/);
});

test('errno names: the kernel’s word where there are two, the number where there is none', () => {
  expect(errnoName(ERRNO.EAGAIN)).toBe('EAGAIN');
  expect(errnoName(95)).toBe('EOPNOTSUPP');
  expect(errnoName(99999)).toBe('errno 99999');
});

test('options are set and read', () => {
  const fd = socket(AF.INET, SOCK.DGRAM, 0);
  setsockoptInt(fd, SOL.SOCKET, SO.RCVBUF, 10_000);
  expect(getsockoptInt(fd, SOL.SOCKET, SO.RCVBUF), 'the kernel doubles it').toBe(20_000);
  close(fd);
});

test('interfaces by name', () => {
  expect(ifNametoindex('lo')).toBe(1);
  expect(ifNametoindex('nothing')).toBeUndefined();
});

test('real-time priority is of this thread and can be given back', () => {
  schedSetscheduler(SCHED.RR, 1);
  expect(schedGetscheduler()).toBe(SCHED.RR);
  schedSetscheduler(SCHED.OTHER, 0);
  expect(schedGetscheduler()).toBe(SCHED.OTHER);
  expect(() => schedSetscheduler(SCHED.RR, 1000)).toThrow(/EINVAL/);
});

test('packet addresses', () => {
  const mac = Buffer.from('01005e000012', 'hex');
  expect(sockaddrLl(3, 0x0800, mac).toString('hex')).toBe(
    '1100080003000000' + '00000006' + '01005e0000120000',
  );
  expect(sockaddrLl(3, 0x0003).length).toBe(20);
});

test('a pointer is where the bytes are', () => {
  const bytes = Buffer.alloc(64);
  expect(pointerTo(bytes.subarray(16)) - pointerTo(bytes)).toBe(16n);
});

test('a poll set: what is ready, what was removed, and how long it waits', () => {
  const set = new PollSet();
  const events = Array.from({ length: 20 }, () => eventfd(0));
  const indices = events.map((fd) => set.add(fd));
  const before = performance.now();
  expect(set.wait(5_500_000)).toBe(0);
  expect(performance.now() - before).toBeGreaterThanOrEqual(5.5);
  const one = Buffer.alloc(8);
  one.writeUInt32LE(1);
  for (const i of [3, 17]) expect(write(events[i]!, one)).toBe(8);
  expect(set.wait(-1)).toBe(2);
  expect(indices.filter((index) => set.ready(index) === POLL.IN)).toEqual([indices[3], indices[17]]);
  set.remove(events[3]!);
  expect(set.wait(0)).toBe(1);
  expect(set.ready(indices[3]!)).toBe(0);
  const late = eventfd(1);
  expect(set.add(late), 'the free place is used again').toBe(indices[3]);
  expect(set.wait(0)).toBe(2);
  expect(read(late, one)).toBe(8);
  expect(set.wait(0)).toBe(1);
  expect(() => set.remove(12345)).toThrow(/not in the set/);
  set.remove(late);
  for (const fd of [...events, late]) close(fd);
});

test('a worker thread that blocks in ppoll is woken by an eventfd', async () => {
  const wake = eventfd(0);
  const worker = new Worker(new URL('./poll-worker.ts', import.meta.url), { workerData: { wake } });
  expect(await once(worker, 'message')).toEqual(['blocking']);
  const answer = once(worker, 'message');
  const seven = Buffer.alloc(8);
  seven.writeUInt32LE(7);
  write(wake, seven);
  expect(await answer).toEqual([{ count: 1, ready: POLL.IN, length: 8, value: 7 }]);
  await worker.terminate();
  close(wake);
});
