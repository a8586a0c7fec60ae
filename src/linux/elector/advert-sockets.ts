// Which socket adverts of a family go through.
import type { Family } from '../../core/address.ts';
import type { AdvertSocket } from './advert-socket.ts';
import { Ipv4AdvertSocket } from './ipv4-socket.ts';
import { Ipv6AdvertSocket } from './ipv6-socket.ts';

export function openAdvertSocket(family: Family, link: { name: string; index: number }): AdvertSocket {
  const Socket = family === 4 ? Ipv4AdvertSocket : Ipv6AdvertSocket;
  return new Socket(link.name, link.index);
}
