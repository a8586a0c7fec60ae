// The C library's system calls, one function each: synchronous, without policy, usable from every thread.
//
// Two kinds. Calls that set something up throw a SystemCallError. Calls that move data (send, receive, read,
// write, ppoll) return what the kernel itself returns: a count, or the negative errno, because EAGAIN, EINTR
// or ENETDOWN are ordinary there and must cost nothing; `systemError(call, -result)` makes an error of one.
// Structures are Buffers laid out by hand (see sockaddr.ts): koffi passes their address, so nothing is copied
// and a reused Buffer makes a call that allocates nothing. Does no asynchronous calls: a worker that must not
// miss anything blocks in ppoll.
import assert from 'node:assert';
import { endianness, constants as osConstants } from 'node:os';
import koffi from 'koffi';
import { DirectorError } from '../core/errors.ts';

assert.equal(endianness(), 'LE', 'structures are laid out for little-endian machines (x64, arm64)');

const library = koffi.load(null);
/** For the few calls that only one file needs (recvmmsg, sendmmsg …): a C function of the process. */
export function define<F extends (...parameters: never[]) => number>(
  name: string,
  result: string,
  parameters: string[],
): F {
  return library.func(name, result, parameters) as unknown as F;
}
/**
 * Where a Buffer's bytes are, for structures that hold pointers. The Buffer must be kept alive, and as it is,
 * meanwhile.
 */
export function pointerTo(bytes: Uint8Array): bigint {
  return koffi.address(bytes);
}

/** DONTNEED drops the page tables' entries: a page of a file that is needed again is read again. */
export const MADV = { DONTNEED: 4, HUGEPAGE: 14 } as const;
/** 0, or −1. */
export const madvise = define<(address: bigint, length: bigint, advice: number) => number>('madvise', 'int', [
  'uintptr_t',
  'size_t',
  'int',
]);

const mmap = define<
  (at: number, length: number, protection: number, flags: number, fd: number, offset: number) => number
>('mmap', 'intptr_t', ['uintptr_t', 'size_t', 'int', 'int', 'int', 'int64_t']);
const munmap = define<(address: number, length: number) => number>('munmap', 'int', ['uintptr_t', 'size_t']);

type ErrnoName = keyof typeof osConstants.errno;
/** Numbers by name, `ERRNO.EAGAIN`; data-moving calls return them negated. */
export const ERRNO: Readonly<Record<ErrnoName, number>> = osConstants.errno;
const NAMES = new Map<number, string>();
// EAGAIN and EWOULDBLOCK, ENOTSUP and EOPNOTSUPP are the same numbers: the kernel's own word wins.
for (const [name, number] of Object.entries(ERRNO)) {
  if (name !== 'EWOULDBLOCK' && name !== 'ENOTSUP') NAMES.set(number, name);
}
export function errnoName(errno: number): string {
  return NAMES.get(errno) ?? `errno ${errno}`;
}

/** A system call that the kernel refused. `errno` is the name: EADDRINUSE, ENODEV … */
export class SystemCallError extends DirectorError {
  readonly call: string;
  readonly errno: string;
  constructor(call: string, errno: string, detail: string) {
    const denied = errno === 'EPERM' || errno === 'EACCES';
    super(denied ? 'NETLINK_DENIED' : 'SYSTEM_CALL', `${call}(${detail}): ${errno}`);
    this.call = call;
    this.errno = errno;
  }
}
export function systemError(call: string, errno: number, detail: string | number = ''): SystemCallError {
  return new SystemCallError(call, errnoName(errno), String(detail));
}

export const AF = { UNIX: 1, INET: 2, INET6: 10, NETLINK: 16, PACKET: 17 } as const;
export const SOCK = { STREAM: 1, DGRAM: 2, RAW: 3, NONBLOCK: 0x800, CLOEXEC: 0x80000 } as const;
export const SOL = { IP: 0, SOCKET: 1, IPV6: 41, RAW: 255, PACKET: 263, NETLINK: 270 } as const;
/** Options of level SOL.PACKET, <linux/if_packet.h>; reading STATISTICS begins a new count. */
export const PACKET = {
  ADD_MEMBERSHIP: 1,
  DROP_MEMBERSHIP: 2,
  RX_RING: 5,
  STATISTICS: 6,
  COPY_THRESH: 7,
  VERSION: 10,
  RESERVE: 12,
  VNET_HDR: 15,
  IGNORE_OUTGOING: 23,
} as const;
/** <linux/if_ether.h>: every protocol; and some of them. */
export const ETH_P_ALL = 0x0003;
export const ETH_P = { IP: 0x0800, ARP: 0x0806, IPV6: 0x86dd } as const;
/** Options of level SOL.SOCKET. */
export const SO = {
  REUSEADDR: 2,
  ERROR: 4,
  BROADCAST: 6,
  SNDBUF: 7,
  RCVBUF: 8,
  PRIORITY: 12,
  RCVTIMEO: 20,
  BINDTODEVICE: 25,
  ATTACH_FILTER: 26,
  TIMESTAMPNS: 35,
  MARK: 36,
  SNDBUFFORCE: 32,
  RCVBUFFORCE: 33,
  REUSEPORT: 15,
  RXQ_OVFL: 40,
  /** Linux 5.19. */
  RCVMARK: 75,
} as const;
/** Options of level SOL.IP. */
export const IP = {
  TOS: 1,
  TTL: 2,
  HDRINCL: 3,
  PKTINFO: 8,
  MTU_DISCOVER: 10,
  RECVTTL: 12,
  FREEBIND: 15,
  MULTICAST_IF: 32,
  MULTICAST_TTL: 33,
  MULTICAST_LOOP: 34,
  ADD_MEMBERSHIP: 35,
  DROP_MEMBERSHIP: 36,
  MULTICAST_ALL: 49,
} as const;
/** Options of level SOL.IPV6. */
export const IPV6 = {
  UNICAST_HOPS: 16,
  MULTICAST_IF: 17,
  MULTICAST_LOOP: 19,
  JOIN_GROUP: 20,
  MTU_DISCOVER: 23,
  LEAVE_GROUP: 21,
  V6ONLY: 26,
  MULTICAST_ALL: 29,
  HDRINCL: 36,
  RECVPKTINFO: 49,
  RECVHOPLIMIT: 51,
} as const;
export const MSG = { PEEK: 2, TRUNC: 0x20, DONTWAIT: 0x40, NOSIGNAL: 0x4000 } as const;
export const POLL = { IN: 1, PRI: 2, OUT: 4, ERR: 8, HUP: 0x10, NVAL: 0x20 } as const;
export const SCHED = { OTHER: 0, FIFO: 1, RR: 2 } as const;
export const CLONE = { NEWNS: 0x20000, NEWUSER: 0x10000000, NEWNET: 0x40000000 } as const;
const EFD = { NONBLOCK: 0x800, CLOEXEC: 0x80000 } as const;

type Bytes = Uint8Array;
type Data = (fd: number, bytes: Bytes, length: number) => number;
type DataFlags = (fd: number, bytes: Bytes, length: number, flags: number) => number;
type Option = (fd: number, level: number, option: number, value: Bytes, length: number) => number;
const c = {
  socket: define<(family: number, type: number, protocol: number) => number>('socket', 'int', [
    'int',
    'int',
    'int',
  ]),
  bind: define<Data>('bind', 'int', ['int', 'void *', 'uint32_t']),
  getsockname: define<(fd: number, to: Bytes, length: Bytes) => number>('getsockname', 'int', [
    'int',
    'void *',
    'void *',
  ]),
  setsockopt: define<Option>('setsockopt', 'int', ['int', 'int', 'int', 'void *', 'uint32_t']),
  getsockopt: define<(fd: number, level: number, option: number, value: Bytes, length: Bytes) => number>(
    'getsockopt',
    'int',
    ['int', 'int', 'int', 'void *', 'void *'],
  ),
  close: define<(fd: number) => number>('close', 'int', ['int']),
  read: define<Data>('read', 'long', ['int', 'void *', 'size_t']),
  write: define<Data>('write', 'long', ['int', 'void *', 'size_t']),
  recv: define<DataFlags>('recv', 'long', ['int', 'void *', 'size_t', 'int']),
  sendto: define<
    (fd: number, bytes: Bytes, length: number, flags: number, to: Bytes, toLength: number) => number
  >('sendto', 'long', ['int', 'void *', 'size_t', 'int', 'void *', 'uint32_t']),
  recvfrom: define<
    (fd: number, bytes: Bytes, length: number, flags: number, from: Bytes, fromLength: Bytes) => number
  >('recvfrom', 'long', ['int', 'void *', 'size_t', 'int', 'void *', 'void *']),
  ppoll: define<(fds: Bytes, count: number, timeout: Bytes | null, mask: null) => number>('ppoll', 'int', [
    'void *',
    'ulong',
    'void *',
    'void *',
  ]),
  eventfd: define<(initial: number, flags: number) => number>('eventfd', 'int', ['uint32_t', 'int']),
  schedSetscheduler: define<(pid: number, policy: number, parameter: Bytes) => number>(
    'sched_setscheduler',
    'int',
    ['int', 'int', 'void *'],
  ),
  schedGetscheduler: define<(pid: number) => number>('sched_getscheduler', 'int', ['int']),
  setns: define<(fd: number, type: number) => number>('setns', 'int', ['int', 'int']),
  unshare: define<(flags: number) => number>('unshare', 'int', ['int']),
  ifNametoindex: define<(name: string) => number>('if_nametoindex', 'uint32_t', ['str']),
};

/** `result` when it is not −1, else throws. */
function checked(result: number, call: string, detail: string | number): number {
  if (result === -1) throw systemError(call, koffi.errno(), detail);
  return result;
}
/** `result` when it is not −1, else −errno. */
function counted(result: number): number {
  return result === -1 ? -koffi.errno() : result;
}

/** SOCK.CLOEXEC is added: no child of ours inherits a socket by accident. */
export function socket(family: number, type: number, protocol: number): number {
  return checked(
    c.socket(family, type | SOCK.CLOEXEC, protocol),
    'socket',
    `${family}, ${type}, ${protocol}`,
  );
}
export function bind(fd: number, sockaddr: Bytes): void {
  checked(c.bind(fd, sockaddr, sockaddr.length), 'bind', fd);
}
/** The sockaddr that a socket is bound to. */
export function getsockname(fd: number): Buffer {
  const name = Buffer.alloc(128);
  const length = u32(name.length);
  checked(c.getsockname(fd, name, length), 'getsockname', fd);
  return name.subarray(0, length.readUInt32LE(0));
}
export function setsockopt(fd: number, level: number, option: number, value: Bytes): void {
  checked(c.setsockopt(fd, level, option, value, value.length), 'setsockopt', `${fd}, ${level}, ${option}`);
}
export function setsockoptInt(fd: number, level: number, option: number, value: number): void {
  const bytes = Buffer.alloc(4);
  bytes.writeInt32LE(value);
  setsockopt(fd, level, option, bytes);
}
/** Beyond the limit of the system where the capability allows; else, as in a user namespace, up to it. */
export function setReceiveBuffer(fd: number, bytes: number): void {
  try {
    setsockoptInt(fd, SOL.SOCKET, SO.RCVBUFFORCE, bytes);
  } catch {
    setsockoptInt(fd, SOL.SOCKET, SO.RCVBUF, bytes);
  }
}
/** Fills `value` and returns how much of it the kernel filled. */
export function getsockopt(fd: number, level: number, option: number, value: Bytes): number {
  const length = u32(value.length);
  checked(c.getsockopt(fd, level, option, value, length), 'getsockopt', `${fd}, ${level}, ${option}`);
  return length.readUInt32LE(0);
}
export function getsockoptInt(fd: number, level: number, option: number): number {
  const value = Buffer.alloc(4);
  getsockopt(fd, level, option, value);
  return value.readInt32LE(0);
}
/** An error of close(2) leaves nothing to be done about it; EBADF is our own mistake. */
export function close(fd: number): void {
  const result = counted(c.close(fd));
  assert.notEqual(result, -ERRNO.EBADF, `descriptor ${fd} closed twice`);
}

// Data-moving calls: a count or −errno.
export function read(fd: number, bytes: Bytes): number {
  return counted(c.read(fd, bytes, bytes.length));
}
export function write(fd: number, bytes: Bytes): number {
  return counted(c.write(fd, bytes, bytes.length));
}
export function recv(fd: number, bytes: Bytes, flags = 0): number {
  return counted(c.recv(fd, bytes, bytes.length, flags));
}
/**
 * `length` bytes from the start of `bytes`, so that a sender can reuse one Buffer without making views of it.
 */
export function sendto(fd: number, bytes: Bytes, to: Bytes, flags = 0, length = bytes.length): number {
  return counted(c.sendto(fd, bytes, length, flags, to, to.length));
}
const fromLength = u32(0);
/** Fills `from` (16 bytes for IPv4, 28 for IPv6, 20 for packet sockets) with the sender's sockaddr. */
export function recvfrom(fd: number, bytes: Bytes, from: Bytes, flags = 0): number {
  fromLength.writeUInt32LE(from.length);
  return counted(c.recvfrom(fd, bytes, bytes.length, flags, from, fromLength));
}
const timeout = Buffer.alloc(16);
/** `fds` holds struct pollfd (8 bytes each, see poll.ts). A negative timeout waits without end. */
export function ppoll(fds: Bytes, count: number, timeoutNs: number): number {
  if (timeoutNs < 0) return counted(c.ppoll(fds, count, null, null));
  writeTimespec(timeout, 0, timeoutNs);
  return counted(c.ppoll(fds, count, timeout, null));
}

/** Memory that a descriptor shares with the kernel; nothing of it may be looked at once it is unmapped. */
export function mapShared(fd: number, length: number): { address: number; memory: ArrayBuffer } {
  const [READ_WRITE, SHARED] = [3, 1];
  const address = checked(mmap(0, length, READ_WRITE, SHARED, fd, 0), 'mmap', `${fd}, ${length}`);
  return { address, memory: koffi.view(BigInt(address), length) };
}
export function unmap(address: number, length: number): void {
  checked(munmap(address, length), 'munmap', `${length}`);
}
/** Not blocking; read gives 8 bytes. */
export function eventfd(initial: number): number {
  return checked(c.eventfd(initial, EFD.NONBLOCK | EFD.CLOEXEC), 'eventfd', initial);
}
/** How many packets a packet socket lost since this was asked last: nobody took them in time. */
export function lostPackets(fd: number): number {
  const statistics = Buffer.alloc(8); // struct tpacket_stats: packets, drops
  getsockopt(fd, SOL.PACKET, PACKET.STATISTICS, statistics);
  return statistics.readUInt32LE(4);
}
const RING = Buffer.from([1, 0, 0, 0, 0, 0, 0, 0]);
/** Makes an eventfd readable. */
export function ring(fd: number): void {
  write(fd, RING);
}
/** Of one thread only: the calling one, or that of this number. */
export function schedSetscheduler(policy: number, priority: number, thread = 0): void {
  const detail = `${policy}, ${priority}`;
  checked(c.schedSetscheduler(thread, policy, u32(priority)), 'sched_setscheduler', detail);
}
/** Of the calling thread. */
export function schedGetscheduler(): number {
  return checked(c.schedGetscheduler(0), 'sched_getscheduler', '');
}
/** Moves the calling thread into the namespace that `fd` (an open /proc/…/ns or /run/netns file) names. */
export function setns(fd: number, type: number): void {
  checked(c.setns(fd, type), 'setns', `${fd}, ${type}`);
}
/** For the calling thread; CLONE.NEWUSER is refused in a process with several threads, as Node's are. */
export function unshare(flags: number): void {
  checked(c.unshare(flags), 'unshare', flags);
}
/** Undefined when there is no interface of that name. */
export function ifNametoindex(name: string): number | undefined {
  return c.ifNametoindex(name) || undefined;
}

function u32(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32LE(value);
  return bytes;
}
const NS_PER_SECOND = 1_000_000_000;
function writeTimespec(to: Buffer, at: number, ns: number): void {
  const seconds = Math.floor(ns / NS_PER_SECOND);
  // Two halves of the 64-bit seconds: BigInt would allocate in the elector's loop.
  to.writeUInt32LE(seconds >>> 0, at);
  to.writeUInt32LE(Math.floor(seconds / 0x100000000), at + 4);
  to.writeUInt32LE(Math.floor(ns - seconds * NS_PER_SECOND), at + 8);
  to.writeUInt32LE(0, at + 12);
}
