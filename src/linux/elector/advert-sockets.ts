// The socket that adverts of one family go through on one interface.
import type { Family } from '../../core/address.ts';
import { Ipv6AdvertSocket } from './ipv6-socket.ts';
import { Ipv4AdvertSocket } from './sockets.ts';

export type AdvertSocket = Ipv4AdvertSocket | Ipv6AdvertSocket;

export function openAdvertSocket(family: Family, link: { name: string; index: number }): AdvertSocket {
  const Socket = family === 4 ? Ipv4AdvertSocket : Ipv6AdvertSocket;
  return new Socket(link.name, link.index);
}
