// The socket that asks the link who else has an address of ours, and hears who says so: ARP replies to this
// machine, nothing else that is said on the link.
import { arpProbe, claimIn, ETHERTYPE } from '../../vrrp/arp.ts';
import type { Claimed } from '../../vrrp/claims.ts';
import type { VirtualAddress } from '../../vrrp/settings.ts';
import { attachProgram, CODE, DROP, instruction, PASS } from '../bpf.ts';
import { AF, bind, close, MSG, recvfrom, SOCK, sendto, socket } from '../libc.ts';
import { indexOf, sockaddrLl } from '../sockaddr.ts';
import type { Links } from './links.ts';

/** Of every interface. */
const ANY = 0;
const FRAME_MAX = 128;
const SOCKADDR_MAX = 32;
/** Of ARP, from the Ethernet header on. */
const OPERATION_AT = 20;
const REPLY = 2;
const REPLIES = Buffer.concat([
  instruction(CODE.loadHalf, 0, 0, OPERATION_AT),
  instruction(CODE.jumpEqual, 0, 1, REPLY),
  PASS,
  DROP,
]);

export class ClaimSocket {
  readonly fd = socket(AF.PACKET, SOCK.RAW | SOCK.NONBLOCK, 0);
  readonly #links: Links;
  readonly #frame = Buffer.alloc(FRAME_MAX);
  readonly #from = Buffer.alloc(SOCKADDR_MAX);

  constructor(links: Links) {
    this.#links = links;
    attachProgram(this.fd, REPLIES);
    bind(this.fd, sockaddrLl(ANY, ETHERTYPE.ARP));
  }

  ask(vip: VirtualAddress): void {
    const link = this.#links.link(vip.interface);
    if (link === undefined || link.loopback || link.mac.length !== 6) return;
    const frame = arpProbe(vip.address, link.mac);
    sendto(this.fd, frame, sockaddrLl(link.index, ETHERTYPE.ARP, frame.subarray(0, 6)), MSG.DONTWAIT);
  }

  /** Undefined: none waits. With two interfaces on one link this machine would answer itself. */
  receive(): Claimed | 'ours' | undefined {
    const length = recvfrom(this.fd, this.#frame, this.#from, MSG.DONTWAIT);
    if (length < 0) return undefined;
    const claim = claimIn(this.#frame.subarray(0, length));
    const name = this.#links.nameOf(indexOf(this.#from));
    if (claim === undefined || name === undefined || this.#links.hasMac(claim.mac)) return 'ours';
    return { interface: name, ...claim };
  }

  close(): void {
    close(this.fd);
  }
}
