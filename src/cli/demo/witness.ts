// Hears the adverts on the demo's front bridge: an eye of its own on who claims to be master,
// beside the directors' logs. Only listens; knows the packet, not the election.
import { AF, bind, ifNametoindex, recv, SOCK, socket } from '../../linux/libc.ts';
import { sockaddrLl } from '../../linux/sockaddr.ts';
import { decodeAdvert } from '../../vrrp/packet.ts';
import type { Heard } from './picture.ts';

const ETH_P_IP = 0x0800;
const LONGEST_ADVERT = 1_500;
/** A socket that nobody reads for this long still holds every advert of it. */
const READ_PERIOD_MS = 50;

/** For as long as the process lives. */
export function listenForAdverts(device: string, heard: (advert: Heard) => void): void {
  const ifindex = ifNametoindex(device);
  if (ifindex === undefined) throw new TypeError(`no interface ${device}`);
  const fd = socket(AF.PACKET, SOCK.DGRAM | SOCK.NONBLOCK, 0);
  bind(fd, sockaddrLl(ifindex, ETH_P_IP));
  const packet = Buffer.alloc(LONGEST_ADVERT);
  setInterval(() => {
    for (;;) {
      const length = recv(fd, packet);
      if (length < 0) return;
      const decoded = decodeAdvert(packet.subarray(0, length));
      if (decoded.ok) heard(decoded.advert);
    }
  }, READ_PERIOD_MS);
}
