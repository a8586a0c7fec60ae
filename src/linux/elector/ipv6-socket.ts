// The socket that adverts over IPv6 go through. The kernel takes whole packets there (IPV6_HDRINCL), but
// delivers them without header: it is made again of what recvmsg tells beside, so that everybody else sees
// packets of either family alike. The checksum is ours: IPV6_CHECKSUM is off on a raw socket.
import { type Address, addressBytes } from '../../core/address.ts';
import { wrapMessage } from '../../vrrp/envelope.ts';
import { AF, IPV6, SOL, setsockoptInt } from '../libc.ts';
import { MessageReceiver } from '../receive-message.ts';
import { AdvertSocket, type Dialect, PACKET_MAX } from './advert-socket.ts';

/** struct ipv6_mreq: group, interface index. */
const MEMBERSHIP = { index: 16, size: 20 } as const;
const DIALECT: Dialect = {
  domain: AF.INET6,
  level: SOL.IPV6,
  join: IPV6.JOIN_GROUP,
  leave: IPV6.LEAVE_GROUP,
  membership,
};

export class Ipv6AdvertSocket extends AdvertSocket {
  readonly #receiver = new MessageReceiver(PACKET_MAX);

  constructor(name: string, index: number) {
    super(DIALECT, name, index, (fd) => {
      setsockoptInt(fd, SOL.IPV6, IPV6.HDRINCL, 1);
      setsockoptInt(fd, SOL.IPV6, IPV6.RECVPKTINFO, 1);
      setsockoptInt(fd, SOL.IPV6, IPV6.RECVHOPLIMIT, 1);
      setsockoptInt(fd, SOL.IPV6, IPV6.MULTICAST_LOOP, 0);
      setsockoptInt(fd, SOL.IPV6, IPV6.MULTICAST_ALL, 0);
      setsockoptInt(fd, SOL.IPV6, IPV6.MULTICAST_IF, index);
    });
  }

  receive(): Buffer | undefined {
    for (;;) {
      const received = this.#receiver.receive(this.fd);
      if (received === undefined) return undefined;
      const { source, destination, hopLimit: ttl, bytes: message } = received;
      // Both were asked for, so the kernel always tells; what it did not tell of cannot be judged.
      if (destination === undefined || ttl === undefined) continue;
      return wrapMessage({ source, destination, ttl, message });
    }
  }
}

function membership(group: Address, index: number): Buffer {
  const bytes = Buffer.alloc(MEMBERSHIP.size);
  addressBytes(group).copy(bytes);
  bytes.writeInt32LE(index, MEMBERSHIP.index);
  return bytes;
}
