// UDP sockets that BFD goes through: one to listen on for each family and port, one to send from for each
// session (RFC 5881 §4: its source port must stay the same while the session lives).

import { type Address, type Family, familyOf } from '../../core/address.ts';
import { PROTOCOL } from '../../core/ip-header.ts';
import type { BfdDatagram, BfdSettings } from '../../vrrp/bfd/speaker.ts';
import {
  AF,
  bind,
  close,
  IP,
  IPV6,
  MSG,
  SOCK,
  SOL,
  SystemCallError,
  sendto,
  setsockoptInt,
  socket,
} from '../libc.ts';
import { MessageReceiver } from '../receive-message.ts';
import { sockaddrInet } from '../sockaddr.ts';

/** RFC 5881 §4, RFC 5883 §5. */
const PORT = { singleHop: 3784, multihop: 4784 } as const;
const SOURCE_PORTS = { first: 49_152, last: 65_535 } as const;
/** The precedence of routing protocols (RFC 791), as our adverts have it; keepalived's BFD sends 0. */
const CONTROL_CLASS = 0xc0;
const PACKET_MAX = 256;
const ANY: Readonly<Record<Family, Address>> = { 4: '0.0.0.0' as Address, 6: '::' as Address };

export class BfdListener {
  readonly fd: number;
  readonly #multihop: boolean;
  readonly #receiver = new MessageReceiver(PACKET_MAX);

  constructor(family: Family, multihop: boolean) {
    this.#multihop = multihop;
    this.fd = udpSocket(family);
    try {
      if (family === 4) setsockoptInt(this.fd, SOL.IP, IP.RECVTTL, 1);
      else {
        setsockoptInt(this.fd, SOL.IPV6, IPV6.V6ONLY, 1);
        setsockoptInt(this.fd, SOL.IPV6, IPV6.RECVHOPLIMIT, 1);
      }
      bind(this.fd, sockaddrInet(ANY[family], multihop ? PORT.multihop : PORT.singleHop));
    } catch (error) {
      close(this.fd);
      throw error;
    }
  }

  receive(): BfdDatagram | undefined {
    const received = this.#receiver.receive(this.fd);
    if (received === undefined) return undefined;
    const { bytes, source, hopLimit = 0 } = received;
    return { bytes, source, hopLimit, multihop: this.#multihop };
  }
  close(): void {
    close(this.fd);
  }
}

export class BfdSender {
  readonly #fd: number;
  readonly #to: Buffer;

  constructor({ neighbour, source, hopLimit, multihop }: BfdSettings) {
    const family = familyOf(neighbour);
    this.#to = sockaddrInet(neighbour, multihop ? PORT.multihop : PORT.singleHop);
    this.#fd = udpSocket(family);
    try {
      if (family === 4) {
        setsockoptInt(this.#fd, SOL.IP, IP.TTL, hopLimit);
        setsockoptInt(this.#fd, SOL.IP, IP.TOS, CONTROL_CLASS);
      } else setsockoptInt(this.#fd, SOL.IPV6, IPV6.UNICAST_HOPS, hopLimit);
      bindToFreePort(this.#fd, source ?? ANY[family]);
    } catch (error) {
      close(this.#fd);
      throw error;
    }
  }

  /** The number of bytes sent, or −errno. */
  send(packet: Buffer): number {
    return sendto(this.#fd, packet, this.#to, MSG.DONTWAIT);
  }
  close(): void {
    close(this.#fd);
  }
}

function udpSocket(family: Family): number {
  return socket(family === 4 ? AF.INET : AF.INET6, SOCK.DGRAM | SOCK.NONBLOCK, PROTOCOL.udp);
}

function bindToFreePort(fd: number, address: Address): void {
  for (let port: number = SOURCE_PORTS.first; ; port++) {
    try {
      return bind(fd, sockaddrInet(address, port));
    } catch (error) {
      const isTaken = error instanceof SystemCallError && error.errno === 'EADDRINUSE';
      if (!isTaken || port === SOURCE_PORTS.last) throw error;
    }
  }
}
