// Run in a namespace: prints, for every VRRP advert that comes in on an interface, when the kernel got it:
// milliseconds since 1970 with fractions, one a line. `hear.ts INTERFACE`; prints `listening` first.
import { PROTOCOL } from '../../src/core/ip-header.ts';
import {
  AF,
  bind,
  define,
  ifNametoindex,
  pointerTo,
  SO,
  SOCK,
  SOL,
  setsockoptInt,
  socket,
} from '../../src/linux/libc.ts';

const recvmsg = define<(fd: number, header: Buffer, flags: number) => number>('recvmsg', 'long', [
  'int',
  'void *',
  'int',
]);
const ETH_P_IP = 0x0800;
/** struct msghdr, struct iovec and struct cmsghdr of 64-bit Linux. */
const MSGHDR = { iov: 16, iovlen: 24, control: 32, controllen: 40, size: 56 } as const;
const IOVEC = { base: 0, length: 8, size: 16 } as const;
const CMSG_DATA = 16;
const TIMESPEC = { seconds: 0, nanoseconds: 8 } as const;
const IP_PROTOCOL_AT = 9;
const PACKET_OUTGOING_AT = { ifindex: 4, size: 20 } as const;

const name = process.argv[2]!;
const index = ifNametoindex(name);
if (index === undefined) throw new Error(`no interface ${name}`);
// SOCK_DGRAM: without the Ethernet header. An AF_PACKET socket hears multicast without joining the group.
const fd = socket(AF.PACKET, SOCK.DGRAM | SOCK.CLOEXEC, swap16(ETH_P_IP));
const own = Buffer.alloc(PACKET_OUTGOING_AT.size);
own.writeUInt16LE(AF.PACKET, 0);
own.writeUInt16BE(ETH_P_IP, 2);
own.writeInt32LE(index, PACKET_OUTGOING_AT.ifindex);
bind(fd, own);
setsockoptInt(fd, SOL.SOCKET, SO.TIMESTAMPNS, 1);

const packet = Buffer.alloc(2_048);
const control = Buffer.alloc(256);
const vector = Buffer.alloc(IOVEC.size);
vector.writeBigUInt64LE(pointerTo(packet), IOVEC.base);
vector.writeBigUInt64LE(BigInt(packet.length), IOVEC.length);
const header = Buffer.alloc(MSGHDR.size);
header.writeBigUInt64LE(pointerTo(vector), MSGHDR.iov);
header.writeBigUInt64LE(1n, MSGHDR.iovlen);
header.writeBigUInt64LE(pointerTo(control), MSGHDR.control);

console.log('listening');
for (;;) {
  header.writeBigUInt64LE(BigInt(control.length), MSGHDR.controllen);
  const length = recvmsg(fd, header, 0);
  if (length < 0) throw new Error('recvmsg failed');
  if (length <= IP_PROTOCOL_AT || packet[IP_PROTOCOL_AT] !== PROTOCOL.vrrp) continue;
  const seconds = control.readBigInt64LE(CMSG_DATA + TIMESPEC.seconds);
  const nanoseconds = control.readBigInt64LE(CMSG_DATA + TIMESPEC.nanoseconds);
  console.log((Number(seconds) * 1e3 + Number(nanoseconds) / 1e6).toFixed(3));
}

function swap16(value: number): number {
  return ((value & 0xff) << 8) | (value >> 8);
}
