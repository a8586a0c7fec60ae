// Pulls network cables at once: a power cut has to be faster than starting a program. One rtnetlink
// request for each link, in one system call, so that nothing of a crashed machine is on the wire a
// moment later.
import { ifNametoindex } from '../../linux/libc.ts';
import { NetlinkSocket } from '../../linux/netlink-socket.ts';

const NETLINK_ROUTE = 0;
const RTM_SETLINK = 19;
const IFF_UP = 0x1;
// struct ifinfomsg of <linux/rtnetlink.h>: `change` is a mask of the flags that are meant.
const AT = { index: 4, flags: 8, change: 12, size: 16 } as const;

function down(device: string): Buffer {
  const index = ifNametoindex(device);
  if (index === undefined) throw new TypeError(`no interface ${device}`);
  const message = Buffer.alloc(AT.size);
  message.writeInt32LE(index, AT.index);
  message.writeUInt32LE(0, AT.flags);
  message.writeUInt32LE(IFF_UP, AT.change);
  return message;
}

export function pullCables(devices: readonly string[]): void {
  const kernel = new NetlinkSocket(NETLINK_ROUTE);
  const requests = devices.map((device) => ({
    name: `${device} down`,
    type: RTM_SETLINK,
    flags: 0,
    payload: down(device),
  }));
  const refused = kernel.requestMany(requests).find((result) => !result.ok);
  kernel.close();
  if (refused !== undefined && !refused.ok) throw new TypeError(`cannot pull a cable: ${refused.errno}`);
}
