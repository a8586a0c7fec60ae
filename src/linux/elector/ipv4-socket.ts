// The socket that adverts over IPv4 go through: whole packets in (IP_HDRINCL) and out.
import { ipv4Membership } from '../ipv4-membership.ts';
import { AF, ERRNO, IP, MSG, recv, SOL, setsockopt, setsockoptInt } from '../libc.ts';
import { AdvertSocket, type Dialect, PACKET_MAX } from './advert-socket.ts';

const DIALECT: Dialect = {
  domain: AF.INET,
  level: SOL.IP,
  join: IP.ADD_MEMBERSHIP,
  leave: IP.DROP_MEMBERSHIP,
  membership: ipv4Membership,
};

export class Ipv4AdvertSocket extends AdvertSocket {
  readonly #packet = Buffer.alloc(PACKET_MAX);

  constructor(name: string, index: number) {
    super(DIALECT, name, index, (fd) => {
      setsockoptInt(fd, SOL.IP, IP.HDRINCL, 1);
      setsockoptInt(fd, SOL.IP, IP.MULTICAST_LOOP, 0);
      setsockoptInt(fd, SOL.IP, IP.MULTICAST_ALL, 0);
      setsockopt(fd, SOL.IP, IP.MULTICAST_IF, ipv4Membership(undefined, index));
    });
  }

  receive(): Buffer | undefined {
    for (;;) {
      const length = recv(this.fd, this.#packet, MSG.DONTWAIT | MSG.TRUNC);
      if (length > PACKET_MAX) continue;
      if (length > 0) return this.#packet.subarray(0, length);
      // ENETDOWN is told once and then cleared; nothing is lost by asking again.
      if (length !== -ERRNO.EINTR && length !== -ERRNO.ENETDOWN) return undefined;
    }
  }
}
